//! A real Prometheus that scrapes the server and writes what it has back to it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use luneta_tests::send::percent_encoded;
use luneta_tests::{Options, Server, until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_mins(1);

struct Prometheus {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Prometheus {
    fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = server.http().trim_start_matches("http://");
        let config = format!(
            "global: {{scrape_interval: 1s, external_labels: {{replica: one}}}}\n\
             scrape_configs: [{{job_name: luneta, static_configs: [{{targets: ['{target}'], labels: {{zone: 'a \"b\"'}}}}]}}]\n\
             remote_write: [{{url: '{}/api/v1/write', queue_config: {{batch_send_deadline: 300ms}}, \
             metadata_config: {{send_interval: 1s}}}}]\n",
            server.http()
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(luneta_tests::clients::promtool().with_file_name("prometheus"))
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address: format!("http://127.0.0.1:{port}"), _folder: folder }
    }
}

/// Labels and values of an instant query, in an order of their own; `replica` is what remote write adds.
fn ask(server: &Server, address: &str, query: &str, time: u64) -> Vec<(String, String)> {
    let answer = server.get_at(address, &format!("/api/v1/query?query={}&time={time}", percent_encoded(query))).json();
    let result = answer["data"]["result"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
    let mut out: Vec<(String, String)> = result
        .iter()
        .map(|sample| {
            let mut labels: Value = sample["metric"].clone();
            labels.as_object_mut().unwrap().remove("replica");
            (labels.to_string(), sample["value"][1].as_str().unwrap().to_owned())
        })
        .collect();
    out.sort();
    out
}

/// Guarantee: every series that Prometheus scraped is here under its name, with its labels and its values, and both
/// answer queries alike; after a kill too.
#[test]
fn prometheus_writes_here() {
    let mut server = Server::start(Options { args: vec!["--drop-in".into(), "prometheus".into()], ..Options::default() });
    let prometheus = Prometheus::start(&server);
    let here = server.http().to_owned();
    until("samples arrive", LIMIT, || ask(&server, &here, "count_over_time(up[1m])", seconds()).iter().any(|(_, n)| n != "1"));
    std::thread::sleep(Duration::from_secs(3));
    let at = seconds() - 2;
    let queries = [
        "up",
        "{job=\"luneta\", __name__=~\"luneta_.*\"}",
        "count by (__name__) ({job=\"luneta\"})",
        "sum by (protocol) (luneta_receive_requests_total)",
        "scrape_samples_scraped",
        "max_over_time(scrape_samples_scraped[30s])",
    ];
    let theirs: Vec<_> = queries.iter().map(|query| ask(&server, &prometheus.address, query, at)).collect();
    assert!(theirs[1].len() > 100, "{:?}", theirs[1]);
    until("the last samples arrive", LIMIT, || {
        queries.iter().zip(&theirs).all(|(query, theirs)| ask(&server, &here, query, at) == *theirs)
    });
    for kill in [false, true] {
        if kill {
            server.kill9();
            server.restart();
        }
        let here = server.http().to_owned();
        for (query, theirs) in queries.iter().zip(&theirs) {
            assert_eq!(ask(&server, &here, query, at), *theirs, "{query}, killed: {kill}");
        }
    }
    let rows = server.sql("SELECT DISTINCT service_name, scope_name, attributes['zone'], attributes['replica'] FROM metrics");
    assert_eq!(rows, [["luneta", "prometheus", "a \"b\"", "one"]]);
    let told = server.get("/api/v1/metadata?metric=luneta_receive_requests_total").json();
    assert_eq!(told["data"]["luneta_receive_requests_total"][0]["type"], "counter", "{told}");
}

fn seconds() -> u64 {
    luneta_tests::send::now() / 1_000_000_000
}
