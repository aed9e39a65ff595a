//! Requests to delete log records, as Loki takes them.

use std::time::Duration;

use luneta_tests::send::percent_encoded;
use luneta_tests::{Options, Server, wait};
use serde_json::{Value, json};

/// 2026-01-02T03:04:00Z, in seconds.
const START: u64 = 1_767_323_040;
const PATH: &str = "/loki/api/v1/delete";

fn push(server: &Server) {
    let at = |second: u64| ((START + second) * 1_000_000_000).to_string();
    let lines = |word: &str| -> Vec<Value> {
        let line = |n: u64| json!([at(n), format!("{word} user {} paid {n}", if n.is_multiple_of(3) { "ann" } else { "bob" }), {"cents": n.to_string()}]);
        (0..90).map(line).collect()
    };
    let body = json!({"streams": [
        {"stream": {"app": "shop"}, "values": lines("shop")},
        {"stream": {"app": "bank"}, "values": lines("bank")},
    ]});
    let url = format!("{}/loki/api/v1/push", server.http());
    assert_eq!(server.post(&url, &[("content-type", "application/json")], body.to_string().as_bytes()).status, 204);
}

fn ask(server: &Server, query: &str, more: &str) -> (u16, String) {
    let url = format!("{}{PATH}?query={}{more}", server.http(), percent_encoded(query));
    let reply = server.post(&url, &[], b"");
    (reply.status, reply.text())
}

fn window() -> String {
    format!("&start={START}&end={}", START + 59)
}

fn statuses(server: &Server) -> Vec<String> {
    let listed = server.get(PATH).json();
    listed.as_array().unwrap().iter().map(|request| request["status"].as_str().unwrap().to_owned()).collect()
}

fn wait_processed(server: &Server) {
    wait::until("all requests processed", Duration::from_secs(20), || statuses(server).iter().all(|s| s == "processed"));
}

/// Records and the sum of what patterns count, by SQL.
fn counts(server: &Server) -> (u64, u64) {
    let number = |query: &str| {
        let body = json!({"query": query}).to_string();
        let reply = server.post(&format!("{}/api/sql", server.http()), &[("content-type", "application/json")], body.as_bytes());
        reply.json()["rows"][0][0].as_u64().unwrap_or_else(|| panic!("{}", reply.text()))
    };
    (number("SELECT count(*) FROM logs"), number("SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM log_patterns"))
}

fn count(server: &Server, query: &str) -> u64 {
    let query = format!("sum(count_over_time({query} [100s]))");
    let path = format!("/loki/api/v1/query?query={}&time={}", percent_encoded(&query), START + 99);
    let reply = server.get(&path).json();
    reply["data"]["result"][0]["value"][1].as_str().map_or(0, |text| text.parse().unwrap())
}

/// Guarantee: what is deleted is in no answer, whatever it was chosen by, and does not come back.
#[test]
fn deleted_records_are_gone() {
    let mut server = Server::start(Options::any_time());
    push(&server);
    // By label, line, structured metadata and what a parser finds; both ends belong to it.
    for (query, left) in [
        (r#"{app="shop"} |= "ann""#, (160, 160)),
        (r#"{app="shop"} | cents="1""#, (159, 159)),
        (r#"{app="bank"} | pattern "<_> user <user> paid <sum>" | user="bob" | sum > 50"#, (153, 153)),
        (r#"{app="nobody"}"#, (153, 153)),
    ] {
        assert_eq!(ask(&server, query, &window()), (204, String::new()), "{query}");
        wait_processed(&server);
        assert_eq!(counts(&server), left, "{query}");
    }
    let left = |server: &Server| [r#"{app="shop"}"#, r#"{app="shop"} |= "ann""#, r#"{app="bank"}"#].map(|q| count(server, q));
    assert_eq!(left(&server), [69, 10, 84]);
    server.kill9();
    server.restart();
    assert_eq!((left(&server), counts(&server)), ([69, 10, 84], (153, 153)));
    assert_eq!(statuses(&server).len(), 4);
    // Everything else of a stream, with no end: until now.
    assert_eq!(ask(&server, r#"{app="bank"}"#, "&start=1").0, 204);
    wait_processed(&server);
    assert_eq!((left(&server), counts(&server)), ([69, 10, 0], (69, 69)));
}

/// Guarantee: requests wait as long as the configuration says, survive a kill, and can be cancelled until then.
#[test]
fn requests_wait_and_are_cancelled() {
    let waiting = |period: &str| {
        Options::config(&format!("luneta:\n  retention: {{logs: 40000d}}\n  logs: {{delete_cancel_period: {period}}}\n"))
    };
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(Options { data: Some(data.path().to_owned()), ..waiting("1h") });
    push(&server);
    assert_eq!(ask(&server, r#"{app="shop"}"#, &window()).0, 204);
    assert_eq!(ask(&server, r#"{app="bank"}"#, &window()).0, 204);
    server.kill9();
    server.restart();
    let listed = server.get(PATH).json();
    assert_eq!(
        (&listed[0]["query"], &listed[0]["status"], &listed[0]["start_time"], &listed[0]["end_time"]),
        (&json!(r#"{app="shop"}"#), &json!("received"), &json!(START), &json!(START + 59))
    );
    assert!(listed[0]["created_at"].as_f64().unwrap() > 1.7e9);
    let cancel =
        |server: &Server, id: &str, headers: &[(&str, &str)]| server.delete(&format!("{PATH}?request_id={id}"), headers).status;
    let id = listed[0]["request_id"].as_str().unwrap().to_owned();
    // Another tenant sees nothing of it.
    assert_eq!(cancel(&server, &id, &[("x-scope-orgid", "other")]), 404);
    assert_eq!(cancel(&server, &id, &[("origin", "https://elsewhere.example")]), 403);
    assert_eq!((cancel(&server, &id, &[]), cancel(&server, &id, &[])), (204, 404));
    assert_eq!((statuses(&server), counts(&server).0), (vec!["received".to_owned()], 180));
    drop(server);
    // The other one is due when the server starts with another period.
    let server = Server::start(Options { data: Some(data.path().to_owned()), ..waiting("0s") });
    wait_processed(&server);
    assert_eq!(counts(&server), (120, 120));
    let id = server.get(PATH).json()[0]["request_id"].as_str().unwrap().to_owned();
    assert_eq!(cancel(&server, &id, &[]), 400);
}

#[test]
fn faults_are_told() {
    let server = Server::start(Options::any_time());
    for (query, more, wanted) in [
        ("", "&start=1", "query not set"),
        (r#"{app="x"}"#, "", "start time not set"),
        (r#"{app="x"}"#, "&start=soon", "invalid start time: require unix seconds or RFC3339 format"),
        (r#"{app="x"}"#, "&start=1&end=99999999999999999999", "invalid end time"),
        (r#"{app="x"}"#, "&start=5&end=1", "start time can't be greater than end time"),
        (r#"{app="x"#, "&start=1", "parse error"),
        (r#"count_over_time({app="x"}[1m])"#, "&start=1", "only log selector is supported"),
        (r#"{app=~".*"}"#, "&start=1", "queries require at least one"),
    ] {
        let (status, message) = ask(&server, query, more);
        assert!(status == 400 && message.contains(wanted), "{query} {more}: {status} {message}");
    }
    let url = format!("{}{PATH}?query=%7Bapp%3D%22web%22%7D&start=1", server.http());
    assert_eq!(server.post(&url, &[("origin", "https://elsewhere.example")], b"").status, 403);
    assert_eq!(server.get(PATH).json(), json!([]));
}
