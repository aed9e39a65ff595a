//! One line of the line protocol: `measurement,tag=value field=1i,other="text" 1700000000`.

use std::borrow::Cow;
use std::collections::HashSet;

/// A line, unescaped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line<'a> {
    /// Name of what was measured.
    pub measurement: Cow<'a, str>,
    /// Tags, each key once.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Fields, each key once; at least one.
    pub fields: Vec<(Cow<'a, str>, FieldValue<'a>)>,
    /// In the precision of the request, `None` when the sender named none.
    pub timestamp: Option<i64>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// A number without a suffix.
    Float(f64),
    /// A number with the suffix `i`.
    Integer(i64),
    /// A number with the suffix `u`.
    Unsigned(u64),
    /// `t`, `T`, `true`, `True`, `TRUE`, and the same of false.
    Boolean(bool),
    /// Text between quotes.
    Text(Cow<'a, str>),
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It begins with a comma or a space.
    #[error("missing measurement")]
    Measurement,
    /// A tag has no key.
    #[error("missing tag key")]
    TagKey,
    /// A tag has no value.
    #[error("missing tag value")]
    TagValue,
    /// There is nothing behind measurement and tags.
    #[error("missing fields")]
    Fields,
    /// A field has no key.
    #[error("missing field key")]
    FieldKey,
    /// A field has no value.
    #[error("missing field value")]
    FieldValue,
    /// A field's value is neither number nor boolean nor text.
    #[error("invalid field value: neither a finite number, a boolean nor text in quotes")]
    InvalidFieldValue,
    /// A quote that opens text is never closed.
    #[error("unbalanced quotes")]
    Quotes,
    /// The timestamp is no whole number.
    #[error("bad timestamp")]
    Timestamp,
    /// The time does not fit.
    #[error("time outside of the range from 1970 to 2262")]
    TimeRange,
}

/// Bytes at which a part ends unless a backslash stands before them.
type Ends = [u8; 3];
const MEASUREMENT_ENDS: Ends = *b", \n";
const KEY_ENDS: Ends = *b"= \n";
const TAG_VALUE_ENDS: Ends = *b", \n";
/// Bytes that a backslash takes the meaning from, in names and tags.
const ESCAPED: &[u8] = b",= ";

/// Reads the lines of a body, comments and empty ones left out. A line that is broken costs only
/// itself: reading goes on behind the end of its first row.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its number, from 1, as an editor counts.
    pub number: usize,
    /// Its text; of a broken one the first row.
    pub text: &'a str,
}

