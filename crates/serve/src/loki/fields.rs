//! `detected_fields`: what the newest entries of a query have beside the labels of their streams.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use luneta_logql::{Category, Entry, Limits, LogqlError, Params, ParseOptions, Pipeline, Query, Value};
use luneta_promql::Labels;
use serde_json::{Value as JsonValue, json};

use super::evaluate::evaluate;
use super::parameters::{HOUR_NS, bounds, count, query};
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;
use crate::names::now_ns;

/// Entries that are looked at, and fields or values that are told, unless other numbers are asked for.
const LIMIT: usize = 1000;
/// Names that say what went wrong and are no fields.
const FAULTS: [&str; 2] = [luneta_logql::ERROR_LABEL, luneta_logql::ERROR_DETAILS_LABEL];

/// What is known of a field.
#[derive(Debug, Default, PartialEq, Eq)]
struct Field {
    values: BTreeSet<String>,
    parsers: BTreeSet<&'static str>,
    path: Option<Vec<String>>,
}

/// Fields by name.
#[derive(Debug, Default)]
struct Fields(BTreeMap<String, Field>);

/// `detected_fields`.
pub async fn fields(State(state): State<ServeState>, asked: Asked) -> Result<Json<JsonValue>, Failure> {
    let limit = limit(&asked)?;
    let found = detect(&state, &asked).await?;
    let fields: Vec<JsonValue> = found.0.iter().take(limit).map(|(name, field)| field.told(name)).collect();
    Ok(Json(json!({"fields": fields, "limit": limit})))
}

/// `detected_field/{name}/values`.
pub async fn values(State(state): State<ServeState>, Path(name): Path<String>, asked: Asked) -> Result<Json<JsonValue>, Failure> {
    let limit = limit(&asked)?;
    let found = detect(&state, &asked).await?;
    let values: Vec<&String> = found.0.get(&name).into_iter().flat_map(|field| &field.values).take(limit).collect();
    Ok(Json(json!({"values": values, "limit": limit})))
}

fn limit(asked: &Asked) -> Result<usize, Failure> {
    // Older clients call it so.
    let usual = count(&asked.parameters, "field_limit", LIMIT)?;
    count(&asked.parameters, "limit", usual)
}

