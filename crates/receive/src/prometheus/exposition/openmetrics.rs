//! OpenMetrics, version 1.0.0.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use memchr::memmem;

use super::cursor::{Cursor, Reason, help};
use super::labels::{Dialect, normalize_borders};
use super::number::{double, seconds};
use super::text::Families;
use super::{Entry, Exemplar, ExpositionError, ExpositionOptions, Family, Label, MetricType, Sample, SampleValue};

/// Reads a body.
pub(super) fn parse<'b>(
    text: &'b str,
    options: &ExpositionOptions,
    mut take: impl FnMut(Entry<'_, 'b>),
) -> Result<(), ExpositionError> {
    let mut reader = OpenMetricsReader {
        cursor: Cursor::new(text),
        dialect: Dialect { blanks: false, labels_max: options.labels_max },
        families: Families::default(),
        created: Created::default(),
        samples: 0,
    };
    let mut sample = Sample::default();
    loop {
        let end = reader.line(&mut sample, options.samples_max, &mut take).map_err(|reason| reader.cursor.locate(reason))?;
        if end {
            break;
        }
    }
    reader.families.end(&mut take);
    Ok(())
}

struct OpenMetricsReader<'b> {
    cursor: Cursor<'b>,
    dialect: Dialect,
    families: Families<'b>,
    created: Created,
    samples: usize,
}

impl<'b> OpenMetricsReader<'b> {
    /// Reads a line; whether it was the last.
    fn line(
        &mut self,
        sample: &mut Sample<'b>,
        samples_max: usize,
        take: &mut impl FnMut(Entry<'_, 'b>),
    ) -> Result<bool, Reason> {
        match self.cursor.peek() {
            None => return Err("the text does not end with `# EOF`".into()),
            Some(b'#') if self.comment(take)? => return Ok(true),
            Some(b'#') => {}
            Some(_) => {
                self.samples += 1;
                if self.samples > samples_max {
                    return Err(format!("there are more than {samples_max} samples").into());
                }
                let start = self.cursor;
                self.sample(sample)?;
                let family = self.families.of(sample, take);
                sample.created_ms = self.created.of(family, sample, start, self.dialect);
                normalize_borders(family, sample);
                take(Entry::Sample(family, sample));
            }
        }
        if self.cursor.skip("\n") {
            return Ok(false);
        }
        Err(self.cursor.unexpected("the end of the line"))
    }

    /// A line that begins with `#`, up to its line break; whether it was `# EOF`.
    fn comment(&mut self, take: &mut impl FnMut(Entry<'_, 'b>)) -> Result<bool, Reason> {
        if self.cursor.skip("# EOF") {
            self.cursor.skip("\n");
            return match self.cursor.peek() {
                None => Ok(true),
                Some(_) => Err("there is text after `# EOF`".into()),
            };
        }
        let keywords = ["# HELP ", "# TYPE ", "# UNIT "];
        let Some(keyword) = keywords.into_iter().find(|keyword| self.cursor.skip(keyword)) else {
            return Err("a comment is none of `# HELP`, `# TYPE`, `# UNIT` and `# EOF`".into());
        };
        let name = if self.cursor.peek() == Some(b'"') { self.cursor.quoted()? } else { Cow::Borrowed(self.cursor.name(true)) };
        if name.is_empty() {
            return Err(self.cursor.unexpected("the name of a metric"));
        }
        if !self.cursor.skip(" ") {
            return Err(self.cursor.unexpected("a space after the name of a metric"));
        }
        let mut ahead = self.cursor;
        let text = ahead.line();
        let family = self.families.begin(name, take);
        match keyword {
            "# HELP " => family.help = help(text, true),
            "# TYPE " => family.metric_type = metric_type(text)?,
            _ => family.unit = unit(&family.name, text)?,
        }
        self.created.forget();
        self.cursor.skip(text);
        Ok(false)
    }

    fn sample(&mut self, sample: &mut Sample<'b>) -> Result<(), Reason> {
        self.dialect.series(&mut self.cursor, sample)?;
        sample.value = SampleValue::Number(self.number("a value")?);
        sample.time_ms = self.time()?;
        sample.exemplars.clear();
        if self.cursor.skip(" # ") {
            if self.cursor.peek() != Some(b'{') {
                return Err(self.cursor.unexpected("`{` of an exemplar"));
            }
            let mut labels = Vec::new();
            if self.dialect.labels(&mut self.cursor, &mut labels)?.is_some() {
                return Err("an exemplar has a name".into());
            }
            let value = self.number("the value of an exemplar")?;
            sample.exemplars.push(Exemplar { labels, value, time_ms: self.time()? });
        }
        Ok(())
    }

