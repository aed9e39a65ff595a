//! An interval as rows.

use std::collections::HashMap;

use luneta_model::{
    AnyValue, Batch, Limits, LogRow, LogsBuilder, MetricIdentity, MetricRow, MetricsBuilder, Number, OriginsBuilder, PointValue,
    Tenant,
};

use super::UNKNOWN_SERVICE;
use super::aggregate::{Interval, Series};
use super::event::Record;
use super::key::Key;
use super::line::Kind;
use crate::ReceiveError;

/// `AggregationTemporality` of OTLP.
const DELTA: i32 = 1;
const SECOND: i64 = 1_000_000_000;

/// Tags that tell of the sender, and the resource attributes they become.
const RESOURCE: [(&str, &str); 4] =
    [("service", "service.name"), ("env", "deployment.environment.name"), ("version", "service.version"), ("host", "host.name")];

/// Values of the tags of [`RESOURCE`], and the container.
type Sender<'a> = [Option<&'a str>; RESOURCE.len() + 1];

/// Senders that have an origin.
#[derive(Default)]
struct Senders<'a>(HashMap<Sender<'a>, u32>);

impl<'a> Senders<'a> {
    fn origin(&mut self, sender: Sender<'a>, origins: &mut OriginsBuilder) -> u32 {
        *self.0.entry(sender).or_insert_with(|| {
            origins.begin();
            if sender[0].is_none() {
                origins.resource_str("service.name", UNKNOWN_SERVICE);
            }
            let keys = RESOURCE.iter().map(|(_, key)| *key).chain(["container.id"]);
            for (key, value) in keys.zip(sender) {
                if let Some(value) = value {
                    origins.resource_str(key, value);
                }
            }
            origins.end()
        })
    }
}

fn sender<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>, container: &'a str) -> Sender<'a> {
    let mut sender = [None; RESOURCE.len() + 1];
    for (key, value) in tags {
        if let Some(at) = place(key) {
            sender[at] = Some(value).filter(|value| !value.is_empty());
        }
    }
    sender[RESOURCE.len()] = Some(container).filter(|id| !id.is_empty());
    sender
}

fn place(key: &str) -> Option<usize> {
    RESOURCE.iter().position(|(tag, _)| *tag == key)
}

/// Points of the interval's series; gauges only where they were set in it.
pub(super) fn metrics(interval: &Interval, limits: Limits, tenant: Tenant) -> Result<Batch, ReceiveError> {
    let mut builder = MetricsBuilder::new(limits);
    let mut senders = Senders::default();
    let mut all: Vec<_> = interval.series.iter().collect();
    // Points of one metric side by side: equal names and tags pack better.
    all.sort_unstable_by_key(|(key, _)| *key);
    for (key, series) in all {
        let Some(key) = Key::read(key) else { continue };
        if matches!(series, Series::Gauge(_, set_at) if *set_at < interval.start) {
            continue;
        }
        let origin = senders.origin(sender(key.tags.iter().copied(), key.container), &mut builder.origins);
        for (tag, value) in key.tags.iter().filter(|(tag, _)| place(tag).is_none()) {
            builder.push_str(tag, value);
        }
        point(&mut builder, origin, &key, series, interval);
    }
    builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))
}

fn point(builder: &mut MetricsBuilder, origin: u32, key: &Key<'_>, series: &Series, interval: &Interval) {
    let mut metric = MetricIdentity { name: key.name, ..MetricIdentity::default() };
    let mut row = MetricRow { time: interval.end, start_time: interval.start, flags: 0, value: PointValue::Gauge(None) };
    if key.seconds != 0 {
        (row.time, row.start_time) = (i64::from(key.seconds) * SECOND, 0);
    }
    match series {
        Series::Counter(sum) => {
            metric.temporality = DELTA;
            metric.is_monotonic = Some(!interval.negative.contains(key.name));
            row.value = PointValue::Sum(Some(Number::Double(*sum)));
        }
        Series::Gauge(level, _) => {
            row.start_time = 0;
            row.value = PointValue::Gauge(Some(Number::Double(*level)));
        }
        Series::Distribution(histogram) => {
            metric.temporality = DELTA;
            metric.unit = if key.kind == Kind::Timer { "ms" } else { "" };
            row.value = histogram.point();
        }
        Series::Set(members) => {
            row.value = PointValue::Gauge(Some(Number::Int(members.len() as i64)));
        }
    }
    builder.end_point(origin, &metric, &row);
}

/// Log records of the interval's events and service checks.
pub(super) fn logs(interval: &Interval, limits: Limits, tenant: Tenant) -> Result<Batch, ReceiveError> {
    let mut builder = LogsBuilder::new(limits);
    let mut senders = Senders::default();
    for record in &interval.records {
        let tags = || record.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let origin = senders.origin(sender(tags(), &record.container), &mut builder.origins);
        for (tag, value) in tags().filter(|(tag, _)| place(tag).is_none()) {
            builder.attributes.push_str(tag, value);
        }
        for (name, value) in &record.fields {
            builder.attributes.push_str(name, value);
        }
        builder.body(&AnyValue::String(record.body.clone()));
        builder.end_record(origin, &row(record)).map_err(|e| ReceiveError::Internal(e.to_string()))?;
    }
    builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))
}

fn row(record: &Record) -> LogRow<'_> {
    LogRow {
        time: if record.seconds == 0 { record.received } else { i64::from(record.seconds) * SECOND },
        observed_time: record.received,
        severity_number: record.severity_number,
        severity_text: record.severity_text,
        event_name: record.event_name,
        ..LogRow::default()
    }
}
