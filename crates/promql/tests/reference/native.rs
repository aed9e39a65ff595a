//! Random native histograms, their remote write message, and queries about them that versions 2.42
//! and 3 answer alike.

use std::sync::Arc;

use luneta_promql::{Histogram, HistogramColumn, Labels, METRIC_NAME, Series};

use super::random::Random;
use super::series::{LENGTH, START};

/// Samples of a series in one message.
const SAMPLES_AT_ONCE: usize = 20;

/// Series of counters of many layouts, with resets and with falling resolution. The layout does not change
/// at a reset: version 2 lets that of a first sample from before a reset shape the result, version 3 does
/// not.
pub fn random_series(random: &mut Random) -> Vec<Series> {
    let mut all = Vec::new();
    for (index, job) in ["api", "db", "web", "api", "db", "web"].into_iter().enumerate() {
        let labels = [(METRIC_NAME, "h"), ("job", job), ("instance", ["a", "b"][index / 3])];
        let mut column = HistogramColumn::default();
        let mut current = fresh(random);
        for step in -40..LENGTH * 2 / 15 {
            if random.percent(2) {
                restart(&mut current, random);
            }
            if random.below(200) == 0 && current.schema > -3 {
                coarsen(&mut current);
            }
            grow(&mut current, random);
            column.times.push(START * 1000 + 137 + step * 15_000);
            column.values.push(Arc::new(current.clone()));
        }
        all.push(Series { labels: Labels::new(labels), histograms: column, ..Series::default() });
    }
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    all
}

/// A histogram of a random layout that counted much already, so that no zero of it is guessed.
fn fresh(random: &mut Random) -> Histogram {
    let base = 10_000.0 + random.below(1000) as f64;
    let buckets = |random: &mut Random| -> Vec<(i32, f64)> {
        let first = random.below(4) as i32 - 1;
        (first..first + 2 + random.below(6) as i32).map(|index| (index, base)).collect()
    };
    let (positive, negative) = (buckets(random), if random.percent(50) { buckets(random) } else { Vec::new() });
    let mut histogram = Histogram {
        schema: random.below(4) as i32 - 1,
        zero_threshold: [0.0, 0.001, 0.25][random.below(3)],
        zero_count: base,
        positive,
        negative,
        ..Histogram::default()
    };
    // No bucket may lie inside of the zero bucket.
    if histogram.zero_threshold > 0.2 {
        histogram.positive.retain(|(index, _)| *index > 2);
        histogram.negative.retain(|(index, _)| *index > 2);
        histogram.schema = 0;
    }
    histogram.sum = base;
    histogram.count = total(&histogram);
    histogram
}

fn restart(histogram: &mut Histogram, random: &mut Random) {
    for bucket in histogram.positive.iter_mut().chain(&mut histogram.negative) {
        bucket.1 = 9000.0 + random.below(100) as f64;
    }
    histogram.zero_count = 9000.0;
    histogram.sum = 9000.0;
}

