//! What can be wrong with a template, and where.

use std::fmt::Write as _;

use thiserror::Error;

/// What kind of fault a [`TemplateError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not a template; found when it is parsed.
    Syntax,
    /// The template does not fit the values; found when it is rendered.
    Execution,
    /// A bound of [`crate::Limits`] was reached.
    Limit,
}

/// A fault of a template: where, and what.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("template: {line}:{column}: {message}")]
pub struct TemplateError {
    /// What kind of fault it is.
    pub kind: ErrorKind,
    /// Line in the template, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, in Go's words where Go has words for it.
    pub message: String,
}

impl TemplateError {
    /// A fault at a byte of the template.
    pub(crate) fn at(kind: ErrorKind, text: &str, offset: usize, message: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { kind, line, column, message }
    }
}

/// A fault before its place is known: of a function, or of a conversion.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// What a function or a conversion says.
    #[error("{0}")]
    Message(String),
    /// A value would be larger than [`crate::Limits`] allow.
    #[error("a text would be longer than {0} bytes")]
    TooLarge(usize),
}

impl Fault {
    /// A fault with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

/// A text that may grow to a bound only.
#[derive(Debug)]
pub(crate) struct Bounded {
    text: String,
    bytes_max: usize,
}

impl Bounded {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { text: String::new(), bytes_max }
    }

    pub(crate) fn push(&mut self, part: &str) -> Result<(), Fault> {
        if part.len() > self.bytes_max - self.text.len().min(self.bytes_max) {
            return Err(Fault::TooLarge(self.bytes_max));
        }
        self.text.push_str(part);
        Ok(())
    }

    pub(crate) fn push_char(&mut self, c: char) -> Result<(), Fault> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    pub(crate) fn push_format(&mut self, arguments: std::fmt::Arguments<'_>) -> Result<(), Fault> {
        // What is formatted so is short: numbers, types, times.
        self.text.write_fmt(arguments).map_err(|_| Fault::new("formatting failed"))?;
        if self.text.len() > self.bytes_max {
            return Err(Fault::TooLarge(self.bytes_max));
        }
        Ok(())
    }

    /// The same character several times.
    pub(crate) fn push_times(&mut self, c: char, times: usize) -> Result<(), Fault> {
        if times.saturating_mul(c.len_utf8()) > self.bytes_max - self.text.len().min(self.bytes_max) {
            return Err(Fault::TooLarge(self.bytes_max));
        }
        self.text.extend(std::iter::repeat_n(c, times));
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
