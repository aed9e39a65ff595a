//! What the gateway answers: its groups as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use arrow::temporal_conversions::timestamp_ns_to_datetime;
use serde_json::{Map, Value, json};

use super::gateway::own_samples;
use super::group::{Family, Group, Labels, Sample};
use super::native::Histogram;
use crate::prometheus::exposition::MetricType;

/// All groups in the text format.
pub(super) fn text(groups: &[Group]) -> String {
    let mut families: BTreeMap<&str, (&str, MetricType, String)> = BTreeMap::new();
    for group in groups {
        for (name, help, value) in own_samples(group) {
            let (.., lines) = families.entry(name).or_insert((help, MetricType::Gauge, String::new()));
            write_sample(name, &group.labels, value, lines);
        }
        for (name, family) in &group.families {
            let (.., lines) = families.entry(name).or_insert((&family.help, family.kind(), String::new()));
            for sample in &family.samples {
                match sample.native() {
                    None => write_sample(&sample.name, &sample.labels, sample.value(), lines),
                    Some(native) => write_native(family, sample, native, lines),
                }
            }
        }
    }
    let mut out = String::new();
    for (name, (help, kind, lines)) in families {
        let name = shown_name(name);
        if !help.is_empty() {
            let _ = writeln!(out, "# HELP {name} {}", help.replace('\\', "\\\\").replace('\n', "\\n"));
        }
        let _ = write!(out, "# TYPE {name} {}\n{lines}", text_type(kind));
    }
    out
}

/// The text format knows no other types.
fn text_type(kind: MetricType) -> &'static str {
    match kind {
        MetricType::Counter | MetricType::Gauge | MetricType::Histogram | MetricType::Summary => kind.as_str(),
        _ => "untyped",
    }
}

fn write_sample(name: &str, labels: &Labels, value: f64, out: &mut String) {
    let mut parts = Vec::new();
    let classic = is_classic(name);
    if !classic {
        parts.push(quoted(name));
    }
    // A scraper would set a missing instance.
    if !labels.contains_key("instance") {
        parts.push("instance=\"\"".to_owned());
    }
    parts.extend(labels.iter().map(|(name, value)| format!("{}={}", shown_name(name), quoted(value))));
    let _ = writeln!(out, "{}{{{}}} {}", if classic { name } else { "" }, parts.join(","), number(value));
}

/// The part of a native histogram that text can tell, unless a classic part is there to tell more.
fn write_native(family: &Family, sample: &Sample, native: &Histogram, out: &mut String) {
    let count = format!("{}_count", sample.name);
    if family.samples.iter().any(|other| other.name == count && other.labels == sample.labels) {
        return;
    }
    let mut labels = sample.labels.clone();
    labels.insert("le".to_owned(), "+Inf".to_owned());
    write_sample(&format!("{}_bucket", sample.name), &labels, native.count(), out);
    write_sample(&format!("{}_sum", sample.name), &sample.labels, native.sum(), out);
    write_sample(&count, &sample.labels, native.count(), out);
}

fn shown_name(name: &str) -> String {
    if is_classic(name) { name.to_owned() } else { quoted(name) }
}

/// Whether a name needs no quotes.
fn is_classic(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// All groups as the API tells them.
pub(super) fn groups_json(groups: &[Group]) -> Value {
    let data: Vec<Value> = groups.iter().map(group_json).collect();
    json!({ "status": "success", "data": data })
}

fn group_json(group: &Group) -> Value {
    let time = |nanos: i64| timestamp_ns_to_datetime(nanos).map(|time| time.and_utc().to_rfc3339());
    let mut out = Map::new();
    out.insert("labels".to_owned(), json!(group.labels));
    out.insert("last_push_successful".to_owned(), group.last_push_taken().into());
    for (name, help, value) in own_samples(group) {
        let metrics = json!([{ "labels": group.labels, "value": number(value) }]);
        let described = json!({ "time_stamp": time(group.push_time), "type": "GAUGE", "help": help, "metrics": metrics });
        out.insert(name.to_owned(), described);
    }
    for (name, family) in &group.families {
        let kind = text_type(family.kind()).to_ascii_uppercase();
        let described = json!({ "time_stamp": time(group.push_time), "type": kind, "help": family.help, "metrics": metrics_json(name, family) });
        out.insert(name.clone(), described);
    }
    out.into()
}

/// The metrics of a family; the series of a histogram or summary are one.
fn metrics_json(name: &str, family: &Family) -> Vec<Value> {
    let (bound, parts) = match family.kind() {
        MetricType::Histogram => ("le", "buckets"),
        MetricType::Summary => ("quantile", "quantiles"),
        _ => {
            let metric = |sample: &Sample| json!({ "labels": sample.labels, "value": number(sample.value()) });
            return family.samples.iter().map(metric).collect();
        }
    };
    let mut metrics: BTreeMap<Labels, Map<String, Value>> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        let at = labels.remove(bound);
        let metric = metrics.entry(labels).or_default();
        let value = number(sample.value());
        if let Some(native) = sample.native() {
            metric.insert("count".to_owned(), value.into());
            metric.insert("sum".to_owned(), number(native.sum()).into());
            continue;
        }
        match (at, sample.name.strip_prefix(name)) {
            (Some(at), _) => {
                metric.entry(parts).or_insert_with(|| json!({}))[at] = value.into();
            }
            (None, Some(part @ ("_count" | "_sum" | "_created"))) => {
                metric.insert(part[1..].to_owned(), value.into());
            }
            _ => {}
        }
    }
    let whole = |(labels, mut metric): (Labels, Map<String, Value>)| {
        metric.insert("labels".to_owned(), json!(labels));
        Value::Object(metric)
    };
    metrics.into_iter().map(whole).collect()
}
