//! The part of a line between braces.

use std::borrow::Cow;
use std::collections::HashSet;

use super::cursor::{Cursor, Reason};
use super::{Family, Label, MetricType, Sample, normalize};

/// How strict a format is about the part between braces.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// Blanks may stand anywhere, and quoted text may go over lines.
    pub(super) blanks: bool,
    /// Most labels of a sample.
    pub(super) labels_max: usize,
}

/// Labels up to which every pair is compared; more are put in a set.
const PAIRS_MAX: usize = 16;

impl Dialect {
    pub(super) fn skip_blanks(self, cursor: &mut Cursor<'_>) {
        if self.blanks {
            cursor.skip_blanks();
        }
    }

    /// Name and labels of a sample, up to what follows them.
    pub(super) fn series<'b>(self, cursor: &mut Cursor<'b>, sample: &mut Sample<'b>) -> Result<(), Reason> {
        sample.labels.clear();
        let name = cursor.name(true);
        sample.name = Cow::Borrowed(name);
        self.skip_blanks(cursor);
        if cursor.peek() == Some(b'{') {
            let inside = self.labels(cursor, &mut sample.labels)?;
            match inside {
                Some(_) if !name.is_empty() => return Err("the name of the metric is told twice".into()),
                Some(inside) => sample.name = inside,
                None => {}
            }
        }
        if sample.name.is_empty() {
            return Err(if name.is_empty() && sample.labels.is_empty() {
                cursor.unexpected("the name of a metric")
            } else {
                "the sample has no name".into()
            });
        }
        Ok(())
    }

    /// Labels between braces; yields the name of a metric that is told among them.
    pub(super) fn labels<'b>(self, cursor: &mut Cursor<'b>, labels: &mut Vec<Label<'b>>) -> Result<Option<Cow<'b, str>>, Reason> {
        cursor.skip("{");
        let mut metric = None;
        loop {
            self.skip_blanks(cursor);
            if cursor.skip("}") {
                break;
            }
            let quotes = cursor.peek() == Some(b'"');
            let name = if quotes { self.quoted(cursor)? } else { Cow::Borrowed(cursor.name(false)) };
            if name.is_empty() {
                return Err(if quotes { "a name is empty".into() } else { cursor.unexpected("the name of a label") });
            }
            self.skip_blanks(cursor);
            if cursor.skip("=") {
                self.skip_blanks(cursor);
                let value = self.quoted(cursor)?;
                if labels.len() == self.labels_max {
                    return Err(format!("the sample has more than {} labels", self.labels_max).into());
                }
                labels.push(Label { name, value });
            } else if !quotes {
                return Err(cursor.unexpected("`=` after the name of a label"));
            } else if metric.replace(name).is_some() {
                return Err("the name of the metric is told twice".into());
            }
            self.skip_blanks(cursor);
            if !cursor.skip(",") && cursor.peek() != Some(b'}') {
                return Err(cursor.unexpected("`,` or `}`"));
            }
        }
        unique(labels)?;
        Ok(metric)
    }

    fn quoted<'b>(self, cursor: &mut Cursor<'b>) -> Result<Cow<'b, str>, Reason> {
        let start = *cursor;
        let text = cursor.quoted()?;
        let raw = &start.rest()[..cursor.at() - start.at()];
        if !self.blanks && raw.contains('\n') {
            return Err("a quoted text goes over the end of the line".into());
        }
        Ok(text)
    }
}

/// No name may be there twice.
pub(super) fn unique(labels: &[Label<'_>]) -> Result<(), Reason> {
    let twice = if labels.len() <= PAIRS_MAX {
        (1..labels.len()).find(|i| labels[..*i].iter().any(|other| other.name == labels[*i].name))
    } else {
        let mut seen = HashSet::with_capacity(labels.len());
        labels.iter().position(|label| !seen.insert(&*label.name))
    };
    let reserved = labels.iter().find(|label| label.name == "__name__");
    match (twice.and_then(|i| labels.get(i)), reserved) {
        (Some(label), _) => Err(format!("the label {:?} is there twice", label.name).into()),
        (None, Some(_)) => Err("the label \"__name__\" is there beside the name of the metric".into()),
        (None, None) => Ok(()),
    }
}

/// Writes the borders of buckets and quantiles in one way, so that `1` and `1.0` are one series.
pub(super) fn normalize_borders(family: &Family<'_>, sample: &mut Sample<'_>) {
    let border = match family.metric_type {
        MetricType::Histogram => "le",
        MetricType::Summary => "quantile",
        _ => return,
    };
    if let Some(label) = sample.labels.iter_mut().find(|label| label.name == border) {
        label.value = normalize(std::mem::take(&mut label.value));
    }
}
