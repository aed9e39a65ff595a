//! `luneta query`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use luneta_model::Tenant;
use luneta_query::output::{self, Format};
use luneta_query::{QueryConfig, QueryEngine, SqlRequest};
use luneta_store::{Store, StoreConfig};
use serde_json::{Value, json};

use crate::cli::{Output, QueryArgs};
use crate::client::{Client, data_dir};
use crate::{logql, promql, traceql};

/// Runs the command: 0 when there is an answer, 1 when the statement or the server failed.
pub async fn run(args: QueryArgs) -> Result<ExitCode> {
    if let Some(query) = &args.promql {
        let bytes = promql::answer(&text_of(query)?, &args).await?;
        return show(&bytes);
    }
    if let Some(query) = &args.logql {
        let bytes = logql::answer(&text_of(query)?, &args).await?;
        return show(&bytes);
    }
    if let Some(query) = &args.traceql {
        let bytes = traceql::answer(&text_of(query)?, &args).await?;
        return show(&bytes);
    }
    let sql = text_of(args.sql.as_deref().unwrap_or_default())?;
    let format = match args.output {
        Output::Table | Output::Json => Format::Json,
        Output::Csv => Format::Csv,
        Output::Parquet => Format::Parquet,
        Output::Arrow => Format::Arrow,
    };
    if matches!(args.output, Output::Parquet | Output::Arrow) && std::io::stdout().is_terminal() {
        bail!("this form is not for a terminal: redirect it, as in `luneta query -o parquet \"…\" > rows.parquet`");
    }
    let bytes = match Client::find(&args.target).await? {
        Some(client) => from_server(&client, &sql, format, &args).await?,
        None => from_lake(&sql, format, &args).await?,
    };
    match args.output {
        Output::Table => show(table(&serde_json::from_slice(&bytes)?).as_bytes()),
        Output::Json => show(&[&bytes[..], b"\n"].concat()),
        _ => show(&bytes),
    }
}

/// A query as it was given, or standard input for `-`.
fn text_of(given: &str) -> Result<String> {
    Ok(if given == "-" { std::io::read_to_string(std::io::stdin().lock())? } else { given.to_owned() })
}

/// Writes an answer to standard output.
fn show(bytes: &[u8]) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(bytes);
    // A reader that has seen enough (`| head`) is no fault.
    if let Err(error) = written.and_then(|()| out.flush())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(error).context("cannot write the answer");
    }
    Ok(ExitCode::SUCCESS)
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Csv => "csv",
        Format::Arrow => "arrow",
        Format::Parquet => "parquet",
    }
}

async fn from_server(client: &Client, sql: &str, format: Format, args: &QueryArgs) -> Result<Vec<u8>> {
    let body = json!({"query": sql, "format": format_name(format), "limit": args.limit, "timeout_ms": args.timeout * 1000});
    let (status, bytes) = client.post("/api/sql", body, Duration::from_secs(args.timeout + 5)).await?;
    if status == 200 {
        return Ok(bytes);
    }
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let Some(message) = answer["error"]["message"].as_str() else {
        bail!("the server answered {status}: {}", String::from_utf8_lossy(&bytes));
    };
    let place = answer["error"]["position"].as_object().map(|p| format!(" (line {}, column {})", p["line"], p["column"]));
    bail!("{message}{}", place.unwrap_or_default())
}

/// The lake itself, when no server runs.
pub(crate) async fn open_lake(args: &QueryArgs) -> Result<Arc<Store>> {
    let dir = data_dir(&args.target)?;
    if !dir.join("lake").is_dir() {
        bail!(
            "no server runs and there is no data in {}; start the server with `luneta`, or name --data or --url",
            dir.display()
        );
    }
    Ok(Store::open(StoreConfig::new(&dir)).await?)
}

async fn from_lake(sql: &str, format: Format, args: &QueryArgs) -> Result<Vec<u8>> {
    let store = open_lake(args).await?;
    let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default())?;
    let request = SqlRequest {
        query: sql.to_owned(),
        limit: Some(args.limit),
        timeout: Some(Duration::from_secs(args.timeout)),
        ..SqlRequest::default()
    };
    let answer = engine.sql(&Tenant::new(&args.target.tenant)?, request).await;
    let written = answer.and_then(|a| output::write(&a, format));
    store.shutdown().await?;
    Ok(written?)
}

/// Widest a column of the table gets, and the last one, which stands in no other's way.
const WIDTH_MAX: usize = 60;
const LAST_WIDTH_MAX: usize = 1000;

/// An answer as aligned columns.
pub(crate) fn table(answer: &Value) -> String {
    let empty = Vec::new();
    let names: Vec<&str> = answer["columns"].as_array().unwrap_or(&empty).iter().filter_map(|c| c["name"].as_str()).collect();
    let rows = answer["rows"].as_array().unwrap_or(&empty);
    let most = |column: usize| if column + 1 == names.len() { LAST_WIDTH_MAX } else { WIDTH_MAX };
    let row_cells = |row: &Value| -> Vec<String> {
        row.as_array().unwrap_or(&empty).iter().enumerate().map(|(column, value)| cell(value, most(column))).collect()
    };
    let cells: Vec<Vec<String>> = rows.iter().map(row_cells).collect();
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row[column].chars().count()).chain([names[column].chars().count()]);
        widths.max().unwrap_or(0).min(WIDTH_MAX)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |values: Vec<&str>| {
        let padded = values.iter().zip(&widths).map(|(v, w)| format!("{v:<w$}")).collect::<Vec<_>>();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let rules: Vec<String> = widths.iter().map(|w| "─".repeat(*w)).collect();
    let mut lines = vec![line(names.clone()), line(rules.iter().map(String::as_str).collect())];
    for row in &cells {
        lines.push(line(row.iter().map(String::as_str).collect()));
    }
    let more = if answer["truncated"] == true { " (more were left out: raise --limit)" } else { "" };
    let ms = answer["stats"]["elapsed_ms"].as_f64().unwrap_or(0.0);
    lines.push(format!("{} rows in {ms:.0} ms{more}\n", rows.len()));
    for warning in answer["warnings"].as_array().unwrap_or(&empty).iter().filter_map(Value::as_str) {
        lines.push(format!("warning: {warning}\n"));
    }
    lines.concat()
}

fn cell(value: &Value, width_max: usize) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(s) => s.chars().map(shown).collect(),
        other => other.to_string(),
    };
    if text.chars().count() <= width_max {
        return text;
    }
    text.chars().take(width_max - 1).chain(['…']).collect()
}

/// Control characters as pictures: what was logged must not steer a terminal.
fn shown(character: char) -> char {
    match character {
        '\n' => '⏎',
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('�'),
        '\u{7f}'..='\u{9f}' => '�',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_plain_and_the_last_column_is_long() {
        let long = "x".repeat(200);
        let answer = json!({
            "columns": [{"name": "a"}, {"name": "b"}],
            "rows": [[long, "red \u{1b}[31m\ttext\n"], [null, long]],
        });
        let text = table(&answer);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], format!("{}…  red ␛[31m text⏎", "x".repeat(59)));
        assert_eq!(lines[3], format!("{}  {long}", " ".repeat(60)));
        assert_eq!(lines[1], format!("{0}  {0}", "─".repeat(60)));
    }
}
