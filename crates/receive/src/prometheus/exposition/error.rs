//! [`ExpositionError`]: where a body is broken, and how.

use std::borrow::Cow;
use std::fmt;

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}{reason}")]
pub struct ExpositionError {
    /// Where.
    pub position: Position,
    /// What is wrong.
    pub reason: Cow<'static, str>,
}

/// A place in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The body as a whole.
    Whole,
    /// A line of a text format; the first is 1.
    Line(usize),
}

impl ExpositionError {
    pub(super) fn whole(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { position: Position::Whole, reason: reason.into() }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Whole => Ok(()),
            Position::Line(line) => write!(f, "line {line}: "),
        }
    }
}
