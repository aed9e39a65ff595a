//! Values in the JSON of Loki's API: numbers as text, times of entries as text of nanoseconds.

use std::io::Write as _;

use luneta_logql::{Pairs, Sample, Series, Stream, StreamEntry, Value};

use super::request::CATEGORIZE;
use crate::prometheus::json::{float, labels, text, time};

/// An answer with its statistics, which are JSON already.
pub fn answer(value: &Value, categorize: bool, statistics: &serde_json::Value) -> Vec<u8> {
    let kind = match value {
        Value::Streams(_) => "streams",
        Value::Vector(_) => "vector",
        Value::Matrix(_) => "matrix",
        Value::Scalar(..) => "scalar",
    };
    let mut out = format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",").into_bytes();
    if categorize && matches!(value, Value::Streams(_)) {
        let _ = write!(out, "\"encodingFlags\":[\"{CATEGORIZE}\"],");
    }
    out.extend_from_slice(b"\"result\":");
    match value {
        Value::Streams(streams) => list(&mut out, streams, |out, of| stream(out, of, categorize)),
        Value::Vector(samples) => list(&mut out, samples, sample),
        Value::Matrix(ranges) => list(&mut out, ranges, series),
        Value::Scalar(milliseconds, value) => point(&mut out, *milliseconds, *value),
    }
    let _ = write!(out, ",\"stats\":{statistics}}}}}");
    out
}

fn list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Names and values as an object; empty values are left out.
fn pairs(out: &mut Vec<u8>, pairs: &Pairs) {
    out.push(b'{');
    let mut is_first = true;
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

fn stream(out: &mut Vec<u8>, stream: &Stream, categorize: bool) {
    out.extend_from_slice(b"{\"stream\":");
    pairs(out, &stream.labels);
    out.extend_from_slice(b",\"values\":");
    list(out, &stream.entries, |out, of| entry(out, of, categorize));
    out.push(b'}');
}

/// One entry: its time, its line, and what else there is where that is wanted.
fn entry(out: &mut Vec<u8>, entry: &StreamEntry, categorize: bool) {
    let _ = write!(out, "[\"{}\",", entry.time_ns);
    text(out, &entry.line);
    if categorize {
        out.extend_from_slice(b",{");
        for (name, of) in [("structuredMetadata", &entry.metadata), ("parsed", &entry.parsed)] {
            if of.iter().any(|(_, value)| !value.is_empty()) {
                if out.last() != Some(&b'{') {
                    out.push(b',');
                }
                let _ = write!(out, "\"{name}\":");
                pairs(out, of);
            }
        }
        out.push(b'}');
    }
    out.push(b']');
}

/// Streams alone, as live tails send them.
pub fn streams(streams: &[Stream], categorize: bool) -> Vec<u8> {
    let mut out = b"{\"streams\":".to_vec();
    list(&mut out, streams, |out, of| stream(out, of, categorize));
    if categorize {
        let _ = write!(out, ",\"encodingFlags\":[\"{CATEGORIZE}\"]");
    }
    out.push(b'}');
    out
}

fn point(out: &mut Vec<u8>, milliseconds: i64, value: f64) {
    out.push(b'[');
    time(out, milliseconds);
    out.push(b',');
    float(out, value);
    out.push(b']');
}

fn sample(out: &mut Vec<u8>, sample: &Sample) {
    out.extend_from_slice(b"{\"metric\":");
    labels(out, &sample.labels);
    out.extend_from_slice(b",\"value\":");
    point(out, sample.time_ms, sample.value);
    out.push(b'}');
}

fn series(out: &mut Vec<u8>, series: &Series) {
    out.extend_from_slice(b"{\"metric\":");
    labels(out, &series.labels);
    out.extend_from_slice(b",\"values\":");
    list(out, &series.points, |out, (milliseconds, value)| point(out, *milliseconds, *value));
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use luneta_promql::Labels;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(value: &Value, categorize: bool, wanted: &str) {
        let found = String::from_utf8(answer(value, categorize, &serde_json::json!({}))).expect("text");
        assert_eq!(found, format!("{{\"status\":\"success\",\"data\":{{{wanted},\"stats\":{{}}}}}}"));
    }

    #[test]
    fn values_are_written_as_loki_writes_them() {
        let entry = |metadata: Pairs| StreamEntry {
            time_ns: 1_700_000_000_000_000_001,
            line: "a \"b\"".to_owned(),
            metadata,
            parsed: Pairs::new(),
        };
        let stream =
            |metadata| Value::Streams(vec![Stream { labels: of(&[("a", "b"), ("c", "")]), entries: vec![entry(metadata)] }]);
        let plain = r#""resultType":"streams","result":[{"stream":{"a":"b"},"values":[["1700000000000000001","a \"b\""]]}]"#;
        check(&stream(Pairs::new()), false, plain);
        let flagged = r#""resultType":"streams","encodingFlags":["categorize-labels"],"result":[{"stream":{"a":"b"},"values":[["1700000000000000001","a \"b\"",{"structuredMetadata":{"t":"1"}}]]}]"#;
        check(&stream(of(&[("t", "1")])), true, flagged);
        let bare = r#""resultType":"streams","encodingFlags":["categorize-labels"],"result":[{"stream":{"a":"b"},"values":[["1700000000000000001","a \"b\"",{}]]}]"#;
        check(&stream(Pairs::new()), true, bare);
        let labels = || Labels::new([("a", "b")]);
        let vector = Value::Vector(vec![Sample { labels: labels(), time_ms: 4_000_000_000_000, value: 2.0 }]);
        check(&vector, true, r#""resultType":"vector","result":[{"metric":{"a":"b"},"value":[4000000000,"2"]}]"#);
        let matrix = Value::Matrix(vec![Series { labels: labels(), points: vec![(1500, 0.5), (2500, f64::NAN)] }]);
        check(&matrix, false, r#""resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1.500,"0.5"],[2.500,"NaN"]]}]"#);
        check(&Value::Scalar(1000, 2.0), false, r#""resultType":"scalar","result":[1,"2"]"#);
    }
}
