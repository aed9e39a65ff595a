//! The decoders of this protocol, as functions of bytes and options.

use std::borrow::Cow;

use luneta_model::{Batch, Tenant};

use super::line::{Line, LineFault, Lines};
use super::precision::Precision;
use super::rows::Rows;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError, Tally};

/// What a request says about its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Name of the database or bucket; empty when there is none.
    pub database: String,
    /// The unit of timestamps.
    pub precision: Precision,
    /// One broken line refuses them all.
    pub whole: bool,
}

/// What a body comes to.
#[derive(Debug)]
pub struct Written {
    /// Points of the numeric fields.
    pub metrics: Batch,
    /// Log records of the lines with text.
    pub logs: Batch,
    /// The first lines that were left out.
    pub broken: Vec<BrokenLine>,
    /// What was left out of the metrics, and changed.
    pub tally: Tally,
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub number: usize,
    /// Its beginning.
    pub text: String,
    /// What is wrong with it.
    pub fault: LineFault,
}

/// Broken lines told to the sender.
const BROKEN_MAX: usize = 100;
/// Bytes of a broken line told to the sender.
const BROKEN_BYTES_MAX: usize = 256;

/// Points of the numeric fields of lines.
pub fn metrics(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let written = lines(bytes, tenant, options, &Parameters::default())?;
    Ok(Decoded { batch: written.metrics, tally: written.tally })
}

/// Log records of the lines with text.
pub fn logs(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let written = lines(bytes, tenant, options, &Parameters::default())?;
    Ok(Decoded { batch: written.logs, tally: written.tally })
}

/// Both. A line that is broken is left out, and told.
pub fn lines(bytes: &[u8], tenant: Tenant, options: &DecodeOptions, parameters: &Parameters) -> Result<Written, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let mut rows = Rows::new(options, &parameters.database);
    if matches!(text, Cow::Owned(_)) {
        rows.context.tally.warn(Reason::InvalidUtf8);
    }
    let mut broken = Vec::new();
    let (mut lines, mut line) = (Lines::new(&text), Line::default());
    while let Some((place, read)) = lines.next_into(&mut line) {
        let time = || line.timestamp.map_or(Ok(options.now), |timestamp| parameters.precision.nanoseconds(timestamp));
        match read.and_then(|()| time()) {
            Ok(time) => rows.add(&line, time)?,
            Err(fault) => {
                let reason = if fault == LineFault::TimeRange { Reason::TimeOutOfRange } else { Reason::Malformed };
                rows.context.tally.reject(reason);
                if broken.len() < BROKEN_MAX {
                    let text = luneta_model::Limits::cut(place.text, BROKEN_BYTES_MAX).to_owned();
                    broken.push(BrokenLine { number: place.number, text, fault });
                }
            }
        }
    }
    rows.finish(tenant, broken)
}
