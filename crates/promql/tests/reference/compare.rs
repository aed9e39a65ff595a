//! Two answers to one query.

use std::collections::BTreeMap;

use luneta_promql::{Labels, Limits, Params, ParseOptions, Query, Sample, Series, SeriesSet, Value};
use serde_json::Value as Json;

use super::Server;

/// Differences below this share are rounding.
const TOLERANCE: f64 = 1e-9;
/// Part of an error that version 2 gives in more cases.
const SAME_LABELSET: &str = "same labelset";

#[derive(Default)]
pub struct Counts {
    pub same: usize,
    pub different: usize,
    pub filled: usize,
    pub empty: usize,
    pub errors: usize,
}

impl Counts {
    /// Prints the counts, and fails when answers differ or show little.
    pub fn check(&self) {
        println!("{} passed, {} failed", self.same, self.different);
        println!("answers with samples: {}, empty: {}, errors of both: {}", self.filled, self.empty, self.errors);
        assert!(self.filled > self.same / 2, "most answers are empty: the queries show little");
        assert_eq!(self.different, 0);
    }
}

/// A float, or a histogram: count, sum, and bounds and count of each bucket.
type Figures = Vec<f64>;

/// Values by labels and time in milliseconds.
type Flat = BTreeMap<(Labels, i64), Figures>;

/// Asks both and prints what differs.
pub fn compare(server: &Server, data: &[Series], query: &str, times: (i64, i64, i64), counts: &mut Counts) {
    let ours = own_answer(data, query, times);
    let theirs = their_answer(server, query, times);
    let difference = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            if theirs.is_empty() {
                counts.empty += 1;
            } else {
                counts.filled += 1;
            }
            differs(ours, theirs)
        }
        (Err(ours), Err(theirs)) => {
            counts.errors += 1;
            // Of several faults either may name another one: the labels may differ, the rest not. Version 2
            // refuses alike series where version 3 joins them.
            if theirs.contains(SAME_LABELSET) {
                return counts.same += 1;
            }
            let kind = |text: &str| text.split('{').next().unwrap_or_default().to_owned();
            (kind(ours) != kind(theirs)).then(|| format!("ours {ours:?}\n    theirs {theirs:?}"))
        }
        (Ok(_), Err(theirs)) if theirs.contains(SAME_LABELSET) => {
            counts.errors += 1;
            None
        }
        (ours, theirs) => Some(format!("ours {:?}, theirs {:?}", ours.as_ref().err(), theirs.as_ref().err())),
    };
    match difference {
        None => counts.same += 1,
        Some(difference) => {
            counts.different += 1;
            println!("{query}   at {times:?}\n    {difference}");
        }
    }
}

fn differs(ours: &Flat, theirs: &Flat) -> Option<String> {
    for (key, wanted) in theirs {
        match ours.get(key) {
            None => return Some(format!("missing {key:?} {wanted:?}")),
            Some(value) if !alike(value, wanted) => return Some(format!("{key:?}: ours {value:?}, theirs {wanted:?}")),
            Some(_) => {}
        }
    }
    ours.iter().find(|(key, _)| !theirs.contains_key(*key)).map(|(key, value)| format!("only ours {key:?} {value:?}"))
}

fn alike(a: &Figures, b: &Figures) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b))
}

