//! Asks the server whether what the demo did has arrived, and compares with the guests' record.

use std::{collections::BTreeMap, io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::time::Instant;

use super::{apps::SERVICES, http};
use crate::run::{ServerAddress, notice};

/// Telemetry is sent every half second and metrics every five; a busy machine needs some more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Paths that only guests ask for, and the service that answers.
const COMPARED: [(&str, &str); 5] =
    [("spam", "/breakfast"), ("spam", "/report"), ("spam", "/bill"), ("spam", "/orders"), ("dice", "/rolldice")];

/// One thing that must hold.
struct Check {
    name: String,
    holds: bool,
    detail: String,
}

/// Asks until every check holds or patience ends, prints the last answers as a table, and says whether all hold.
pub async fn all_hold(server: &ServerAddress, truth: &Path, age: Duration) -> Result<bool> {
    let begun = Instant::now();
    notice::say("checking what has arrived");
    let checks = loop {
        let window = (age + begun.elapsed()).as_secs() + 2;
        let checks = run_checks(server, truth, window).await?;
        if checks.iter().all(|check| check.holds) || begun.elapsed() > PATIENCE {
            break checks;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    print(&checks);
    Ok(checks.iter().all(|check| check.holds))
}

async fn run_checks(server: &ServerAddress, truth: &Path, window: u64) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (signal, time) in [("spans", "start_time"), ("logs", "time"), ("metrics", "time")] {
        let since = format!("{time} > now() - interval '{window} seconds'");
        let query = format!("SELECT service_name, count(*) FROM {signal} WHERE {since} GROUP BY service_name");
        let counts = counts(server, &query).await?;
        checks.extend(each_service(&format!("{signal} arrive"), &counts));
    }
    let since = format!("time > now() - interval '{window} seconds'");
    let query = format!("SELECT service_name, count(trace_id) FROM logs WHERE {since} GROUP BY service_name");
    checks.extend(each_service("logs carry trace ids", &counts(server, &query).await?));
    let since = format!("start_time > now() - interval '{window} seconds'");
    for (name, services) in [("traces of spam and eggs", ["spam", "eggs"]), ("traces of spam and worker", ["spam", "worker"])] {
        checks.push(shared_traces(server, name, services, &since).await?);
    }
    for (service, path) in COMPARED {
        checks.push(compared(server, truth, service, path, &since).await?);
    }
    Ok(checks)
}

fn each_service<'a>(name: &'a str, counts: &'a BTreeMap<String, i64>) -> impl Iterator<Item = Check> + 'a {
    SERVICES.iter().map(move |service| {
        let count = counts.get(*service).copied().unwrap_or(0);
        Check { name: format!("{service}: {name}"), holds: count > 0, detail: count.to_string() }
    })
}

async fn shared_traces(server: &ServerAddress, name: &str, services: [&str; 2], since: &str) -> Result<Check> {
    let [one, other] = services;
    let query = format!(
        "SELECT 'shared', count(*) FROM (SELECT trace_id FROM spans WHERE {since} AND service_name IN ('{one}', '{other}') \
         GROUP BY trace_id HAVING count(DISTINCT service_name) = 2) AS both_services"
    );
    let count = counts(server, &query).await?.remove("shared").unwrap_or(0);
    Ok(Check { name: name.to_owned(), holds: count > 0, detail: count.to_string() })
}

/// Compares the requests that guests made with the SERVER spans that arrived: not one more, not one less.
async fn compared(server: &ServerAddress, truth: &Path, service: &str, path: &str, since: &str) -> Result<Check> {
    let query = format!(
        "SELECT 'requests', count(*) FROM spans WHERE {since} AND service_name = '{service}' AND kind = 'SERVER' \
         AND attributes['http.route'] = '{path}'"
    );
    let arrived = counts(server, &query).await?.remove("requests").unwrap_or(0);
    let asked = recorded_requests(truth, service, path)?;
    Ok(Check {
        name: format!("{service} {path}: every request is there"),
        holds: arrived == asked,
        detail: format!("{arrived} of {asked}"),
    })
}

fn recorded_requests(truth: &Path, service: &str, path: &str) -> Result<i64> {
    let text = std::fs::read_to_string(truth).with_context(|| format!("cannot read {}", truth.display()))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let matching = lines.filter(|line| line["type"] == "request" && line["service"] == service && line["path"] == path);
    Ok(i64::try_from(matching.count())?)
}

/// Asks for rows of a name and a number.
async fn counts(server: &ServerAddress, query: &str) -> Result<BTreeMap<String, i64>> {
    let body = serde_json::json!({ "query": query }).to_string();
    let (status, answer) = http::post_json(&server.ui, "/api/sql", &body).await?;
    if status != 200 {
        bail!("the server answers {status} to {query}: {answer}");
    }
    let answer: Value = serde_json::from_str(&answer).context("the server's answer is not JSON")?;
    let rows = answer["rows"].as_array().context("the server's answer has no rows")?;
    Ok(rows.iter().filter_map(|row| Some((row[0].as_str()?.to_owned(), row[1].as_i64()?))).collect())
}

fn print(checks: &[Check]) {
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for check in checks {
        let mark = if check.holds { "ok  " } else { "FAIL" };
        // A reader that has gone away is no fault of the demo.
        let _ = writeln!(out, "{mark}  {:<width$}  {}", check.name, check.detail);
    }
    let failed = checks.iter().filter(|check| !check.holds).count();
    let _ = writeln!(out, "{} checks, {failed} failed", checks.len());
}
