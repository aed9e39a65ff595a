//! Remote write: what a real client sent, and what becomes of series, samples and histograms.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use luneta_model::{Batch, Limits, Tenant};
use luneta_receive::prometheus::decode::{remote_write_v1, remote_write_v2};
use luneta_receive::{DecodeFn, DecodeOptions, Decoded, Reason, ReceiveError};
use proptest::prelude::*;
use prost::Message as _;
use support::remote_write::{Histogram, STALE, Series, Span, pairs, small_histogram, spans, to_v1, to_v2, v1, v2};
use support::{NOW, assert_same, render};

const T: i64 = 1_790_000_000_000;
const NPM_CLIENT: &[u8] = include_bytes!("../src/prometheus/fixtures/npm_client.metrics.remote_write_v1");

fn run(decode: DecodeFn, body: impl AsRef<[u8]>) -> Result<Decoded, ReceiveError> {
    decode(body.as_ref(), Tenant::default(), &DecodeOptions::at(NOW))
}

/// What both versions make of series; they must agree.
fn both(series: &[Series]) -> Decoded {
    let first = run(remote_write_v1, to_v1(series).encode_to_vec()).unwrap();
    let second = run(remote_write_v2, to_v2(series).encode_to_vec()).unwrap();
    assert_same(&first.batch, &second.batch);
    assert_eq!(first.tally, second.tally);
    first
}

fn rows(series: &[Series]) -> String {
    let decoded = both(series);
    assert_eq!(decoded.tally.rejected_total(), 0);
    render(&decoded.batch)
}

