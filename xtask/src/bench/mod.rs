//! `cargo xtask bench`: what ingest, disk, memory and queries cost, on a release build.
//!
//! CPU-seconds are the unit: wall time on a shared machine says little. An ingest figure counts the
//! server's CPU from the first request until it has been idle for four seconds, so that flushing
//! and merging are in it.

mod loads;
mod server;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::Value;

use crate::demo;
use crate::shell::{luneta, target};
use loads::{LOADS, Load, beside_peers, promql};
use server::{Program, Server};

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
    /// Only these signals.
    #[arg(long, value_delimiter = ',', default_value = "traces,logs,metrics,remote-write")]
    signals: Vec<String>,
    /// Binary to measure instead of the one just built.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// How often each query runs; the median counts.
    #[arg(long, default_value_t = 15)]
    runs: usize,
}

/// Measures and prints one table.
///
/// # Errors
/// When a program of the load or the server fails.
pub fn run(args: &BenchArgs) -> Result<()> {
    if args.binary.is_none() {
        demo::build()?;
    }
    let program = Program::Luneta(args.binary.clone().unwrap_or_else(luneta));
    let driver = build_driver(args)?;
    let mut table = idle(&program)?;
    for load in LOADS.iter().filter(|l| args.signals.iter().any(|s| s == l.signal)) {
        let payloads = generate(args, load)?;
        table.extend(measure(args, &program, &driver, load, &payloads)?);
        if load.signal == "remote-write" {
            let [prometheus, _] = crate::tools::prometheus()?;
            table.extend(measure(args, &Program::Prometheus(prometheus), &driver, load, &payloads)?);
        }
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

fn idle(program: &Program) -> Result<Vec<String>> {
    let data = target().join("bench/idle");
    std::fs::remove_dir_all(&data).ok();
    let (server, ready) = Server::start(program, &data)?;
    std::thread::sleep(Duration::from_secs(2));
    let rss = server.memory("VmRSS:");
    server.stop()?;
    Ok(vec![format!("exec to ready | {:.0} ms", ready.as_secs_f64() * 1e3), format!("idle resident | {rss:.0} MiB")])
}

fn measure(args: &BenchArgs, program: &Program, driver: &Path, load: &Load, payloads: &Path) -> Result<Vec<String>> {
    let name = match program {
        Program::Luneta(_) => load.signal.to_owned(),
        Program::Prometheus(_) => format!("{} to Prometheus", load.signal),
    };
    let data = target().join(format!("bench/data-{}", name.replace(' ', "-")));
    std::fs::remove_dir_all(&data).ok();
    let (server, _) = Server::start(program, &data)?;
    let before = server.cpu();
    let mut command = Command::new(driver);
    let address = if load.path.starts_with("/v1/") { &server.otlp } else { &server.http };
    command.args(["--url", &format!("{address}{}", load.path), "--dir"]).arg(payloads);
    command.args(["--pid", &server.pid().to_string()]);
    command.args(load.headers.iter().flat_map(|header| ["--header", header]));
    if load.by_shard {
        command.arg("--by-shard");
    }
    let output = command.stderr(Stdio::inherit()).output()?;
    let report: Value = serde_json::from_slice(&output.stdout).context("the load driver printed no report")?;
    let items = report["items"].as_f64().unwrap_or(0.0);
    let cpu = server.settle(&data) - before;
    let peak = server.memory("VmHWM:");
    let failed = report["failed"].as_u64().unwrap_or(0);
    let data = server.stop()?;
    let bytes = folder_bytes(&data);
    let mut rows = vec![
        format!("{name}: items per CPU-second, settled | {:.0}", items / cpu),
        format!("{name}: items per CPU-second, until the last answer | {:.0}", report["items_per_cpu_s"].as_f64().unwrap_or(0.0)),
        format!("{name}: bytes on disk per item | {:.2}", bytes as f64 / items),
        format!("{name}: peak resident | {peak:.0} MiB"),
        format!("{name}: request p50, p99 | {} ms, {} ms ({failed} pushed back)", report["p50_ms"], report["p99_ms"]),
    ];
    rows.extend(queries(args, program, load, &name, &data, payloads)?);
    Ok(rows)
}

/// What the generator says of a load.
fn manifest(payloads: &Path) -> Result<Value> {
    Ok(serde_json::from_slice(&std::fs::read(payloads.join("manifest.json"))?)?)
}

/// The seconds at which a load begins and ends.
fn times(payloads: &Path) -> Result<(i64, i64)> {
    let manifest = manifest(payloads)?;
    let second = |name: &str| manifest[name].as_i64().with_context(|| format!("the manifest of the payloads names no {name}"));
    let (start, duration) = (second("start")?, manifest["duration"].as_i64().unwrap_or(3600));
    Ok((start, start + duration))
}

fn texts(list: &Value, of: fn(&Value) -> &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|item| of(item).as_str()).map(ToOwned::to_owned).collect()
}

/// One for each run, over and over.
fn nth(of: &[String], run: usize) -> &str {
    of.get(run % of.len().max(1)).map_or("", String::as_str)
}

/// A question with its placeholders filled in: ids of a trace, times.
fn filled(query: &str, [trace, large]: [&str; 2], (start, end): (i64, i64)) -> String {
    let mut out = query.replace("{trace}", trace).replace("{large trace}", large);
    out = out.replace("{start}", &start.to_string()).replace("{end}", &end.to_string());
    for back in [3600, 20_700] {
        out = out.replace(&format!("{{end-{back}}}"), &(end - back).to_string());
    }
    out
}

fn queries(args: &BenchArgs, program: &Program, load: &Load, name: &str, data: &Path, payloads: &Path) -> Result<Vec<String>> {
    let times = times(payloads)?;
    let (server, _) = Server::start(program, data)?;
    let mut rows = Vec::new();
    let (traces, large, range) = match program {
        Program::Luneta(binary) if load.signal == "traces" => {
            // Span ids are random, and so are these traces: each run asks for another one.
            let query =
                format!("SELECT trace_id FROM spans WHERE service_name = 'payment' ORDER BY span_id LIMIT {}", args.runs + 1);
            let large = texts(&server.sql(binary, &query)?["rows"], |row| &row[0]);
            let found = server.sql(binary, "SELECT to_unixtime(min(start_time)), to_unixtime(max(start_time)) + 1 FROM spans")?;
            let second = |at: usize, or: i64| found["rows"][0][at].as_i64().unwrap_or(or);
            let manifest = manifest(payloads)?;
            (texts(&manifest["sample_trace_ids"], |id| id), large, (second(0, times.0), second(1, times.1)))
        }
        Program::Luneta(binary) if load.signal == "logs" => {
            let query = format!("SELECT trace_id FROM logs WHERE trace_id IS NOT NULL ORDER BY span_id LIMIT {}", args.runs + 1);
            (texts(&server.sql(binary, &query)?["rows"], |row| &row[0]), Vec::new(), times)
        }
        _ => (Vec::new(), Vec::new(), times),
    };
    let asked: Vec<&(&str, &str)> = match program {
        Program::Luneta(_) => load.queries.iter().collect(),
        Program::Prometheus(_) => promql().collect(),
    };
    for (what, query) in asked {
        let query = |run: usize| filled(query, [nth(&traces, run), nth(&large, run)], range);
        let first = timed(&server, program, &query(0))?;
        let (mut cpus, mut walls) = (Vec::new(), Vec::new());
        for run in 0..args.runs {
            let before = server.cpu_of_threads();
            walls.push(timed(&server, program, &query(run + 1))?);
            cpus.push(server.cpu_of_threads() - before);
        }
        let (cpu, wall) = (median(cpus), median(walls));
        rows.push(format!("{name}: {what} | {cpu:.1} ms CPU, {wall:.1} ms (first {first:.1} ms)"));
    }
    server.stop()?;
    Ok(rows)
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or_default()
}

fn timed(server: &Server, program: &Program, query: &str) -> Result<f64> {
    match program {
        Program::Luneta(binary) if !query.starts_with('/') => {
            Ok(server.sql(binary, query)?["stats"]["elapsed_ms"].as_f64().unwrap_or(0.0))
        }
        _ => {
            let started = Instant::now();
            server.get(query)?;
            Ok(started.elapsed().as_secs_f64() * 1e3)
        }
    }
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
