//! Clients that write lines, of StatsD, DogStatsD, Graphite and InfluxDB, and what SQL answers.

use std::process::Command;
use std::time::Duration;

use luneta_tests::clients::LINES;
use luneta_tests::{Options, Server, clients, until};
use serde_json::{Value, json};

/// A server that writes what StatsD sent soon, and opens the ports of other servers.
fn start(statsd: &str) -> Server {
    let text = format!(
        "luneta:\n  retention: {{spans: 40000d, logs: 40000d, metrics: 40000d}}\n  flush: {{interval: 1h}}\n  statsd: {{{statsd}}}\n"
    );
    let args = vec!["--drop-in".into(), "statsd,graphite,influxdb".into()];
    Server::start(Options { args, ..Options::config(&text) })
}

fn send(client: &str, place: &str) {
    let program = clients::script("python/line_clients.py");
    clients::run(Command::new(clients::python(&LINES)).args(["-W", "ignore"]).arg(program).args([client, place]));
}

/// The rows of a statement, as soon as there are so many, and again from files.
fn check(server: &mut Server, query: &str, expected: &Value) {
    let count = expected.as_array().unwrap().len();
    until("the rows", Duration::from_secs(20), || server.sql(query).len() >= count);
    for when in ["in memory", "in files"] {
        assert_eq!(&json!(server.sql(query)), expected, "{when}: {query}");
        assert_eq!(server.status()["refused"], json!([]), "{when}");
        server.cycle();
    }
}

/// One interval of StatsD.
const STATSD: &str =
    "SELECT metric_name, type, unit, service_name, coalesce(value, sum), count FROM metrics ORDER BY metric_name";

fn check_statsd(protocol: &str) {
    let mut server = start("flush_interval: 1h");
    send(&format!("statsd-{protocol}"), server.port(&format!("statsd_{protocol}")));
    let sent: u64 = if protocol == "udp" { 9 } else { 1 };
    until("all lines", Duration::from_secs(20), || requests(&server, &format!("statsd_{protocol}")) >= sent);
    // The end of the server writes the interval.
    server.cycle();
    let unknown = "unknown_service:statsd";
    let expected = json!([
        ["py.carts", "gauge", null, unknown, 9.0, null],
        ["py.checkout", "exponential_histogram", "ms", unknown, 400.0, 2],
        ["py.customers", "gauge", null, unknown, 2.0, null],
        ["py.orders", "sum", null, unknown, 5.0, null],
    ]);
    check(&mut server, STATSD, &expected);
}

/// Requests that came by a protocol, as `/metrics` says.
fn requests(server: &Server, protocol: &str) -> u64 {
    let page = server.get("/metrics").text();
    let label = format!("protocol=\"{protocol}\"");
    let line = page.lines().find(|line| line.starts_with("luneta_receive_requests_total") && line.contains(&label));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|n| n.parse::<f64>().ok()).map_or(0, |n| n as u64)
}

#[test]
fn statsd_over_udp() {
    check_statsd("udp");
}

#[test]
fn statsd_over_tcp() {
    check_statsd("tcp");
}

fn check_dogstatsd(client: &str, server: &mut Server, place: &str) {
    send(client, place);
    let points = "SELECT metric_name, type, value, count, is_monotonic, temporality, service_name, attributes['route'], \
                  attributes['flag'], attributes['size'], resource_attributes['deployment.environment.name'], \
                  resource_attributes['service.version'], resource_attributes['host.name'] FROM metrics ORDER BY metric_name";
    let sender = ["prod", "1.2.3", "node-1"];
    let row = |mut own: Vec<Value>| {
        own.extend(sender.map(Value::from));
        Value::from(own)
    };
    let expected = json!([
        row(vec![
            "orders".into(),
            "sum".into(),
            2.0.into(),
            Value::Null,
            true.into(),
            "delta".into(),
            "checkout".into(),
            "/cart".into(),
            "true".into(),
            Value::Null
        ]),
        row(vec![
            "price".into(),
            "exponential_histogram".into(),
            Value::Null,
            1.into(),
            Value::Null,
            "delta".into(),
            "checkout".into(),
            Value::Null,
            Value::Null,
            "größer".into()
        ]),
        row(vec![
            "stock".into(),
            "sum".into(),
            (-1.0).into(),
            Value::Null,
            false.into(),
            "delta".into(),
            "checkout".into(),
            Value::Null,
            Value::Null,
            Value::Null
        ]),
    ]);
    let count = |table: &str, at_least: u64| until(table, Duration::from_secs(20), || server.count(table) >= at_least);
    count("metrics", 3);
    count("logs", 2);
    check(server, points, &expected);
    let records = "SELECT event_name, body, severity_number, service_name, attributes['by'] FROM logs ORDER BY event_name";
    let expected = json!([
        ["dogstatsd.event", "deployed\none\ntwo", 13, "checkout", "ada"],
        ["dogstatsd.service_check", "gone", 17, "checkout", null],
    ]);
    check(server, records, &expected);
}

