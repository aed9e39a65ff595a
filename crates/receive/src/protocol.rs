//! What a protocol says about itself, and the shape all decoders share.

use luneta_model::{Batch, Limits, Signal, Tenant};

use crate::{Reason, ReceiveError, TimeBounds};

/// One supported protocol; an entry of [`crate::PROTOCOLS`].
#[derive(Debug)]
pub struct Protocol {
    /// Name in metrics, configuration and `luneta.addresses.json`.
    pub name: &'static str,
    /// One line for the reference docs.
    pub doc: &'static str,
    /// Port it listens on unless told otherwise.
    pub port: u16,
    /// What it accepts there.
    pub routes: &'static [Route],
}

/// One path of a protocol.
#[derive(Debug)]
pub struct Route {
    /// Path, as sent by clients.
    pub path: &'static str,
    /// What arrives there.
    pub signal: Signal,
    /// Encodings understood.
    pub formats: &'static [Format],
}

/// One encoding of a route.
#[derive(Debug)]
pub struct Format {
    /// Short name; also the ending of its fixtures.
    pub name: &'static str,
    /// Content type without parameters.
    pub content_type: &'static str,
    /// The decoder.
    pub decode: DecodeFn,
}

/// A decoder: bytes to rows, without IO. It never panics.
pub type DecodeFn = fn(&[u8], Tenant, &DecodeOptions) -> Result<Decoded, ReceiveError>;

/// What a decoder needs to know besides the bytes.
#[derive(Debug, Clone, Copy)]
pub struct DecodeOptions {
    /// Bounds per item.
    pub limits: Limits,
    /// Nanoseconds since 1970; stands in for times that were not sent.
    pub now: i64,
    /// Bytes the rows of one request may take in memory. Small messages can otherwise name one
    /// large resource or metric for millions of rows.
    pub expanded_bytes_max: usize,
    /// How far from `now` the times of log records may be.
    pub times: TimeBounds,
}

impl DecodeOptions {
    /// Default bounds at a given time.
    pub fn at(now: i64) -> Self {
        Self { limits: Limits::default(), now, expanded_bytes_max: 256 * 1024 * 1024, times: TimeBounds::default() }
    }
}

/// What a decoder made of a request.
#[derive(Debug)]
pub struct Decoded {
    /// The rows kept.
    pub batch: Batch,
    /// What was not kept, or not as sent.
    pub tally: Tally,
}

/// Items left out and values repaired, counted by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    rejected: Vec<(Reason, u64)>,
    warned: Vec<(Reason, u64)>,
}

impl Tally {
    /// Counts an item that was left out.
    pub fn reject(&mut self, reason: Reason) {
        add(&mut self.rejected, reason, 1);
    }

    /// Counts items that were left out for the same reason.
    pub fn reject_many(&mut self, reason: Reason, items: u64) {
        add(&mut self.rejected, reason, items);
    }

    /// Counts a value that was changed while its item was kept.
    pub fn warn(&mut self, reason: Reason) {
        add(&mut self.warned, reason, 1);
    }

    /// Items left out, by reason.
    pub fn rejected(&self) -> &[(Reason, u64)] {
        &self.rejected
    }

    /// Values repaired, by reason.
    pub fn warned(&self) -> &[(Reason, u64)] {
        &self.warned
    }

    /// Items left out in all.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.iter().map(|(_, n)| n).sum()
    }

    /// A sentence for the sender, `None` when everything was kept as sent.
    pub fn message(&self, items: &str) -> Option<String> {
        let mut parts = Vec::new();
        for (reason, n) in &self.rejected {
            parts.push(format!("{n} {items} rejected: {} ({reason})", reason.explanation()));
        }
        for (reason, n) in &self.warned {
            parts.push(format!("{n} values changed: {} ({reason})", reason.explanation()));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

fn add(counts: &mut Vec<(Reason, u64)>, reason: Reason, items: u64) {
    match counts.iter_mut().find(|(r, _)| *r == reason) {
        Some((_, n)) => *n += items,
        None => counts.push((reason, items)),
    }
}
