//! Metric points from the wire into [`MetricsBuilder`].

use std::borrow::Cow;

use luneta_model::{AnyValue, ExemplarRow, Limits, MetricIdentity, MetricRow, MetricsBuilder, Number, PointValue, encode_json};

use super::envelope::{Items, Origin};
use super::point::{Point, PointKind};
use super::value::{Gathered, Value, id, key_value};
use crate::Reason;
use crate::context::Context;
use crate::wire::{Message, Walk, Within as _};

/// Bytes a point's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 320;
/// The same of an exemplar.
const EXEMPLAR_BYTES: usize = 64;

impl Items for MetricsBuilder {
    const PATH: [&'static str; 3] = ["resource_metrics", "scope_metrics", "metrics"];

    fn item<'a>(&mut self, item: Message<'a>, origin: &mut Origin<'a, '_>, context: &mut Context<'_>) -> Walk<()> {
        let metric = Metric::read(item)?;
        let Some(kind) = metric.kind else { return Ok(()) };
        let name = kind.field_name();
        let texts = Texts::new(&metric, context)?;
        let mut identity = texts.identity();
        for data in metric.data() {
            read_aggregation(kind, data?, &mut identity).within(name)?;
        }
        let mut walk = Points { builder: self, origin, point: Point::default(), texts_bytes: texts.len() };
        for data in metric.data() {
            walk.add_all(kind, data?, &identity, context).within(name)?;
        }
        Ok(())
    }
}

/// The fields of a metric; its data stays on the wire.
struct Metric<'a> {
    name: &'a [u8],
    description: &'a [u8],
    unit: &'a [u8],
    metadata: Vec<Message<'a>>,
    kind: Option<PointKind>,
    /// From the first field of the kind that won to the end.
    rest: Message<'a>,
}

impl<'a> Metric<'a> {
    fn read(mut message: Message<'a>) -> Walk<Self> {
        let whole = message;
        let mut metric = Metric { name: &[], description: &[], unit: &[], metadata: Vec::new(), kind: None, rest: message };
        while let Some(field) = message.next()? {
            match field.number {
                1 => metric.name = field.bytes().within("name")?,
                2 => metric.description = field.bytes().within("description")?,
                3 => metric.unit = field.bytes().within("unit")?,
                12 => metric.metadata.push(field.message().within("metadata")?),
                number => {
                    // Of several members of a oneof the last wins; equal ones are merged.
                    let kind = PointKind::from_field(number);
                    if kind.is_some() && kind != metric.kind {
                        metric.kind = kind;
                        metric.rest = whole.between(field.offset(), usize::MAX);
                    }
                }
            }
        }
        Ok(metric)
    }

    /// The messages that hold the points: one, unless a sender split it.
    fn data(&self) -> impl Iterator<Item = Walk<Message<'a>>> {
        let mut rest = self.rest;
        let wanted = self.kind;
        std::iter::from_fn(move || {
            loop {
                match rest.next() {
                    Ok(Some(field)) if PointKind::from_field(field.number) == wanted => return Some(field.message()),
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(fault) => return Some(Err(fault)),
                }
            }
        })
    }
}

struct Texts<'a> {
    name: Cow<'a, str>,
    description: Cow<'a, str>,
    unit: Cow<'a, str>,
    metadata: String,
    limits: Limits,
}

impl<'a> Texts<'a> {
    fn new(metric: &Metric<'a>, context: &mut Context<'_>) -> Walk<Self> {
        Ok(Self {
            name: context.text(metric.name),
            description: context.text(metric.description),
            unit: context.text(metric.unit),
            metadata: metadata(&metric.metadata, context).within("metadata")?,
            limits: context.options.limits,
        })
    }

    fn identity(&self) -> MetricIdentity<'_> {
        let cut = |text| Limits::cut(text, self.limits.value_bytes_max);
        MetricIdentity {
            name: cut(&self.name),
            description: cut(&self.description),
            unit: cut(&self.unit),
            metadata: cut(&self.metadata),
            temporality: 0,
            is_monotonic: None,
        }
    }

    /// Every point repeats these.
    fn len(&self) -> usize {
        let identity = self.identity();
        identity.name.len() + identity.description.len() + identity.unit.len() + identity.metadata.len()
    }
}

