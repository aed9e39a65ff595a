//! The text format, versions 0.0.4 and 1.0.0.

use std::borrow::Cow;

use super::cursor::{Cursor, Reason, help};
use super::labels::{Dialect, normalize_borders};
use super::number::double;
use super::{Entry, ExpositionError, ExpositionOptions, Family, MetricType, Sample, SampleValue};

/// Reads a body.
pub(super) fn parse<'b>(
    text: &'b str,
    options: &ExpositionOptions,
    mut take: impl FnMut(Entry<'_, 'b>),
) -> Result<(), ExpositionError> {
    let dialect = Dialect { blanks: true, labels_max: options.labels_max };
    let mut reader = TextReader { cursor: Cursor::new(text), dialect, families: Families::default(), samples: 0 };
    let mut sample = Sample::default();
    while !reader.cursor.rest().is_empty() {
        // A fault is told of the line it is in.
        let result = reader.line(&mut sample, options.samples_max, &mut take);
        result.map_err(|reason| reader.cursor.locate(reason))?;
    }
    reader.families.end(&mut take);
    Ok(())
}

struct TextReader<'b> {
    cursor: Cursor<'b>,
    dialect: Dialect,
    families: Families<'b>,
    samples: usize,
}

impl<'b> TextReader<'b> {
    fn line(&mut self, sample: &mut Sample<'b>, samples_max: usize, take: &mut impl FnMut(Entry<'_, 'b>)) -> Result<(), Reason> {
        self.cursor.skip_blanks();
        match self.cursor.peek() {
            None => return Ok(()),
            Some(b'\n') => {}
            Some(b'#') => self.comment(take)?,
            Some(_) => {
                self.samples += 1;
                if self.samples > samples_max {
                    return Err(format!("there are more than {samples_max} samples").into());
                }
                self.sample(sample)?;
                let family = self.families.of(sample, take);
                normalize_borders(family, sample);
                take(Entry::Sample(family, sample));
            }
        }
        match self.cursor.peek() {
            None => Ok(()),
            Some(b'\n') => {
                self.cursor.line();
                Ok(())
            }
            Some(_) => Err(self.cursor.unexpected("the end of the line")),
        }
    }

    /// A line that begins with `#`, up to its line break.
    fn comment(&mut self, take: &mut impl FnMut(Entry<'_, 'b>)) -> Result<(), Reason> {
        let start = self.cursor;
        self.cursor.skip("#");
        let keyword = if self.cursor.skip_blanks() { self.cursor.word() } else { "" };
        if !matches!(keyword, "HELP" | "TYPE") || !self.cursor.skip_blanks() {
            self.cursor = start;
            self.skip_to_line_end();
            return Ok(());
        }
        let name = if self.cursor.peek() == Some(b'"') { self.cursor.quoted()? } else { Cow::Borrowed(self.cursor.name(true)) };
        if name.is_empty() {
            return Err(self.cursor.unexpected("the name of a metric"));
        }
        let blank = self.cursor.skip_blanks();
        if !blank && !matches!(self.cursor.peek(), None | Some(b'\n')) {
            return Err(self.cursor.unexpected("a blank after the name of a metric"));
        }
        let text = self.skip_to_line_end();
        let family = self.families.begin(name, take);
        if keyword == "HELP" {
            family.help = help(text, false);
        } else {
            family.metric_type = metric_type(text.trim_end_matches([' ', '\t']))?;
        }
        Ok(())
    }

    fn skip_to_line_end(&mut self) -> &'b str {
        let mut ahead = self.cursor;
        let line = ahead.line();
        self.cursor.skip(line);
        line
    }

    fn sample(&mut self, sample: &mut Sample<'b>) -> Result<(), Reason> {
        self.dialect.series(&mut self.cursor, sample)?;
        self.cursor.skip_blanks();
        let word = self.cursor.word();
        if word.is_empty() {
            return Err(self.cursor.unexpected("a value"));
        }
        let value = double(word).ok_or_else(|| Reason::from(format!("the value {word:?} is no number")))?;
        sample.value = SampleValue::Number(value);
        self.cursor.skip_blanks();
        let word = self.cursor.word();
        sample.time_ms = match word {
            "" => None,
            word => Some(word.parse().map_err(|_| format!("the time {word:?} is no whole number of milliseconds"))?),
        };
        self.cursor.skip_blanks();
        Ok(())
    }
}

fn metric_type(word: &str) -> Result<MetricType, Reason> {
    Ok(match word {
        "counter" => MetricType::Counter,
        "gauge" => MetricType::Gauge,
        "histogram" => MetricType::Histogram,
        "summary" => MetricType::Summary,
        "untyped" | "unknown" => MetricType::Unknown,
        _ => return Err(format!("the type {word:?} is none of counter, gauge, histogram, summary, untyped").into()),
    })
}

/// The family at hand.
#[derive(Debug, Default)]
pub(super) struct Families<'b> {
    described: Family<'b>,
    /// Of the last sample that nothing was told of.
    nameless: Family<'b>,
}

impl<'b> Families<'b> {
    /// The family of this name, which begins unless it is the one at hand.
    pub(super) fn begin(&mut self, name: Cow<'b, str>, take: &mut impl FnMut(Entry<'_, 'b>)) -> &mut Family<'b> {
        if self.described.name != name {
            self.end(take);
            self.described = Family { name, ..Family::default() };
        }
        &mut self.described
    }

    /// The family a sample is of. One that is not of the family at hand ends it.
    pub(super) fn of(&mut self, sample: &Sample<'b>, take: &mut impl FnMut(Entry<'_, 'b>)) -> &Family<'b> {
        if self.described.owns(&sample.name) {
            return &self.described;
        }
        self.end(take);
        if self.nameless.name != sample.name {
            self.nameless = Family { name: sample.name.clone(), ..Family::default() };
        }
        &self.nameless
    }

    /// Hands the family at hand over.
    pub(super) fn end(&mut self, take: &mut impl FnMut(Entry<'_, 'b>)) {
        let family = std::mem::take(&mut self.described);
        if !family.name.is_empty() {
            take(Entry::Family(&family));
        }
    }
}
