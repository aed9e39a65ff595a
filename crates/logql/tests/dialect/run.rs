//! Runs scripts.

use std::collections::BTreeMap;

use luneta_logql::{
    Answer, Counted, Direction, Entry, Limits, LogqlError, MetadataNeed, Pairs, Params, ParseOptions, Pushdown, Query, Selection,
    Value,
};
use luneta_promql::{Labels, format_float, parse_selector};

use super::script::{Command, Eval, Mode, commands, time};

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct Record {
    pub time_ns: i64,
    pub line: String,
    pub stream: Labels,
    pub metadata: Vec<(String, String)>,
}

/// Runs a script and gives what differs, with file and line.
pub fn check(file: &str, text: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let mut store: Vec<Record> = Vec::new();
    let mut evals = 0;
    for command in commands(text) {
        match command {
            Command::Clear => store.clear(),
            Command::Load(body) => load(&mut store, &body),
            Command::Eval(eval) => {
                evals += 1;
                if let Err(difference) = check_eval(&store, &eval) {
                    differences.push(format!("{file}:{}: {}\n{difference}", eval.line, eval.query));
                }
            }
        }
    }
    assert!(evals > 0, "{file} evaluates nothing");
    differences
}

/// Labels in braces, or metadata in brackets.
fn pairs(text: &str) -> Vec<(String, String)> {
    let selector = format!("{{{}}}", &text[1..text.len() - 1]);
    let matchers = parse_selector(&selector, &luneta_promql::ParseOptions::default()).unwrap_or_else(|e| panic!("{text}: {e}"));
    matchers.into_iter().map(|matcher| (matcher.name, matcher.value)).collect()
}

fn load(store: &mut Vec<Record>, body: &[String]) {
    let mut stream = Labels::empty();
    for line in body {
        let line = line.trim_start();
        if line.starts_with('{') && line.ends_with('}') {
            stream = Labels::new(pairs(line));
            continue;
        }
        let (at, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (metadata, text) = match rest.strip_prefix('[').and_then(|_| rest.split_once("] ")) {
            Some((metadata, text)) => (pairs(&format!("{metadata}]")), text),
            None => (Vec::new(), rest),
        };
        let text = text.replace("\\e", "\u{1b}").replace("\\0", "\u{7}");
        store.push(Record { time_ns: time(at), line: text, stream: stream.clone(), metadata });
    }
}

/// How much of the work the store does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// It finds streams, and gives all of their entries.
    Plain,
    /// It applies all filters.
    Filtering,
    /// It counts where counts are enough.
    Folding,
}

/// The answer to a query over a store that works so much.
pub fn answer(store: &[Record], text: &str, params: &Params, how: Store) -> Result<Answer, LogqlError> {
    let query = Query::parse(text, &ParseOptions::default())?;
    let pushdown = if how == Store::Plain { Pushdown::Optional } else { Pushdown::Required };
    let params = Params { pushdown, ..params.clone() };
    let plan = query.plan(&params)?;
    let mut evaluation = query.evaluation(&params, &Limits::default())?;
    for (number, selection) in plan.selections.iter().enumerate() {
        let mut counts: BTreeMap<(Vec<(String, String)>, usize), u64> = BTreeMap::new();
        for record in store.iter().filter(|record| selection.matchers.iter().all(|m| m.accepts(&record.stream))) {
            if how != Store::Plain && !goes_through(record, selection) {
                continue;
            }
            if let Some(fold) = selection.fold.as_ref().filter(|_| how == Store::Folding) {
                let Some(bucket) = fold.bucket(record.time_ns) else { continue };
                let value = |name: &String| (name.clone(), lookup(record, name).unwrap_or_default());
                let key = (fold.by.iter().map(value).collect(), bucket);
                let counted = if fold.counted == Counted::Entries { 1 } else { record.line.len() as u64 };
                *counts.entry(key).or_default() += counted;
            } else {
                let needed = |name: &str| match &selection.metadata {
                    MetadataNeed::All => true,
                    MetadataNeed::Names(names) => how == Store::Plain || names.iter().any(|n| n == name),
                };
                let metadata: Vec<(&str, &str)> =
                    record.metadata.iter().map(|(n, v)| (n.as_str(), v.as_str())).filter(|(n, _)| needed(n)).collect();
                let line = if selection.reads_line { record.line.as_str() } else { "" };
                let entry = Entry { time_ns: record.time_ns, line, stream: &record.stream, metadata: &metadata };
                evaluation.push(number, &entry)?;
            }
        }
        for ((labels, bucket), count) in counts {
            evaluation.push_count(number, &Labels::new(labels), bucket, count)?;
        }
    }
    evaluation.finish(&mut || None)
}

