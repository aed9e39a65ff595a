//! How often messages of a kind were logged: table `log_patterns`.

mod template;
mod widen;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{Int32Type, TimestampNanosecondType};
use foldhash::fast::FixedState;

use super::rows::{interval_of, times};
use crate::memtable::{MemoryBatch, OriginColumns};

/// What patterns beyond the bound are called together.
const OTHER: &str = "(other)";
/// Bytes of a message shown as an example.
const SAMPLE_BYTES_MAX: usize = 300;
/// Severities told apart: none, and OTLP's six ranges of four.
const BANDS: [i32; 7] = [0, 1, 5, 9, 13, 17, 21];

/// Messages of one template, service and range of severity.
#[derive(Debug)]
struct Pattern<'a> {
    service: Option<&'a str>,
    severity: i32,
    text: String,
    sample: &'a str,
    /// In order of their first record.
    intervals: Vec<Interval>,
}

#[derive(Debug, Clone, Copy)]
struct Interval {
    time: i64,
    count: i64,
    first: i64,
    last: i64,
}

/// Patterns of log records.
#[derive(Debug)]
pub(super) struct Patterns<'a> {
    /// By template, service and severity.
    numbers: HashMap<u64, u32, FixedState>,
    all: Vec<Pattern<'a>>,
    services: HashMap<Option<&'a str>, (u32, usize), FixedState>,
    /// Patterns of each service at most.
    max: usize,
}

/// Log records of one batch.
struct Logs<'a> {
    time: &'a [i64],
    severity: Option<&'a Int32Array>,
    body: &'a StringArray,
}

impl<'a> Logs<'a> {
    /// `None` when no record of the batch has a body.
    fn of(batch: &'a MemoryBatch) -> Option<Self> {
        let column = |name: &str| batch.rows.column_by_name(name);
        Some(Self {
            time: column("time")?.as_primitive_opt::<TimestampNanosecondType>()?.values(),
            severity: column("severity_number").and_then(|c| c.as_primitive_opt::<Int32Type>()),
            body: column("body")?.as_string_opt()?,
        })
    }
}

/// What a message was counted as, told from its text alone.
#[derive(Debug)]
pub(crate) struct Template(String);

impl Template {
    /// Messages with the same have the same template.
    pub(crate) fn hash_of_message(message: &str) -> u64 {
        template::hash(message)
    }

    /// The template of a message.
    pub(crate) fn of(message: &str) -> Self {
        Self(template::write(message))
    }

    /// Its text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a pattern is that of those beyond the bound.
    pub(crate) fn is_other(pattern: &str) -> bool {
        pattern == OTHER
    }

    /// Whether words of a pattern are masked.
    pub(crate) fn is_wide(pattern: &str) -> bool {
        widen::is_wide(pattern)
    }

    /// Whether a pattern is this one with words masked.
    pub(crate) fn is_widened_to(&self, pattern: &str) -> bool {
        widen::is_widened(&self.0, pattern)
    }
}

/// The severity that stands for a range of them.
pub(crate) fn severity_of(severity: i32) -> i32 {
    BANDS[band(severity)]
}

impl<'a> Patterns<'a> {
    /// At most `max` patterns of each service are told apart.
    pub(super) fn new(max: usize) -> Self {
        Self { numbers: HashMap::default(), all: Vec::new(), services: HashMap::default(), max }
    }

