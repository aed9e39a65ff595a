//! [`ToldRows`]: samples of series that are known, without their labels.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, RecordBatch, TimestampNanosecondArray, UInt32Array};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use luneta_model::{Batch, Tenant, Told};
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::known::Known;
use super::last::{LastSample, Stored};
use super::rows::{STALE_BITS, nanos};
use super::v1;
use crate::wire::Message;

/// Samples of known series.
#[derive(Debug, Default)]
pub(super) struct ToldRows {
    told: Told,
    origins: Vec<u32>,
    times: Vec<i64>,
    values: Vec<f64>,
    last: Stored,
}

/// A series of which nothing but labels and plain samples was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plain<'a> {
    /// The labels, as they were sent.
    labels: &'a [u8],
    samples: Message<'a>,
}

impl<'a> Plain<'a> {
    /// Splits a message `TimeSeries`; nothing when labels do not come first, as every sender has them.
    pub(super) fn of(series: Message<'a>) -> Option<Self> {
        let (mut rest, mut samples) = (series, None);
        while let Some(field) = rest.next().ok()? {
            match (field.number, samples) {
                (1, None) | (2, Some(_)) => {}
                (2, None) => samples = Some(field.offset()),
                _ => return None,
            }
        }
        let first = samples?;
        let labels = series.between(series.offset(), first).bytes();
        Some(Self { labels, samples: series.between(first, series.offset() + series.len()) })
    }

    /// Bytes of the labels.
    pub(super) fn label_bytes(&self) -> usize {
        self.labels.len()
    }

    /// A hash of the labels.
    pub(super) fn hash(&self, seed: u64) -> u128 {
        xxh3_128_with_seed(self.labels, seed)
    }
}

impl ToldRows {
    /// Adds the samples of a known series; returns how many were taken, those included that were stored before.
    /// Nothing, and none is added, when one of them is for who knows the labels: to be refused, or stored in
    /// another form.
    pub(super) fn add(&mut self, known: &Known, plain: &Plain<'_>, request: u64) -> Option<u64> {
        let before = self.times.len();
        let taken = self.samples(known.last.seen_by(request), plain);
        let Some((taken, last)) = taken else {
            self.times.truncate(before);
            self.values.truncate(before);
            return None;
        };
        let added = self.times.len() - before;
        if added > 0 {
            let origin = self.told.push(&known.part, known.row);
            self.origins.extend(std::iter::repeat_n(origin, added));
        }
        if let Some(last) = last.filter(|_| added > 0) {
            known.last.send(request, last);
            self.last.push((Arc::clone(&known.last), last));
        }
        Some(taken)
    }

    fn samples(&mut self, mut last: Option<LastSample>, plain: &Plain<'_>) -> Option<(u64, Option<LastSample>)> {
        let (mut rest, mut taken) = (plain.samples, 0);
        while let Some(field) = rest.next().ok()? {
            let (times, value) = v1::number(field.message().ok()?).ok()?;
            let this = LastSample { time: nanos(times.time)?, bits: value.to_bits() };
            taken += 1;
            match last {
                // Sent again, as senders do that got no answer.
                Some(last) if last == this => continue,
                Some(last) if last.time == this.time => return None,
                _ if this.bits == STALE_BITS || times.start != 0 => return None,
                _ => {}
            }
            self.times.push(this.time);
            self.values.push(value);
            if last.is_none_or(|last| last.time <= this.time) {
                last = Some(this);
            }
        }
        Some((taken, last))
    }

    /// The batch, if there is any, and what is to be noted once it is stored.
    pub(super) fn finish(self, tenant: Tenant) -> Result<(Option<Batch>, Stored), ArrowError> {
        if self.times.is_empty() {
            return Ok((None, self.last));
        }
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("origin", Arc::new(UInt32Array::from(self.origins)), false),
            ("time", Arc::new(TimestampNanosecondArray::from(self.times)), false),
            ("value_double", Arc::new(Float64Array::from(self.values)), true),
        ];
        let field = |(name, array, nullable): &(&str, ArrayRef, bool)| Field::new(*name, array.data_type().clone(), *nullable);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let rows = RecordBatch::try_new(schema, columns.into_iter().map(|(_, array, _)| array).collect())?;
        Ok((Some(Batch::of_told(tenant, rows, self.told)), self.last))
    }
}
