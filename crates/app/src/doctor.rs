//! `luneta doctor`: why does nothing arrive?

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::DoctorArgs;
use crate::client::{Client, data_dir};
use crate::{drop_in, ports};

/// How a finding is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    /// All is well, and could be better.
    Advice,
    Bad,
}

/// One finding.
struct Finding {
    verdict: Verdict,
    what: String,
    mend: Option<String>,
}

fn good(what: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Good, what: what.into(), mend: None }
}

fn advice(what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Advice, what: what.into(), mend: Some(mend.into()) }
}

fn bad(what: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Bad, what: what.into(), mend: Some(mend.into()) }
}

/// Prints what was found; 0 when all is well, 1 otherwise.
#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub async fn run(args: DoctorArgs) -> Result<ExitCode> {
    let mut findings = vec![clock()];
    findings.extend(environment());
    if let Some(client) = Client::find(&args.target).await? {
        findings.push(good(format!("the server answers at {}", client.url)));
        findings.extend(server(&client).await);
        findings.push(round_trip(&client).await);
    } else {
        findings.push(bad("no server answers", "start one with `luneta`, or name it with --url"));
        findings.extend(taken_ports());
        findings.push(folder(&args)?);
    }
    for finding in &findings {
        let sign = match finding.verdict {
            Verdict::Good => "✓",
            Verdict::Advice => "!",
            Verdict::Bad => "✗",
        };
        println!("{sign} {}", finding.what);
        if let Some(mend) = &finding.mend {
            println!("    → {mend}");
        }
    }
    Ok(if findings.iter().all(|f| f.verdict != Verdict::Bad) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn clock() -> Finding {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    // 2025-01-01: before this program existed.
    if seconds < 1_735_689_600 {
        return bad("the clock of this machine is in the past", "set the clock; rows would be dropped as too old");
    }
    good("the clock of this machine is plausible")
}

/// Variables that send telemetry elsewhere, or switch it off.
fn environment() -> Vec<Finding> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let mut findings = Vec::new();
    if set("OTEL_SDK_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        findings.push(bad("OTEL_SDK_DISABLED=true switches every OpenTelemetry SDK off", "unset OTEL_SDK_DISABLED"));
    }
    for signal in ["TRACES", "METRICS", "LOGS"] {
        let name = format!("OTEL_{signal}_EXPORTER");
        if let Some(value) = set(&name).filter(|v| !v.split(',').any(|e| e.trim() == "otlp")) {
            findings.push(bad(format!("{name}={value} does not send to Luneta"), format!("unset {name}, or set it to otlp")));
        }
    }
    let endpoint = set("OTEL_EXPORTER_OTLP_ENDPOINT");
    let protocol = set("OTEL_EXPORTER_OTLP_PROTOCOL").unwrap_or_default();
    if let Some(endpoint) = endpoint {
        let port = endpoint.trim_end_matches('/').rsplit(':').next().unwrap_or("").to_owned();
        if port == "4317" && protocol.starts_with("http") {
            findings
                .push(bad(format!("{endpoint} is the gRPC port, but OTEL_EXPORTER_OTLP_PROTOCOL={protocol}"), "use port 4318"));
        } else if port == "4318" && protocol == "grpc" {
            findings.push(bad(format!("{endpoint} is the HTTP port, but OTEL_EXPORTER_OTLP_PROTOCOL=grpc"), "use port 4317"));
        }
    }
    if let Some(sampler) = set("OTEL_TRACES_SAMPLER").filter(|s| s.contains("off")) {
        findings.push(bad(format!("OTEL_TRACES_SAMPLER={sampler} drops every trace"), "unset OTEL_TRACES_SAMPLER"));
    }
    findings
}

fn taken_ports() -> Vec<Finding> {
    [(4317, "--otlp-grpc"), (4318, "--otlp-http"), (4319, "--listen")]
        .into_iter()
        .map(|(port, flag)| match ports::holder(port) {
            Some(holder) => bad(format!("port {port} is taken by {holder}"), format!("stop it, or use {flag} 127.0.0.1:0")),
            None => good(format!("port {port} is free")),
        })
        .collect()
}

fn folder(args: &DoctorArgs) -> Result<Finding> {
    let dir = data_dir(&args.target)?;
    let existing = dir.ancestors().find(|d| d.exists()).unwrap_or(&dir);
    let probe = existing.join(".luneta-doctor");
    Ok(match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => good(format!("the data folder {} can be written", dir.display())),
        Err(error) => bad(format!("cannot write to {}: {error}", existing.display()), "name another folder with --data"),
    })
}

