//! The protobuf format: messages `io.prometheus.client.MetricFamily`, each behind its length.

use std::borrow::Cow;

use luneta_model::CounterResetHint;

use crate::wire::{Fault, FaultKind, Field, Message, Walk, Within as _};

use super::labels::unique;
use super::native::{HistogramParts, read_histogram};
use super::number::write_double;
use super::{Entry, Exemplar, ExpositionError, ExpositionOptions, Family, Label, MetricType, NORMAL_NAN, Sample, SampleValue};

/// Reads a body.
pub(super) fn parse<'b>(
    body: &'b [u8],
    options: &ExpositionOptions,
    take: impl FnMut(Entry<'_, 'b>),
) -> Result<(), ExpositionError> {
    let mut reader = ProtobufReader { options, take, samples: 0, sample: Sample::default() };
    let mut body = Message::new(body);
    while body.len() > 0 {
        let family = body.delimited().and_then(|message| reader.family(message));
        family.map_err(|fault| ExpositionError::whole(fault.to_string()))?;
    }
    Ok(())
}

struct ProtobufReader<'o, 'b, F> {
    options: &'o ExpositionOptions,
    take: F,
    samples: usize,
    /// The sample at hand; its memory is used again for the next.
    sample: Sample<'b>,
}

/// A summary's or a classic histogram's part that is a sample of its own.
#[derive(Debug, Clone, Copy)]
enum Ending {
    None,
    Count,
    Sum,
    Bucket,
}

impl Ending {
    const fn as_str(self) -> &'static str {
        match self {
            Ending::None => "",
            Ending::Count => "_count",
            Ending::Sum => "_sum",
            Ending::Bucket => "_bucket",
        }
    }
}

