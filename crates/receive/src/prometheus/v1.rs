//! `prometheus.WriteRequest`: remote write 1.0.
//!
//! ```text
//! WriteRequest   { 1: TimeSeries*, 3: MetricMetadata* }
//! TimeSeries     { 1: Label*, 2: Sample*, 3: Exemplar*, 4: Histogram* }
//! MetricMetadata { 1: type, 2: metric_family_name, 4: help, 5: unit }
//! ```

use luneta_model::Tenant;

use super::exposition::MetricType;
use super::histogram;
use super::memory::Memory;
use super::metadata::{Families, Metadata};
use super::rows::{Description, Label, METRIC_NAME};
use super::told::Plain;
use super::write::{Exemplar, Point, Times, Writer};
use crate::wire::{Message, Walk, Within as _};

/// What is said of a series with text that is none.
pub(super) const NOT_TEXT: &str = "the name or the value of a label is not UTF-8";

/// Reads a request.
pub(super) fn read(bytes: &[u8], tenant: &Tenant, memory: &Memory, writer: &mut Writer<'_>) -> Walk<()> {
    learn(bytes, tenant, memory)?;
    let families = memory.metadata.of(tenant);
    writer.describe_by(families.version());
    let mut reader = Reader { families: &families, last: None, labels: Vec::new(), exemplars: Vec::new() };
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number == 1 {
            let message = field.message().within("timeseries")?;
            reader.series(message, writer).within("timeseries")?;
        }
    }
    Ok(())
}

/// Remembers the metadata of a request, which may stand behind the samples it is for.
fn learn(bytes: &[u8], tenant: &Tenant, memory: &Memory) -> Walk<()> {
    let mut told = Vec::new();
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number == 3 {
            let message = field.message().within("metadata")?;
            told.extend(metadata(message).within("metadata")?);
        }
    }
    if !told.is_empty() {
        memory.metadata.learn(tenant, told);
    }
    Ok(())
}

/// What is told of a metric family; nothing when its name or type is unknown.
fn metadata(mut message: Message<'_>) -> Walk<Option<(&str, Metadata)>> {
    let mut kind = 0;
    let [mut name, mut help, mut unit] = [b"".as_slice(); 3];
    while let Some(field) = message.next()? {
        match field.number {
            1 => kind = field.varint().within("type")?,
            2 => name = field.bytes().within("metric_family_name")?,
            4 => help = field.bytes().within("help")?,
            5 => unit = field.bytes().within("unit")?,
            _ => {}
        }
    }
    let (Some(kind), Ok(name)) = (MetricType::from_number(kind), std::str::from_utf8(name)) else { return Ok(None) };
    let (help, unit) = (String::from_utf8_lossy(help), String::from_utf8_lossy(unit));
    Ok((!name.is_empty()).then(|| (name, Metadata::new(kind, &help, &unit))))
}

struct Reader<'a, 'f> {
    families: &'f Families,
    /// The metric looked up last: series of one come in a row.
    last: Option<(&'a str, Description<'f>)>,
    labels: Vec<Label<'a>>,
    exemplars: Vec<Exemplar<'a>>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn series(&mut self, message: Message<'a>, writer: &mut Writer<'_>) -> Walk<()> {
        if Plain::of(message).is_some_and(|plain| writer.told(&plain)) {
            return Ok(());
        }
        self.labels.clear();
        self.exemplars.clear();
        let (mut points, mut is_text) = (0, true);
        let mut rest = message;
        while let Some(field) = rest.next()? {
            match field.number {
                1 => match label(field.message().within("labels")?).within("labels")? {
                    Some(label) => self.labels.push(label),
                    None => is_text = false,
                },
                2 | 4 => points += 1,
                3 => match exemplar(field.message().within("exemplars")?).within("exemplars")? {
                    Some(exemplar) => self.exemplars.push(exemplar),
                    None => is_text = false,
                },
                _ => {}
            }
        }
        if !is_text {
            writer.refuse(points, &self.labels, &NOT_TEXT);
            return Ok(());
        }
        let description = self.describe();
        let mut rest = message;
        writer.add(&self.labels, description, points, &self.exemplars, |out| {
            while let Some(field) = rest.next()? {
                match field.number {
                    2 => return sample(field.message().within("samples")?).within("samples").map(Some),
                    4 => return histogram::read(field.message().within("histograms")?, out).within("histograms").map(Some),
                    _ => {}
                }
            }
            Ok(None)
        })
    }

    fn describe(&mut self) -> Description<'f> {
        let Some((_, name)) = self.labels.iter().find(|(label, _)| *label == METRIC_NAME) else { return Description::default() };
        match self.last {
            Some((last, description)) if last == *name => description,
            _ => {
                let description = self.families.describe(name);
                self.last = Some((name, description));
                description
            }
        }
    }
}

/// Name and value; nothing when one is not text.
fn label(mut message: Message<'_>) -> Walk<Option<Label<'_>>> {
    let (mut name, mut value) = (b"".as_slice(), b"".as_slice());
    while let Some(field) = message.next()? {
        match field.number {
            1 => name = field.bytes().within("name")?,
            2 => value = field.bytes().within("value")?,
            _ => {}
        }
    }
    Ok(std::str::from_utf8(name).ok().zip(std::str::from_utf8(value).ok()))
}

/// Both versions have the same samples, but for the start.
pub(super) fn sample(message: Message<'_>) -> Walk<(Times, Point)> {
    let (times, value) = number(message)?;
    Ok((times, Point::Sample { value }))
}

/// Times and value of a sample.
pub(super) fn number(mut message: Message<'_>) -> Walk<(Times, f64)> {
    let (mut times, mut value) = (Times::default(), 0.0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => value = field.double().within("value")?,
            2 => times.time = field.varint().within("timestamp")? as i64,
            3 => times.start = field.varint().within("start_timestamp")? as i64,
            _ => {}
        }
    }
    Ok((times, value))
}

/// Nothing when a label is not text.
fn exemplar(mut message: Message<'_>) -> Walk<Option<Exemplar<'_>>> {
    let mut exemplar = Exemplar { labels: Vec::new(), value: 0.0, time: 0 };
    let mut is_text = true;
    while let Some(field) = message.next()? {
        match field.number {
            1 => match label(field.message().within("labels")?).within("labels")? {
                Some(label) => exemplar.labels.push(label),
                None => is_text = false,
            },
            2 => exemplar.value = field.double().within("value")?,
            3 => exemplar.time = field.varint().within("timestamp")? as i64,
            _ => {}
        }
    }
    Ok(is_text.then_some(exemplar))
}