impl<'a> Lines<'a> {
    /// Begins with the first line.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, number: 1 }
    }

    /// The next line into `line`, whose memory is used again; `None` at the end.
    pub fn next_into(&mut self, line: &mut Line<'a>) -> Option<(Place<'a>, Result<(), LineFault>)> {
        self.skip_blank();
        if self.at >= self.text.len() {
            return None;
        }
        let start = self.at;
        let mut cursor = Cursor { text: self.text, at: start };
        let result = cursor.line(line);
        let end = match result {
            Ok(()) => cursor.at,
            Err(_) => start + self.text.as_bytes()[start..].iter().position(|b| *b == b'\n').unwrap_or(self.text.len() - start),
        };
        let text = self.text.get(start..end).unwrap_or_default();
        let place = Place { number: self.number, text: text.strip_suffix('\r').unwrap_or(text) };
        self.number += text.bytes().filter(|b| *b == b'\n').count();
        self.at = end;
        Some((place, result))
    }

    /// Spaces, ends of lines and comments.
    fn skip_blank(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.number += 1;
                    self.at += 1;
                }
                b' ' | b'\r' | b'\t' | 0 => self.at += 1,
                b'#' => self.at += bytes[self.at..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - self.at),
                _ => return,
            }
        }
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn line(&mut self, line: &mut Line<'a>) -> Result<(), LineFault> {
        line.tags.clear();
        line.fields.clear();
        line.timestamp = None;
        line.measurement = self.part(MEASUREMENT_ENDS).ok_or(LineFault::Measurement)?;
        while self.taken(b',') {
            let key = self.part(KEY_ENDS).ok_or(LineFault::TagKey)?;
            if !self.taken(b'=') {
                return Err(LineFault::TagValue);
            }
            let value = self.part(TAG_VALUE_ENDS).ok_or(LineFault::TagValue)?;
            line.tags.push((key, value));
        }
        self.spaces();
        if self.ended() {
            return Err(LineFault::Fields);
        }
        loop {
            let key = self.part(KEY_ENDS).ok_or(LineFault::FieldKey)?;
            if !self.taken(b'=') {
                return Err(LineFault::FieldValue);
            }
            let value = self.field_value()?;
            line.fields.push((key, value));
            if !self.taken(b',') {
                break;
            }
        }
        self.spaces();
        if !self.ended() {
            line.timestamp = Some(self.timestamp()?);
        }
        first_of_each(&mut line.tags);
        first_of_each(&mut line.fields);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn taken(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn spaces(&mut self) {
        while self.taken(b' ') {}
    }

    /// Whether the line ends here; a carriage return belongs to the end.
    fn ended(&self) -> bool {
        match self.peek() {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.text.as_bytes().get(self.at + 1), None | Some(b'\n')),
            Some(_) => false,
        }
    }

    /// A name or a tag's value, unescaped; `None` when it is empty.
    fn part(&mut self, ends: Ends) -> Option<Cow<'a, str>> {
        let start = self.at;
        let mut escapes = false;
        while let Some(byte) = self.peek() {
            if byte == b'\\' && self.text.as_bytes().get(self.at + 1).is_some_and(|next| ESCAPED.contains(next)) {
                escapes = true;
                self.at += 2;
                continue;
            }
            if ends.contains(&byte) || (byte == b'\r' && self.ended()) {
                break;
            }
            self.at += 1;
        }
        let text = self.text.get(start..self.at).filter(|text| !text.is_empty())?;
        Some(if escapes { Cow::Owned(unescape(text, ESCAPED)) } else { Cow::Borrowed(text) })
    }

    fn field_value(&mut self) -> Result<FieldValue<'a>, LineFault> {
        if self.taken(b'"') {
            let value = self.quoted()?;
            let closed = self.ended() || matches!(self.peek(), Some(b' ' | b','));
            return if closed { Ok(FieldValue::Text(value)) } else { Err(LineFault::InvalidFieldValue) };
        }
        let start = self.at;
        while !self.ended() && !matches!(self.peek(), Some(b' ' | b',')) {
            self.at += 1;
        }
        match self.text.get(start..self.at).unwrap_or_default() {
            "" => Err(LineFault::FieldValue),
            "t" | "T" | "true" | "True" | "TRUE" => Ok(FieldValue::Boolean(true)),
            "f" | "F" | "false" | "False" | "FALSE" => Ok(FieldValue::Boolean(false)),
            text => number(text).ok_or(LineFault::InvalidFieldValue),
        }
    }

    /// Text up to the quote that closes it, which may be rows away.
    fn quoted(&mut self) -> Result<Cow<'a, str>, LineFault> {
        let start = self.at;
        let mut escapes = false;
        loop {
            match self.peek().ok_or(LineFault::Quotes)? {
                b'"' => break,
                b'\\' if matches!(self.text.as_bytes().get(self.at + 1), Some(b'"' | b'\\')) => {
                    escapes = true;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(if escapes { Cow::Owned(unescape(text, b"\"\\")) } else { Cow::Borrowed(text) })
    }

    fn timestamp(&mut self) -> Result<i64, LineFault> {
        let start = self.at;
        while !self.ended() && self.peek() != Some(b' ') {
            self.at += 1;
        }
        let end = self.at;
        self.spaces();
        if !self.ended() {
            return Err(LineFault::Timestamp);
        }
        self.text.get(start..end).and_then(|text| text.parse().ok()).ok_or(LineFault::Timestamp)
    }
}

/// A number: `i` and `u` behind it make it whole. `inf` and `nan` are none.
fn number(text: &str) -> Option<FieldValue<'_>> {
    if let Some(digits) = text.strip_suffix('i') {
        return digits.parse().ok().map(FieldValue::Integer);
    }
    if let Some(digits) = text.strip_suffix('u') {
        return digits.parse().ok().map(FieldValue::Unsigned);
    }
    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(FieldValue::Float)
}

/// Takes backslashes away that stand before one of `escaped`.
fn unescape(text: &str, escaped: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '\\' && next.is_ascii() && escaped.contains(&(*next as u8)) => {
                out.push(*next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

/// So many keys are compared one by one.
const FEW: usize = 16;

/// Leaves the first of several entries with the same key.
fn first_of_each<'a, V>(entries: &mut Vec<(Cow<'a, str>, V)>) {
    if entries.len() <= FEW {
        for at in (1..entries.len()).rev() {
            if entries[..at].iter().any(|(key, _)| *key == entries[at].0) {
                entries.remove(at);
            }
        }
        return;
    }
    let mut seen: HashSet<Cow<'a, str>> = HashSet::with_capacity(entries.len());
    entries.retain(|(key, _)| seen.insert(key.clone()));
}
