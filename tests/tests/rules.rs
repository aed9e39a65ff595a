//! Rule files: what they record and the alerts they keep.

use std::time::Duration;

use luneta_tests::send::{gauge, metric_list, now, percent_encoded};
use luneta_tests::{Options, Server, until};
use serde_json::{Value, json};
use tempfile::TempDir;

const RULES: &str = "
groups:
- name: shop
  interval: 1s
  rules:
  - {record: 'job:queue:max', expr: 'max by (job) (queue_length)', labels: {team: a}}
  - {record: queue_twice, expr: '2 * job:queue:max'}
  - alert: LongQueue
    expr: job:queue:max > 10
    for: 2s
    labels: {severity: page}
    annotations: {summary: '{{ $labels.job }} has {{ $value }} waiting'}
  - {record: broken, expr: 'label_replace(job:queue:max, \"job\", \"same\", \"\", \"\")'}
";

fn rule_file(text: &str) -> (TempDir, Options) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, text).unwrap();
    let options = Options { args: vec!["--rules".into(), format!("{}/*.yml", folder.path().display())], ..Options::default() };
    (folder, options)
}

fn send(server: &Server, service: &str, value: f64) {
    metric_list(service, vec![gauge("queue.length", now(), value)]).accepted(server);
}

/// Labels without the name, and values, of an instant query.
fn ask(server: &Server, query: &str) -> Vec<(Value, String)> {
    let answer = server.get(&format!("/api/v1/query?query={}", percent_encoded(query))).json();
    let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
    let sample = |sample: &Value| {
        let mut labels = sample["metric"].clone();
        labels.as_object_mut().unwrap().remove("__name__");
        (labels, sample["value"][1].as_str().unwrap().to_owned())
    };
    result.iter().map(sample).collect()
}

fn rules(server: &Server) -> Vec<Value> {
    let answer = server.get("/api/v1/rules").json();
    answer["data"]["groups"][0]["rules"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

const LIMIT: Duration = Duration::from_secs(30);

/// Guarantee: rules record what their queries give, one after the other; an alert waits, fires, and goes on
/// after a kill; a fault of one rule is told and stops no other.
#[test]
fn recorded_and_alerted() {
    let (_folder, options) = rule_file(RULES);
    let mut server = Server::start(options);
    send(&server, "a", 12.0);
    send(&server, "b", 3.0);
    until("the rules record", LIMIT, || ask(&server, "queue_twice").len() == 2);
    assert_eq!(ask(&server, "job:queue:max{job=\"a\"}"), [(json!({"job": "a", "team": "a"}), "12".into())]);
    assert_eq!(ask(&server, "queue_twice{job=\"b\"}"), [(json!({"job": "b", "team": "a"}), "6".into())]);
    until("the alert fires", LIMIT, || rules(&server)[2]["state"] == "firing");
    let labels = json!({"alertname": "LongQueue", "alertstate": "firing", "job": "a", "severity": "page", "team": "a"});
    assert_eq!(ask(&server, "ALERTS"), [(labels, "1".into())]);
    let alert = server.get("/api/v1/alerts").json()["data"]["alerts"][0].clone();
    assert_eq!((&alert["state"], &alert["value"]), (&json!("firing"), &json!("1.2e+01")), "{alert}");
    assert_eq!(alert["annotations"], json!({"summary": "a has 12 waiting"}));
    let told = rules(&server);
    let shown = |rule: &Value| format!("{} {} {}", rule["type"], rule["name"], rule["health"]).replace('"', "");
    assert_eq!(
        told.iter().map(shown).collect::<Vec<_>>(),
        ["recording job:queue:max ok", "recording queue_twice ok", "alerting LongQueue ok", "recording broken err"]
    );
    assert!(told[3]["lastError"].as_str().unwrap().contains("same labelset"), "{}", told[3]);
    assert_eq!(told[0]["query"], "max by (job) (queue_length)");
    for (filter, count) in [("type=alert", 1), ("type=record", 3), ("rule_name[]=queue_twice&rule_name[]=broken", 2)] {
        let answer = server.get(&format!("/api/v1/rules?{filter}")).json();
        assert_eq!(answer["data"]["groups"][0]["rules"].as_array().map(Vec::len), Some(count), "{filter}: {answer}");
    }
    // The time since when it is active survives.
    let since = alert["activeAt"].clone();
    server.kill9();
    server.restart();
    until("the alert is back", LIMIT, || !server.get("/api/v1/alerts").json()["data"]["alerts"][0]["activeAt"].is_null());
    until("the alert fires at once", LIMIT, || rules(&server)[2]["state"] == "firing");
    let seconds = |time: &Value| time.as_str().unwrap()[..19].to_owned();
    assert_eq!(seconds(&server.get("/api/v1/alerts").json()["data"]["alerts"][0]["activeAt"]), seconds(&since));
    // The queue is short again.
    send(&server, "a", 1.0);
    until("the alert goes", LIMIT, || rules(&server)[2]["state"] == "inactive");
    until("its series ends", LIMIT, || ask(&server, "ALERTS").is_empty());
    assert_eq!(
        server.sql("SELECT DISTINCT service_name FROM metrics WHERE metric_name = 'job:queue:max' ORDER BY 1"),
        [["a"], ["b"]]
    );
}

/// Guarantee: a file that is wrong stops the start, and the place is named.
#[test]
fn faults_are_named() {
    let (folder, options) = rule_file("groups: [{name: g, rules: [{record: x, expr: 'sum('}]}]");
    let binary = luneta_tests::server::binary();
    let data = folder.path().join("data");
    let output = std::process::Command::new(binary)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .args(&options.args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("rules.yml: group \"g\", rule 1 (x): could not parse"), "{said}");
}
