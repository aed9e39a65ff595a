//! What decoders keep across one request.

// Measured, as in `wire`.
#![allow(clippy::inline_always)]

use std::borrow::Cow;

use crate::wire::{Fault, FaultKind, Walk};
use crate::{DecodeOptions, Reason, ReceiveError, Tally};

/// What is kept across one request.
pub(crate) struct Context<'o> {
    pub(crate) options: &'o DecodeOptions,
    pub(crate) tally: Tally,
    /// Bytes the rows may still take.
    budget: usize,
}

impl<'o> Context<'o> {
    pub(crate) fn new(options: &'o DecodeOptions) -> Self {
        Self { options, tally: Tally::default(), budget: options.expanded_bytes_max }
    }

    /// Whether that much memory is left.
    pub(crate) fn check(&self, bytes: usize) -> Walk<()> {
        if bytes <= self.budget { Ok(()) } else { Err(Fault::new(0, FaultKind::TooLarge)) }
    }

    /// Takes memory that is out of proportion to the bytes sent from the budget.
    #[inline(always)]
    pub(crate) fn spend(&mut self, bytes: usize) -> Walk<()> {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Fault::new(0, FaultKind::TooLarge)),
        }
    }

    /// Text; wrong bytes are replaced and counted.
    #[inline(always)]
    pub(crate) fn text<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Cow::Borrowed(text);
        }
        self.repaired(bytes)
    }

    #[cold]
    fn repaired<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        self.tally.warn(Reason::InvalidUtf8);
        String::from_utf8_lossy(bytes)
    }

    /// A time inside an item: one that does not fit is moved to the last moment that does.
    pub(crate) fn inner_time(&mut self, nanos: u64) -> i64 {
        i64::try_from(nanos).unwrap_or_else(|_| {
            self.tally.warn(Reason::TimeOutOfRange);
            i64::MAX
        })
    }
}

/// A fault as the sender is told of it.
pub(crate) fn refusal(fault: &Fault, options: &DecodeOptions) -> ReceiveError {
    match fault.kind {
        FaultKind::Malformed(_) | FaultKind::Foreign(_) => ReceiveError::Malformed(fault.to_string()),
        FaultKind::TooLarge => {
            let max = options.expanded_bytes_max;
            ReceiveError::DecompressedTooLarge { what: "what the request stands for", max }
        }
        FaultKind::Internal(_) => ReceiveError::Internal(fault.to_string()),
    }
}
