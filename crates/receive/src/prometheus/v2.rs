//! `io.prometheus.write.v2.Request`: remote write 2.0.
//!
//! ```text
//! Request    { 4: symbols*, 5: TimeSeries* }
//! TimeSeries { 1: labels_refs*, 2: Sample*, 3: Histogram*, 4: Exemplar*, 5: Metadata, 6: created_timestamp }
//! Metadata   { 1: type, 3: help_ref, 4: unit_ref }
//! ```
//!
//! Texts are references into `symbols`. Drafts of the specification have one time of creation per
//! series, its last one has a start per sample; both are read.

use super::exposition::MetricType;
use super::histogram;
use super::rows::{Description, Label};
use super::v1::{NOT_TEXT, sample};
use super::write::{Exemplar, Writer};
use crate::wire::{Message, Walk, Within as _};

/// Bytes of memory a symbol takes besides its text.
const SYMBOL_BYTES: usize = size_of::<Option<&str>>();

/// Reads a request.
pub(super) fn read(bytes: &[u8], writer: &mut Writer<'_>) -> Walk<()> {
    let mut symbols = Vec::new();
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number == 4 {
            writer.rows.context.spend(SYMBOL_BYTES)?;
            symbols.push(std::str::from_utf8(field.bytes().within("symbols")?).ok());
        }
    }
    let mut reader = Reader { symbols, refs: Vec::new(), labels: Vec::new(), exemplars: Vec::new() };
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number == 5 {
            let message = field.message().within("timeseries")?;
            reader.series(message, writer).within("timeseries")?;
        }
    }
    Ok(())
}

/// Why a series cannot be read, while the request can.
#[derive(Debug, Clone, Copy, thiserror::Error)]
enum RefFault {
    #[error("a label refers to symbol {at} of {count}")]
    Missing { at: u32, count: usize },
    #[error("the references of its labels are no pairs")]
    Odd,
    #[error("{NOT_TEXT}")]
    NotText,
}

struct Reader<'a> {
    /// `None` for one that is not text.
    symbols: Vec<Option<&'a str>>,
    refs: Vec<u32>,
    labels: Vec<Label<'a>>,
    exemplars: Vec<Exemplar<'a>>,
}

impl<'a> Reader<'a> {
    fn series(&mut self, message: Message<'a>, writer: &mut Writer<'_>) -> Walk<()> {
        self.refs.clear();
        self.exemplars.clear();
        let (mut points, mut created, mut fault) = (0, 0, None);
        let mut description = Description::default();
        let mut rest = message;
        while let Some(field) = rest.next()? {
            match field.number {
                1 => field.repeated_varint(|symbol| self.refs.push(reference(symbol))).within("labels_refs")?,
                2 | 3 => points += 1,
                4 => match self.exemplar(field.message().within("exemplars")?).within("exemplars")? {
                    Ok(exemplar) => self.exemplars.push(exemplar),
                    Err(wrong) => fault = Some(wrong),
                },
                5 => description = self.metadata(field.message().within("metadata")?).within("metadata")?,
                6 => created = field.varint().within("created_timestamp")? as i64,
                _ => {}
            }
        }
        let mut labels = std::mem::take(&mut self.labels);
        labels.clear();
        let resolved = resolve(&self.symbols, &self.refs, &mut labels);
        if let Some(fault) = resolved.err().or(fault) {
            writer.refuse(points, &labels, &fault);
            self.labels = labels;
            return Ok(());
        }
        let mut rest = message;
        let added = writer.add(&labels, description, points, &self.exemplars, |out| {
            while let Some(field) = rest.next()? {
                let (mut times, point) = match field.number {
                    2 => sample(field.message().within("samples")?).within("samples")?,
                    3 => histogram::read(field.message().within("histograms")?, out).within("histograms")?,
                    _ => continue,
                };
                if times.start == 0 {
                    times.start = created;
                }
                return Ok(Some((times, point)));
            }
            Ok(None)
        });
        self.labels = labels;
        added
    }

    fn exemplar(&self, mut message: Message<'a>) -> Walk<Result<Exemplar<'a>, RefFault>> {
        let mut exemplar = Exemplar { labels: Vec::new(), value: 0.0, time: 0 };
        let mut refs = Vec::new();
        while let Some(field) = message.next()? {
            match field.number {
                1 => field.repeated_varint(|symbol| refs.push(reference(symbol))).within("labels_refs")?,
                2 => exemplar.value = field.double().within("value")?,
                3 => exemplar.time = field.varint().within("timestamp")? as i64,
                _ => {}
            }
        }
        Ok(resolve(&self.symbols, &refs, &mut exemplar.labels).map(|()| exemplar))
    }

    fn metadata(&self, mut message: Message<'_>) -> Walk<Description<'a>> {
        let (mut kind, mut help, mut unit) = (0, 0, 0);
        while let Some(field) = message.next()? {
            match field.number {
                1 => kind = field.varint().within("type")?,
                3 => help = field.varint().within("help_ref")?,
                4 => unit = field.varint().within("unit_ref")?,
                _ => {}
            }
        }
        let text = |symbol: u64| {
            let at = usize::try_from(symbol).ok().filter(|at| *at > 0)?;
            self.symbols.get(at).copied().flatten()
        };
        let (help, unit) = (text(help).unwrap_or_default(), text(unit).unwrap_or_default());
        // The number of an unknown type says as much as no metadata at all.
        let told = kind > 0 || !help.is_empty() || !unit.is_empty();
        Ok(Description { kind: MetricType::from_number(kind).filter(|_| told), help, unit }.cut())
    }
}

/// One beyond all symbols that there can be stays so.
fn reference(symbol: u64) -> u32 {
    u32::try_from(symbol).unwrap_or(u32::MAX)
}

/// Pairs of references as labels; up to the fault, if there is one.
fn resolve<'a>(symbols: &[Option<&'a str>], refs: &[u32], labels: &mut Vec<Label<'a>>) -> Result<(), RefFault> {
    let text = |at: u32| match symbols.get(at as usize) {
        Some(symbol) => symbol.ok_or(RefFault::NotText),
        None => Err(RefFault::Missing { at, count: symbols.len() }),
    };
    let (pairs, odd) = refs.as_chunks::<2>();
    for [name, value] in pairs {
        labels.push((text(*name)?, text(*value)?));
    }
    if odd.is_empty() { Ok(()) } else { Err(RefFault::Odd) }
}
