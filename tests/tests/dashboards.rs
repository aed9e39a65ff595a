//! Dashboards: documents that the server keeps.

use luneta_tests::{Options, Server};
use serde_json::{Value, json};

const DOCUMENT: &[u8] = br#"{"title": "Shop", "tags": ["web"], "panels": [{"unit": "s"}], "decimals": 0.25}"#;

fn titles(server: &Server) -> Vec<(Value, Value)> {
    let listed = server.get("/api/dashboards").json();
    let listed = listed["dashboards"].as_array().unwrap().clone();
    listed.into_iter().map(|mut dashboard| (dashboard["id"].take(), dashboard["title"].take())).collect()
}

/// Guarantee: what was saved is there after a kill, word for word, and as a file that people can read.
#[test]
fn saved_is_kept() {
    let mut server = Server::with_defaults();
    assert_eq!(titles(&server), []);
    let saved = server.put("/api/dashboards/shop", &[("if-none-match", "*")], DOCUMENT);
    assert_eq!(saved.status, 200, "{}", saved.text());
    server.kill9();
    server.restart();
    assert_eq!(titles(&server), [(json!("shop"), json!("Shop"))]);
    let read = server.get("/api/dashboards/shop");
    assert_eq!(read.json(), serde_json::from_slice::<Value>(DOCUMENT).unwrap());
    assert_eq!(json!(read.headers["etag"]), saved.json()["etag"]);
    let file = std::fs::read_to_string(server.data().join("dashboards/shop.json")).unwrap();
    assert!(file.lines().count() > 5 && file.ends_with("}\n"), "{file}");
    // Another tenant has its own.
    let other = server.get_with("/api/dashboards", &[("x-scope-orgid", "other")]).json();
    assert_eq!(other, json!({"dashboards": []}));
    assert_eq!(server.delete("/api/dashboards/shop", &[]).status, 204);
    assert_eq!(titles(&server), []);
}

/// Guarantee: nobody overwrites what somebody else saved meanwhile, and what is no dashboard is refused.
#[test]
fn conflicts_and_faults_are_told() {
    let server = Server::start(Options::default());
    let put = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let reply = server.put(&format!("/api/dashboards/{path}"), headers, body);
        (reply.status, reply.json()["error"]["kind"].clone())
    };
    let kind = |name: &str| json!(name);
    assert_eq!(put("a", &[], DOCUMENT).0, 200);
    let large = format!(r#"{{"title": "x", "text": "{}"}}"#, "y".repeat(3 << 20));
    assert_eq!(put("a", &[("if-none-match", "*")], DOCUMENT), (412, kind("conflict")));
    assert_eq!(put("a", &[("if-match", "\"other\"")], DOCUMENT), (412, kind("conflict")));
    assert_eq!(put("b", &[("if-match", "*")], DOCUMENT), (412, kind("conflict")));
    for (path, body) in [("A", DOCUMENT), ("a.b", DOCUMENT), ("b", b"{"), ("b", b"[]"), ("b", br#"{"title": " "}"#)] {
        assert_eq!(put(path, &[], body), (400, kind("invalid")), "{path}");
    }
    // The answer is heard, however much is still to be sent when it is found.
    for _ in 0..20 {
        assert_eq!(server.put("/api/dashboards/b", &[], large.as_bytes()).status, 413);
    }
    let absent = server.get("/api/dashboards/b");
    assert_eq!((absent.status, &absent.json()["error"]["kind"]), (404, &kind("not_found")));
    assert_eq!(server.delete("/api/dashboards/b", &[]).status, 404);
}
