//! [`Server`]: one process of the binary, its data folder and its addresses.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::wait::{until, until_some};

/// How long a server may take to be ready, recovery included.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// How long a server may take to end after SIGTERM.
const EXIT_LIMIT: Duration = Duration::from_secs(20);

/// How to start a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Text of a configuration file.
    pub config: Option<String>,
    /// Flags beside `--data` and `--listen`.
    pub args: Vec<String>,
    /// A data folder that outlives the server; a fresh one otherwise.
    pub data: Option<PathBuf>,
    /// Where standard output and standard error go; into the scratch folder otherwise.
    pub output: Option<PathBuf>,
    /// Words put before the command, such as `prlimit --fsize=…`.
    pub wrapper: Vec<String>,
}

impl Options {
    /// A configuration file with this text.
    #[must_use]
    pub fn config(text: &str) -> Self {
        Self { config: Some(text.into()), ..Self::default() }
    }

    /// Rows of any age are kept, and flushes come at shutdown only: for tests that choose times.
    #[must_use]
    pub fn any_time() -> Self {
        Self::config("luneta:\n  retention: {spans: 40000d, logs: 40000d, metrics: 40000d}\n  flush: {interval: 1h}\n")
    }
}

/// The binary under test.
///
/// # Panics
/// When it was not built.
pub fn binary() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = std::env::var_os("LUNETA_BIN").map_or_else(|| workspace.join("target/release/luneta"), PathBuf::from);
    assert!(path.is_file(), "{} does not exist: run `cargo build --release -p luneta`, or set LUNETA_BIN", path.display());
    path
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e} in {}", self.text()))
    }
}

/// A running server. Dropping it kills the process and removes a data folder of its own.
#[derive(Debug)]
pub struct Server {
    options: Options,
    data: PathBuf,
    addresses: BTreeMap<String, String>,
    child: Option<Child>,
    agent: ureq::Agent,
    // Removed last.
    scratch: TempDir,
}

