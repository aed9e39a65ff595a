//! `cargo xtask bench`: what ingest, disk, memory and queries cost, on a release build.
//!
//! CPU-seconds are the unit: wall time on a shared machine says little. An ingest figure counts the
//! server's CPU from the first request until it has been idle for four seconds, so that flushing
//! and merging are in it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use crate::demo;
use crate::shell::{luneta, target};

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Folder with the load: `gen_otlp.py` (writes payloads) and `otlp-load` (posts them).
    #[arg(long, value_name = "DIR", env = "LUNETA_BENCH_LOAD")]
    load: PathBuf,
    /// Seed of the payloads.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Share of the full load, in percent.
    #[arg(long, default_value_t = 100)]
    percent: u64,
    /// Only these signals: traces, logs, metrics.
    #[arg(long, value_delimiter = ',', default_value = "traces,logs,metrics")]
    signals: Vec<String>,
    /// Binary to measure instead of the one just built.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How often each query runs; the median counts.
    #[arg(long, default_value_t = 15)]
    runs: usize,
}

struct Load {
    signal: &'static str,
    path: &'static str,
    batches: u64,
    by_shard: bool,
    /// Name, and a statement or a path with its query; `{trace}` stands for the id of a trace, `{start}`
    /// and `{end}` for the time of the load in seconds.
    queries: &'static [(&'static str, &'static str)],
}

const LOADS: &[Load] = &[
    Load {
        signal: "traces",
        path: "/v1/traces",
        batches: 2000,
        by_shard: false,
        queries: &[
            ("trace by id", "SELECT * FROM spans WHERE trace_id = '{trace}'"),
            (
                "count, errors, p50, p99 by service",
                "SELECT service_name, count(*), count(*) FILTER (WHERE status_code = 'ERROR'), \
                 approx_percentile_cont(duration_ns, 0.5), approx_percentile_cont(duration_ns, 0.99) FROM spans GROUP BY 1",
            ),
            (
                "newest 20 slow spans of a service",
                "SELECT trace_id, name, duration_ns FROM spans WHERE service_name = 'checkout' AND duration_ns > 50000000 \
                 ORDER BY start_time DESC LIMIT 20",
            ),
            ("group by an attribute", "SELECT attributes['http.response.status_code'], count(*) FROM spans GROUP BY 1"),
            (
                "rate, errors and duration by service, derived",
                "SELECT service_name, sum(count), sum(count) FILTER (WHERE status_code = 'ERROR'), \
                 duration_quantiles(duration_buckets, duration_counts) FROM span_metrics GROUP BY 1",
            ),
            (
                "calls between services, derived",
                "SELECT client, server, sum(count), sum(errors), duration_quantiles(duration_buckets, duration_counts) \
                 FROM edge_metrics GROUP BY 1, 2",
            ),
            ("trace by id, Tempo's API", "/tempo/api/v2/traces/{trace}?"),
            (
                "search by service and duration, 20 traces",
                "/tempo/api/search?q={resource.service.name=\"payment\" %26%26 duration>100ms}&limit=20",
            ),
            ("search by structure, 20 traces", "/tempo/api/search?q={} >> {status=error}&limit=20"),
            (
                "rate by service and minute",
                "/tempo/api/metrics/query_range?q={}|rate()by(resource.service.name)&step=60s&exemplars=0",
            ),
            (
                "quantiles by service and minute",
                "/tempo/api/metrics/query_range?q={}|quantile_over_time(duration,.5,.99)by(resource.service.name)&step=60s\
                 &exemplars=0",
            ),
            ("keys of attributes", "/tempo/api/v2/search/tags?"),
            ("values of an attribute", "/tempo/api/v2/search/tag/span.http.route/values?"),
        ],
    },
    Load {
        signal: "logs",
        path: "/v1/logs",
        batches: 3000,
        by_shard: false,
        queries: &[
            (
                "count by severity and minute",
                "SELECT date_bin(interval '1 minute', time), severity_text, count(*) FROM logs GROUP BY 1, 2",
            ),
            (
                "newest 100 errors",
                "SELECT time, service_name, body FROM logs WHERE severity_number >= 17 ORDER BY time DESC LIMIT 100",
            ),
            ("substring count", "SELECT count(*) FROM logs WHERE body LIKE '%timeout%'"),
        ],
    },
    Load {
        signal: "metrics",
        path: "/v1/metrics",
        batches: 2100,
        by_shard: true,
        queries: &[("points by metric", "SELECT metric_name, count(*) FROM metrics GROUP BY 1")],
    },
];

