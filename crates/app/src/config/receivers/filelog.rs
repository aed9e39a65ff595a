//! The receiver `filelog` of the Collector: files that grow.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use luneta_receive::filelog::{FileBounds, Settings, StartAt};
use luneta_receive::text::{Extraction, Format, Grouping, Wrapping, pattern};
use serde::Deserialize;
use serde_yaml_ng::{Mapping, Value};

use crate::config::duration;

/// The receiver as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFilelog {
    include: Vec<String>,
    exclude: Vec<String>,
    start_at: Option<String>,
    /// Ours: the form of entries, where it is not to be told by their looks.
    format: Option<String>,
    multiline: Option<RawMultiline>,
    operators: Vec<RawOperator>,
    include_file_name: Option<bool>,
    include_file_path: Option<bool>,
    attributes: BTreeMap<String, Value>,
    resource: BTreeMap<String, Value>,
    poll_interval: Option<String>,
    force_flush_period: Option<String>,
    fingerprint_size: Option<Value>,
    max_log_size: Option<Value>,
    encoding: Option<String>,
    max_concurrent_files: Option<usize>,
    storage: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMultiline {
    line_start_pattern: Option<String>,
    line_end_pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RawOperator {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    rest: Mapping,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawParser {
    id: Option<String>,
    output: Option<String>,
    regex: Option<String>,
    parse_from: Option<String>,
    parse_to: Option<String>,
    on_error: Option<String>,
    timestamp: Option<RawTimestamp>,
    severity: Option<RawSeverity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawTimestamp {
    parse_from: Option<String>,
    layout: Option<String>,
    layout_type: Option<String>,
    location: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSeverity {
    parse_from: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawContainer {
    id: Option<String>,
    output: Option<String>,
    format: Option<String>,
    add_metadata_from_filepath: Option<bool>,
}

impl RawFilelog {
    /// What is to be read; `data` is the folder of the data, `id` that of the receiver.
    pub fn settings(&self, path: &str, id: &str, bounds: FileBounds, data: &Path) -> Result<Settings> {
        if self.include.is_empty() {
            bail!("{path}.include: is missing; it holds patterns of paths, such as /var/log/nginx/*.log");
        }
        let mut settings = Settings::new(self.include.clone());
        settings.exclude.clone_from(&self.exclude);
        settings.check().with_context(|| format!("{path}.include, exclude"))?;
        settings.start_at = match self.start_at.as_deref() {
            None | Some("end") => StartAt::End,
            Some("beginning") => StartAt::Beginning,
            Some(other) => bail!("{path}.start_at: `{other}` is neither beginning nor end"),
        };
        settings.bounds = self.bounds(path, bounds)?;
        settings.lines.grouping = self.grouping(path)?;
        settings.file_name = self.include_file_name.unwrap_or(true);
        settings.file_path = self.include_file_path.unwrap_or(true);
        settings.attributes = texts(&format!("{path}.attributes"), &self.attributes)?;
        settings.resource = texts(&format!("{path}.resource"), &self.resource)?;
        if !matches!(self.encoding.as_deref(), None | Some("utf-8" | "utf8" | "UTF-8" | "nop" | "ascii")) {
            bail!("{path}.encoding: files are read as UTF-8; wrong bytes are replaced and counted");
        }
        let mut format = None;
        if let Some(name) = &self.format {
            let names = Format::NAMES.join(", ");
            format = Some(Format::named(name).ok_or_else(|| anyhow!("{path}.format: `{name}` is none of {names}"))?);
        }
        for (n, operator) in self.operators.iter().enumerate() {
            let path = format!("{path}.operators[{n}]");
            if operator.kind == "container" {
                settings.lines.wrapping = container(&path, operator)?;
            } else if format.replace(parser(&path, operator)?).is_some() {
                bail!("{path}: one parser, or one format, is what there may be");
            }
        }
        settings.format = Arc::new(format.unwrap_or_default());
        let file: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        settings.checkpoints = Some(data.join("filelog").join(format!("{file}.json")));
        Ok(settings)
    }

    /// What has no effect.
    pub fn notes(&self, path: &str) -> Vec<String> {
        let idle = [
            ("storage", self.storage.is_some(), "positions are kept in the data folder"),
            ("max_concurrent_files", self.max_concurrent_files.is_some(), "files have turns; luneta.logs.files_max bounds them"),
        ];
        idle.into_iter().filter(|(_, is, _)| *is).map(|(key, _, why)| format!("{path}.{key}: {why}")).collect()
    }

    fn bounds(&self, path: &str, mut bounds: FileBounds) -> Result<FileBounds> {
        let times = [
            ("poll_interval", &self.poll_interval, &mut bounds.poll_interval),
            ("force_flush_period", &self.force_flush_period, &mut bounds.flush_period),
        ];
        for (key, text, into) in times {
            if let Some(text) = text {
                *into = duration(&format!("{path}.{key}"), text)?.max(Duration::from_millis(10));
            }
        }
        let sizes = [
            ("fingerprint_size", &self.fingerprint_size, &mut bounds.fingerprint_bytes),
            ("max_log_size", &self.max_log_size, &mut bounds.entry_bytes_max),
        ];
        for (key, value, into) in sizes {
            if let Some(value) = value {
                *into = bytes(value).with_context(|| format!("{path}.{key}: expected bytes, such as 1000 or 1kb"))?;
            }
        }
        Ok(bounds)
    }

    fn grouping(&self, path: &str) -> Result<Grouping> {
        let Some(multiline) = &self.multiline else { return Ok(Grouping::Auto) };
        let compiled = |key: &str, text: &str| pattern(text).with_context(|| format!("{path}.multiline.{key}"));
        match (&multiline.line_start_pattern, &multiline.line_end_pattern) {
            (Some(start), None) => Ok(Grouping::Start(compiled("line_start_pattern", start)?)),
            (None, Some(end)) => Ok(Grouping::End(compiled("line_end_pattern", end)?)),
            _ => bail!("{path}.multiline: name line_start_pattern or line_end_pattern"),
        }
    }
}

/// `1000`, `1000b`, `1kb`, `1MiB`.
fn bytes(value: &Value) -> Option<usize> {
    if let Some(number) = value.as_u64() {
        return usize::try_from(number).ok().filter(|bytes| *bytes > 0);
    }
    let text = value.as_str()?.to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text.get(digits..)? {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "kib" => 1024,
        "m" | "mb" => 1_000_000,
        "mib" => 1024 * 1024,
        _ => return None,
    };
    text.get(..digits)?.parse::<usize>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

fn texts(path: &str, values: &BTreeMap<String, Value>) -> Result<Vec<(String, String)>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        _ => None,
    };
    let pair = |(key, value): (&String, &Value)| {
        text(value).map(|text| (key.clone(), text)).ok_or_else(|| anyhow!("{path}.{key}: expected text"))
    };
    values.iter().map(pair).collect()
}

fn section<'de, T: Deserialize<'de>>(path: &str, operator: &RawOperator) -> Result<T> {
    T::deserialize(Value::Mapping(operator.rest.clone())).map_err(|e| anyhow!("{path}: {e}"))
}

fn container(path: &str, operator: &RawOperator) -> Result<Wrapping> {
    let raw: RawContainer = section(path, operator)?;
    let _ = (raw.id, raw.output);
    if raw.add_metadata_from_filepath == Some(false) {
        bail!("{path}.add_metadata_from_filepath: what the path tells is kept; leave it out, or write true");
    }
    match raw.format.as_deref() {
        None => Ok(Wrapping::Auto),
        Some("docker") => Ok(Wrapping::Docker),
        Some("crio" | "containerd") => Ok(Wrapping::Cri),
        Some(other) => bail!("{path}.format: `{other}` is none of docker, crio, containerd"),
    }
}

fn parser(path: &str, operator: &RawOperator) -> Result<Format> {
    let kind = operator.kind.as_str();
    if !matches!(kind, "json_parser" | "regex_parser") {
        bail!("{path}.type: `{kind}` is not known here; these are: json_parser, regex_parser, container");
    }
    let raw: RawParser = section(path, operator)?;
    let _ = (raw.id, raw.output, raw.on_error);
    if raw.parse_from.as_deref().is_some_and(|from| from != "body") {
        bail!("{path}.parse_from: bodies are parsed; leave it out, or write body");
    }
    if raw.parse_to.as_deref().is_some_and(|to| to != "attributes") {
        bail!("{path}.parse_to: what is found are attributes; leave it out, or write attributes");
    }
    if kind == "json_parser" {
        if raw.timestamp.is_some_and(|t| t.layout.is_some()) {
            bail!("{path}.timestamp.layout: times in JSON are found by themselves; leave it out, or use regex_parser");
        }
        return Ok(Format::Json);
    }
    let text = raw.regex.with_context(|| format!("{path}.regex: is missing"))?;
    let mut extraction = Extraction::new(&text).with_context(|| format!("{path}.regex"))?;
    let key = |from: Option<String>| from.map(|from| from.strip_prefix("attributes.").unwrap_or(&from).to_owned());
    if let Some(time) = raw.timestamp {
        if !matches!(time.layout_type.as_deref(), None | Some("strptime")) {
            bail!("{path}.timestamp.layout_type: layouts are those of strptime");
        }
        extraction.time_key = key(time.parse_from);
        extraction.time_layout = time.layout;
        if let Some(name) = time.location {
            extraction.set_time_zone(&name).with_context(|| format!("{path}.timestamp.location"))?;
        }
    }
    extraction.severity_key = raw.severity.and_then(|severity| key(severity.parse_from));
    Ok(Format::Regex(extraction))
}