    /// Counts the records of batches that share origins.
    pub(super) fn add(&mut self, batches: &'a [Arc<MemoryBatch>], origins: &'a OriginColumns) {
        let services = origins.fields.iter().position(|field| field.name() == "service_name");
        let services = services.and_then(|at| origins.arrays[at].as_string_opt::<i32>());
        let of_origin: Vec<(u32, Option<&'a str>)> = (0..origins.len)
            .map(|origin| {
                let name = services.filter(|names| names.is_valid(origin)).map(|names| names.value(origin));
                let next = self.services.len() as u32;
                (self.services.entry(name).or_insert((next, 0)).0, name)
            })
            .collect();
        for batch in batches {
            let Some(logs) = Logs::of(batch) else { continue };
            for (row, origin) in batch.origin.iter().enumerate().filter(|(row, _)| logs.body.is_valid(*row)) {
                let (service, name) = of_origin[*origin as usize];
                let severity = logs.severity.filter(|s| s.is_valid(row)).map_or(0, |s| s.value(row));
                self.count(logs.body.value(row), logs.time[row], band(severity), service, name);
            }
        }
    }

    fn count(&mut self, body: &'a str, time: i64, band: usize, service: u32, name: Option<&'a str>) {
        let place = (u64::from(service) << 3 | band as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let key = template::hash(body) ^ place;
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => self.number(key, place, body, band, name),
        };
        self.all[number as usize].add(time);
    }

    /// The number of a pattern that was not met before.
    fn number(&mut self, key: u64, place: u64, body: &'a str, band: usize, service: Option<&'a str>) -> u32 {
        let next = self.all.len() as u32;
        let known = self.services.get_mut(&service).map_or(0, |(_, patterns)| {
            *patterns += 1;
            *patterns
        });
        let text = if known > self.max {
            // One key for all that are too many; nothing is remembered of the others.
            if let Some(number) = self.numbers.get(&place) {
                return *number;
            }
            self.numbers.insert(place, next);
            OTHER.to_owned()
        } else {
            self.numbers.insert(key, next);
            template::write(body)
        };
        self.all.push(Pattern { service, severity: BANDS[band], text, sample: example_of(body), intervals: Vec::new() });
        next
    }

    /// The columns of the table.
    pub(super) fn columns(self) -> Vec<ArrayRef> {
        let all = widen::widen(self.all);
        let ids: Vec<String> = all.iter().map(|pattern| template::id(&pattern.text)).collect();
        let mut rows: Vec<(usize, &Pattern<'_>, Interval, bool)> = Vec::new();
        for (at, pattern) in all.iter().enumerate() {
            rows.extend(pattern.intervals.iter().enumerate().map(|(i, interval)| (at, pattern, *interval, i == 0)));
        }
        rows.sort_unstable_by_key(|(at, pattern, interval, _)| (pattern.service, interval.time, pattern.severity, *at));
        let number = |of: fn(&Interval) -> i64| times(rows.iter().map(|(.., interval, _)| of(interval)));
        vec![
            number(|interval| interval.time),
            Arc::new(rows.iter().map(|(_, pattern, ..)| pattern.service).collect::<StringArray>()),
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|(_, pattern, ..)| pattern.severity))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(at, ..)| &ids[*at]))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, pattern, ..)| &pattern.text))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(.., interval, _)| interval.count))),
            number(|interval| interval.first),
            number(|interval| interval.last),
            // An example is enough.
            Arc::new(rows.iter().map(|(_, pattern, _, first)| first.then_some(pattern.sample)).collect::<StringArray>()),
        ]
    }
}

impl Pattern<'_> {
    fn add(&mut self, time: i64) {
        let start = interval_of(time);
        // Records come about in the order of their times.
        let known = self.intervals.iter_mut().rev().find(|interval| interval.time == start);
        match known {
            Some(interval) => {
                interval.count += 1;
                interval.first = interval.first.min(time);
                interval.last = interval.last.max(time);
            }
            None => self.intervals.push(Interval { time: start, count: 1, first: time, last: time }),
        }
    }

    /// Takes in what another was counted.
    fn take(&mut self, other: &Self) {
        for interval in &other.intervals {
            match self.intervals.iter_mut().find(|known| known.time == interval.time) {
                Some(known) => {
                    known.count += interval.count;
                    known.first = known.first.min(interval.first);
                    known.last = known.last.max(interval.last);
                }
                None => self.intervals.push(*interval),
            }
        }
    }
}

/// The place of a severity in [`BANDS`].
fn band(severity: i32) -> usize {
    BANDS.iter().rposition(|low| severity >= *low).unwrap_or(0)
}

/// What is shown of a message as an example: its beginning.
pub(crate) fn example_of(body: &str) -> &str {
    let mut end = body.len().min(SAMPLE_BYTES_MAX);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    &body[..end]
}

#[cfg(test)]
mod tests;