/// Halves the resolution: two buckets become one.
fn coarsen(histogram: &mut Histogram) {
    for buckets in [&mut histogram.positive, &mut histogram.negative] {
        for bucket in buckets.iter_mut() {
            bucket.0 = ((bucket.0 - 1) >> 1) + 1;
        }
        buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
    histogram.schema -= 1;
}

fn total(histogram: &Histogram) -> f64 {
    histogram.zero_count + histogram.positive.iter().chain(&histogram.negative).map(|bucket| bucket.1).sum::<f64>()
}

fn grow(histogram: &mut Histogram, random: &mut Random) {
    histogram.zero_count += random.below(3) as f64;
    for bucket in histogram.positive.iter_mut().chain(&mut histogram.negative) {
        bucket.1 += random.below(4) as f64;
    }
    histogram.sum += random.below(20) as f64;
    histogram.count = total(histogram);
}

pub fn query(random: &mut Random) -> String {
    let matcher = random.pick(&["", "{job=\"api\"}", "{job!=\"web\"}", "{instance=\"a\"}"]);
    let shift = random.pick(&["", "", "", " offset 5m", " @ end()"]);
    let instant = format!("h{matcher}{shift}");
    let range = format!("h{matcher}[{}]{shift}", random.pick(&["1m", "5m", "90s", "10m"]));
    let vector = match random.below(6) {
        0 => instant.clone(),
        1..=3 => format!("rate({range})"),
        _ => format!("increase({range})"),
    };
    match random.below(9) {
        0 => vector,
        1 => format!("sum({vector})"),
        2 => format!("sum by (job) ({vector})"),
        3 => format!("histogram_count({vector})"),
        4 => format!("histogram_sum(sum without (instance) ({vector}))"),
        5 => format!("{instant} + ignoring (instance) group_left () h{{instance=\"b\"}}"),
        6 => format!("{} ({range})", random.pick(&["count_over_time", "present_over_time"])),
        7 => format!("count by (instance) ({vector})"),
        _ => format!("{vector} and on (job) h{{instance=\"b\",job=\"api\"}}"),
    }
}

/// Messages of remote write in the order of time: the server takes nothing much older than its newest.
pub fn messages(data: &[Series]) -> Vec<Vec<u8>> {
    let samples = data.iter().map(|series| series.histograms.times.len()).max().unwrap_or(0);
    (0..samples).step_by(SAMPLES_AT_ONCE).map(|from| message(data, from, from + SAMPLES_AT_ONCE)).collect()
}

fn message(data: &[Series], from: usize, to: usize) -> Vec<u8> {
    let mut message = Vec::new();
    for series in data {
        let mut body = Vec::new();
        for (name, value) in series.labels.iter() {
            let mut label = Vec::new();
            bytes(&mut label, 1, name.as_bytes());
            bytes(&mut label, 2, value.as_bytes());
            bytes(&mut body, 1, &label);
        }
        let column = &series.histograms;
        for (time, histogram) in column.times.iter().zip(&column.values).take(to).skip(from) {
            bytes(&mut body, 4, &histogram_message(*time, histogram));
        }
        bytes(&mut message, 1, &body);
    }
    message
}

fn histogram_message(time: i64, histogram: &Histogram) -> Vec<u8> {
    let mut message = Vec::new();
    double(&mut message, 2, histogram.count);
    double(&mut message, 3, histogram.sum);
    varint(&mut message, 4, zigzag(histogram.schema));
    double(&mut message, 5, histogram.zero_threshold);
    double(&mut message, 7, histogram.zero_count);
    spans(&mut message, (8, 10), &histogram.negative);
    spans(&mut message, (11, 13), &histogram.positive);
    varint(&mut message, 15, time as u64);
    message
}

/// Buckets without gaps: one span, and their counts.
fn spans(message: &mut Vec<u8>, (span_field, count_field): (u64, u64), buckets: &[(i32, f64)]) {
    let Some((first, _)) = buckets.first() else { return };
    let mut span = Vec::new();
    varint(&mut span, 1, zigzag(*first));
    varint(&mut span, 2, buckets.len() as u64);
    bytes(message, span_field, &span);
    let counts: Vec<u8> = buckets.iter().flat_map(|(_, count)| count.to_le_bytes()).collect();
    bytes(message, count_field, &counts);
}

fn zigzag(value: i32) -> u64 {
    u64::from(((value << 1) ^ (value >> 31)) as u32)
}

fn raw_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn varint(message: &mut Vec<u8>, field: u64, value: u64) {
    raw_varint(message, field << 3);
    raw_varint(message, value);
}

fn double(message: &mut Vec<u8>, field: u64, value: f64) {
    raw_varint(message, (field << 3) | 1);
    message.extend(value.to_le_bytes());
}

fn bytes(message: &mut Vec<u8>, field: u64, value: &[u8]) {
    raw_varint(message, (field << 3) | 2);
    raw_varint(message, value.len() as u64);
    message.extend(value);
}
