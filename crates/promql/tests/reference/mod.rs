//! A Prometheus over the series of the comparison.

pub mod compare;
pub mod generate;
pub mod native;
pub mod random;
pub mod series;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use luneta_promql::Series;
use serde_json::Value;

/// How long the server may take to start.
const START_MAX: Duration = Duration::from_mins(1);

/// A running Prometheus; it ends with this value.
pub struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

fn binary(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no binary"))
}

impl Server {
    /// Writes blocks of the series and starts a server over them.
    pub fn start(data: &[Series]) -> Self {
        let folder = new_folder();
        let text = folder.join("series.om");
        std::fs::write(&text, series::open_metrics(data)).unwrap();
        let blocks = Command::new(binary("PROMTOOL_BIN"))
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&text, &folder.join("data")])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(blocks.success(), "promtool failed");
        Self::over(folder)
    }

    /// Starts an empty server that takes remote writes.
    pub fn empty() -> Self {
        Self::over(new_folder())
    }

    fn over(folder: PathBuf) -> Self {
        let config = folder.join("prometheus.yml");
        std::fs::write(&config, "global:\n  evaluation_interval: 1m\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(binary("PROMETHEUS_BIN"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--storage.tsdb.retention.time=100y")
            .args(["--enable-feature=native-histograms", "--web.enable-remote-write-receiver", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, port, folder };
        let started = Instant::now();
        while server.get("/-/ready").is_none_or(|(status, _)| status != 200) {
            assert!(started.elapsed() < START_MAX, "Prometheus does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The answer to a query: what is below `data`, or none for an error.
    pub fn query(&self, path: &str, parameters: &[(&str, String)]) -> Result<Value, String> {
        let encoded: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let (_, body) = self.get(&format!("{path}?{}", encoded.join("&"))).expect("an answer");
        let answer: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{e}: {body}"));
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].clone()),
            _ => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Hands over a remote write message.
    pub fn write(&self, message: &[u8]) {
        let body = snap::raw::Encoder::new().compress_vec(message).unwrap();
        let head = format!("POST /api/v1/write HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n", body.len());
        let (status, answer) = self.exchange(&[head.as_bytes(), &body].concat()).expect("an answer");
        assert!((200..300).contains(&status), "{status}: {answer}");
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        self.exchange(format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").as_bytes())
    }

    fn exchange(&self, request: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(request).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn new_folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("promql-differential-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn encode(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}
