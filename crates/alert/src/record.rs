//! Recording rules: a query's vector under another name.

use std::collections::{BTreeMap, HashSet};

use luneta_promql::{Answer, Labels, METRIC_NAME, Sample, Value, VectorSample};

use crate::RuleSample;

/// The vector of an answer; a scalar is one without labels.
pub fn vector(answer: Answer) -> Result<Vec<VectorSample>, String> {
    match answer.value {
        Value::Vector(samples) => Ok(samples),
        Value::Scalar(time_ms, value) => {
            Ok(vec![VectorSample { labels: Labels::empty(), time_ms, sample: Sample::Float(value) }])
        }
        Value::String(..) | Value::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
    }
}

/// Labels with others set; those set to nothing go.
pub fn with_labels<'a>(labels: &Labels, set: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
    let mut all: BTreeMap<&str, &str> = labels.iter().collect();
    for (name, value) in set {
        if value.is_empty() {
            all.remove(name);
        } else {
            all.insert(name, value);
        }
    }
    Labels::new(all)
}

/// The samples that a rule records.
pub fn record(
    name: &str,
    labels: &BTreeMap<String, String>,
    limit: usize,
    time_ms: i64,
    vector: Vec<VectorSample>,
) -> Result<Vec<RuleSample>, String> {
    if limit > 0 && vector.len() > limit {
        return Err(format!("exceeded limit of {limit} with {} series", vector.len()));
    }
    let mut seen = HashSet::with_capacity(vector.len());
    let mut out = Vec::with_capacity(vector.len());
    for VectorSample { labels: of, sample: value, .. } in vector {
        let set = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let labels = with_labels(&of, [(METRIC_NAME, name)].into_iter().chain(set));
        if !seen.insert(labels.clone()) {
            return Err("vector contains metrics with the same labelset after applying rule labels".to_owned());
        }
        out.push(RuleSample { labels, time_ms, value });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(labels: &[(&str, &str)], value: f64) -> VectorSample {
        VectorSample { labels: Labels::new(labels.iter().copied()), time_ms: 1, sample: Sample::Float(value) }
    }

    /// Labels that are set, a limit, and the series that are recorded.
    type Case<'a> = (&'a [(&'a str, &'a str)], usize, Result<&'a [&'a str], &'a str>);

    #[test]
    fn names_and_labels_are_set() {
        let given = || vec![sample(&[("__name__", "x"), ("a", "1"), ("b", "2")], 3.0), sample(&[("a", "2"), ("b", "2")], 4.0)];
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let cases: [Case<'_>; 4] = [
            (&[], 0, Ok(&[r#"r{a="1", b="2"}"#, r#"r{a="2", b="2"}"#])),
            (&[("b", ""), ("c", "3")], 2, Ok(&[r#"r{a="1", c="3"}"#, r#"r{a="2", c="3"}"#])),
            (&[("a", "0")], 0, Err("same labelset")),
            (&[], 1, Err("exceeded limit of 1 with 2 series")),
        ];
        for (set, limit, expected) in cases {
            let found = record("r", &labels(set), limit, 7, given());
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.iter().map(|s| s.labels.to_string()).collect::<Vec<_>>(), expected);
                    assert!(found.iter().all(|s| s.time_ms == 7));
                }
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => panic!("{found:?} {expected:?}"),
            }
        }
    }
}
