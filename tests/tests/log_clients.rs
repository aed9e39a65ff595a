//! Clients that ship logs to Loki, Elasticsearch, Fluentd, Graylog, syslog and Splunk, and what SQL answers.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use luneta_tests::clients::{self, ELASTICSEARCH_7, ELASTICSEARCH_8, LOGS, Packages};
use luneta_tests::{Options, Server, until, until_some};
use serde_json::{Value, json};

fn start() -> Server {
    let args = vec!["--drop-in".into(), "loki,elasticsearch,fluent,gelf,syslog,splunk".into()];
    Server::start(Options { args, ..Options::any_time() })
}

fn send(packages: &Packages, client: &str, place: &str) {
    let program = clients::script("python/log_clients.py");
    clients::run(Command::new(clients::python(packages)).args(["-W", "ignore"]).arg(program).args([client, place]));
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

const TEXT: &str = "größer \"quoted\"\nnext";

#[test]
fn python_logging_loki() {
    let query = "SELECT body, service_name, severity_text, severity_number, scope_name, resource_attributes['env'], \
                 resource_attributes['route'], resource_attributes['application'] FROM logs";
    for client in ["loki", "loki-old"] {
        let mut server = start();
        let place = server.port("loki").to_owned();
        send(&LOGS, client, &place);
        check(&mut server, query, &json!([[TEXT, "shop", "error", 17, "loki", "prod", "/cart", "shop"]]));
    }
}

#[test]
fn python_logging_loki_at_the_main_port() {
    let mut server = start();
    let place = server.port("http").to_owned();
    send(&LOGS, "loki", &place);
    check(&mut server, "SELECT body FROM logs", &json!([[TEXT]]));
}

#[test]
fn winston_loki() {
    let query = "SELECT service_name, severity_text, severity_number, scope_name, resource_attributes['env'] FROM logs \
                 WHERE body LIKE 'größer \"quoted\"%'";
    for form in ["json", "protobuf"] {
        let mut server = start();
        let mut command = Command::new("node");
        command.arg(clients::script("node/winston_loki.js")).args([server.port("loki"), form]);
        clients::run(command.env("NODE_PATH", clients::node_modules()));
        check(&mut server, query, &json!([["shop", "warn", 13, "loki", "prod"]]));
    }
}

fn check_elasticsearch(packages: &Packages) {
    let mut server = start();
    let place = server.port("elasticsearch").to_owned();
    send(packages, "elasticsearch", &place);
    let query = "SELECT time, body, service_name, severity_text, severity_number, trace_id, \
                 resource_attributes['elasticsearch.index'] FROM logs";
    let row = json!([
        "2026-01-02T03:04:05.125000000Z",
        TEXT,
        "shop",
        "error",
        17,
        "0af7651916cd43dd8448eb211c80319c",
        "logs-shop-default"
    ]);
    check(&mut server, query, &json!([row, row, row]));
}

#[test]
fn elasticsearch_9() {
    check_elasticsearch(&LOGS);
}

#[test]
fn elasticsearch_8() {
    check_elasticsearch(&ELASTICSEARCH_8);
}

#[test]
fn elasticsearch_7() {
    check_elasticsearch(&ELASTICSEARCH_7);
}

#[test]
fn fluent_logger() {
    let mut server = start();
    let place = server.port("fluent").to_owned();
    send(&LOGS, "fluent", &place);
    let query = "SELECT body, service_name, severity_number, attributes['status'], resource_attributes['fluent.tag'] \
                 FROM logs ORDER BY time DESC";
    let rows = json!([[TEXT, "shop.web", 17, 500, "shop.web"], ["{\"route\":\"/cart\"}", "shop.web", 0, null, "shop.web"]]);
    until("the rows", Duration::from_secs(20), || server.count("logs") == 2);
    // An attribute without a column is text.
    let told = server.sql(query);
    assert_eq!((&told[0][0], &told[0][1], &told[1][0]), (&rows[0][0], &rows[0][1], &rows[1][0]));
    assert_eq!(server.value("SELECT count(*) FROM logs WHERE attributes['status'] = '500'"), json!(1));
    server.cycle();
    assert_eq!(server.sql(query), told);
}

#[test]
fn pygelf() {
    let query = "SELECT body, service_name, severity_text, severity_number, trace_id, attributes['route'] FROM logs";
    for (client, port) in [("gelf-udp", "gelf_udp"), ("gelf-chunks", "gelf_udp"), ("gelf-tcp", "gelf_tcp")] {
        let mut server = start();
        let place = server.port(port).to_owned();
        send(&LOGS, client, &place);
        check(&mut server, query, &json!([[TEXT, "shop", "err", 17, "0af7651916cd43dd8448eb211c80319c", "/cart"]]));
    }
}

#[test]
fn python_syslog_handler() {
    let query = "SELECT body, service_name, severity_text, severity_number, attributes['syslog.facility'], \
                 attributes['network.peer.address'] FROM logs";
    for (client, port) in [("syslog-udp", "syslog_udp"), ("syslog-tcp", "syslog_tcp")] {
        let mut server = start();
        let place = server.port(port).to_owned();
        send(&LOGS, client, &place);
        check(&mut server, query, &json!([["größer \"quoted\"", "shop", "err", 17, "local0", "127.0.0.1"]]));
    }
}

/// rsyslog, which forwards what it is sent by TCP.
struct Rsyslog(Child);

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn rsyslog(folder: &Path, server: &Server) -> (Rsyslog, u16) {
    let program = std::env::var_os("LUNETA_TEST_RSYSLOG");
    let program = program.expect("LUNETA_TEST_RSYSLOG names no rsyslog: run `cargo xtask test`, which prepares it");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shown = folder.display();
    let mut config = format!(
        "global(workDirectory=\"{shown}\")\nmodule(load=\"imptcp\")\n\
         input(type=\"imptcp\" port=\"{port}\" address=\"127.0.0.1\")\n"
    );
    // By the name of the program: the forms that rsyslog's manual gives for forwarding.
    for (name, to, how) in [
        ("udp", "syslog_udp", "protocol=\"udp\" template=\"RSYSLOG_ForwardFormat\""),
        ("framed", "syslog_tcp", "protocol=\"tcp\" template=\"RSYSLOG_SyslogProtocol23Format\" TCP_Framing=\"octet-counted\""),
        ("lines", "syslog_tcp", "protocol=\"tcp\" template=\"RSYSLOG_TraditionalForwardFormat\""),
    ] {
        let (host, port) = server.port(to).rsplit_once(':').unwrap();
        let action =
            format!("if $programname == \"{name}\" then action(type=\"omfwd\" target=\"{host}\" port=\"{port}\" {how})\n");
        config.push_str(&action);
    }
    fs::write(folder.join("rsyslog.conf"), config).unwrap();
    let mut command = Command::new(program);
    command.arg("-n").arg("-f").arg(folder.join("rsyslog.conf")).arg("-i").arg(folder.join("pid"));
    (Rsyslog(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()), port)
}

#[test]
fn rsyslog_forwards() {
    let mut server = start();
    let folder = tempfile::tempdir().unwrap();
    let (_rsyslog, port) = rsyslog(folder.path(), &server);
    let mut connection = until_some("rsyslog", Duration::from_secs(20), || TcpStream::connect(("127.0.0.1", port)).ok());
    let now = server.sql("SELECT to_char(now(), '%Y-%m-%dT%H:%M:%S.125000+00:00')")[0][0].as_str().unwrap().to_owned();
    for name in ["udp", "framed", "lines"] {
        writeln!(connection, "<131>{now} node-1 {name}[123]: größer \"quoted\"").unwrap();
    }
    let query = "SELECT service_name, body, severity_text, severity_number, attributes['syslog.facility'], \
                 attributes['syslog.procid'], resource_attributes['host.name'], \
                 to_char(time, '%Y-%m-%dT%H:%M:%S.%6f+00:00') FROM logs ORDER BY service_name";
    let row = |name: &str, time: &str| json!([name, "größer \"quoted\"", "err", 17, "local0", "123", "node-1", time]);
    // The traditional form has no fractions.
    let whole = now.replace(".125000", ".000000");
    check(&mut server, query, &json!([row("framed", &now), row("lines", &whole), row("udp", &now)]));
}

#[test]
fn splunk_handlers() {
    let query = "SELECT body, resource_attributes['host.name'], resource_attributes['com.splunk.source'], \
                 resource_attributes['com.splunk.index'] FROM logs";
    for client in ["splunk-handler", "splunk-hec-handler"] {
        let mut server = start();
        let place = server.port("splunk_hec").to_owned();
        send(&LOGS, client, &place);
        check(&mut server, query, &json!([[TEXT, "node-1", "shop", "main"]]));
    }
}