impl<'b, F: FnMut(Entry<'_, 'b>)> ProtobufReader<'_, 'b, F> {
    fn family(&mut self, message: Message<'b>) -> Walk<()> {
        let family = header(message)?;
        let mut fields = message;
        while let Some(field) = fields.next()? {
            if field.number == 4 {
                self.metric(&family, field.message()?).within("metric")?;
            }
        }
        (self.take)(Entry::Family(&family));
        Ok(())
    }

    fn metric(&mut self, family: &Family<'b>, message: Message<'b>) -> Walk<()> {
        self.sample.labels.clear();
        self.sample.time_ms = None;
        let mut value = None;
        let mut fields = message;
        while let Some(field) = fields.next()? {
            match field.number {
                1 => {
                    if self.sample.labels.len() == self.options.labels_max {
                        let reason = format!("the sample has more than {} labels", self.options.labels_max);
                        return Err(fault(field.offset(), reason));
                    }
                    self.sample.labels.push(label(field.message()?).within("label")?);
                }
                2 | 3 | 4 | 5 | 7 => value = Some(field),
                6 => self.sample.time_ms = Some(field.varint()? as i64),
                _ => {}
            }
        }
        unique(&self.sample.labels).map_err(|reason| fault(message.offset(), reason))?;
        let Some(value) = value else { return Err(fault(message.offset(), "a metric has no value")) };
        match value.number {
            3 => self.counter(family, value.message()?).within("counter"),
            4 => self.summary(family, value.message()?).within("summary"),
            7 => self.histogram(family, value.message()?).within("histogram"),
            _ => {
                let number = first_double(value.message()?)?;
                self.number(family, Ending::None, number, value.offset())
            }
        }
    }

    fn counter(&mut self, family: &Family<'b>, message: Message<'b>) -> Walk<()> {
        let mut number = 0.0;
        let mut fields = message;
        while let Some(field) = fields.next()? {
            match field.number {
                1 => number = field.double()?,
                2 => {
                    let exemplar = exemplar(field.message()?).within("exemplar")?;
                    self.sample.exemplars.push(exemplar);
                }
                3 => self.sample.created_ms = Some(timestamp(field)?),
                _ => {}
            }
        }
        let result = self.number(family, Ending::None, number, message.offset());
        self.sample.created_ms = None;
        result
    }

    fn summary(&mut self, family: &Family<'b>, message: Message<'b>) -> Walk<()> {
        let (mut count, mut sum) = (0, 0.0);
        let mut fields = message;
        while let Some(field) = fields.next()? {
            match field.number {
                1 => count = field.varint()?,
                2 => sum = field.double()?,
                4 => self.sample.created_ms = Some(timestamp(field)?),
                _ => {}
            }
        }
        self.number(family, Ending::Count, count as f64, message.offset())?;
        self.number(family, Ending::Sum, sum, message.offset())?;
        let mut fields = message;
        while let Some(field) = fields.next()? {
            if field.number == 3 {
                let (quantile, value) = two_doubles(field.message()?)?;
                self.bordered(family, Ending::None, "quantile", quantile, value, field.offset())?;
            }
        }
        self.sample.created_ms = None;
        Ok(())
    }

    fn histogram(&mut self, family: &Family<'b>, message: Message<'b>) -> Walk<()> {
        let parts = read_histogram(message, self.options.native_buckets_max)?;
        self.sample.created_ms = parts.created_ms;
        let native = parts.is_native() && self.options.native_histograms;
        // One that has sparse buckets alone has no classic part, unless nothing else is taken of it.
        let classic = parts.buckets.iter().any(|bucket| bucket.upper_bound != f64::INFINITY);
        if !native || (self.options.always_classic_histograms && classic) {
            self.classic(family, &parts, message.offset())?;
        }
        if native {
            let is_gauge = family.metric_type == MetricType::GaugeHistogram;
            let hint = if is_gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown };
            self.sample.value = SampleValue::Histogram(Box::new(parts.into_native(message.offset(), hint)?));
            self.sample.exemplars = native_exemplars(message)?;
            self.hand_over(family, Ending::None, message.offset())?;
        }
        self.sample.created_ms = None;
        Ok(())
    }

    fn classic(&mut self, family: &Family<'b>, parts: &HistogramParts<'b>, offset: usize) -> Walk<()> {
        self.number(family, Ending::Count, parts.native.count, offset)?;
        self.number(family, Ending::Sum, parts.native.sum, offset)?;
        let mut has_infinity = false;
        for bucket in &parts.buckets {
            if let Some(message) = bucket.exemplar {
                self.sample.exemplars.push(exemplar(message).within("exemplar")?);
            }
            has_infinity |= bucket.upper_bound == f64::INFINITY;
            self.bordered(family, Ending::Bucket, "le", bucket.upper_bound, bucket.count, offset)?;
        }
        if !has_infinity {
            self.bordered(family, Ending::Bucket, "le", f64::INFINITY, parts.native.count, offset)?;
        }
        Ok(())
    }

    /// A sample with a border as its last label.
    fn bordered(
        &mut self,
        family: &Family<'b>,
        ending: Ending,
        name: &'static str,
        border: f64,
        value: f64,
        offset: usize,
    ) -> Walk<()> {
        if let Some(label) = self.sample.labels.iter().find(|label| label.name == name) {
            return Err(fault(offset, format!("the label {:?} is there beside the borders", label.name)));
        }
        let mut text = String::new();
        write_double(border, &mut text);
        self.sample.labels.push(Label { name: Cow::Borrowed(name), value: Cow::Owned(text) });
        let result = self.number(family, ending, value, offset);
        self.sample.labels.pop();
        result
    }

    fn number(&mut self, family: &Family<'b>, ending: Ending, value: f64, offset: usize) -> Walk<()> {
        self.sample.value = SampleValue::Number(if value.is_nan() { NORMAL_NAN } else { value });
        self.hand_over(family, ending, offset)
    }

    fn hand_over(&mut self, family: &Family<'b>, ending: Ending, offset: usize) -> Walk<()> {
        self.samples += 1;
        if self.samples > self.options.samples_max {
            return Err(fault(offset, format!("there are more than {} samples", self.options.samples_max)));
        }
        let name = self.sample.name.to_mut();
        name.clear();
        name.push_str(&family.name);
        name.push_str(ending.as_str());
        (self.take)(Entry::Sample(family, &self.sample));
        self.sample.exemplars.clear();
        Ok(())
    }
}