/// The JSON of a metric's metadata; nothing when there is none.
fn metadata(entries: &[Message<'_>], context: &mut Context<'_>) -> Walk<String> {
    let mut text = String::new();
    if entries.is_empty() {
        return Ok(text);
    }
    let mut gathered = Gathered::new();
    for entry in entries {
        gathered.push(*entry, context)?;
    }
    encode_json(&AnyValue::Map(gathered.take().map(|(key, value)| (key.to_owned(), value)).collect()), &mut text);
    Ok(text)
}

/// Reads what stands beside the points.
fn read_aggregation(kind: PointKind, mut data: Message<'_>, identity: &mut MetricIdentity<'_>) -> Walk<()> {
    if kind == PointKind::Sum {
        identity.is_monotonic = Some(identity.is_monotonic.unwrap_or(false));
    }
    if matches!(kind, PointKind::Gauge | PointKind::Summary) {
        return Ok(());
    }
    while let Some(field) = data.next()? {
        match field.number {
            2 => identity.temporality = field.varint().within("aggregation_temporality")? as i32,
            3 if kind == PointKind::Sum => identity.is_monotonic = Some(field.varint().within("is_monotonic")? != 0),
            _ => {}
        }
    }
    Ok(())
}

/// Adds the points of one metric.
struct Points<'w, 'a, 'd> {
    builder: &'w mut MetricsBuilder,
    origin: &'w mut Origin<'a, 'd>,
    /// Kept for its buffers.
    point: Point,
    texts_bytes: usize,
}

impl Points<'_, '_, '_> {
    fn add_all(
        &mut self,
        kind: PointKind,
        mut data: Message<'_>,
        identity: &MetricIdentity<'_>,
        context: &mut Context<'_>,
    ) -> Walk<()> {
        while let Some(field) = data.next()? {
            if field.number == 1 {
                let message = field.message().within("data_points")?;
                self.add(kind, message, identity, context).within("data_points")?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        kind: PointKind,
        message: Message<'_>,
        identity: &MetricIdentity<'_>,
        context: &mut Context<'_>,
    ) -> Walk<()> {
        self.point.read(kind, message)?;
        let times = (i64::try_from(self.point.time), i64::try_from(self.point.start_time));
        let (Ok(time), Ok(start_time)) = times else {
            context.tally.reject(Reason::TimeOutOfRange);
            return Ok(());
        };
        context.spend(ROW_BYTES + self.texts_bytes)?;
        let origin = self.origin.index(&mut self.builder.origins, context)?;
        add_nested(self.builder, kind, message, context)?;
        let time = if time == 0 { context.options.now } else { time };
        let row = MetricRow { time, start_time, flags: self.point.flags, value: self.point.value(kind) };
        self.builder.end_point(origin, identity, &row);
        Ok(())
    }
}

fn add_nested(metrics: &mut MetricsBuilder, kind: PointKind, mut message: Message<'_>, context: &mut Context<'_>) -> Walk<()> {
    let attributes = kind.attributes_field();
    let exemplars = kind.exemplars_field();
    while let Some(field) = message.next()? {
        if field.number == attributes {
            let message = field.message().within("attributes")?;
            let (key, value) = key_value(message, context).within("attributes")?;
            match value {
                Value::Text(text) => metrics.push_str(&key, &text),
                other => metrics.push(&key, &other.into_any()),
            }
        } else if Some(field.number) == exemplars {
            add_exemplar(metrics, field.message().within("exemplars")?, context).within("exemplars")?;
        }
    }
    Ok(())
}

fn add_exemplar(metrics: &mut MetricsBuilder, mut message: Message<'_>, context: &mut Context<'_>) -> Walk<()> {
    context.spend(EXEMPLAR_BYTES)?;
    let mut row = ExemplarRow { time: 0, value: None, trace_id: [0; 16], span_id: [0; 8] };
    let mut attributes = Gathered::new();
    while let Some(field) = message.next()? {
        match field.number {
            2 => row.time = context.inner_time(field.fixed64().within("time_unix_nano")?),
            3 => row.value = Some(Number::Double(field.double().within("as_double")?)),
            4 => row.span_id = id(field.bytes().within("span_id")?).unwrap_or_default(),
            5 => row.trace_id = id(field.bytes().within("trace_id")?).unwrap_or_default(),
            6 => row.value = Some(Number::Int(field.fixed64().within("as_int")? as i64)),
            7 => attributes.push(field.message().within("filtered_attributes")?, context).within("filtered_attributes")?,
            _ => {}
        }
    }
    metrics.exemplar(&row, attributes.take())?;
    Ok(())
}

impl Point {
    /// The value in the builder's form.
    fn value(&self, kind: PointKind) -> PointValue<'_> {
        match kind {
            PointKind::Gauge => PointValue::Gauge(self.number),
            PointKind::Sum => PointValue::Sum(self.number),
            PointKind::Histogram => PointValue::Histogram {
                count: self.count,
                sum: self.sum,
                min: self.min,
                max: self.max,
                bucket_counts: &self.positive,
                explicit_bounds: &self.bounds,
            },
            PointKind::ExponentialHistogram => PointValue::ExponentialHistogram {
                count: self.count,
                sum: self.sum,
                min: self.min,
                max: self.max,
                scale: self.scale,
                zero_count: self.zero_count,
                zero_threshold: self.zero_threshold,
                positive: (self.positive_offset, &self.positive),
                negative: (self.negative_offset, &self.negative),
            },
            PointKind::Summary => {
                PointValue::Summary { count: self.count, sum: self.sum.unwrap_or(0.0), quantiles: &self.quantiles }
            }
        }
    }
}
