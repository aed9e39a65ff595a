//! Notation of series: labels and the samples of equal steps.

use std::sync::Arc;

use luneta_promql::{CounterResetHint, Histogram, Labels, MatchOp, ParseOptions, Query, STALE_NAN, Sample, syntax::ExprKind};

/// A slot of a series: nothing, or a sample.
pub type Slot = Option<Sample>;

/// Labels and the rest of the line.
pub fn labels_and_rest(line: &str) -> (Labels, &str) {
    let mut end = line.find([' ', '\t', '{']).unwrap_or(line.len());
    if line[end..].starts_with('{') {
        let mut quoted = false;
        let mut escaped = false;
        for (at, c) in line[end..].char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = !quoted,
                '}' if !quoted => {
                    end += at + 1;
                    break;
                }
                _ => {}
            }
        }
    }
    (labels(&line[..end]), line[end..].trim())
}

fn labels(text: &str) -> Labels {
    if text == "{}" {
        return Labels::empty();
    }
    let query = Query::parse(text, &ParseOptions::default()).unwrap_or_else(|e| panic!("{text}: {e}"));
    let ExprKind::Selector(selector) = &query.expr().kind else { panic!("{text} is no series") };
    assert!(selector.matchers.iter().all(|m| m.op == MatchOp::Equal), "{text} is no series");
    Labels::new(selector.matchers.iter().map(|m| (m.name.as_str(), m.value.as_str())))
}

/// `1 2 _ stale 0+5x3 {{count:1}}x2` as slots.
pub fn slots(text: &str) -> Vec<Slot> {
    let mut all = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = item_end(rest);
        item(&rest[..end], &mut all);
        rest = rest[end..].trim_start();
    }
    all
}

/// Spaces inside histograms do not end an item.
fn item_end(text: &str) -> usize {
    let mut inside = false;
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match &bytes[at..(at + 2).min(bytes.len())] {
            b"{{" => inside = true,
            b"}}" => inside = false,
            _ => {}
        }
        if !inside && bytes[at].is_ascii_whitespace() {
            return at;
        }
    }
    text.len()
}

fn item(text: &str, all: &mut Vec<Slot>) {
    if let Some(rest) = text.strip_prefix("{{") {
        return histograms(rest, all);
    }
    if let Some(rest) = text.strip_prefix('_') {
        let times = rest.strip_prefix('x').map_or(1, |n| n.parse().unwrap());
        return all.extend(std::iter::repeat_n(None, times));
    }
    if text == "stale" {
        return all.push(Some(Sample::Float(STALE_NAN)));
    }
    let Some((value, times)) = text.rsplit_once('x').filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit())) else {
        return all.push(Some(Sample::Float(number(text))));
    };
    let times: usize = times.parse().unwrap();
    // The step starts at a sign that belongs to no exponent.
    let sign = value.char_indices().skip(1).find(|(at, c)| matches!(c, '+' | '-') && !value[..*at].ends_with(['e', 'E']));
    let (first, step) = match sign {
        Some((at, _)) => (number(&value[..at]), number(&value[at..])),
        None => (number(value), 0.0),
    };
    let mut current = first;
    for _ in 0..=times {
        all.push(Some(Sample::Float(current)));
        current += step;
    }
}

fn histograms(text: &str, all: &mut Vec<Slot>) {
    let (first, rest) = text.split_once("}}").expect("}}");
    let first = histogram(first);
    if let Some(times) = rest.strip_prefix('x') {
        let times: usize = times.parse().unwrap();
        return all.extend(std::iter::repeat_n(Some(Sample::Histogram(Arc::new(first))), times + 1));
    }
    let Some(step) = rest.strip_prefix("+{{") else {
        assert!(rest.is_empty(), "{rest}");
        return all.push(Some(Sample::Histogram(Arc::new(first))));
    };
    let (step, times) = step.split_once("}}x").expect("}}x");
    let step = histogram(step);
    let mut current = first;
    for _ in 0..=times.parse::<usize>().unwrap() {
        all.push(Some(Sample::Histogram(Arc::new(current.clone()))));
        current = sum(&current, &step);
    }
}

/// Sum of two histograms of one layout.
fn sum(a: &Histogram, b: &Histogram) -> Histogram {
    let add = |x: &[(i32, f64)], y: &[(i32, f64)]| {
        let mut all = x.to_vec();
        for (index, count) in y {
            match all.iter_mut().find(|(other, _)| other == index) {
                Some(bucket) => bucket.1 += count,
                None => all.push((*index, *count)),
            }
        }
        all.sort_by_key(|bucket| bucket.0);
        all
    };
    Histogram {
        count: a.count + b.count,
        sum: a.sum + b.sum,
        zero_count: a.zero_count + b.zero_count,
        positive: add(&a.positive, &b.positive),
        negative: add(&a.negative, &b.negative),
        ..a.clone()
    }
}

/// `schema:0 sum:5 count:4 buckets:[1 2 1]`
fn histogram(text: &str) -> Histogram {
    let mut histogram = Histogram::default();
    let (mut offset, mut negative_offset) = (0, 0);
    let (mut buckets, mut negatives) = (Vec::new(), Vec::new());
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':').expect("key:value");
        let end = if after.starts_with('[') { after.find(']').expect("]") + 1 } else { after.find(' ').unwrap_or(after.len()) };
        let value = &after[..end];
        rest = after[end..].trim_start();
        let list = || value.trim_matches(['[', ']']).split_whitespace().map(number).collect::<Vec<f64>>();
        match key {
            "schema" => histogram.schema = value.parse().unwrap(),
            "sum" => histogram.sum = number(value),
            "count" => histogram.count = number(value),
            "z_bucket" => histogram.zero_count = number(value),
            "z_bucket_w" => histogram.zero_threshold = number(value),
            "custom_values" => histogram.custom_bounds = list().into(),
            "buckets" => buckets = list(),
            "n_buckets" => negatives = list(),
            "offset" => offset = value.parse().unwrap(),
            "n_offset" => negative_offset = value.parse().unwrap(),
            "counter_reset_hint" => {
                histogram.counter_reset_hint = match value {
                    "unknown" => CounterResetHint::Unknown,
                    "reset" => CounterResetHint::Reset,
                    "not_reset" => CounterResetHint::NotReset,
                    "gauge" => CounterResetHint::Gauge,
                    other => panic!("unknown hint {other}"),
                }
            }
            other => panic!("unknown key {other}"),
        }
    }
    histogram.positive = Histogram::sparse(&[(offset, buckets.len() as u32)], &buckets);
    histogram.negative = Histogram::sparse(&[(negative_offset, negatives.len() as u32)], &negatives);
    histogram
}

/// A number, with the spellings of infinity and NaN.
pub fn number(text: &str) -> f64 {
    match text.to_ascii_lowercase().as_str() {
        "inf" | "+inf" => f64::INFINITY,
        "-inf" => f64::NEG_INFINITY,
        "nan" => f64::NAN,
        _ => text.parse().unwrap_or_else(|_| panic!("{text} is no number")),
    }
}