fn lookup(record: &Record, name: &str) -> Option<String> {
    if record.stream.has(name) {
        return Some(record.stream.get(name).to_owned());
    }
    record.metadata.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
}

fn goes_through(record: &Record, selection: &Selection) -> bool {
    (selection.from_ns..selection.until_ns).contains(&record.time_ns)
        && selection.line_filters.iter().all(|pushed| pushed.filter.matches(&record.line))
        && selection.label_filters.iter().all(|pushed| pushed.filter.may_accept(&|name| lookup(record, name)))
}

fn params_of(eval: &Eval) -> Params {
    let (start, end, step) = eval.times;
    match eval.mode {
        Mode::Instant => Params::instant(start),
        Mode::Range => Params::range(start, end, step),
        Mode::Logs(forward, limit, categorize) => {
            let direction = if forward { Direction::Forward } else { Direction::Backward };
            Params { limit, direction, categorize, ..Params::range(start, end, 0) }
        }
    }
}

fn check_eval(store: &[Record], eval: &Eval) -> Result<(), String> {
    let params = params_of(eval);
    let found = match (answer(store, &eval.query, &params, Store::Plain), &eval.fails) {
        (Ok(answer), None) => answer,
        (Ok(answer), Some(_)) => return Err(format!("should fail, gave {:?}", answer.value)),
        (Err(error), None) => return Err(format!("failed: {error}")),
        (Err(error), Some(part)) => {
            let error = error.to_string();
            return if error.contains(part.as_str()) { Ok(()) } else { Err(format!("failed with {error:?}")) };
        }
    };
    let shown = shown(&found.value);
    if shown != eval.expected {
        return Err(format!("gave\n  {}", shown.join("\n  ")));
    }
    for how in [Store::Filtering, Store::Folding] {
        let other = answer(store, &eval.query, &params, how).map_err(|error| format!("{how:?} failed: {error}"))?;
        if self::shown(&other.value) != shown {
            return Err(format!("{how:?} gave\n  {}", self::shown(&other.value).join("\n  ")));
        }
    }
    let query = Query::parse(&eval.query, &ParseOptions::default()).unwrap();
    for printed in [query.to_string(), query.pretty()] {
        let again = Query::parse(&printed, &ParseOptions::default()).map_err(|error| format!("printed as {printed}: {error}"))?;
        if again.to_string() != query.to_string() {
            return Err(format!("printed as {printed}, reads as {again}"));
        }
    }
    Ok(())
}

fn pairs_text(pairs: &Pairs) -> String {
    let shown: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", shown.join(", "))
}

fn seconds(ns: i64) -> String {
    format_float(ns as f64 / 1e9)
}

fn rounded(value: f64) -> String {
    format_float((value * 1e6).round() / 1e6)
}

/// A value as scripts have it.
pub fn shown(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match value {
        Value::Scalar(_, value) => lines.push(rounded(*value)),
        Value::Vector(samples) => lines.extend(samples.iter().map(|s| format!("{} {}", s.labels, rounded(s.value)))),
        Value::Matrix(series) => {
            for series in series {
                let points: Vec<String> =
                    series.points.iter().map(|(ms, value)| format!("{}@{}", rounded(*value), seconds(ms * 1_000_000))).collect();
                lines.push(format!("{} {}", series.labels, points.join(" ")));
            }
        }
        Value::Streams(streams) => {
            for stream in streams {
                lines.push(pairs_text(&stream.labels));
                for entry in &stream.entries {
                    let categories = match (entry.metadata.is_empty(), entry.parsed.is_empty()) {
                        (true, true) => String::new(),
                        _ => format!(" {} {}", pairs_text(&entry.metadata), pairs_text(&entry.parsed)),
                    };
                    lines.push(
                        format!("  {}{categories} {}", seconds(entry.time_ns), entry.line.replace('\u{1b}', "\\e"))
                            .trim_end()
                            .to_owned(),
                    );
                }
            }
        }
    }
    lines
}
