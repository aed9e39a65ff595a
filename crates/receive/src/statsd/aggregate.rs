//! Adds up what arrives until it is written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use super::event::Record;
use super::histogram::{self, Histogram};
use super::key;
use super::line::{Kind, Metric};
use crate::{Reason, Tally};

/// Settings of StatsD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long measurements are added up before they are written.
    pub flush_interval: Duration,
    /// Series kept at one time. Their names, tags and values may take a kibibyte each, on average.
    pub series_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { flush_interval: Duration::from_secs(10), series_max: 100_000 }
    }
}

/// Bytes per series, on average.
const SERIES_BYTES: usize = 1024;
/// What a series takes besides its key and its histogram.
const ENTRY_BYTES: usize = 96;
/// What a string of a set takes.
const MEMBER_BYTES: usize = 16;
/// Bytes of events and service checks that wait to be written.
const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A gauge that was not set for so long is forgotten.
const GAUGE_AGE_MAX: i64 = 3600 * 1_000_000_000;

/// What a series has come to in this interval.
#[derive(Debug)]
pub(super) enum Series {
    /// The sum.
    Counter(f64),
    /// The value, and when it was set last, in nanoseconds since 1970.
    Gauge(f64, i64),
    Distribution(Box<Histogram>),
    /// Hashes of the strings.
    Set(HashSet<u64>),
}

/// Everything of one interval.
#[derive(Debug, Default)]
pub(super) struct Interval {
    /// From when to when, in nanoseconds since 1970.
    pub(super) start: i64,
    pub(super) end: i64,
    pub(super) series: HashMap<Box<[u8]>, Series>,
    /// Names of counters of which a negative value has come.
    pub(super) negative: Arc<HashSet<Box<str>>>,
    pub(super) records: Vec<Record>,
    /// What was left out of the metrics, and of the records.
    pub(super) metrics_tally: Tally,
    pub(super) records_tally: Tally,
}

/// The series of the interval under way.
#[derive(Debug)]
pub(super) struct Aggregator {
    settings: Settings,
    current: Interval,
    /// Bytes the series take.
    bytes: usize,
    record_bytes: usize,
    key: Vec<u8>,
    hasher: std::hash::RandomState,
}

impl Aggregator {
    pub(super) fn new(settings: Settings, now: i64) -> Self {
        let current = Interval { start: now, ..Interval::default() };
        Self { settings, current, bytes: 0, record_bytes: 0, key: Vec::new(), hasher: std::hash::RandomState::new() }
    }

    /// Takes lines. One that is broken is counted and costs the others nothing.
    pub(super) fn add(&mut self, bytes: &[u8], now: i64) {
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                self.line(line, now);
            }
        }
    }

    fn line(&mut self, line: &[u8], now: i64) {
        let text = String::from_utf8_lossy(line);
        let repaired = matches!(text, Cow::Owned(_));
        let (tally, taken);
        if text.starts_with("_e{") || text.starts_with("_sc|") {
            taken = self.record(&text, now);
            tally = &mut self.current.records_tally;
        } else {
            taken = Metric::read(&text).ok_or(Reason::Malformed).and_then(|metric| self.metric(&metric, now));
            tally = &mut self.current.metrics_tally;
        }
        match taken {
            Err(reason) => tally.reject(reason),
            Ok(()) if repaired => tally.warn(Reason::InvalidUtf8),
            Ok(()) => {}
        }
    }

    /// Counts a line that was too long to be read.
    pub(super) fn too_long(&mut self) {
        self.current.metrics_tally.reject(Reason::BodyTooLarge);
    }

    fn record(&mut self, line: &str, now: i64) -> Result<(), Reason> {
        let mut record = Record::read(line).ok_or(Reason::Malformed)?;
        record.received = now;
        let bytes = self.record_bytes + record.bytes();
        if bytes > RECORD_BYTES_MAX {
            return Err(Reason::Busy);
        }
        self.record_bytes = bytes;
        self.current.records.push(record);
        Ok(())
    }

    fn metric(&mut self, metric: &Metric<'_>, now: i64) -> Result<(), Reason> {
        key::write(metric, &mut self.key);
        let bytes_max = self.settings.series_max.saturating_mul(SERIES_BYTES);
        if !self.current.series.contains_key(self.key.as_slice()) {
            let bytes = self.bytes + self.key.len() + first_bytes(metric.kind);
            if self.current.series.len() >= self.settings.series_max || bytes > bytes_max {
                return Err(Reason::Busy);
            }
            self.bytes = bytes;
            self.current.series.insert(self.key.as_slice().into(), first(metric.kind));
        }
        let Some(series) = self.current.series.get_mut(self.key.as_slice()) else { return Err(Reason::Internal) };
        match series {
            Series::Counter(sum) => {
                let mut negative = false;
                for value in metric.numbers().flatten() {
                    negative |= value.number < 0.0;
                    *sum += value.number * metric.weight;
                }
                if negative {
                    remember(&mut self.current.negative, metric.name, self.settings.series_max);
                }
            }
            Series::Gauge(level, set_at) => {
                for value in metric.numbers().flatten() {
                    *level = if value.relative { *level + value.number } else { value.number };
                }
                *set_at = now;
            }
            Series::Distribution(histogram) => {
                for value in metric.numbers().flatten() {
                    histogram.record(value.number, metric.weight);
                }
            }
            Series::Set(members) => {
                let hash = self.hasher.hash_one(metric.string());
                if self.bytes + MEMBER_BYTES > bytes_max && !members.contains(&hash) {
                    return Err(Reason::Busy);
                }
                if members.insert(hash) {
                    self.bytes += MEMBER_BYTES;
                }
            }
        }
        Ok(())
    }

    /// Ends the interval. Gauges stay, for those that come relative to them.
    pub(super) fn take(&mut self, now: i64) -> Interval {
        let mut next = Interval { start: now, ..Interval::default() };
        self.bytes = 0;
        self.record_bytes = 0;
        for (key, series) in &self.current.series {
            let Series::Gauge(level, set_at) = series else { continue };
            // One that has a time of its own is of that time only.
            let lasting = key::Key::read(key).is_some_and(|key| key.seconds == 0);
            if lasting && now.saturating_sub(*set_at) < GAUGE_AGE_MAX {
                self.bytes += key.len() + ENTRY_BYTES;
                next.series.insert(key.clone(), Series::Gauge(*level, *set_at));
            }
        }
        next.negative = Arc::clone(&self.current.negative);
        let mut taken = std::mem::replace(&mut self.current, next);
        taken.end = now;
        taken
    }
}

fn first(kind: Kind) -> Series {
    match kind {
        Kind::Counter => Series::Counter(0.0),
        Kind::Gauge => Series::Gauge(0.0, 0),
        Kind::Timer | Kind::Histogram => Series::Distribution(Box::default()),
        Kind::Set => Series::Set(HashSet::new()),
    }
}

fn first_bytes(kind: Kind) -> usize {
    match kind {
        Kind::Timer | Kind::Histogram => ENTRY_BYTES + histogram::BYTES_MAX,
        Kind::Counter | Kind::Gauge | Kind::Set => ENTRY_BYTES,
    }
}

/// Counters of one name must not change between those that may fall and those that may not: their
/// name in PromQL would change with it.
fn remember(negative: &mut Arc<HashSet<Box<str>>>, name: &str, max: usize) {
    if negative.len() < max && !negative.contains(name) {
        Arc::make_mut(negative).insert(name.into());
    }
}
