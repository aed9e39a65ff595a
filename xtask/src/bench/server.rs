//! A server as a process, and what it uses.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// How long a server may take until it is ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// What is measured.
#[derive(Debug, Clone)]
pub enum Program {
    /// Luneta, by its path.
    Luneta(PathBuf),
    /// Prometheus, by its path: the same load beside it.
    Prometheus(PathBuf),
}

/// A server that is measured.
#[derive(Debug)]
pub struct Server {
    child: Child,
    data: PathBuf,
    /// Its address.
    pub http: String,
    /// Where it takes OTLP.
    pub otlp: String,
}

impl Server {
    /// Starts a program; how long it took until it was ready.
    pub fn start(program: &Program, data: &Path) -> Result<(Self, Duration)> {
        std::fs::create_dir_all(data)?;
        match program {
            Program::Luneta(binary) => Self::luneta(binary, data),
            Program::Prometheus(binary) => Self::prometheus(binary, data),
        }
    }

    fn luneta(binary: &Path, data: &Path) -> Result<(Self, Duration)> {
        std::fs::remove_file(data.join("luneta.addresses.json")).ok();
        let started = Instant::now();
        let mut command = Command::new(binary);
        let child = command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).stdout(Stdio::null()).spawn();
        let child = child.context("cannot start the server")?;
        let mut server = Self { child, data: data.to_owned(), http: String::new(), otlp: String::new() };
        while started.elapsed() < READY_MAX {
            if let Ok(text) = std::fs::read(data.join("luneta.addresses.json")) {
                let ready = started.elapsed();
                let addresses: Value = serde_json::from_slice(&text)?;
                addresses["http"].as_str().unwrap_or_default().clone_into(&mut server.http);
                addresses["otlp_http"].as_str().unwrap_or_default().clone_into(&mut server.otlp);
                return Ok((server, ready));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("the server did not start")
    }

    fn prometheus(binary: &Path, data: &Path) -> Result<(Self, Duration)> {
        let config = data.join("prometheus.yml");
        std::fs::write(&config, "")?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let started = Instant::now();
        let mut command = Command::new(binary);
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", data.join("tsdb").display()));
        command
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--web.enable-remote-write-receiver", "--log.level=error"]);
        let child = command.stdout(Stdio::null()).spawn().context("cannot start Prometheus")?;
        let server = Self { child, data: data.to_owned(), http: format!("http://127.0.0.1:{port}"), otlp: String::new() };
        while started.elapsed() < READY_MAX {
            if server.get("/-/ready").is_ok() {
                return Ok((server, started.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("Prometheus did not start")
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// User and system CPU seconds so far, in ticks of 10 ms.
    pub fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// CPU milliseconds of the threads there are, to the nanosecond: for what takes less than a tick. Threads
    /// that ended are not in it.
    pub fn cpu_of_threads(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let on_cpu = |task: std::fs::DirEntry| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        };
        tasks.filter_map(on_cpu).sum::<f64>() / 1e6
    }

    /// A memory figure of the process in MiB: `VmHWM` or `VmRSS`.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or("");
        line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    /// CPU seconds once everything taken is in files, and nothing has been used for four seconds.
    pub fn settle(&self, data: &Path) -> f64 {
        let (mut last, mut since) = (self.cpu(), Instant::now());
        let deadline = Instant::now() + Duration::from_mins(5);
        // The log is empty once its rows are in files; other servers have no such folder.
        let pending = || std::fs::read_dir(data.join("wal")).is_ok_and(|mut log| log.next().is_some());
        while (since.elapsed() < Duration::from_secs(4) || pending()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(200));
            let now = self.cpu();
            if now > last + 0.015 {
                (last, since) = (now, Instant::now());
            }
        }
        self.cpu()
    }

    /// Runs a statement.
    pub fn sql(&self, binary: &Path, query: &str) -> Result<Value> {
        let answer = Command::new(binary).args(["query", "-o", "json", "--url", &self.http, query]).output()?;
        if !answer.status.success() {
            bail!("{query}: {}", String::from_utf8_lossy(&answer.stderr));
        }
        Ok(serde_json::from_slice(&answer.stdout)?)
    }

    /// Asks for a path and reads the whole answer, which must be a success.
    pub fn get(&self, path: &str) -> Result<()> {
        let address = self.http.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        let escaped: String = path
            .bytes()
            .map(|byte| match byte {
                b'!'..=b'~' if !b"\"{}<>|".contains(&byte) => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        write!(stream, "GET {escaped} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        if !answer.starts_with(b"HTTP/1.1 200") {
            bail!("{path}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(())
    }

    /// Ends the process, and tells where its data lies.
    pub fn stop(mut self) -> Result<PathBuf> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(self.data.clone())
    }
}