/// The fields of a family that are not its metrics; they may stand behind them.
fn header(message: Message<'_>) -> Walk<Family<'_>> {
    let mut family = Family { metric_type: MetricType::Counter, ..Family::default() };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => family.name = text(field)?,
            2 => family.help = text(field)?,
            3 => family.metric_type = metric_type(field)?,
            5 => family.unit = text(field)?,
            _ => {}
        }
    }
    if family.name.is_empty() {
        return Err(fault(message.offset(), "a family has no name"));
    }
    Ok(family)
}

fn metric_type(field: Field<'_>) -> Walk<MetricType> {
    Ok(match field.varint()? {
        0 => MetricType::Counter,
        1 => MetricType::Gauge,
        2 => MetricType::Summary,
        3 => MetricType::Unknown,
        4 => MetricType::Histogram,
        5 => MetricType::GaugeHistogram,
        other => return Err(fault(field.offset(), format!("there is no type {other} of metrics"))),
    })
}

fn label(message: Message<'_>) -> Walk<Label<'_>> {
    let mut label = Label { name: Cow::Borrowed(""), value: Cow::Borrowed("") };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => label.name = text(field)?,
            2 => label.value = text(field)?,
            _ => {}
        }
    }
    if label.name.is_empty() {
        return Err(fault(message.offset(), "a label has no name"));
    }
    Ok(label)
}

/// An exemplar.
fn exemplar(message: Message<'_>) -> Walk<Exemplar<'_>> {
    let mut exemplar = Exemplar { labels: Vec::new(), value: 0.0, time_ms: None };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => exemplar.labels.push(label(field.message()?).within("label")?),
            2 => exemplar.value = field.double()?,
            3 => exemplar.time_ms = Some(timestamp(field)?),
            _ => {}
        }
    }
    Ok(exemplar)
}

/// Exemplars of a native histogram are its own; those of classic buckets stand in for them.
fn native_exemplars(message: Message<'_>) -> Walk<Vec<Exemplar<'_>>> {
    let (mut own, mut of_buckets) = (Vec::new(), Vec::new());
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            16 => own.push(exemplar(field.message()?).within("exemplar")?),
            3 => {
                let mut bucket = field.message()?;
                while let Some(field) = bucket.next()? {
                    if field.number == 3 {
                        of_buckets.push(exemplar(field.message()?).within("exemplar")?);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(if own.is_empty() { of_buckets } else { own })
}

/// A `google.protobuf.Timestamp` in milliseconds.
pub(super) fn timestamp(field: Field<'_>) -> Walk<i64> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut fields = field.message()?;
    while let Some(part) = fields.next()? {
        match part.number {
            1 => seconds = part.varint()? as i64,
            2 => nanos = part.varint()? as i64,
            _ => {}
        }
    }
    let ms = seconds.checked_mul(1000).and_then(|ms| ms.checked_add(nanos / 1_000_000));
    ms.ok_or_else(|| fault(field.offset(), "a time is out of range"))
}

fn first_double(message: Message<'_>) -> Walk<f64> {
    Ok(two_doubles(message)?.0)
}

fn two_doubles(message: Message<'_>) -> Walk<(f64, f64)> {
    let (mut first, mut second) = (0.0, 0.0);
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => first = field.double()?,
            2 => second = field.double()?,
            _ => {}
        }
    }
    Ok((first, second))
}

fn text(field: Field<'_>) -> Walk<Cow<'_, str>> {
    let text = std::str::from_utf8(field.bytes()?);
    text.map(Cow::Borrowed).map_err(|_| fault(field.offset(), "text is not valid UTF-8"))
}

#[cold]
#[allow(clippy::unnecessary_box_returns)] // faults travel boxed, see `Walk`
pub(super) fn fault(offset: usize, reason: impl Into<Cow<'static, str>>) -> Box<Fault> {
    Fault::new(offset, FaultKind::Malformed(reason.into()))
}
