//! Prometheus's exposition formats: captured bodies, odd lines, faults, and laws.
#![allow(clippy::unwrap_used, clippy::format_collect)]

mod support {
    pub mod families;
}

use std::fmt::Write as _;

use luneta_receive::prometheus::exposition::{
    Entry, Exemplar, ExpositionFormat, ExpositionOptions, Label, NORMAL_NAN, Sample, SampleValue, normalize, parse,
};
use proptest::prelude::*;
use prost::Message as _;
use support::families::{self as pb, native};

use ExpositionFormat::{OpenMetrics, Protobuf, Text};

fn labels(labels: &[Label<'_>]) -> String {
    let shown: Vec<String> = labels.iter().map(|l| format!("{}={:?}", l.name, l.value)).collect();
    shown.join(" ")
}

fn exemplar(exemplar: &Exemplar<'_>) -> String {
    format!("\n    exemplar {} value={} time={:?}", labels(&exemplar.labels), exemplar.value, exemplar.time_ms)
}

/// Families and samples as text.
fn read(format: ExpositionFormat, body: &[u8], options: &ExpositionOptions) -> Result<String, String> {
    let mut out = String::new();
    let result = parse(format, body, options, |entry| match entry {
        Entry::Family(f) => {
            writeln!(out, "family {} {} unit={:?} help={:?}", f.name, f.metric_type.as_str(), f.unit, f.help).unwrap();
        }
        Entry::Sample(family, sample) => {
            let value = match &sample.value {
                SampleValue::Number(value) => value.to_string(),
                SampleValue::Histogram(histogram) => format!("{histogram:?}"),
            };
            let part = format!("{} {} [{}] {value}", family.metric_type.as_str(), sample.name, labels(&sample.labels));
            let time = sample.time_ms.map(|ms| format!(" time={ms}")).unwrap_or_default();
            let created = sample.created_ms.map(|ms| format!(" created={ms}")).unwrap_or_default();
            let exemplars: String = sample.exemplars.iter().map(exemplar).collect();
            writeln!(out, "  {part}{time}{created}{exemplars}").unwrap();
        }
    });
    result.map(|()| out).map_err(|error| error.to_string())
}

fn check(format: ExpositionFormat, body: &[u8]) -> Result<String, String> {
    read(format, body, &ExpositionOptions::default())
}

#[test]
fn bodies_of_prometheus_client_for_python() {
    let text = include_bytes!("../src/prometheus/exposition/fixtures/python.text");
    let open = include_bytes!("../src/prometheus/exposition/fixtures/python.openmetrics");
    insta::assert_snapshot!("python_text", check(Text, text).unwrap());
    insta::assert_snapshot!("python_openmetrics", check(OpenMetrics, open).unwrap());
}

#[test]
fn protobuf_families() {
    insta::assert_snapshot!("protobuf", check(Protobuf, &pb::body()).unwrap());
    insta::assert_snapshot!("protobuf_fractions", check(Protobuf, &pb::delimited(&[pb::fractions()])).unwrap());
    let both = ExpositionOptions { always_classic_histograms: true, ..ExpositionOptions::default() };
    insta::assert_snapshot!("protobuf_native_and_classic", read(Protobuf, &pb::delimited(&[native()]), &both).unwrap());
    let classic = ExpositionOptions { native_histograms: false, ..ExpositionOptions::default() };
    insta::assert_snapshot!("protobuf_classic", read(Protobuf, &pb::delimited(&[native()]), &classic).unwrap());
}

/// A line of a text format and the sample it stands for.
#[test]
fn odd_lines() {
    let cases = [
        (Text, "up 1", "unknown up [] 1"),
        (Text, " \t up \t 1 \t 1700 \t", "unknown up [] 1 time=1700"),
        (Text, "up 1 -5", "unknown up [] 1 time=-5"),
        (Text, "a:b:c{}1", "unknown a:b:c [] 1"),
        (Text, "up { a = \"b\" , } 1", "unknown up [a=\"b\"] 1"),
        (Text, "{\"my.name\", \"my label\"=\"ü\",x=\"1\"} 2", "unknown my.name [my label=\"ü\" x=\"1\"] 2"),
        (Text, "{x=\"1\",\"my.name\"} 2", "unknown my.name [x=\"1\"] 2"),
        (Text, "a{b=\"c\\\\d\\\"e\\nf\\g\"} 1", "unknown a [b=\"c\\\\d\\\"e\\nf\\\\g\"] 1"),
        (Text, "a{b=\"two\nlines\"} 1", "unknown a [b=\"two\\nlines\"] 1"),
        (Text, "a NaN", "unknown a [] NaN"),
        (Text, "a nan", "unknown a [] NaN"),
        (Text, "a -Inf", "unknown a [] -inf"),
        (Text, "a +infinity", "unknown a [] inf"),
        (Text, "a .5e-1", "unknown a [] 0.05"),
        (Text, "a -0", "unknown a [] -0"),
        (Text, "a{le=\"1\"} 1", "unknown a [le=\"1\"] 1"),
        (Text, "# TYPE a histogram\na_bucket{le=\"1\"} 1", "histogram a_bucket [le=\"1.0\"] 1"),
        (Text, "# TYPE a histogram\na_bucket{le=\"1000000\"} 1", "histogram a_bucket [le=\"1e+06\"] 1"),
        (Text, "# TYPE a histogram\na_bucket{le=\"much\"} 1", "histogram a_bucket [le=\"much\"] 1"),
        (Text, "# TYPE a summary\na{quantile=\".5\"} 1", "summary a [quantile=\"0.5\"] 1"),
        (Text, "# TYPE a gauge\nb 1", "unknown b [] 1"),
        (Text, "#TYPE a gauge\n# anything\n#\n\na 1", "unknown a [] 1"),
        (Text, "# TYPE \"a b\" gauge\n{\"a b\"} 1", "gauge a b [] 1"),
        (OpenMetrics, "a 1 1.5\n# EOF", "unknown a [] 1 time=1500"),
        (OpenMetrics, "a{} 1 -1.5\n# EOF\n", "unknown a [] 1 time=-1500"),
        (OpenMetrics, "# TYPE a unknown\n# UNIT a \na 1\n# EOF\n", "unknown a [] 1"),
        (OpenMetrics, "a 1 # {} 2\n# EOF\n", "unknown a [] 1\n    exemplar  value=2 time=None"),
        (
            OpenMetrics,
            "# TYPE a counter\n{\"a_total\"} 1 2 # {x=\"y\"} 3 4\n# EOF\n",
            "counter a_total [] 1 time=2000\n    exemplar x=\"y\" value=3 time=Some(4000)",
        ),
    ];
    for (format, body, expected) in cases {
        let got = check(format, body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
        let samples: Vec<&str> = got.split_inclusive('\n').filter(|line| !line.starts_with("family")).collect();
        assert_eq!(samples.concat().trim(), expected, "{body}");
    }
}

#[test]
fn faults_are_told_with_their_line() {
    let cases = [
        (Text, "up", "line 1: expected a value, got the end of the text"),
        (Text, "up 1\nup\n", "line 2: expected a value, got the end of the line"),
        (Text, "up one\n", "line 1: the value \"one\" is no number"),
        (Text, "up 1_0\n", "line 1: the value \"1_0\" is no number"),
        (Text, "up 0x1p4\n", "line 1: the value \"0x1p4\" is no number"),
        (Text, "up 1e999\n", "line 1: the value \"1e999\" is no number"),
        (Text, "up +NaN\n", "line 1: the value \"+NaN\" is no number"),
        (Text, "up 1 1.5\n", "line 1: the time \"1.5\" is no whole number of milliseconds"),
        (Text, "up 1 2 3\n", "line 1: expected the end of the line, got '3'"),
        (Text, "up 1\r\n", "line 1: the value \"1\\r\" is no number"),
        (Text, "1up 1\n", "line 1: expected the name of a metric, got '1'"),
        (Text, "up{1a=\"b\"} 1\n", "line 1: expected the name of a label, got '1'"),
        (Text, "up{a:b=\"b\"} 1\n", "line 1: expected `=` after the name of a label, got ':'"),
        (Text, "up{a=b} 1\n", "line 1: expected text in double quotes, got 'b'"),
        (Text, "up{a=\"b} 1\n", "line 1: a quoted text has no end"),
        (Text, "up{a=\"b\\", "line 1: a quoted text has no end"),
        (Text, "up{a=\"b\" c=\"d\"} 1\n", "line 1: expected `,` or `}`, got 'c'"),
        (Text, "up{a=\"b\"", "line 1: expected `,` or `}`, got the end of the text"),
        (Text, "up{a=\"b\",a=\"c\"} 1\n", "line 1: the label \"a\" is there twice"),
        (Text, "up{__name__=\"down\"} 1\n", "line 1: the label \"__name__\" is there beside the name of the metric"),
        (Text, "up{\"down\"} 1\n", "line 1: the name of the metric is told twice"),
        (Text, "{a=\"b\"} 1\n", "line 1: the sample has no name"),
        (Text, "# TYPE up many\n", "line 1: the type \"many\" is none of counter, gauge, histogram, summary, untyped"),
        (Text, "\n\nup{a=\"\u{1}\n", "line 3: a quoted text has no end"),
        (OpenMetrics, "up 1\n", "line 2: the text does not end with `# EOF`"),
        (OpenMetrics, "", "line 1: the text does not end with `# EOF`"),
        (OpenMetrics, "up 1\n# EOF\n\n", "line 3: there is text after `# EOF`"),
        (OpenMetrics, "# EOFup 1", "line 1: there is text after `# EOF`"),
        (OpenMetrics, "\nup 1\n# EOF\n", "line 1: expected the name of a metric, got the end of the line"),
        (OpenMetrics, "# a comment\n# EOF\n", "line 1: a comment is none of `# HELP`, `# TYPE`, `# UNIT` and `# EOF`"),
        (OpenMetrics, "up  1\n# EOF\n", "line 1: expected a value, got ' '"),
        (OpenMetrics, "up{a=\"x\ny\"} 1\n# EOF\n", "line 2: a quoted text goes over the end of the line"),
        (OpenMetrics, "up 1 x\n# EOF\n", "line 1: the time \"x\" is no number of seconds"),
        (OpenMetrics, "up 1 NaN\n# EOF\n", "line 1: the time \"NaN\" is no number of seconds"),
        (OpenMetrics, "up 1 # {a=\"b\"}\n# EOF\n", "line 1: expected the value of an exemplar, got the end of the line"),
        (OpenMetrics, "# TYPE a untyped\n# EOF\n", "line 1: the type \"untyped\" is none of OpenMetrics"),
        (
            OpenMetrics,
            "# UNIT a_seconds bytes\n# EOF\n",
            "line 1: the name of the metric \"a_seconds\" does not end with its unit \"bytes\"",
        ),
        (Protobuf, "\x05", "malformed protobuf at byte 0: a length reaches beyond the end"),
        (Protobuf, "\x00", "malformed protobuf at byte 1: a family has no name"),
    ];
    for (format, body, expected) in cases {
        assert_eq!(check(format, body.as_bytes()), Err(expected.to_owned()), "{body}");
    }
    let bytes = check(Text, b"up 1\nup{a=\"\xff\"} 1\n");
    assert_eq!(bytes, Err("line 2: the text is not valid UTF-8".to_owned()));
}

#[test]
fn bounds_hold() {
    let small = ExpositionOptions { body_bytes_max: 40, labels_max: 1, samples_max: 2, ..ExpositionOptions::default() };
    let cases = [
        (Text, "a 1\nb 1\nc 1\n", "line 3: there are more than 2 samples"),
        (OpenMetrics, "a 1\nb 1\nc 1\n# EOF\n", "line 3: there are more than 2 samples"),
        (Text, "a{b=\"c\",d=\"e\"} 1\n", "line 1: the sample has more than 1 labels"),
        (Text, "a 111111111111111111111111111111111111111\n", "the body has 42 bytes, more than 40"),
    ];
    for (format, body, expected) in cases {
        assert_eq!(read(format, body.as_bytes(), &small), Err(expected.to_owned()), "{body}");
    }
    let buckets = ExpositionOptions { native_buckets_max: 2, ..ExpositionOptions::default() };
    let error = read(Protobuf, &pb::delimited(&[native()]), &buckets).expect_err("five buckets");
    assert!(error.contains("metric.histogram: the histogram has more than 2 buckets"), "{error}");
}

#[test]
fn broken_native_histograms() {
    type Change = fn(&mut pb::Histogram);
    let cases: [(Change, &str); 4] = [
        (|h| h.positive_delta.push(1), "the spans of a histogram stand for 4 buckets, it has 5"),
        (|h| h.positive_delta[0] = -1, "a count of a histogram is below zero"),
        (|h| h.positive_span[1].offset = Some(-3), "the spans of a histogram overlap"),
        (|h| h.sample_count_float = Some(1.5), "whole and fractional counts are mixed in a histogram"),
    ];
    for (change, expected) in cases {
        let mut family = native();
        change(family.metric[0].histogram.as_mut().unwrap());
        let error = check(Protobuf, &pb::delimited(&[family])).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn content_types() {
    let proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    let cases = [
        ("text/plain; version=0.0.4; charset=utf-8", Some(Text)),
        ("Text/Plain", Some(Text)),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8", Some(OpenMetrics)),
        (proto, Some(Protobuf)),
        ("application/vnd.google.protobuf", None),
        ("text/html", None),
        ("", None),
    ];
    for (content_type, expected) in cases {
        assert_eq!(ExpositionFormat::from_content_type(content_type), expected, "{content_type}");
    }
}

#[test]
fn borders_are_written_in_one_way() {
    let cases = [
        ("1", "1.0"),
        ("1.0", "1.0"),
        ("0", "0.0"),
        ("-0", "0.0"),
        ("1e3", "1000.0"),
        ("100000", "100000.0"),
        ("1000000", "1e+06"),
        ("1234567", "1.234567e+06"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("+Inf", "+Inf"),
        ("Inf", "+Inf"),
        ("nan", "NaN"),
        ("5e-324", "5e-324"),
        ("1e100", "1e+100"),
        ("", ""),
        ("x", "x"),
    ];
    for (written, expected) in cases {
        assert_eq!(normalize(written.into()), expected, "{written}");
    }
}

/// Name, labels, bits of the value, and time.
type Plain = (String, Vec<(String, String)>, u64, Option<i64>);

/// Samples whose names and values need every kind of escape.
fn samples() -> impl Strategy<Value = Vec<Plain>> {
    let labels = prop::collection::btree_map("[a-z\\\\\" .ü]{1,6}", "[a-z\\\\\"\n ü]{0,8}", 0..20);
    let one = (
        "[a-z:. \\\\\"]{1,8}",
        labels.prop_map(|l| l.into_iter().collect()),
        any::<u64>(),
        prop::option::of(-1_000_000_000_000i64..10_000_000_000_000),
    );
    prop::collection::vec(one, 0..12)
}

fn escape(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn write(format: ExpositionFormat, samples: &[Plain]) -> String {
    let mut out = String::new();
    for (name, labels, bits, time) in samples {
        let pairs: String = labels.iter().map(|(k, v)| format!(",{}={}", escape(k), escape(v))).collect();
        let value = f64::from_bits(*bits);
        let value = if value.is_nan() { "NaN".to_owned() } else { format!("{value:?}") };
        let time = match (time, format) {
            (None, _) => String::new(),
            (Some(ms), Text) => format!(" {ms}"),
            (Some(ms), _) => format!(" {}{}.{:03}", if *ms < 0 { "-" } else { "" }, ms.abs() / 1000, ms.abs() % 1000),
        };
        writeln!(out, "{{{}{pairs}}} {value}{time}", escape(name)).unwrap();
    }
    if format == OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn plain(sample: &Sample<'_>) -> Plain {
    let SampleValue::Number(value) = sample.value else { panic!("a number") };
    let labels = sample.labels.iter().map(|l| (l.name.to_string(), l.value.to_string())).collect();
    (sample.name.to_string(), labels, value.to_bits(), sample.time_ms)
}

proptest! {
    #[test]
    fn what_was_written_is_read(samples in samples(), open in any::<bool>()) {
        let format = if open { OpenMetrics } else { Text };
        let body = write(format, &samples);
        let mut got = Vec::new();
        parse(format, body.as_bytes(), &ExpositionOptions::default(), |entry| {
            if let Entry::Sample(_, sample) = entry {
                got.push(plain(sample));
            }
        }).expect("readable");
        let expected: Vec<_> = samples.into_iter().map(|(name, labels, bits, time)| {
            let bits = if f64::from_bits(bits).is_nan() { NORMAL_NAN.to_bits() } else { bits };
            (name, labels, bits, time)
        }).collect();
        // Seconds are doubles: a millisecond may be lost in them.
        for (got, expected) in got.iter().zip(&expected) {
            prop_assert_eq!(&got.0, &expected.0);
            prop_assert_eq!(&got.1, &expected.1);
            prop_assert_eq!(got.2, expected.2);
            let far = got.3.zip(expected.3).map_or(0, |(a, b)| (a - b).abs());
            prop_assert!(got.3.is_some() == expected.3.is_some() && far <= i64::from(open));
        }
        prop_assert_eq!(got.len(), expected.len());
    }

    #[test]
    fn no_text_panics(text in "([#a-z_{}=\",\\\\ \n0-9.]|# (TYPE|HELP|UNIT|EOF) |histogram|_created|_total){0,60}") {
        let _ = check(Text, text.as_bytes());
        let _ = check(OpenMetrics, text.as_bytes());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let mut body = pb::body();
        let at = cut.index(body.len());
        body.truncate(at);
        body.extend(bytes);
        let _ = check(Protobuf, &body);
        let _ = check(Text, &body);
    }
}

#[test]
fn every_cut_of_a_body_is_refused_or_read() {
    let body = pb::body();
    for end in 0..body.len() {
        let _ = check(Protobuf, &body[..end]);
    }
    assert_eq!(pb::MetricFamily::default().encoded_len(), 0);
}
