//! `luneta tail`.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::cli::{TailArgs, TailOutput};
use crate::client::Client;

/// Prints rows until interrupted.
pub async fn run(args: TailArgs) -> Result<ExitCode> {
    let Some(client) = Client::find(&args.target).await? else {
        bail!("no server runs here; start one with `luneta`, or name it with --url");
    };
    let mut query = format!("errors={}", args.errors);
    for (name, value) in [("service", &args.service), ("q", &args.grep)] {
        if let Some(value) = value {
            query = query + "&" + name + "=" + &percent(value);
        }
    }
    let output = args.output;
    let follow = |signal: &'static str| {
        let client = client.clone();
        let path = format!("/api/tail?signal={signal}&{query}");
        async move { client.events(&path, move |data| print(signal, data, output)).await }
    };
    tokio::select! {
        result = follow("logs") => result?,
        result = follow("spans") => result?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|b| if keep(b) { (b as char).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Prints one event; false when nobody reads any more.
fn print(signal: &str, data: &str, output: TailOutput) -> bool {
    let Ok(event) = serde_json::from_str::<Value>(data) else { return true };
    let mut out = std::io::stdout().lock();
    for row in event["rows"].as_array().into_iter().flatten() {
        let line = match output {
            TailOutput::Json => {
                let mut row = row.clone();
                row["signal"] = signal.into();
                row.to_string()
            }
            TailOutput::Text => text(signal, row),
        };
        if writeln!(out, "{line}").is_err() {
            return false;
        }
    }
    let dropped = event["dropped"].as_u64().unwrap_or(0);
    if dropped > 0 && writeln!(std::io::stderr(), "({dropped} rows were not shown: they came too fast)").is_err() {
        return false;
    }
    out.flush().is_ok()
}

fn text(signal: &str, row: &Value) -> String {
    let field = |name: &str| row[name].as_str().unwrap_or("");
    let service = field("service_name");
    if signal == "logs" {
        let clock = field("time").get(11..23).unwrap_or("");
        let level = if field("severity_text").is_empty() { "-" } else { field("severity_text") };
        return format!("{clock} {level:<5} {service}  {}", field("body"));
    }
    let clock = field("start_time").get(11..23).unwrap_or("");
    let ms = row["duration_ns"].as_f64().unwrap_or(0.0) / 1e6;
    let status = if field("status_code") == "ERROR" { "ERROR" } else { "span" };
    format!("{clock} {status:<5} {service}  {} {ms:.1} ms  {}", field("name"), field("trace_id"))
}
