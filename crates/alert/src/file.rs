//! Rule files, as Prometheus has them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use luneta_promql::{ParseOptions, Query, parse_duration};
use luneta_template::Functions;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::words;

/// Bytes of one file.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Rules of all groups of a file.
const RULES_MAX: usize = 20_000;

/// Why a rule file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is no rule file.
    #[error("{}: {message}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// A pattern of paths is none.
    #[error("{pattern:?} is no pattern of paths: {message}")]
    Pattern {
        /// As it was written.
        pattern: String,
        /// What is wrong.
        message: String,
    },
}

/// A file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Its groups.
    #[serde(default)]
    pub groups: Vec<GroupFile>,
}

/// Rules that are evaluated together, in their order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupFile {
    /// Its name, unique in the file.
    pub name: String,
    /// Time from one evaluation to the next; the server's where it is absent.
    #[serde(default, deserialize_with = "duration")]
    pub interval: Option<Duration>,
    /// How long before the time of evaluation queries look.
    #[serde(default, deserialize_with = "duration")]
    pub query_offset: Option<Duration>,
    /// Most series or alerts of a rule; 0 is no bound.
    #[serde(default)]
    pub limit: usize,
    /// Labels that all rules add.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Its rules.
    #[serde(default)]
    pub rules: Vec<RuleText>,
}

/// A rule as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// Name of the series that it records.
    #[serde(default)]
    pub record: Option<String>,
    /// Name of the alert that it raises.
    #[serde(default)]
    pub alert: Option<String>,
    /// The query.
    #[serde(deserialize_with = "text")]
    pub expr: String,
    /// How long a query must give a series before its alert fires.
    #[serde(default, rename = "for", deserialize_with = "duration")]
    pub hold: Option<Duration>,
    /// How long an alert fires on when its series is gone.
    #[serde(default, deserialize_with = "duration")]
    pub keep_firing_for: Option<Duration>,
    /// Labels that are added; templates in alerts.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What is said of an alert; templates.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// Queries may be plain numbers.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Integer(i64),
        Float(f64),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Text(text) => text,
        Written::Integer(number) => number.to_string(),
        Written::Float(number) => number.to_string(),
    })
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let milliseconds = if text == "0" { Some(0) } else { parse_duration(&text) };
    let milliseconds = milliseconds.and_then(|ms| u64::try_from(ms).ok());
    milliseconds
        .map(|ms| Some(Duration::from_millis(ms)))
        .ok_or_else(|| D::Error::custom(format!("not a valid duration string: {text:?}")))
}

impl RuleFile {
    /// Reads and checks a file: names, queries, labels and templates.
    ///
    /// # Errors
    /// [`FileError`], with the path and the place.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let fault = |error| FileError::Read { path: path.to_owned(), error };
        let size = std::fs::metadata(path).map_err(fault)?.len();
        if size > FILE_BYTES_MAX {
            return Err(FileError::Content { path: path.to_owned(), message: format!("larger than {FILE_BYTES_MAX} bytes") });
        }
        let text = std::fs::read_to_string(path).map_err(fault)?;
        Self::parse(&text).map_err(|message| FileError::Content { path: path.to_owned(), message })
    }

    /// Reads and checks a text; what is wrong, otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let file: Self = serde_yaml_ng::from_str(text).map_err(|e| e.to_string())?;
        let mut names = BTreeSet::new();
        let rules: usize = file.groups.iter().map(|group| group.rules.len()).sum();
        if rules > RULES_MAX {
            return Err(format!("{rules} rules, at most {RULES_MAX} are allowed in one file"));
        }
        for group in &file.groups {
            if group.name.is_empty() {
                return Err("a group has no name".to_owned());
            }
            if !names.insert(&group.name) {
                return Err(format!("group {:?} is there twice", group.name));
            }
            group.check()?;
        }
        Ok(file)
    }
}

impl GroupFile {
    fn check(&self) -> Result<(), String> {
        if self.interval.is_some_and(|interval| interval.is_zero()) {
            return Err(format!("group {:?}: the interval is zero", self.name));
        }
        check_labels(&self.labels).map_err(|fault| format!("group {:?}: {fault}", self.name))?;
        for (at, rule) in self.rules.iter().enumerate() {
            let shown = rule.record.as_ref().or(rule.alert.as_ref()).map(|name| format!(" ({name})")).unwrap_or_default();
            rule.check().map_err(|fault| format!("group {:?}, rule {}{shown}: {fault}", self.name, at + 1))?;
        }
        Ok(())
    }
}

fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), String> {
    match labels.keys().find(|name| name.is_empty() || *name == "__name__") {
        Some(name) => Err(format!("invalid label name: {name:?}")),
        None => Ok(()),
    }
}

impl RuleText {
    fn check(&self) -> Result<(), String> {
        check_labels(&self.labels)?;
        match (&self.record, &self.alert) {
            (Some(_), Some(_)) => return Err("only one of 'record' and 'alert' must be set".to_owned()),
            (None, None) => return Err("one of 'record' or 'alert' must be set".to_owned()),
            (Some(name), None) if name.is_empty() => return Err("the name of the record is empty".to_owned()),
            (Some(_), None) if !self.annotations.is_empty() => {
                return Err("invalid field 'annotations' in recording rule".to_owned());
            }
            (Some(_), None) if self.hold.is_some() => return Err("invalid field 'for' in recording rule".to_owned()),
            (Some(_), None) if self.keep_firing_for.is_some() => {
                return Err("invalid field 'keep_firing_for' in recording rule".to_owned());
            }
            (None, Some(name)) if name.is_empty() => return Err("the name of the alert is empty".to_owned()),
            (None, Some(_)) => {
                if self.labels.contains_key("alertname") {
                    return Err("an alert's label 'alertname' is its name, and cannot be set".to_owned());
                }
                let functions = Functions::prometheus();
                for (name, text) in self.labels.iter().chain(&self.annotations) {
                    words::parse(text, &functions).map_err(|fault| format!("template of {name:?}: {fault}"))?;
                }
            }
            _ => {}
        }
        self.query().map(|_| ())
    }

    /// The query.
    pub(crate) fn query(&self) -> Result<Query, String> {
        let query = Query::parse(&self.expr, &ParseOptions::default()).map_err(|e| format!("could not parse expression: {e}"))?;
        Ok(query)
    }
}

/// Files that patterns name, sorted, each once.
pub fn files(patterns: &[String]) -> Result<Vec<PathBuf>, FileError> {
    let mut out = BTreeSet::new();
    for pattern in patterns {
        let fault = |message: String| FileError::Pattern { pattern: pattern.clone(), message };
        let found = glob::glob(pattern).map_err(|e| fault(e.to_string()))?;
        for path in found {
            let path = path.map_err(|e| FileError::Read { path: e.path().to_owned(), error: e.into() })?;
            if path.is_file() {
                out.insert(path);
            }
        }
    }
    Ok(out.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named() {
        let rule = |text: &str| format!("groups: [{{name: g, rules: [{{{text}}}]}}]");
        let cases = [
            (rule("record: a, expr: b"), ""),
            (rule("record: a, expr: 1"), ""),
            (rule("alert: A, expr: up == 0, for: 5m, keep_firing_for: 1m, annotations: {s: '{{ $value }}'}"), ""),
            (String::new(), ""),
            (rule("expr: b"), "group \"g\", rule 1: one of 'record' or 'alert' must be set"),
            (rule("record: a, alert: b, expr: c"), "only one of 'record' and 'alert' must be set"),
            (rule("record: a, expr: 'sum('"), "could not parse expression"),
            (rule("record: a, expr: b, for: 5m"), "invalid field 'for' in recording rule"),
            (rule("record: a, expr: b, labels: {__name__: x}"), "invalid label name: \"__name__\""),
            (rule("alert: A, expr: b, labels: {alertname: x}"), "cannot be set"),
            (rule("alert: A, expr: b, for: 5 minutes"), "not a valid duration string: \"5 minutes\""),
            (rule("alert: A, expr: b, annotations: {s: '{{ $value'}"), "template of \"s\""),
            (rule("record: a, expr: b, color: red"), "unknown field `color`"),
            ("groups: [{name: g}, {name: g}]".to_owned(), "group \"g\" is there twice"),
            ("groups: [{name: g, interval: 0s}]".to_owned(), "the interval is zero"),
        ];
        for (text, expected) in cases {
            let found = RuleFile::parse(&text).err().unwrap_or_default();
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{text}: {found}");
        }
    }
}
