//! Series by the labels of entries, found without building label sets.

use std::collections::HashMap;
use std::hash::Hasher as _;

use luneta_promql::Labels;
use twox_hash::XxHash64;

use super::leaf::SeriesLabels;
use crate::pipeline::LabelBuffer;

/// Numbers of series, in the order they were first seen.
#[derive(Default)]
pub(super) struct SeriesIndex {
    by_hash: HashMap<u64, Vec<u32>>,
    labels: Vec<Labels>,
    /// The last plain stream, whose series is known.
    last: Option<(Labels, u32)>,
}

fn hash(name: &str, value: &str) -> u64 {
    let mut hasher = XxHash64::with_seed(0);
    hasher.write(name.as_bytes());
    hasher.write_u8(0xff);
    hasher.write(value.as_bytes());
    hasher.finish()
}

/// Visits the labels of an entry that its series has.
fn each_kept(buffer: &LabelBuffer, kept: &SeriesLabels, mut visit: impl FnMut(&str, &str)) {
    match kept {
        SeriesLabels::Nothing => {}
        SeriesLabels::By(names) => {
            for name in names {
                let value = buffer.get(name).unwrap_or_default();
                if !value.is_empty() {
                    visit(name, value);
                }
            }
        }
        SeriesLabels::All | SeriesLabels::Without(_) => {
            let dropped: &[String] = if let SeriesLabels::Without(names) = kept { names } else { &[] };
            buffer.each(|name, value, _| {
                if !value.is_empty() && !dropped.iter().any(|dropped| dropped == name) {
                    visit(name, value);
                }
            });
        }
    }
}

impl SeriesIndex {
    /// The series of an entry's labels, and whether it is new.
    pub fn find(&mut self, stream: &Labels, buffer: &LabelBuffer, kept: &SeriesLabels) -> (usize, bool) {
        let is_plain = buffer.is_plain();
        if let Some((last, number)) = self.last.as_ref().filter(|_| is_plain)
            && last == stream
        {
            return (*number as usize, false);
        }
        // A sum of hashes does not depend on the order in which labels are visited.
        let (mut key, mut count) = (0_u64, 0_usize);
        each_kept(buffer, kept, |name, value| {
            key = key.wrapping_add(hash(name, value));
            count += 1;
        });
        let known = self.by_hash.entry(key).or_default();
        let found = known.iter().copied().find(|number| {
            let labels = &self.labels[*number as usize];
            let mut same = labels.len() == count;
            each_kept(buffer, kept, |name, value| same &= labels.get(name) == value);
            same
        });
        let number = found.unwrap_or(self.labels.len() as u32);
        if found.is_none() {
            known.push(number);
            let mut pairs: Vec<(String, String)> = Vec::with_capacity(count);
            each_kept(buffer, kept, |name, value| pairs.push((name.to_owned(), value.to_owned())));
            self.labels.push(Labels::new(pairs));
        }
        if is_plain {
            self.last = Some((stream.clone(), number));
        }
        (number as usize, found.is_none())
    }

    /// The series of a set of labels, and whether it is new.
    pub fn of_labels(&mut self, labels: &Labels) -> (usize, bool) {
        let key = labels.iter().fold(0_u64, |key, (name, value)| key.wrapping_add(hash(name, value)));
        let known = self.by_hash.entry(key).or_default();
        if let Some(number) = known.iter().copied().find(|number| self.labels[*number as usize] == *labels) {
            return (number as usize, false);
        }
        known.push(self.labels.len() as u32);
        self.labels.push(labels.clone());
        (self.labels.len() - 1, true)
    }

    pub fn into_labels(self) -> Vec<Labels> {
        self.labels
    }
}
