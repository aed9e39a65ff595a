//! Files that real programs write, and what programs print, as logs.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use luneta_tests::clients::{self, FILES};
use luneta_tests::{Options, Server, binary, until};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A server that reads files of a folder.
fn start(folder: &Path, more: &str) -> Server {
    let include = folder.join("*.log").display().to_string();
    let receiver = format!("  filelog:\n    include: ['{include}']\n    start_at: beginning\n{more}");
    let keep = "luneta:\n  retention: {spans: 40000d, logs: 40000d, metrics: 40000d}\n  flush: {interval: 1h}\n";
    Server::start(Options::config(&format!("receivers:\n{receiver}{keep}")))
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("luneta-files-").tempdir().unwrap()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The rows of a statement, as soon as there are so many, and again from files.
fn check(server: &mut Server, query: &str, expected: &Value) {
    let count = expected.as_array().unwrap().len();
    until("the rows", LIMIT, || server.sql(query).len() >= count);
    for when in ["in memory", "in files"] {
        assert_eq!(&json!(server.sql(query)), expected, "{when}: {query}");
        server.cycle();
    }
}

#[test]
fn loggers_of_python() {
    for logger in ["logging", "asctime", "json", "structlog", "loguru", "loguru-json"] {
        let folder = folder();
        let mut server = start(folder.path(), "    resource: {service.name: shop}\n");
        let program = clients::script("python/log_lines.py");
        let file = folder.path().join("app.log");
        clients::run(Command::new(clients::python(&FILES)).arg(program).arg(logger).arg(&file));
        let query = "SELECT service_name, severity_number, body LIKE 'order paid%' OR body LIKE 'order failed%', \
                     attributes['log.file.name'] FROM logs ORDER BY severity_number";
        check(&mut server, query, &json!([["shop", 9, true, "app.log"], ["shop", 17, true, "app.log"]]));
        let failed = "SELECT attributes['exception.type'], attributes['exception.message'] FROM logs \
                      WHERE severity_number = 17 AND attributes['exception.stacktrace'] LIKE '%ValueError: none left%'";
        let told = server.sql(failed);
        assert_eq!(told.len(), 1, "{logger}");
        // A traceback in JSON is text; in lines its parts are read.
        assert!(
            matches!(logger, "json" | "structlog") || told[0] == [json!("ValueError"), json!("none left")],
            "{logger}: {told:?}"
        );
        // The default form of loguru does not show what was bound.
        if logger != "loguru" {
            let query = format!("SELECT count(*) FROM logs WHERE trace_id = '{TRACE}'");
            assert_eq!(server.value(&query), json!(1), "{logger}");
        }
    }
}

/// nginx, without a master and in a folder of its own.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn nginx(folder: &Path, port: u16) -> Nginx {
    let program = std::env::var_os("LUNETA_TEST_NGINX").map(PathBuf::from);
    let program = program.expect("LUNETA_TEST_NGINX names no nginx: run `cargo xtask test`, which prepares it");
    let shown = folder.display();
    let config = format!(
        "daemon off; master_process off; pid {shown}/pid; error_log {shown}/error.log;\n\
         events {{}}\n\
         http {{\n  client_body_temp_path {shown}/a; proxy_temp_path {shown}/b;\n  \
         fastcgi_temp_path {shown}/c; uwsgi_temp_path {shown}/d; scgi_temp_path {shown}/e;\n  \
         access_log {shown}/access.log combined;\n  \
         server {{ listen 127.0.0.1:{port}; root {shown}/root; location /ok {{ return 200 fine; }} }}\n}}\n"
    );
    fs::create_dir_all(folder.join("root")).unwrap();
    fs::write(folder.join("nginx.conf"), config).unwrap();
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("nginx.conf")).arg("-p").arg(folder).arg("-e").arg(folder.join("error.log"));
    Nginx(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// Sends a request and waits for the end of the answer.
fn ask(port: u16, method: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: shop\r\nUser-Agent: test/1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn logs_of_nginx() {
    let folder = folder();
    let mut server = start(folder.path(), "");
    let port = free_port();
    let _nginx = nginx(folder.path(), port);
    until("nginx", LIMIT, || ask(port, "GET", "/ok").is_ok());
    ask(port, "POST", "/none?id=7").unwrap();
    let query = "SELECT severity_number, attributes['http.request.method'], attributes['url.path'], attributes['url.query'], \
                 attributes['http.response.status_code'], attributes['client.address'], attributes['user_agent.original'] \
                 FROM logs WHERE attributes['log.file.name'] = 'access.log' AND attributes['url.path'] = '/none'";
    check(&mut server, query, &json!([[13, "POST", "/none", "id=7", 404, "127.0.0.1", "test/1"]]));
    ask(port, "GET", "/gone").unwrap();
    let query = "SELECT severity_text, attributes['url.path'], body LIKE 'open() % failed (2: No such file or directory)' \
                 FROM logs WHERE attributes['log.file.name'] = 'error.log' AND attributes['url.path'] = '/gone'";
    check(&mut server, query, &json!([["error", "/gone", true]]));
}

/// How many lines were read, how many of them differ, and the highest number.
fn numbers(server: &Server) -> [i64; 3] {
    let rows = server.sql(
        "SELECT count(n), count(DISTINCT n), max(n) FROM (SELECT CAST(split_part(body, ' ', 2) AS BIGINT) n FROM logs \
         WHERE body LIKE 'line %')",
    );
    std::array::from_fn(|at| rows[0][at].as_i64().unwrap_or(0))
}

#[test]
fn rotation_and_kills_lose_and_repeat_nothing() {
    let folder = folder();
    let mut server = start(folder.path(), "    poll_interval: 20ms\n");
    let file = folder.path().join("app.log");
    let mut next = 0;
    let mut write = |count: i64| {
        let text = (next..next + count).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        append(&file, &text);
        next += count;
        next
    };
    for round in 0..6 {
        let first = write(1000);
        if round == 0 || round % 3 == 1 {
            // A file must have been met to be followed, and whoever copies and truncates takes away what nobody has read.
            until("the lines before the file is moved or cut", LIMIT, || numbers(&server)[0] >= first);
        }
        match round % 3 {
            0 => fs::rename(&file, folder.path().join(format!("app.log.{round}"))).unwrap(),
            1 => {
                fs::copy(&file, folder.path().join(format!("app.log.{round}"))).unwrap();
                OpenOptions::new().write(true).open(&file).unwrap().set_len(0).unwrap();
            }
            _ => {}
        }
        let all = write(1000);
        until("the lines before the kill", LIMIT, || numbers(&server)[0] >= all);
        // Let positions be kept too: what was acknowledged the very moment of a kill may come twice.
        std::thread::sleep(Duration::from_millis(300));
        server.kill9();
        write(500);
        if round == 4 {
            fs::rename(&file, folder.path().join("app.log.down")).unwrap();
            write(10);
        }
        server.restart();
    }
    let all = write(1);
    until("all lines", LIMIT, || numbers(&server)[0] >= all);
    assert_eq!(numbers(&server), [all, all, all - 1]);
}

#[test]
fn a_command_reads_files_into_a_server() {
    let folder = folder();
    let server = Server::with_defaults();
    let file = folder.path().join("app.log");
    append(
        &file,
        "WARNING:shop:low\n{\"event\":\"paid\",\"level\":\"info\"}\nERROR:shop:no\nTraceback (most recent call last):\n  File \"a\"\nValueError: x\n",
    );
    let mut command = Command::new(binary());
    command.args(["tail-files", "--once", "--service", "cart", "--url", server.http()]).arg(&file);
    clients::run(&mut command);
    let rows = server.sql("SELECT service_name, severity_number, attributes['log.file.path'] FROM logs ORDER BY severity_number");
    let path = file.display().to_string();
    assert_eq!(json!(rows), json!([["cart", 9, path], ["cart", 13, path], ["cart", 17, path]]));
    let output = Command::new(binary()).args(["tail-files", "--data"]).arg(folder.path()).arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("start one with `luneta`"), "{output:?}");
}

#[test]
fn what_a_command_prints_is_shown_and_kept() {
    let server = Server::with_defaults();
    let script = "printf 'one\\n\\033[31mtwo\\033[0m\\n'; echo '{\"level\":\"error\",\"msg\":\"three\",\"traceId\":\"0af7651916cd43dd8448eb211c80319c\"}' >&2; printf last; exit 7";
    let mut command = Command::new(binary());
    command.args(["run", "--quiet", "--allow-uninstrumented", "--service", "talk", "--data"]).arg(server.data());
    let output = command.args(["--", "sh", "-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"one\n\x1b[31mtwo\x1b[0m\nlast");
    assert!(output.stderr.ends_with(b"0319c\"}\n"));
    let query = "SELECT service_name, body, severity_number, trace_id, attributes['log.iostream'] FROM logs ORDER BY body";
    until("the rows", LIMIT, || server.sql(query).len() == 4);
    assert_eq!(
        json!(server.sql(query)),
        json!([
            ["talk", "last", 0, null, "stdout"],
            ["talk", "one", 0, null, "stdout"],
            ["talk", "three", 17, TRACE, "stderr"],
            ["talk", "two", 0, null, "stdout"],
        ])
    );
}

#[test]
fn receivers_that_cannot_be_are_refused() {
    let cases = [
        ("filelog: {}", "receivers.filelog.include: is missing"),
        ("filelog: {include: [x], start_at: middle}", "receivers.filelog.start_at: `middle` is neither beginning nor end"),
        ("filelog: {include: [x], operators: [{type: move}]}", "receivers.filelog.operators[0].type: `move` is not known here"),
        ("filelog: {include: [x], operators: [{type: regex_parser, regex: '('}]}", "receivers.filelog.operators[0].regex"),
        (
            "filelog: {include: [x], operators: [{type: json_parser, if: 'x'}]}",
            "receivers.filelog.operators[0]: unknown field `if`",
        ),
        ("filelog: {include: [x], multiline: {}}", "receivers.filelog.multiline: name line_start_pattern or line_end_pattern"),
        ("filelog: {include: [x], encoding: utf-16le}", "receivers.filelog.encoding"),
        ("filelog: {include: [x], header: {}}", "unknown field `header`"),
    ];
    let folder = folder();
    let file = folder.path().join("luneta.yaml");
    for (receiver, fault) in cases {
        fs::write(&file, format!("receivers:\n  {receiver}\n")).unwrap();
        let output = Command::new(binary()).args(["check", "--config"]).arg(&file).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && told.contains(fault), "{receiver}: {told}");
    }
}