/// What the best peers reach with the same load on 2 contended cores (2026-11-21).
const PEERS: &[(&str, &str)] = &[
    ("traces: items per CPU-second, settled", "VictoriaTraces 27,000, Tempo 15,000"),
    ("logs: items per CPU-second, settled", "VictoriaLogs 35,600, Loki 17,400"),
    ("metrics: items per CPU-second, settled", "VictoriaMetrics 65,000"),
    ("traces: bytes on disk per item", "VictoriaTraces 95 to 100, Tempo 121"),
    ("logs: bytes on disk per item", "VictoriaLogs 84, Loki 95"),
    ("metrics: bytes on disk per item", "VictoriaMetrics 5.4"),
    ("traces: peak resident", "VictoriaTraces 372 MiB, Tempo 5.2 GiB"),
    ("exec to ready", "30 ms"),
    ("idle resident", "11 MiB"),
    ("traces: trace by id", "VictoriaTraces 15 ms, Tempo 84 ms"),
    ("traces: count, errors, p50, p99 by service", "VictoriaTraces 930 ms"),
    ("traces: search by service and duration, 20 traces", "VictoriaTraces 50 ms, Tempo 152 ms"),
    ("traces: rate by service and minute", "VictoriaTraces 92 ms, Tempo 521 ms"),
    ("traces: quantiles by service and minute", "VictoriaTraces 930 ms, Tempo 892 ms"),
    ("logs: count by severity and minute", "VictoriaLogs 225 ms"),
];

fn beside_peers(row: &str) -> String {
    let figure = row.split(" | ").next().unwrap_or_default();
    let peer = PEERS.iter().find(|(of, _)| *of == figure).map_or("", |(_, peer)| peer);
    format!("{row} | {peer}")
}

/// Measures and prints one table.
///
/// # Errors
/// When a program of the load or the server fails.
pub fn run(args: &BenchArgs) -> Result<()> {
    if args.binary.is_none() {
        demo::build()?;
    }
    let binary = args.binary.clone().unwrap_or_else(luneta);
    let driver = build_driver(args)?;
    let mut table = idle(&binary)?;
    for load in LOADS.iter().filter(|l| args.signals.iter().any(|s| s == l.signal)) {
        let payloads = generate(args, load)?;
        table.extend(measure(args, &binary, &driver, load, &payloads)?);
    }
    let table: Vec<String> = table.iter().map(|row| beside_peers(row)).collect();
    println!("\nfigure | value | best peers\n--- | --- | ---\n{}", table.join("\n"));
    Ok(())
}

fn build_driver(args: &BenchArgs) -> Result<PathBuf> {
    let out = target().join("bench/driver");
    let manifest = args.load.join("otlp-load/Cargo.toml");
    crate::shell::run(
        Command::new("cargo")
            .args(["build", "--release", "--quiet", "--manifest-path"])
            .arg(manifest)
            .env("CARGO_TARGET_DIR", &out),
    )?;
    Ok(out.join("release/otlp-load"))
}

/// Payload files, made once per seed and size; their times lie within the last hours.
fn generate(args: &BenchArgs, load: &Load) -> Result<PathBuf> {
    let batches = load.batches * args.percent / 100;
    let dir = target().join(format!("bench/{}-{}-{batches}", load.signal, args.seed));
    let fresh = std::fs::metadata(dir.join("manifest.json")).and_then(|m| m.modified()).ok();
    if fresh.and_then(|t| t.elapsed().ok()).is_some_and(|age| age < Duration::from_hours(5 * 24)) {
        return Ok(dir);
    }
    println!("writing the payloads of {}", load.signal);
    std::fs::create_dir_all(&dir)?;
    let python = crate::tools::python("bench", &write_requirements()?)?;
    let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() - 6 * 3600;
    let mut command = Command::new(python);
    command.arg(args.load.join("gen_otlp.py")).args(["--signal", load.signal, "--out"]).arg(&dir);
    command.args(["--seed", &args.seed.to_string(), "--batches", &batches.to_string(), "--start-time", &start.to_string()]);
    if !load.by_shard {
        command.args(["--batch-size", "1000"]);
    }
    crate::shell::run(&mut command)?;
    Ok(dir)
}

fn write_requirements() -> Result<PathBuf> {
    let file = target().join("bench/requirements.txt");
    std::fs::create_dir_all(target().join("bench"))?;
    std::fs::write(&file, "numpy\ncramjam\n")?;
    Ok(file)
}

struct Server {
    child: Child,
    data: PathBuf,
    http: String,
    otlp: String,
}

impl Server {
    fn start(binary: &Path, data: &Path) -> Result<(Self, Duration)> {
        std::fs::create_dir_all(data)?;
        std::fs::remove_file(data.join("luneta.addresses.json")).ok();
        let started = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let mut server = Self { child, data: data.to_owned(), http: String::new(), otlp: String::new() };
        while started.elapsed() < Duration::from_secs(30) {
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

    /// User and system CPU seconds so far.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// A memory figure of the process in MiB: `VmHWM` or `VmRSS`.
    fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or("");
        line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    /// CPU seconds once nothing has been used for four seconds.
    fn settle(&self) -> f64 {
        let (mut last, mut since) = (self.cpu(), Instant::now());
        let deadline = Instant::now() + Duration::from_mins(5);
        while since.elapsed() < Duration::from_secs(4) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(200));
            let now = self.cpu();
            if now > last + 0.015 {
                (last, since) = (now, Instant::now());
            }
        }
        self.cpu()
    }

