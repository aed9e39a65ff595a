//! Values in the JSON of Prometheus's API: numbers as text, times as numbers.

use std::io::Write as _;

use luneta_promql::{Histogram, Labels, Range, Sample, VectorSample, format_float};

/// Integers up to this size are exact in a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A number in quotes.
pub fn float(out: &mut Vec<u8>, value: f64) {
    out.push(b'"');
    bare_float(out, value, 1e-6);
    out.push(b'"');
}

/// A number, with an exponent if it is smaller than `least` or has more than 21 digits.
pub fn bare_float(out: &mut Vec<u8>, value: f64, least: f64) {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() || (least..1e21).contains(&size) {
        if value.fract() == 0.0 && size <= EXACT_MAX && !(value == 0.0 && value.is_sign_negative()) {
            let _ = write!(out, "{}", value as i64);
        } else {
            out.extend_from_slice(format_float(value).as_bytes());
        }
        return;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, figure) = exponent.strip_prefix('-').map_or(('+', exponent), |figure| ('-', figure));
    let _ = write!(out, "{digits}e{sign}{figure:0>2}");
}

/// A time in seconds, from milliseconds since 1970.
pub fn time(out: &mut Vec<u8>, milliseconds: i64) {
    let (sign, size) = (if milliseconds < 0 { "-" } else { "" }, milliseconds.unsigned_abs());
    let _ = write!(out, "{sign}{}", size / 1000);
    if size % 1000 != 0 {
        let _ = write!(out, ".{:03}", size % 1000);
    }
}

/// A text in quotes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    // Writing a text to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Labels as an object.
pub fn labels(out: &mut Vec<u8>, labels: &Labels) {
    out.push(b'{');
    for (i, (name, value)) in labels.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

/// A histogram with its buckets that are not empty.
fn histogram(out: &mut Vec<u8>, histogram: &Histogram) {
    out.extend_from_slice(b"{\"count\":");
    float(out, histogram.count);
    out.extend_from_slice(b",\"sum\":");
    float(out, histogram.sum);
    let buckets = histogram.buckets();
    for (i, bucket) in buckets.iter().enumerate() {
        let open: &[u8] = if i == 0 { b",\"buckets\":[[" } else { b",[" };
        out.extend_from_slice(open);
        let _ = write!(out, "{}", bucket.boundary_rule());
        for figure in [bucket.lower, bucket.upper, bucket.count] {
            out.push(b',');
            float(out, figure);
        }
        out.push(b']');
    }
    if !buckets.is_empty() {
        out.push(b']');
    }
    out.push(b'}');
}

fn point(out: &mut Vec<u8>, milliseconds: i64, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'[');
    time(out, milliseconds);
    out.push(b',');
    write(out);
    out.push(b']');
}

/// A series of a vector.
pub fn sample(out: &mut Vec<u8>, sample: &VectorSample) {
    out.extend_from_slice(b"{\"metric\":");
    labels(out, &sample.labels);
    match &sample.sample {
        Sample::Float(value) => {
            out.extend_from_slice(b",\"value\":");
            point(out, sample.time_ms, |out| float(out, *value));
        }
        Sample::Histogram(found) => {
            out.extend_from_slice(b",\"histogram\":");
            point(out, sample.time_ms, |out| histogram(out, found));
        }
    }
    out.push(b'}');
}

/// A series of a matrix.
pub fn range(out: &mut Vec<u8>, range: &Range) {
    out.extend_from_slice(b"{\"metric\":");
    labels(out, &range.labels);
    points(out, "values", &range.floats.times, &range.floats.values, |out, value| float(out, *value));
    points(out, "histograms", &range.histograms.times, &range.histograms.values, |out, value| histogram(out, value));
    out.push(b'}');
}

fn points<T>(out: &mut Vec<u8>, name: &str, times: &[i64], values: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    for (i, (milliseconds, value)) in times.iter().zip(values).enumerate() {
        if i == 0 {
            let _ = write!(out, ",\"{name}\":[");
        } else {
            out.push(b',');
        }
        point(out, *milliseconds, |out| write(out, value));
    }
    if !times.is_empty() {
        out.push(b']');
    }
}

/// A number at a time.
pub fn scalar(out: &mut Vec<u8>, milliseconds: i64, number: f64) {
    point(out, milliseconds, |out| float(out, number));
}

/// A text at a time.
pub fn string(out: &mut Vec<u8>, milliseconds: i64, found: &str) {
    point(out, milliseconds, |out| text(out, found));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use luneta_promql::{HistogramColumn, Series};

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn numbers() {
        for (value, wanted) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-42.5, "-42.5"),
            (0.1, "0.1"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-07"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-2.5e300, "-2.5e+300"),
            (5e-324, "5e-324"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(written(|out| float(out, value)), format!("\"{wanted}\""));
        }
    }

    #[test]
    fn times() {
        for (milliseconds, wanted) in
            [(0, "0"), (1000, "1"), (1500, "1.500"), (1001, "1.001"), (1_435_781_451_781, "1435781451.781"), (-1, "-0.001")]
        {
            assert_eq!(written(|out| time(out, milliseconds)), wanted);
        }
    }

    fn two_buckets() -> Histogram {
        Histogram {
            zero_threshold: 0.001,
            zero_count: 1.0,
            count: 4.0,
            sum: 5.5,
            positive: vec![(1, 2.0)],
            negative: vec![(0, 1.0)],
            ..Histogram::default()
        }
    }

    #[test]
    fn series() {
        let up = Labels::new([("__name__", "up"), ("job", "a \"b\"")]);
        let found = VectorSample { labels: up.clone(), time_ms: 1500, sample: Sample::Float(f64::NAN) };
        assert_eq!(written(|out| sample(out, &found)), r#"{"metric":{"__name__":"up","job":"a \"b\""},"value":[1.500,"NaN"]}"#);
        let shape = r#"{"count":"4","sum":"5.5","buckets":[[1,"-1","-0.5","1"],[3,"-0.001","0.001","1"],[0,"1","2","2"]]}"#;
        let found = VectorSample { labels: Labels::empty(), time_ms: 0, sample: Sample::Histogram(Arc::new(two_buckets())) };
        assert_eq!(written(|out| sample(out, &found)), format!(r#"{{"metric":{{}},"histogram":[0,{shape}]}}"#));
        let mut both = Series::floats(up, vec![1000, 2000], vec![1.0, 0.5]);
        both.histograms = HistogramColumn { times: vec![3000], values: vec![Arc::new(two_buckets())] };
        assert_eq!(
            written(|out| range(out, &both)),
            format!(
                r#"{{"metric":{{"__name__":"up","job":"a \"b\""}},"values":[[1,"1"],[2,"0.5"]],"histograms":[[3,{shape}]]}}"#
            )
        );
        assert_eq!(written(|out| scalar(out, 4000, 2.0)), r#"[4,"2"]"#);
        assert_eq!(written(|out| string(out, 4000, "a\nb")), r#"[4,"a\nb"]"#);
    }
}