    fn number(&mut self, what: &str) -> Result<f64, Reason> {
        let word = if self.cursor.skip(" ") { self.cursor.word() } else { "" };
        if word.is_empty() {
            return Err(self.cursor.unexpected(what));
        }
        double(word).ok_or_else(|| format!("{what} {word:?} is no number").into())
    }

    fn time(&mut self) -> Result<Option<i64>, Reason> {
        let rest = self.cursor.rest();
        if !rest.starts_with(' ') || rest.starts_with(" # ") {
            return Ok(None);
        }
        self.cursor.skip(" ");
        let word = self.cursor.word();
        seconds(word).map(Some).ok_or_else(|| format!("the time {word:?} is no number of seconds").into())
    }
}

fn metric_type(word: &str) -> Result<MetricType, Reason> {
    Ok(match word {
        "counter" => MetricType::Counter,
        "gauge" => MetricType::Gauge,
        "histogram" => MetricType::Histogram,
        "gaugehistogram" => MetricType::GaugeHistogram,
        "summary" => MetricType::Summary,
        "info" => MetricType::Info,
        "stateset" => MetricType::StateSet,
        "unknown" => MetricType::Unknown,
        _ => return Err(format!("the type {word:?} is none of OpenMetrics").into()),
    })
}

fn unit<'b>(name: &str, unit: &'b str) -> Result<Cow<'b, str>, Reason> {
    if unit.is_empty() || name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_')) {
        return Ok(Cow::Borrowed(unit));
    }
    Err(format!("the name of the metric {name:?} does not end with its unit {unit:?}").into())
}

/// When the series of the family at hand began. The sample that tells follows those it tells of, so
/// the lines of a family are looked through once before its first sample is handed over.
#[derive(Debug, Default)]
struct Created {
    looked: bool,
    by_labels: HashMap<u64, i64>,
    /// Keys of the map; its own hasher is of no use to others.
    hasher: RandomState,
}

impl Created {
    fn forget(&mut self) {
        self.looked = false;
        self.by_labels.clear();
    }

    fn of<'b>(&mut self, family: &Family<'b>, sample: &Sample<'b>, start: Cursor<'b>, dialect: Dialect) -> Option<i64> {
        if !matches!(family.metric_type, MetricType::Counter | MetricType::Histogram | MetricType::Summary) {
            return None;
        }
        if !self.looked {
            self.looked = true;
            self.look(family, start, dialect);
        }
        if self.by_labels.is_empty() || sample.name.ends_with("_created") {
            return None;
        }
        self.by_labels.get(&self.key(&sample.labels)).copied()
    }

    /// Reads the lines that tell, up to the next comment. Faults in them are found again later.
    fn look<'b>(&mut self, family: &Family<'b>, mut at: Cursor<'b>, dialect: Dialect) {
        let rest = at.rest();
        let end = memmem::find(rest.as_bytes(), b"\n#").map_or(rest.len(), |end| end + 1);
        let lines = &rest[..end];
        if memmem::find(lines.as_bytes(), b"_created").is_none() {
            return;
        }
        let stop = at.at() + end;
        let mut sample = Sample::default();
        while at.at() < stop {
            let mut line = at;
            at.line();
            let tells = dialect.series(&mut line, &mut sample).is_ok()
                && sample.name.strip_prefix(&*family.name).is_some_and(|ending| ending == "_created");
            if tells && let Some(ms) = line.skip(" ").then(|| seconds(line.word())).flatten() {
                self.by_labels.insert(self.key(&sample.labels), ms);
            }
        }
    }

    /// The labels but those of buckets and quantiles, in any order.
    fn key(&self, labels: &[Label<'_>]) -> u64 {
        let own = labels.iter().filter(|label| !matches!(&*label.name, "le" | "quantile"));
        own.fold(0, |sum, label| sum.wrapping_add(self.hasher.hash_one((&*label.name, &*label.value))))
    }
}