fn figures(sample: &Sample) -> Figures {
    match sample {
        Sample::Float(value) => vec![*value],
        Sample::Histogram(histogram) => {
            let buckets = histogram.buckets().into_iter().filter(|bucket| bucket.count.abs() > 1e-9);
            [histogram.count, histogram.sum].into_iter().chain(buckets.flat_map(|b| [b.lower, b.upper, b.count])).collect()
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(1e-3)
}

fn own_answer(data: &[Series], text: &str, (start, end, step): (i64, i64, i64)) -> Result<Flat, String> {
    let options = ParseOptions { experimental: true, ..ParseOptions::default() };
    let query = Query::parse(text, &options).map_err(|e| e.to_string())?;
    let params = if step == 0 { Params::instant(start * 1000) } else { Params::range(start * 1000, end * 1000, step * 1000) };
    let selections = query.selections(&params).map_err(|e| e.to_string())?;
    let fetched: Vec<SeriesSet> = selections
        .iter()
        .map(|selection| {
            data.iter()
                .filter(|series| selection.matchers.iter().all(|matcher| matcher.accepts(&series.labels)))
                .map(|series| {
                    let inside = |time: i64| time > selection.after_ms && time <= selection.until_ms;
                    let samples = series.floats.times.iter().zip(&series.floats.values).filter(|(time, _)| inside(**time));
                    let (times, values): (Vec<_>, _) = samples.map(|(time, value)| (*time, *value)).unzip();
                    let mut cut = Series::floats(series.labels.clone(), times, values);
                    let histograms = &series.histograms;
                    for (time, histogram) in histograms.times.iter().zip(&histograms.values).filter(|(t, _)| inside(**t)) {
                        cut.histograms.times.push(*time);
                        cut.histograms.values.push(histogram.clone());
                    }
                    cut
                })
                .filter(|series| !series.floats.times.is_empty() || !series.histograms.times.is_empty())
                .collect()
        })
        .collect();
    let answer = query.evaluate(&fetched, &params, &Limits::default(), &mut || None).map_err(|e| e.to_string())?;
    let mut flat = Flat::new();
    match answer.value {
        Value::Scalar(time, value) => {
            flat.insert((Labels::empty(), time), vec![value]);
        }
        Value::Vector(samples) => {
            for sample in samples {
                flat.insert((sample.labels, sample.time_ms), figures(&sample.sample));
            }
        }
        Value::Matrix(ranges) => {
            for range in ranges {
                for (time, value) in range.floats.times.iter().zip(range.floats.values) {
                    flat.insert((range.labels.clone(), *time), vec![value]);
                }
                for (time, histogram) in range.histograms.times.iter().zip(range.histograms.values) {
                    flat.insert((range.labels.clone(), *time), figures(&Sample::Histogram(histogram)));
                }
            }
        }
        Value::String(..) => {}
    }
    Ok(flat)
}

fn their_answer(server: &Server, text: &str, (start, end, step): (i64, i64, i64)) -> Result<Flat, String> {
    // The function's name before version 3.
    let text = text.replace("double_exponential_smoothing", "holt_winters");
    let data = if step == 0 {
        server.query("/api/v1/query", &[("query", text), ("time", start.to_string())])?
    } else {
        let times = [("query", text), ("start", start.to_string()), ("end", end.to_string()), ("step", step.to_string())];
        server.query("/api/v1/query_range", &times)?
    };
    let mut flat = Flat::new();
    let mut put = |labels: &Labels, pair: &Json| {
        let time = (pair[0].as_f64().unwrap_or_default() * 1000.0).round() as i64;
        let figures = if pair[1].is_object() {
            let buckets = pair[1]["buckets"].as_array().cloned().unwrap_or_default();
            let buckets = buckets.iter().filter(|bucket| number(&bucket[3]).abs() > 1e-9);
            let bounds = buckets.flat_map(|b| [number(&b[1]), number(&b[2]), number(&b[3])]);
            [number(&pair[1]["count"]), number(&pair[1]["sum"])].into_iter().chain(bounds).collect()
        } else {
            vec![number(&pair[1])]
        };
        flat.insert((labels.clone(), time), figures);
    };
    if data["resultType"] == "scalar" {
        put(&Labels::empty(), &data["result"]);
        return Ok(flat);
    }
    for series in data["result"].as_array().into_iter().flatten() {
        let labels = Labels::new(
            series["metric"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or(""))),
        );
        for one in ["value", "histogram"] {
            if series[one].is_array() {
                put(&labels, &series[one]);
            }
        }
        for many in ["values", "histograms"] {
            series[many].as_array().into_iter().flatten().for_each(|pair| put(&labels, pair));
        }
    }
    Ok(flat)
}

fn number(value: &Json) -> f64 {
    match value.as_str().unwrap_or_default() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        other => other.parse().unwrap_or_else(|_| panic!("{value} is no number")),
    }
}
