//! Native histograms of Prometheus come back as they were sent, bit for bit.

use luneta_model::CounterResetHint as Sent;
use luneta_model::semconv::PROMETHEUS_SCOPE;
use luneta_model::{MetricIdentity, MetricRow, MetricsBuilder, PointValue, Sink as _, Tenant};
use luneta_promql::{CUSTOM_SCHEMA, CounterResetHint, Histogram, Limits};

use super::{ALL, CUMULATIVE, Lake, nanos};

/// Counts that no integer, or no short decimal, can say.
const COUNTS: [f64; 4] = [0.1 + 0.2, 1e-300, 2.5, 1.0 / 3.0];
const NAN_SUM: f64 = f64::from_bits(0x7ff8_0000_0000_0abc);

fn point(name: &'static str, value: PointValue<'static>, hint: Sent) -> (MetricIdentity<'static>, PointValue<'static>, Sent) {
    let custom = matches!(value, PointValue::Histogram { .. } | PointValue::DoubleHistogram { .. });
    let metadata = if custom { r#"{"prometheus.native":"custom"}"# } else { "" };
    let temporality = if hint == Sent::Gauge { 0 } else { CUMULATIVE };
    (MetricIdentity { name, metadata, temporality, ..MetricIdentity::default() }, value, hint)
}

fn exponential() -> PointValue<'static> {
    PointValue::DoubleExponentialHistogram {
        count: COUNTS[3],
        sum: NAN_SUM,
        scale: 3,
        zero_count: COUNTS[0],
        zero_threshold: 0.0,
        positive: (-3, &COUNTS),
        negative: (7, &COUNTS[1..3]),
    }
}

fn custom() -> PointValue<'static> {
    PointValue::DoubleHistogram { count: 9.25, sum: -0.0, bucket_counts: &COUNTS, explicit_bounds: &[0.5, 1.0, 2.5] }
}

fn whole() -> PointValue<'static> {
    PointValue::ExponentialHistogram {
        count: 3,
        sum: Some(1.5),
        min: None,
        max: None,
        scale: 0,
        zero_count: 1,
        zero_threshold: 0.001,
        positive: (-1, &[2]),
        negative: (0, &[]),
    }
}

/// What is told apart: numbers by their bits.
fn bits(histogram: &Histogram) -> impl PartialEq + std::fmt::Debug {
    let side = |buckets: &[(i32, f64)]| buckets.iter().map(|(index, count)| (*index, count.to_bits())).collect::<Vec<_>>();
    let Histogram { count, sum, zero_count, zero_threshold, schema, counter_reset_hint, .. } = histogram;
    (
        [count, sum, zero_count, zero_threshold].map(|number| number.to_bits()),
        (*schema, *counter_reset_hint),
        side(&histogram.positive),
        side(&histogram.negative),
        histogram.custom_bounds.to_vec(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_back_bit_for_bit() {
    use CounterResetHint::{Gauge, Reset, Unknown};
    let doubles = |from: i32, counts: &[f64]| (from..).zip(counts.iter().copied()).collect::<Vec<_>>();
    let fractions = |hint| Histogram {
        schema: 3,
        counter_reset_hint: hint,
        count: COUNTS[3],
        sum: NAN_SUM,
        zero_count: COUNTS[0],
        positive: doubles(-2, &COUNTS),
        negative: doubles(8, &COUNTS[1..3]),
        ..Histogram::default()
    };
    let with_bounds = Histogram {
        schema: CUSTOM_SCHEMA,
        counter_reset_hint: Gauge,
        count: 9.25,
        sum: -0.0,
        positive: doubles(0, &COUNTS),
        custom_bounds: [0.5, 1.0, 2.5].into(),
        ..Histogram::default()
    };
    let integers = |hint| Histogram {
        counter_reset_hint: hint,
        count: 3.0,
        sum: 1.5,
        zero_count: 1.0,
        zero_threshold: 0.001,
        positive: vec![(0, 2.0)],
        ..Histogram::default()
    };
    let cases = [
        (point("fractions", exponential(), Sent::Unknown), fractions(Unknown)),
        (point("gauges", exponential(), Sent::Gauge), fractions(Gauge)),
        (point("bounds", custom(), Sent::Gauge), with_bounds),
        (point("plain", whole(), Sent::Unknown), integers(Unknown)),
        (point("reset", whole(), Sent::Reset), integers(Reset)),
        // The values tell, as samples between the two may be missing.
        (point("not_reset", whole(), Sent::NotReset), integers(Unknown)),
        (point("whole_gauge", whole(), Sent::Gauge), integers(Gauge)),
    ];
    for way in ["memory", "a file", "a merged file"] {
        let lake = Lake::open().await;
        for time in [10, 20] {
            let sent = cases.iter().map(|(sent, _)| sent);
            lake.store.accept(batch(sent, time)).await.unwrap();
            if way != "memory" {
                lake.store.flush().await.unwrap();
            }
        }
        if way == "a merged file" {
            lake.store.compact().await.unwrap();
        }
        for ((metric, ..), expected) in &cases {
            let found = lake.select(metric.name, ALL, &Limits::default()).await.unwrap();
            assert_eq!(found.len(), 1, "{} in {way}", metric.name);
            let histograms: Vec<_> = found[0].histograms.values.iter().map(|histogram| bits(histogram)).collect();
            assert_eq!(histograms, [bits(expected), bits(expected)], "{} in {way}", metric.name);
        }
    }
}

fn batch<'p>(
    points: impl Iterator<Item = &'p (MetricIdentity<'static>, PointValue<'static>, Sent)>,
    time: i64,
) -> luneta_model::Batch {
    let mut builder = MetricsBuilder::new(luneta_model::Limits::default());
    builder.origins.begin();
    builder.origins.scope_facts(PROMETHEUS_SCOPE, "", "", 0);
    let origin = builder.origins.end();
    for (metric, value, hint) in points {
        builder.counter_reset_hint(*hint);
        let row = MetricRow { time: nanos(time), start_time: 0, flags: 0, value: value.clone() };
        builder.end_point(origin, metric, &row);
    }
    builder.finish(Tenant::default()).unwrap()
}