    fn sql(&self, binary: &Path, query: &str) -> Result<Value> {
        let answer = Command::new(binary).args(["query", "-o", "json", "--url", &self.http, query]).output()?;
        if !answer.status.success() {
            bail!("{query}: {}", String::from_utf8_lossy(&answer.stderr));
        }
        Ok(serde_json::from_slice(&answer.stdout)?)
    }

    /// Asks for a path and reads the whole answer, which must be a success.
    fn get(&self, path: &str) -> Result<()> {
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

    fn stop(mut self) -> Result<PathBuf> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(self.data.clone())
    }
}

fn idle(binary: &Path) -> Result<Vec<String>> {
    let data = target().join("bench/idle");
    std::fs::remove_dir_all(&data).ok();
    let (server, ready) = Server::start(binary, &data)?;
    std::thread::sleep(Duration::from_secs(2));
    let rss = server.memory("VmRSS:");
    server.stop()?;
    Ok(vec![format!("exec to ready | {:.0} ms", ready.as_secs_f64() * 1e3), format!("idle resident | {rss:.0} MiB")])
}

fn measure(args: &BenchArgs, binary: &Path, driver: &Path, load: &Load, payloads: &Path) -> Result<Vec<String>> {
    let data = target().join(format!("bench/data-{}", load.signal));
    std::fs::remove_dir_all(&data).ok();
    let (server, _) = Server::start(binary, &data)?;
    let before = server.cpu();
    let mut command = Command::new(driver);
    command.args(["--url", &format!("{}{}", server.otlp, load.path), "--dir"]).arg(payloads);
    command.args(["--pid", &server.child.id().to_string()]);
    if load.by_shard {
        command.arg("--by-shard");
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    let report: Value = serde_json::from_slice(&output.stdout).context("the load driver printed no report")?;
    let items = report["items"].as_f64().unwrap_or(0.0);
    let cpu = server.settle() - before;
    let peak = server.memory("VmHWM:");
    let failed = report["failed"].as_u64().unwrap_or(0);
    let data = server.stop()?;
    let bytes = folder_bytes(&data);
    let mut rows = vec![
        format!("{}: items per CPU-second, settled | {:.0}", load.signal, items / cpu),
        format!(
            "{}: items per CPU-second, until the last answer | {:.0}",
            load.signal,
            report["items_per_cpu_s"].as_f64().unwrap_or(0.0)
        ),
        format!("{}: bytes on disk per item | {:.1}", load.signal, bytes as f64 / items),
        format!("{}: peak resident | {peak:.0} MiB", load.signal),
        format!("{}: request p50, p99 | {} ms, {} ms ({failed} pushed back)", load.signal, report["p50_ms"], report["p99_ms"]),
    ];
    rows.extend(queries(args, binary, load, &data)?);
    Ok(rows)
}

fn queries(args: &BenchArgs, binary: &Path, load: &Load, data: &Path) -> Result<Vec<String>> {
    let (server, _) = Server::start(binary, data)?;
    let mut rows = Vec::new();
    // Span ids are random, and so are these traces: each run asks for another one.
    let traces = if load.signal == "traces" {
        let query = format!("SELECT trace_id FROM spans WHERE service_name = 'payment' ORDER BY span_id LIMIT {}", args.runs);
        server.sql(binary, &query)?["rows"].as_array().cloned().unwrap_or_default()
    } else {
        Vec::new()
    };
    let trace = |run: usize| traces.get(run % traces.len().max(1)).and_then(|row| row[0].as_str()).unwrap_or_default();
    let range = if load.signal == "traces" {
        let query = "SELECT to_unixtime(min(start_time)), to_unixtime(max(start_time)) + 1 FROM spans";
        let found = server.sql(binary, query)?;
        format!("&start={}&end={}", found["rows"][0][0], found["rows"][0][1])
    } else {
        String::new()
    };
    for (name, query) in load.queries {
        let query = |run: usize| {
            let query = query.replace("{trace}", trace(run));
            if query.starts_with('/') { query + &range } else { query }
        };
        let first = timed(&server, binary, &query(0))?;
        // The clock of /proc has 10 ms ticks: the mean over all runs is finer than any one of them.
        let before = server.cpu();
        let mut walls = Vec::new();
        for run in 0..args.runs {
            walls.push(timed(&server, binary, &query(run))?);
        }
        let cpu = (server.cpu() - before) / args.runs as f64 * 1e3;
        walls.sort_by(f64::total_cmp);
        rows.push(format!("{}: {name} | {cpu:.1} ms CPU, {:.1} ms (first {first:.1} ms)", load.signal, walls[walls.len() / 2]));
    }
    server.stop()?;
    Ok(rows)
}

fn timed(server: &Server, binary: &Path, query: &str) -> Result<f64> {
    if query.starts_with('/') {
        let started = Instant::now();
        server.get(query)?;
        return Ok(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(server.sql(binary, query)?["stats"]["elapsed_ms"].as_f64().unwrap_or(0.0))
}

fn folder_bytes(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|e| match e.metadata() {
            Ok(m) if m.is_dir() => folder_bytes(&e.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}