async fn detect(state: &ServeState, asked: &Asked) -> Result<Fields, Failure> {
    let config = state.engine().config();
    let query = query(&asked.parameters, &config.logql_text)?;
    if !query.is_log() {
        return Err(Failure::invalid("only log selector is supported"));
    }
    let times = bounds(&asked.parameters, HOUR_NS)?;
    let lines = count(&asked.parameters, "line_limit", LIMIT)?.clamp(1, config.logql.entries_max);
    let params = Params { limit: lines, categorize: true, now_ns: now_ns(), ..Params::range(times.start, times.end, 0) };
    let evaluated = evaluate(state, &asked.tenant, query, params).await?;
    let Value::Streams(streams) = evaluated.found.answer.value else { return Ok(Fields::default()) };
    let mut parsers = Parsers::new(&config.logql)?;
    let mut fields = Fields::default();
    for stream in &streams {
        let labels = Labels::new(stream.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        for entry in &stream.entries {
            for (name, value) in &entry.metadata {
                fields.of(name).add(value, None);
            }
            let found = parsers.read(entry.time_ns, &entry.line, &labels);
            for (name, value, parser) in found {
                fields.of(&name).add(&value, Some(parser));
            }
            for (name, value) in entry.parsed.iter().filter(|(name, _)| !FAULTS.contains(&name.as_str())) {
                fields.of(name).add(value, None);
            }
            fields.add_paths(&entry.line);
        }
    }
    Ok(fields)
}

/// Parsers that are tried on each line.
struct Parsers {
    json: Pipeline,
    logfmt: Pipeline,
}

impl Parsers {
    fn new(limits: &Limits) -> Result<Self, LogqlError> {
        let of = |stage: &str| Query::parse(&format!("{{a=\"b\"}} | {stage}"), &ParseOptions::default())?.pipeline(limits);
        Ok(Self { json: of("json")?, logfmt: of("logfmt --strict")? })
    }

    /// The fields of a line, with the parser that found them.
    fn read(&mut self, time_ns: i64, line: &str, labels: &Labels) -> Vec<(String, String, &'static str)> {
        let (pipeline, parser) =
            if line.trim_start().starts_with('{') { (&mut self.json, "json") } else { (&mut self.logfmt, "logfmt") };
        let mut found = Vec::new();
        let entry = Entry { time_ns, line, stream: labels, metadata: &[] };
        if pipeline.process(&entry).is_none() {
            return found;
        }
        let mut failed = false;
        pipeline.each_label(|name, value, category| {
            failed |= name == luneta_logql::ERROR_LABEL;
            if category == Category::Parsed {
                found.push((name.to_owned(), value.to_owned(), parser));
            }
        });
        if failed { Vec::new() } else { found }
    }
}

impl Fields {
    fn of(&mut self, name: &str) -> &mut Field {
        self.0.entry(name.to_owned()).or_default()
    }

    /// Notes where in a line of JSON fields are.
    fn add_paths(&mut self, line: &str) {
        if !line.trim_start().starts_with('{') {
            return;
        }
        let Ok(value) = serde_json::from_str::<JsonValue>(line) else { return };
        let mut open = vec![(Vec::new(), &value)];
        while let Some((path, value)) = open.pop() {
            if let JsonValue::Object(members) = value {
                let member = |(key, value)| ([path.clone(), vec![String::clone(key)]].concat(), value);
                open.extend(members.iter().map(member));
                continue;
            }
            let valid = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
            let name: String = path.join("_").chars().map(valid).collect();
            for name in [format!("{name}_extracted"), name] {
                if let Some(field) = self.0.get_mut(&name).filter(|field| field.parsers.contains("json")) {
                    field.path.get_or_insert(path.clone());
                }
            }
        }
    }
}

impl Field {
    fn add(&mut self, value: &str, parser: Option<&'static str>) {
        if !value.is_empty() {
            self.values.insert(value.to_owned());
            self.parsers.extend(parser);
        }
    }

    fn told(&self, name: &str) -> JsonValue {
        // None of them is told as null: the field is no part of the line.
        let parsers = (!self.parsers.is_empty()).then_some(&self.parsers);
        let mut told = json!({"label": name, "type": self.kind(), "cardinality": self.values.len(), "parsers": parsers});
        if let Some(path) = &self.path {
            told["jsonPath"] = json!(path);
        }
        told
    }

    /// The narrowest type that all values have.
    fn kind(&self) -> &'static str {
        let all = |is: fn(&str) -> bool| !self.values.is_empty() && self.values.iter().all(|value| is(value));
        let kinds: [Kind; 5] = [
            ("int", |value| value.parse::<i64>().is_ok()),
            ("float", |value| value.parse::<f64>().is_ok()),
            ("boolean", |value| matches!(value, "true" | "false")),
            ("duration", |value| {
                luneta_promql::parse_duration(value).is_some() || is_measured(value, &["ns", "us", "µs", "ms", "s", "m", "h"])
            }),
            ("bytes", |value| is_measured(value, &["B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"])),
        ];
        kinds.into_iter().find(|(_, is)| all(*is)).map_or("string", |(kind, _)| kind)
    }
}

/// A type, and whether a value is of it.
type Kind = (&'static str, fn(&str) -> bool);

/// Whether a value is a number with one of some units.
fn is_measured(value: &str, units: &[&str]) -> bool {
    units.iter().any(|unit| value.strip_suffix(unit).is_some_and(|number| number.trim_end().parse::<f64>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(values: &[&str]) -> Field {
        let mut field = Field::default();
        for value in values {
            field.add(value, Some("json"));
        }
        field
    }

    #[test]
    fn kinds() {
        let cases: [(&[&str], &str); 7] = [
            (&["1", "-2"], "int"),
            (&["1", "2.5"], "float"),
            (&["true", "false"], "boolean"),
            (&["1m30s", "2.5ms"], "duration"),
            (&["12KiB", "1.5 MB"], "bytes"),
            (&["1", "x"], "string"),
            (&[], "string"),
        ];
        for (values, wanted) in cases {
            assert_eq!(field(values).kind(), wanted, "{values:?}");
        }
    }

    #[test]
    fn lines_have_fields() {
        let mut parsers = Parsers::new(&Limits::default()).expect("parsers");
        let labels = Labels::new([("app", "web")]);
        let mut names = |line: &str| -> Vec<String> {
            let mut found: Vec<String> = parsers
                .read(1, line, &labels)
                .into_iter()
                .map(|(name, value, parser)| format!("{name}={value} {parser}"))
                .collect();
            found.sort();
            found
        };
        assert_eq!(names(r#"{"a":1,"b":{"c":"d"},"app":"x"}"#), ["a=1 json", "app_extracted=x json", "b_c=d json"]);
        assert_eq!(names("a=1 b=\"two words\""), ["a=1 logfmt", "b=two words logfmt"]);
        assert!(names("{broken").is_empty());
        let mut fields = Fields::default();
        fields.of("b_c").add("d", Some("json"));
        fields.add_paths(r#"{"b":{"c":"d"}}"#);
        assert_eq!(
            fields.0["b_c"].told("b_c"),
            json!({"label": "b_c", "type": "string", "cardinality": 1, "parsers": ["json"], "jsonPath": ["b", "c"]})
        );
    }
}
