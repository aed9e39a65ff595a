//! [`Cursor`]: a place in a text format, and what both of them are made of.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::{ExpositionError, Position};

/// Why the line at hand is broken; where is found out once, by [`Cursor::locate`].
pub(super) type Reason = Cow<'static, str>;

/// A position in a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'b> {
    text: &'b str,
    at: usize,
}

impl<'b> Cursor<'b> {
    pub(super) fn new(text: &'b str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The text not read yet.
    pub(super) fn rest(&self) -> &'b str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over `text` if it comes next.
    pub(super) fn skip(&mut self, text: &str) -> bool {
        let comes = self.rest().starts_with(text);
        if comes {
            self.at += text.len();
        }
        comes
    }

    /// Steps over spaces and tabs.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let from = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.at > from
    }

    /// Up to the end of the line, which is stepped over.
    pub(super) fn line(&mut self) -> &'b str {
        let rest = self.rest();
        let end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        &rest[..end]
    }

    /// Up to the next blank or line break. What is yielded may be empty.
    pub(super) fn word(&mut self) -> &'b str {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'\n')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A name without quotes, empty when none comes. Colons are allowed in names of metrics.
    pub(super) fn name(&mut self, colons: bool) -> &'b str {
        let rest = self.rest();
        let allowed = |(i, byte): (usize, u8)| {
            byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':') || (i > 0 && byte.is_ascii_digit())
        };
        let end = rest.bytes().enumerate().position(|at| !allowed(at)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Text in double quotes, which comes next.
    pub(super) fn quoted(&mut self) -> Result<Cow<'b, str>, Reason> {
        if !self.skip("\"") {
            return Err(self.unexpected("text in double quotes"));
        }
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = 0;
        let mut escaped = false;
        loop {
            match memchr2(b'"', b'\\', bytes.get(end..).unwrap_or_default()) {
                Some(more) if bytes[end + more] == b'"' => {
                    end += more;
                    break;
                }
                Some(more) if end + more + 1 < bytes.len() => {
                    escaped = true;
                    end += more + 2;
                }
                _ => return Err("a quoted text has no end".into()),
            }
        }
        let inner = rest.get(..end).unwrap_or_default();
        self.at += end + 1;
        Ok(if escaped { Cow::Owned(unescape(inner, true)) } else { Cow::Borrowed(inner) })
    }

    /// Says that something else than what comes next was expected.
    #[cold]
    pub(super) fn unexpected(&self, wanted: &str) -> Reason {
        match self.rest().chars().next() {
            None => format!("expected {wanted}, got the end of the text").into(),
            Some('\n') => format!("expected {wanted}, got the end of the line").into(),
            Some(c) => format!("expected {wanted}, got {c:?}").into(),
        }
    }

    /// The error of a reason, at the line of this position.
    #[cold]
    pub(super) fn locate(&self, reason: Reason) -> ExpositionError {
        let before = self.text.as_bytes().get(..self.at).unwrap_or(self.text.as_bytes());
        let line = before.split(|byte| *byte == b'\n').count();
        ExpositionError { position: Position::Line(line), reason }
    }
}

/// Replaces `\\`, `\n` and, between quotes, `\"`; every other backslash stands for itself.
pub(super) fn unescape(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let (c, used) = match rest.as_bytes().get(at + 1) {
            Some(b'\\') => ('\\', 2),
            Some(b'n') => ('\n', 2),
            Some(b'"') if quotes => ('"', 2),
            _ => ('\\', 1),
        };
        out.push(c);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    out
}

/// The text after `# HELP name `, unescaped.
pub(super) fn help(text: &str, quotes: bool) -> Cow<'_, str> {
    if text.contains('\\') { Cow::Owned(unescape(text, quotes)) } else { Cow::Borrowed(text) }
}
