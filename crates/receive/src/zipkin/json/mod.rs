//! Zipkin's two JSON forms.
//!
//! A body is a list. It is walked once to find where each span begins and ends, so that a span of
//! wrong types is left out alone; only text that is no JSON, or no list, refuses the whole body.

mod scalar;
mod v1;
mod v2;

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::rows::Rows;
use super::span::{Ids, hex_id};
use crate::wire::{Fault, Walk};
use crate::{Reason, ReceiveError, context};

/// Reads a list of spans of the second version.
pub(super) fn read_v2(text: &str, rows: &mut Rows<'_>) -> Result<(), ReceiveError> {
    each(text, rows, v2::span)
}

/// Reads a list of spans of the first version.
pub(super) fn read_v1(text: &str, rows: &mut Rows<'_>) -> Result<(), ReceiveError> {
    each(text, rows, v1::span)
}

/// Takes the text of one span.
type Take = fn(&str, &mut Rows<'_>) -> Walk<Result<(), Reason>>;

fn each(text: &str, rows: &mut Rows<'_>, take: Take) -> Result<(), ReceiveError> {
    let mut list = List { rows, take, fault: None };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = deserializer.deserialize_seq(&mut list).and_then(|()| deserializer.end());
    if let Some(fault) = list.fault {
        return Err(context::refusal(&fault, list.rows.context.options));
    }
    parsed.map_err(|error| ReceiveError::Malformed(format!("malformed JSON: {error}")))
}

struct List<'l, 'o> {
    rows: &'l mut Rows<'o>,
    take: Take,
    /// Why reading ended although the text goes on.
    fault: Option<Box<Fault>>,
}

impl<'de> Visitor<'de> for &mut List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of spans")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(span) = seq.next_element::<&'de RawValue>()? {
            match (self.take)(span.get(), self.rows) {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => self.rows.context.tally.reject(reason),
                Err(fault) => {
                    self.fault = Some(fault);
                    return Err(A::Error::custom("too many rows"));
                }
            }
        }
        Ok(())
    }
}

/// Reads the JSON of one span. What is wrong with it is not told: it is counted.
fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, Reason> {
    serde_json::from_str(text).map_err(|_| Reason::Malformed)
}

/// The ids of a span, or why it cannot be kept.
fn ids(trace: &str, span: &str, parent: &str) -> Result<Ids, Reason> {
    let mut ids = Ids {
        trace: hex_id(trace).ok_or(Reason::InvalidTraceId)?,
        span: hex_id(span).ok_or(Reason::InvalidSpanId)?,
        ..Ids::default()
    };
    // An id of zeros is none.
    if parent.bytes().any(|b| b != b'0') {
        ids.parent = hex_id(parent).ok_or(Reason::InvalidSpanId)?;
    }
    Ok(ids)
}