impl Server {
    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// When it is not ready in time; shows its output.
    pub fn start(options: Options) -> Self {
        let scratch = tempfile::Builder::new().prefix("luneta-test-").tempdir().unwrap();
        let data = options.data.clone().unwrap_or_else(|| scratch.path().join("data"));
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_mins(1)))
            .http_status_as_error(false)
            .max_idle_connections_per_host(0)
            .build()
            .into();
        let mut server = Self { options, data, addresses: BTreeMap::new(), child: None, agent, scratch };
        server.spawn();
        server
    }

    /// Starts a server with defaults.
    pub fn with_defaults() -> Self {
        Self::start(Options::default())
    }

    fn spawn(&mut self) {
        let file = self.address_file();
        std::fs::remove_file(&file).ok();
        let mut words: Vec<OsString> = self.options.wrapper.iter().map(OsString::from).collect();
        words.push(binary().into());
        words.extend(["serve", "--listen", "127.0.0.1:0", "--data"].map(OsString::from));
        words.push(self.data.clone().into());
        if let Some(text) = &self.options.config {
            let path = self.scratch.path().join("luneta.yaml");
            std::fs::write(&path, text).unwrap();
            words.extend([OsString::from("--config"), path.into()]);
        }
        words.extend(self.options.args.iter().map(OsString::from));
        let output = |name: &str| {
            let path = self.output(name);
            Stdio::from(std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap())
        };
        let child = clean(Command::new(&words[0]).args(&words[1..]))
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        self.child = Some(child);
        self.addresses = self.wait_ready(&file);
    }

    fn wait_ready(&mut self, file: &Path) -> BTreeMap<String, String> {
        let stderr = self.output("stderr");
        until_some("the server's addresses and /-/ready", READY_LIMIT, || {
            if let Some(status) = self.child.as_mut().and_then(|c| c.try_wait().unwrap()) {
                panic!("the server ended at start, {status}: {}", std::fs::read_to_string(&stderr).unwrap_or_default());
            }
            let addresses: BTreeMap<String, String> = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
            let ready = self.agent.get(format!("{}/-/ready", addresses.get("http")?)).call().ok()?;
            (ready.status() == 200).then_some(addresses)
        })
    }

    fn output(&self, name: &str) -> PathBuf {
        self.options.output.as_deref().unwrap_or(self.scratch.path()).join(name)
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file that names the addresses.
    pub fn address_file(&self) -> PathBuf {
        self.data.join("luneta.addresses.json")
    }

    /// Root of UI, APIs and HTTP intakes.
    pub fn http(&self) -> &str {
        &self.addresses["http"]
    }

    /// Root of OTLP over HTTP.
    pub fn otlp_http(&self) -> &str {
        &self.addresses["otlp_http"]
    }

    /// Root of OTLP over gRPC.
    pub fn otlp_grpc(&self) -> &str {
        &self.addresses["otlp_grpc"]
    }

    /// The address of a port by the name the address file gives it, without what comes before `//`.
    ///
    /// # Panics
    /// When the server has no such port.
    pub fn port(&self, name: &str) -> &str {
        let address = self.addresses.get(name).unwrap_or_else(|| panic!("no port `{name}`: {:?}", self.addresses));
        address.split_once("//").unwrap().1
    }

    /// Number of the process.
    ///
    /// # Panics
    /// When none runs.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// What the processes of this server wrote to standard output.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(self.output("stdout")).unwrap_or_default()
    }

    /// What the processes of this server wrote to standard error.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.output("stderr")).unwrap_or_default()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends the process as a power cut would, as far as a process can tell.
    pub fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.child.take().expect("the server runs").wait().unwrap();
        std::fs::remove_file(self.address_file()).ok();
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When the process goes on.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for the end of a process that was told to stop.
    ///
    /// # Panics
    /// When the process goes on.
    pub fn wait(&mut self) -> ExitStatus {
        let child = self.child.as_mut().expect("the server runs");
        let status = until_some("the end of the server", EXIT_LIMIT, || child.try_wait().unwrap());
        self.child = None;
        status
    }

    /// Starts again on the same data folder, after [`Server::kill9`] or [`Server::terminate`].
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the server still runs");
        self.spawn();
    }

    /// Writes everything to files: ends the server well and starts it again.
    ///
    /// # Panics
    /// When it does not end well, or rows stay out of files.
    pub fn cycle(&mut self) {
        let status = self.terminate();
        assert!(status.success(), "{status}: {}", self.stderr());
        self.restart();
        assert_eq!(self.status()["memory"]["rows"], 0, "rows were not written to files at shutdown: {}", self.stderr());
    }

    /// Whether the process runs.
    pub fn alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|c| c.try_wait().unwrap().is_none())
    }

    /// Resident memory of the process, and its peak, in bytes.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn memory(&self) -> (u64, u64) {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let read = |name: &str| -> u64 {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
        };
        (read("VmRSS:"), read("VmHWM:"))
    }

    /// Sends a request with a body.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.try_post(url, headers, body).unwrap_or_else(|e| panic!("{url}: {e}"))
    }

    /// Sends a request with a body.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn try_post(&self, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Reply, ureq::Error> {
        let request = headers.iter().fold(self.agent.post(url), |r, (name, value)| r.header(*name, *value));
        reply(request.send(body)?)
    }

    /// Puts a document at a path of the API.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn put(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let request = self.agent.put(format!("{}{path}", self.http()));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        reply(request.send(body).unwrap()).unwrap()
    }

    /// Removes what is at a path of the API.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn delete(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request = self.agent.delete(format!("{}{path}", self.http()));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        reply(request.call().unwrap()).unwrap()
    }

    /// Asks for a path of the API.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    /// The same with headers.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask(self.http(), path, headers)
    }

    /// Asks for a path at another address of the server.
    ///
    /// # Panics
    /// When there is no answer.
    pub fn get_at(&self, address: &str, path: &str) -> Reply {
        self.ask(address, path, &[])
    }

    fn ask(&self, address: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request = self.agent.get(format!("{address}{path}"));
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        reply(request.call().unwrap()).unwrap()
    }

    /// Runs a request of `/api/sql`.
    pub fn sql_request(&self, body: &Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.post(&format!("{}/api/sql", self.http()), &headers, body.to_string().as_bytes())
    }

    /// The rows a statement gives.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, query: &str) -> Vec<Vec<Value>> {
        let reply = self.sql_request(&json!({"query": query, "limit": 1_000_000}));
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        let rows = reply.json()["rows"].take();
        serde_json::from_value(rows).unwrap()
    }

    /// The rows a statement gives, by column name.
    ///
    /// # Panics
    /// When it fails.
    pub fn objects(&self, query: &str) -> Vec<Map<String, Value>> {
        let reply = self.sql_request(&json!({"query": query, "limit": 1_000_000}));
        assert_eq!(reply.status, 200, "{query}: {}", reply.text());
        let answer = reply.json();
        let names: Vec<String> =
            answer["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
        let row = |row: &Value| names.iter().cloned().zip(row.as_array().unwrap().iter().cloned()).collect();
        answer["rows"].as_array().unwrap().iter().map(row).collect()
    }

    /// The one value a statement gives.
    ///
    /// # Panics
    /// When it gives more or less.
    pub fn value(&self, query: &str) -> Value {
        let rows = self.sql(query);
        assert!(rows.len() == 1 && rows[0].len() == 1, "{query}: {rows:?}");
        rows[0][0].clone()
    }

    /// Rows of a table.
    ///
    /// # Panics
    /// When they cannot be counted.
    pub fn count(&self, table: &str) -> u64 {
        self.value(&format!("SELECT count(*) FROM {table}")).as_u64().unwrap()
    }

    /// `/api/status`.
    pub fn status(&self) -> Value {
        self.get("/api/status").json()
    }

    /// How often something was refused for a reason, over all protocols and signals, as
    /// `/api/status` says. Checks that `/metrics` says the same.
    ///
    /// # Panics
    /// When the two disagree.
    pub fn refused(&self, reason: &str) -> u64 {
        let status = self.status();
        let entries = status["refused"].as_array().unwrap();
        let count = entries.iter().filter(|r| r["reason"] == reason).map(|r| r["count"].as_u64().unwrap()).sum();
        let page = self.get("/metrics").text();
        let label = format!("reason=\"{reason}\"");
        let samples = page.lines().filter(|l| l.starts_with("luneta_receive_refused_") && l.contains(&label));
        let counted: f64 = samples.map(|l| l.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
        assert!((counted - count as f64).abs() < 0.5, "{reason}: /metrics says {counted}, /api/status {count}");
        count
    }

    /// Waits until nothing is in memory only.
    pub fn wait_flushed(&self) {
        until("a flush of everything", Duration::from_secs(20), || self.status()["memory"]["rows"] == 0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            if std::thread::panicking() {
                eprintln!("--- standard error of the server\n{}---", self.stderr());
            }
            self.kill9();
        }
    }
}

/// Removes settings of the caller that would reach the server.
pub fn clean(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if (text.starts_with("LUNETA_") || text.starts_with("OTEL_")) && text != "LUNETA_BIN" {
            command.env_remove(&name);
        }
    }
    command
}

fn reply(response: ureq::http::Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let (parts, body) = response.into_parts();
    let text = |v: &ureq::http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = body.into_with_config().limit(u64::MAX).read_to_vec()?;
    Ok(Reply { status: parts.status.as_u16(), headers, body })
}