#[test]
fn dogstatsd_over_udp() {
    let mut server = start("flush_interval: 100ms");
    let place = server.port("statsd_udp").to_owned();
    check_dogstatsd("dogstatsd-udp", &mut server, &place);
}

#[test]
fn dogstatsd_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("statsd.sock");
    let mut server = start(&format!("flush_interval: 100ms, socket: {}", path.display()));
    check_dogstatsd("dogstatsd-unix", &mut server, path.to_str().unwrap());
}

fn check_graphite(protocol: &str) {
    let mut server = start("");
    send(&format!("graphite-{protocol}"), server.port(&format!("graphite_{protocol}")));
    let expected = json!([["py.load", "gauge", 0.25, "eu"], ["py.orders", "gauge", 42.0, null]]);
    check(&mut server, "SELECT metric_name, type, value, attributes['dc'] FROM metrics ORDER BY metric_name", &expected);
}

#[test]
fn graphite_over_tcp() {
    check_graphite("tcp");
}

#[test]
fn graphite_over_udp() {
    check_graphite("udp");
}

fn check_influx(client: &str) {
    let mut server = start("");
    send(client, server.port("influxdb"));
    let points = "SELECT metric_name, type, value, attributes['region'], attributes['host'], attributes['db'], \
                  resource_attributes['host.name'] FROM metrics \
                  WHERE time = TIMESTAMP '2026-01-02T03:04:05.125' ORDER BY metric_name";
    let row = |name: &str, value: f64| json!([name, "gauge", value, "eu,west=1", "node-1", "shop", "node-1"]);
    let expected = json!([row("cpu load_cores", 8.0), row("cpu load_up", 1.0), row("cpu load_usage", 0.5)]);
    check(&mut server, points, &expected);
    let records = "SELECT event_name, body, attributes['note'], attributes['region'], attributes['db'] FROM logs";
    // Version 1 of the client writes an end of line as backslash and n.
    let note = if client == "influx-1" { "said \"hi\" \\ bye\\nnext" } else { "said \"hi\" \\ bye\nnext" };
    let body = json!({ "note": note }).to_string();
    check(&mut server, records, &json!([["cpu load", body, note, "eu,west=1", "shop"]]));
}

#[test]
fn influx_client_1() {
    check_influx("influx-1");
}

#[test]
fn influx_client_2() {
    check_influx("influx-2");
}

#[test]
fn influx_client_3() {
    check_influx("influx-3");
}

#[test]
fn influx_client_3_as_version_2() {
    check_influx("influx-3-compatible");
}

#[test]
fn lines_at_the_main_port() {
    let mut server = start("");
    for path in
        ["/write?db=shop&precision=s", "/api/v2/write?bucket=shop&precision=s", "/api/v3/write_lp?db=shop&precision=second"]
    {
        let reply = server.post(&format!("{}{path}", server.http()), &[], b"m v=1i 1767323045\nbroken\nm w=\"x\" 1767323045\n");
        assert_eq!(reply.status, 400, "{path}: {}", reply.text());
        assert!(reply.text().contains("missing fields"), "{path}: {}", reply.text());
    }
    server.cycle();
    assert_eq!((server.count("metrics"), server.count("logs")), (3, 3));
}