async fn server(client: &Client) -> Vec<Finding> {
    let Ok(status) = client.get("/api/status").await else {
        return vec![bad("the server does not answer /api/status", "look at its output")];
    };
    let mut findings = Vec::new();
    let free = status["disk"]["free_bytes"].as_u64().unwrap_or(u64::MAX);
    findings.push(if free < 1 << 30 {
        bad(format!("only {} MiB are free on the disk of the data", free >> 20), "free space, or shorten --retention")
    } else {
        good(format!("{} GiB are free on the disk of the data", free >> 30))
    });
    findings.extend(other_ports(&status));
    for refused in status["refused"].as_array().into_iter().flatten() {
        let (protocol, reason) = (&refused["protocol"], &refused["reason"]);
        findings.push(bad(format!("{} refused over {protocol}: {reason}", refused["count"]), "see the page Ingest status"));
    }
    if let Some(error) = status["flushes"]["last_error"].as_str() {
        findings.push(bad(format!("the last flush failed: {error}"), "rows stay in the log and in memory until it succeeds"));
    }
    findings.extend(
        status["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).map(|w| bad(w, "see docs/format.md")),
    );
    findings
}

/// Which ports of other servers are open, and whether bursts of datagrams fit into their buffers.
fn other_ports(status: &Value) -> Vec<Finding> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for port in drop_in::every() {
        match status["addresses"][port.name()].as_str() {
            Some(address) => open.push(format!("{} at {address}", port.name())),
            None => closed.push(format!("{} ({})", port.name(), port.number())),
        }
    }
    let mut findings = Vec::new();
    if !open.is_empty() {
        findings.push(good(format!("open in place of other servers: {}", open.join(", "))));
    }
    if !closed.is_empty() {
        findings.push(good(format!("not open, as nobody asked for them (--drop-in): {}", closed.join(", "))));
    }
    let buffers = status["udp_buffers"].as_object().into_iter().flatten();
    findings.extend(buffers.filter_map(|(name, buffer)| {
        let (asked, given) = (buffer["asked_bytes"].as_u64()?, buffer["given_bytes"].as_u64()?);
        (given < asked).then(|| small_buffer(name, asked, given))
    }));
    findings
}

/// Datagrams that find no room are lost without a word.
fn small_buffer(name: &str, asked: u64, given: u64) -> Finding {
    let mend = if cfg!(target_os = "linux") {
        format!("sudo sysctl -w net.core.rmem_max={asked}, and start the server again; or lower luneta.limits.udp_buffer_bytes")
    } else {
        "let the system give larger receive buffers, or lower luneta.limits.udp_buffer_bytes".to_owned()
    };
    advice(format!("{name} keeps {} KiB of datagrams that wait, not {}: bursts may be lost", given >> 10, asked >> 10), mend)
}

/// A span through the OTLP port of the server, and back by SQL.
async fn round_trip(client: &Client) -> Finding {
    let started = Instant::now();
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let trace = format!("{nanos:032x}");
    let attempt = async {
        let status = client.get("/api/status").await?;
        let otlp = status["addresses"]["otlp_http"].as_str().unwrap_or(&client.url).to_owned();
        let sender = client.at(otlp);
        let span = json!({"traceId": trace, "spanId": &trace[16..], "name": "doctor", "kind": 1,
            "startTimeUnixNano": nanos.to_string(), "endTimeUnixNano": (nanos + 1000).to_string()});
        let body = json!({"resourceSpans": [{"resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "luneta-doctor"}}]}, "scopeSpans": [{"spans": [span]}]}]});
        let (code, answer) = sender.post("/v1/traces", body, Duration::from_secs(10)).await?;
        anyhow::ensure!(code == 200, "OTLP answered {code}: {}", String::from_utf8_lossy(&answer));
        let sql = json!({"query": format!("SELECT name FROM spans WHERE trace_id = '{trace}'")});
        let (_, rows) = client.post("/api/sql", sql, Duration::from_secs(10)).await?;
        let rows: Value = serde_json::from_slice(&rows)?;
        anyhow::ensure!(rows["rows"] == json!([["doctor"]]), "the span was acknowledged but SQL answers {rows}");
        Ok(())
    };
    match attempt.await {
        Ok(()) => good(format!("a span went in by OTLP and came back by SQL in {} ms", started.elapsed().as_millis())),
        Err(error) => bad(format!("a test span did not come back: {error:#}"), "look at the server's output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_other_servers() {
        let status = json!({
            "addresses": {"http": "http://h:1", "zipkin": "http://h:9411", "jaeger_compact": "udp://h:6831"},
            "udp_buffers": {
                "jaeger_compact": {"asked_bytes": 4_194_304, "given_bytes": 212_992},
                "jaeger_binary": {"asked_bytes": 4096, "given_bytes": 4096},
            },
        });
        let findings = other_ports(&status);
        let lines: Vec<&str> = findings.iter().map(|f| f.what.as_str()).collect();
        let closed = "elasticsearch (9200), fluent (24224), fluent_heartbeat (24224), gelf_udp (12201), gelf_tcp (12201), \
                      graphite_tcp (2003), graphite_udp (2003), influxdb (8086), jaeger_http (14268), jaeger_grpc (14250), \
                      jaeger_binary (6832), jaeger_query (16686), jaeger_query_grpc (16685), loki (3100), prometheus (9090), \
                      pushgateway (9091), splunk_hec (8088), statsd_udp (8125), statsd_tcp (8125), syslog_udp (5140), \
                      syslog_tcp (5140), syslog_tls (6514), tempo (3200)";
        let expected = [
            "open in place of other servers: jaeger_compact at udp://h:6831, zipkin at http://h:9411".to_owned(),
            format!("not open, as nobody asked for them (--drop-in): {closed}"),
            "jaeger_compact keeps 208 KiB of datagrams that wait, not 4096: bursts may be lost".to_owned(),
        ];
        assert_eq!(lines, expected);
        let mend = findings[2].mend.as_deref().unwrap_or_default();
        assert!(!cfg!(target_os = "linux") || mend.starts_with("sudo sysctl -w net.core.rmem_max=4194304"), "{mend}");
    }
}