fn values(batch: &Batch) -> Vec<u64> {
    use arrow::array::AsArray as _;
    use arrow::datatypes::Float64Type;
    let Some(column) = batch.rows.column_by_name("value_double") else { return Vec::new() };
    column.as_primitive::<Float64Type>().values().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_real_request_decodes_as_recorded() {
    let body = snap::raw::Decoder::new().decompress_vec(NPM_CLIENT).unwrap();
    let decoded = run(remote_write_v1, &body).unwrap();
    assert_eq!(decoded.tally.message("samples"), None);
    insta::assert_snapshot!("npm_client.metrics.remote_write_v1", render(&decoded.batch));
}

#[test]
fn everything_a_series_may_have_is_kept() {
    let series = [
        Series::new(
            &[("__name__", "http_requests_total"), ("code", "200"), ("instance", "a:1"), ("job", "shop")],
            &[(T, 5.0), (T + 15_000, 9.0)],
        )
        .with_metadata(1, "Requests served.", "requests")
        .with_exemplar(
            &[("span_id", "00f067aa0ba902b7"), ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"), ("user", "7")],
            1.5,
            T + 14_000,
        ),
        Series::new(&[("__name__", "latency_bucket"), ("instance", "a:1"), ("job", "shop"), ("le", "0.1")], &[(T, STALE)])
            .with_metadata(3, "How long.", ""),
        Series::new(&[("__name__", "up"), ("instance", "b:1"), ("job", "shop")], &[(T, f64::NAN)]).with_metadata(2, "", ""),
        Series { exemplars: vec![(pairs(&[("trace_id", "not one")]), 2.0, T)], ..Series::new(&[("__name__", "alone")], &[]) },
    ];
    insta::assert_snapshot!(rows(&series));
}

#[test]
fn native_histograms_are_kept() {
    let sparse = Histogram {
        count_int: Some(17),
        sum: 21.5,
        schema: 3,
        zero_threshold: 1e-9,
        zero_count_int: Some(2),
        positive_spans: spans(&[(-2, 2), (3, 1)]),
        positive_deltas: vec![3, 1, -2],
        negative_spans: spans(&[(4, 1)]),
        negative_deltas: vec![6],
        timestamp: T,
        ..Histogram::default()
    };
    let whole_floats = Histogram {
        count_float: Some(5.0),
        sum: 2.0,
        positive_spans: spans(&[(1, 2)]),
        positive_counts: vec![4.0, 1.0],
        reset_hint: 3,
        timestamp: T,
        ..Histogram::default()
    };
    let custom = Histogram {
        count_int: Some(6),
        sum: 9.0,
        schema: -53,
        positive_spans: spans(&[(1, 2)]),
        positive_deltas: vec![2, 2],
        custom_values: vec![0.5, 1.0, 2.5],
        timestamp: T,
        ..Histogram::default()
    };
    let fractions = Histogram {
        count_float: Some(2.75),
        sum: 0.1 + 0.2,
        schema: -4,
        zero_threshold: 1e-9,
        zero_count_float: Some(0.25),
        positive_spans: spans(&[(1, 1), (1, 1)]),
        positive_counts: vec![0.5, 1.0],
        negative_spans: spans(&[(0, 1)]),
        negative_counts: vec![1.0],
        reset_hint: 1,
        timestamp: T,
        ..Histogram::default()
    };
    let custom_fractions = Histogram {
        count_float: Some(1.5),
        sum: 3.0,
        schema: -53,
        positive_spans: spans(&[(1, 1)]),
        positive_counts: vec![1.5],
        custom_values: vec![0.5, 1.0],
        reset_hint: 3,
        timestamp: T,
        ..Histogram::default()
    };
    let stale = Histogram { sum: STALE, timestamp: T, ..Histogram::default() };
    let named = |name| [("__name__", name), ("job", "shop")];
    let series = [
        Series::histogram(&named("sparse"), sparse).with_metadata(3, "Sizes.", "bytes"),
        Series::histogram(&named("whole_floats"), whole_floats).with_metadata(4, "", ""),
        Series::histogram(&named("custom"), custom).with_metadata(3, "", ""),
        Series::histogram(&named("fractions"), fractions).with_metadata(4, "", ""),
        Series::histogram(&named("custom_fractions"), custom_fractions),
        Series::histogram(&named("stale"), stale),
    ];
    insta::assert_snapshot!(rows(&series));
}

#[test]
fn broken_histograms_leave_their_siblings() {
    let good = small_histogram(T);
    let cases = [
        ("a schema", Histogram { schema: 9, ..good.clone() }),
        (
            "a negative fraction",
            Histogram {
                count_int: None,
                count_float: Some(2.5),
                positive_deltas: vec![],
                positive_counts: vec![-1.5],
                ..good.clone()
            },
        ),
        (
            "fractions beyond the bounds",
            Histogram {
                schema: -53,
                count_int: None,
                count_float: Some(0.5),
                zero_count_int: None,
                positive_spans: spans(&[(2, 1)]),
                positive_deltas: vec![],
                positive_counts: vec![0.5],
                custom_values: vec![1.0],
                ..good.clone()
            },
        ),
        ("a negative count", Histogram { positive_deltas: vec![-2], ..good.clone() }),
        ("more buckets than spans", Histogram { positive_deltas: vec![2, 0], ..good.clone() }),
        ("more spans than buckets", Histogram { positive_spans: spans(&[(0, u32::MAX)]), ..good.clone() }),
        ("a gap of billions", Histogram { positive_spans: spans(&[(0, 1), (i32::MAX, 0)]), ..good.clone() }),
        ("spans that overlap", Histogram { positive_spans: spans(&[(0, 1), (-1, 0)]), ..good.clone() }),
        ("an index below all", Histogram { positive_spans: spans(&[(i32::MIN, 1)]), ..good.clone() }),
        ("a count that is not theirs", Histogram { count_int: Some(4), ..good.clone() }),
        ("a count that overflows", Histogram { positive_deltas: vec![i64::MAX], zero_count_int: Some(u64::MAX), ..good.clone() }),
        ("a negative threshold", Histogram { zero_threshold: -1.0, ..good.clone() }),
        (
            "bounds that fall",
            Histogram { schema: -53, zero_count_int: None, count_int: Some(2), custom_values: vec![2.0, 1.0], ..good.clone() },
        ),
        (
            "buckets beyond the bounds",
            Histogram {
                schema: -53,
                zero_count_int: None,
                count_int: Some(2),
                positive_spans: spans(&[(2, 1)]),
                custom_values: vec![1.0],
                ..good.clone()
            },
        ),
    ];
    for (what, histogram) in cases {
        let series =
            [Series::histogram(&[("__name__", "bad")], histogram), Series::histogram(&[("__name__", "good")], good.clone())];
        let decoded = both(&series);
        assert_eq!(decoded.tally.rejected(), [(Reason::UnsupportedHistogram, 1)], "{what}");
        assert_eq!(decoded.batch.len(), 1, "{what}");
    }
}

#[test]
fn bad_series_leave_their_siblings() {
    let long = "x".repeat(Limits::default().value_bytes_max + 1);
    let many: Vec<(String, String)> =
        (0..=Limits::default().attributes_max).map(|i| (format!("l{i:05}"), "v".to_owned())).collect();
    let many = Series { labels: many, samples: vec![(T, 1.0)], ..Series::default() };
    let samples = [(T, 1.0)];
    let cases = [
        (Series::new(&[("job", "a")], &samples), Reason::InvalidLabels),
        (Series::new(&[], &samples), Reason::InvalidLabels),
        (Series::new(&[("__name__", ""), ("a", "b")], &samples), Reason::InvalidLabels),
        (Series::new(&[("__name__", "m"), ("a", "1"), ("a", "2")], &samples), Reason::InvalidLabels),
        (Series::new(&[("a", "1"), ("__name__", "m"), ("a", "1")], &samples), Reason::InvalidLabels),
        (Series::new(&[("__name__", "m"), ("", "1")], &samples), Reason::InvalidLabels),
        (Series::new(&[("__name__", "m"), ("a", &long)], &samples), Reason::InvalidLabels),
        (Series::new(&[("__name__", "m"), (&long, "a")], &samples), Reason::InvalidLabels),
        (many, Reason::InvalidLabels),
        (Series::new(&[("__name__", "m")], &[(i64::MAX, 1.0)]), Reason::TimeOutOfRange),
        (Series::new(&[("__name__", "m")], &[(i64::MIN, 1.0)]), Reason::TimeOutOfRange),
        (Series::new(&[("__name__", "other")], &[(T, 1.0), (T, 2.0)]), Reason::ConflictingSample),
    ];
    for (bad, reason) in cases {
        let kept = usize::from(reason == Reason::ConflictingSample);
        let decoded = both(&[bad.clone(), Series::new(&[("__name__", "good")], &samples)]);
        assert_eq!((decoded.tally.rejected(), decoded.batch.len()), ([(reason, 1)].as_slice(), 1 + kept), "{:.200?}", bad.labels);
    }
}

#[test]
fn text_that_is_none_leaves_siblings() {
    let series = [Series::new(&[("__name__", "bad")], &[(T, 1.0)]), Series::new(&[("__name__", "good")], &[(T, 1.0)])];
    let mut first = to_v1(&series);
    first.timeseries[0].labels.push(v1::Label { name: b"a".to_vec(), value: b"\xff".to_vec() });
    let mut second = to_v2(&series);
    second.symbols.extend([b"a".to_vec(), b"\xff".to_vec()]);
    let at = second.symbols.len() as u32;
    second.timeseries[0].labels_refs.extend([at - 2, at - 1]);
    for decoded in [run(remote_write_v1, first.encode_to_vec()), run(remote_write_v2, second.encode_to_vec())] {
        let decoded = decoded.unwrap();
        assert_eq!((decoded.tally.rejected(), decoded.batch.len()), ([(Reason::InvalidLabels, 1)].as_slice(), 1));
    }
}

#[test]
fn references_to_nothing_leave_siblings() {
    let series = [Series::new(&[("__name__", "bad")], &[(T, 1.0)]), Series::new(&[("__name__", "good")], &[(T, 1.0)])];
    for refs in [vec![1], vec![1, 2, 3], vec![1, 99], vec![u32::MAX, 1]] {
        let mut request = to_v2(&series);
        request.timeseries[0].labels_refs.clone_from(&refs);
        let decoded = run(remote_write_v2, request.encode_to_vec()).unwrap();
        assert_eq!((decoded.tally.rejected(), decoded.batch.len()), ([(Reason::InvalidLabels, 1)].as_slice(), 1), "{refs:?}");
    }
}

#[test]
fn labels_come_in_any_order_and_empty_ones_are_none() {
    let sorted = Series::new(&[("__name__", "m"), ("a", "1"), ("b", "2"), ("instance", "i"), ("job", "j")], &[(T, 1.0)]);
    let mixed =
        Series::new(&[("job", "j"), ("b", "2"), ("instance", "i"), ("c", ""), ("__name__", "m"), ("a", "1")], &[(T, 1.0)]);
    let decoded = both(&[sorted, mixed]);
    // The second is the same sample of the same series, so it is not stored again.
    assert_eq!((decoded.batch.len(), decoded.tally.rejected_total()), (1, 0));
}

#[test]
fn samples_of_one_series_may_come_in_any_order() {
    let series = Series::new(&[("__name__", "m"), ("a", "1")], &[(T, 1.0), (T - 5, 0.5), (T, 1.0), (T + 5, 2.0)]);
    let decoded = both(&[series]);
    assert_eq!(values(&decoded.batch), [1.0f64, 0.5, 2.0].map(f64::to_bits));
    assert_eq!(decoded.tally.rejected_total(), 0);
}

#[test]
fn created_timestamps_become_the_start() {
    let series = Series::new(&[("__name__", "m")], &[(T, 1.0), (T + 1, 2.0)]);
    let mut request = to_v2(&[series]);
    request.timeseries[0].created_timestamp = T - 60_000;
    request.timeseries[0].samples[1].start_timestamp = T - 30_000;
    let rendered = render(&run(remote_write_v2, request.encode_to_vec()).unwrap().batch);
    let starts: Vec<&str> = rendered.lines().filter(|line| line.contains("start_time")).collect();
    assert_eq!(starts, ["  start_time = 2026-09-21T14:12:20", "  start_time = 2026-09-21T14:12:50"]);
}

#[test]
fn broken_bytes_are_refused_whole() {
    let cases: [(DecodeFn, &[u8], &str); 5] = [
        (remote_write_v1, b"\x0a\x05ab", "malformed protobuf at byte 1"),
        (remote_write_v1, b"\x0a\x02\x08\x01", "in timeseries.labels: field 1 should be bytes with a length"),
        (
            remote_write_v1,
            b"\x0a\x13\x0a\x0d\x0a\x08__name__\x12\x01m\x12\x02\x08\x01",
            "in timeseries.samples.value: field 1 should be 64 fixed bits",
        ),
        (
            remote_write_v2,
            b"\x22\x00\x22\x08__name__\x22\x01m\x2a\x08\x0a\x02\x01\x02\x12\x02\x09\x01",
            "in timeseries.samples: the bytes end inside a number",
        ),
        (remote_write_v2, b"\x23", "groups are not supported"),
    ];
    for (decode, bytes, message) in cases {
        let error = run(decode, bytes).unwrap_err();
        assert_eq!(error.reason(), Reason::Malformed);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn memory_is_bounded() {
    let label = |i: usize| (format!("label_{i:03}"), "x".repeat(100 * 1024));
    let mut labels: Vec<_> = (0..100).map(label).collect();
    labels.insert(0, ("__name__".to_owned(), "wide".to_owned()));
    // Ten mebibytes of labels are taken; with many samples the rows would not fit.
    let mut series = Series { labels, samples: vec![(T, 1.0)], ..Series::default() };
    assert_eq!(both(&[series.clone()]).batch.len(), 1);
    series.samples = (0..100).map(|i| (T + i, 1.0)).collect();
    for (decode, body) in [
        (remote_write_v1 as DecodeFn, to_v1(&[series.clone()]).encode_to_vec()),
        (remote_write_v2 as DecodeFn, to_v2(&[series.clone()]).encode_to_vec()),
    ] {
        assert_eq!(run(decode, body).unwrap_err().reason(), Reason::DecompressedTooLarge);
    }
    let symbols = v2::Request { symbols: vec![Vec::new(); 1_000_000], timeseries: Vec::new() }.encode_to_vec();
    let options = DecodeOptions { expanded_bytes_max: 1024 * 1024, ..DecodeOptions::at(NOW) };
    assert_eq!(remote_write_v2(&symbols, Tenant::default(), &options).unwrap_err().reason(), Reason::DecompressedTooLarge);
}

/// The count and the positive buckets of a batch of one native histogram, whole or not, as bits.
fn stored_counts(batch: &Batch) -> (u64, Vec<u64>) {
    use arrow::array::AsArray as _;
    use arrow::datatypes::{Float64Type, UInt64Type};
    let rows = &batch.rows;
    let list = |name: &str| rows.column_by_name(name).map(|lists| lists.as_list::<i32>().value(0));
    if let Some(count) = rows.column_by_name("count_double") {
        let counts = list("positive_counts_double").unwrap();
        let counts = counts.as_primitive::<Float64Type>().values().iter().map(|count| count.to_bits()).collect();
        return (count.as_primitive::<Float64Type>().value(0).to_bits(), counts);
    }
    let count = rows.column_by_name("count").unwrap().as_primitive::<UInt64Type>().value(0);
    let counts = list("positive_counts").unwrap();
    let bits = |count: u64| (count as f64).to_bits();
    (bits(count), counts.as_primitive::<UInt64Type>().values().iter().map(|count| bits(*count)).collect())
}

fn any_labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = prop::sample::select(vec!["job", "instance", "code", "le", "http.route", "pod", "ä"]);
    prop::collection::vec((names, "[a-z0-9/ é]{0,12}"), 0..6).prop_map(|labels| {
        let mut labels: Vec<_> = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        labels.sort();
        labels.dedup_by(|a, b| a.0 == b.0);
        labels
    })
}

prop_compose! {
    fn any_histogram()(
        schema in -4i32..=8,
        deltas in prop::collection::vec(0i64..50, 0..6),
        offset in -100i32..100,
        sum: f64,
        zero in 0u64..10,
    ) -> Histogram {
        let mut count = 0;
        let total: i64 = deltas.iter().map(|delta| { count += delta; count }).sum();
        Histogram {
            count_int: Some(total as u64 + zero),
            sum,
            schema,
            zero_count_int: Some(zero),
            positive_spans: if deltas.is_empty() { vec![] } else { vec![Span { offset, length: deltas.len() as u32 }] },
            positive_deltas: deltas,
            timestamp: T,
            ..Histogram::default()
        }
    }
}

prop_compose! {
    fn any_series(name: &'static str)(
        labels in any_labels(),
        ending in prop::sample::select(vec!["", "_total", "_bucket", "_created"]),
        samples in prop::collection::vec((0i64..20, any::<u64>()), 0..5),
        histogram in prop::option::of(any_histogram()),
        exemplar in prop::option::of((any_labels(), any::<f64>())),
        metadata in prop::option::of((1u32..8, "[a-z ]{0,8}", "[a-z]{0,4}")),
    ) -> Series {
        let mut all = vec![("__name__".to_owned(), format!("{name}{ending}"))];
        all.extend(labels);
        Series {
            labels: all,
            samples: samples.into_iter().map(|(time, bits)| (T + time, f64::from_bits(bits))).collect(),
            histograms: histogram.into_iter().collect(),
            exemplars: exemplar.into_iter().map(|(labels, value)| (labels, value, T)).collect(),
            metadata,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn both_versions_say_the_same(a in any_series("a"), b in any_series("b"), c in any_series("c")) {
        both(&[a, b, c]);
    }

    #[test]
    fn values_keep_their_bits(bits in prop::collection::vec(prop::num::u64::ANY, 1..20)) {
        let samples: Vec<_> = bits.iter().enumerate().map(|(i, bits)| (T + i as i64, f64::from_bits(*bits))).collect();
        let decoded = both(&[Series::new(&[("__name__", "m")], &samples)]);
        prop_assert_eq!(values(&decoded.batch), bits);
    }

    #[test]
    fn fractions_keep_their_bits(
        counts in prop::collection::vec(prop_oneof![0.0f64..1e18, (0u32..9).prop_map(f64::from)], 1..20),
        count: f64,
    ) {
        let histogram = Histogram {
            count_float: Some(count),
            positive_spans: spans(&[(0, counts.len() as u32)]),
            positive_counts: counts.clone(),
            timestamp: T,
            ..Histogram::default()
        };
        let decoded = both(&[Series::histogram(&[("__name__", "m")], histogram)]);
        prop_assert_eq!(stored_counts(&decoded.batch), (count.to_bits(), counts.iter().map(|count| count.to_bits()).collect()));
    }

    #[test]
    fn damage_never_panics(
        series in any_series("m"),
        end in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        for (decode, mut bytes) in [
            (remote_write_v1 as DecodeFn, to_v1(std::slice::from_ref(&series)).encode_to_vec()),
            (remote_write_v2 as DecodeFn, to_v2(&[series]).encode_to_vec()),
        ] {
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            bytes.truncate(bytes.len() / 2 + end.index(bytes.len() / 2 + 1));
            let _ = run(decode, bytes);
        }
    }
}
