//! JSON: a walk over the text of an object that reads no more than it must, and forgives what Loki's does.

use super::labels::{Category, push_sanitized};
use super::{DUPLICATE_SUFFIX, LabelBuffer};

/// `__error__` of lines that are no JSON.
pub(super) const FAULT: &str = "JSONParserErr";
/// Deepest nesting of objects.
const DEPTH_MAX: usize = 128;

pub(super) const MALFORMED_OBJECT: &str = "Value looks like object, but can't find closing '}' symbol";
const MALFORMED_ARRAY: &str = "Value is array, but can't find closing ']' symbol";
const MALFORMED_STRING: &str = "Value is string, but can't find closing '\"' symbol";
const MALFORMED_VALUE: &str = "Value looks like Number/Boolean/None, but can't find its end: ',' or '}' symbol";
const MALFORMED: &str = "Malformed JSON error";
const UNKNOWN: &str = "Unknown value type";
const TOO_DEEP: &str = "objects are nested too deep";

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    /// Without its quotes, escapes and all.
    Text(&'a str),
    /// A number, `true` or `false`.
    Plain(&'a str),
    Null,
    /// With its brackets.
    Array(&'a str),
    Object(&'a str),
}

/// A place in a text of JSON.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Visits the members of an object: keys without quotes, and values. The visitor may end the walk.
    pub fn members<E: From<&'static str>>(mut self, mut visit: impl FnMut(&'a str, Raw<'a>) -> Result<(), E>) -> Result<(), E> {
        if !self.eat(b'{') {
            return Err(MALFORMED_OBJECT.into());
        }
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(MALFORMED.into());
            }
            let key = self.string()?;
            if !self.eat(b':') {
                return Err(MALFORMED.into());
            }
            let value = self.value()?;
            visit(key, value)?;
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err((if self.peek().is_none() { MALFORMED_OBJECT } else { MALFORMED }).into());
            }
        }
    }

    /// Visits the items of an array.
    pub fn items(mut self, mut visit: impl FnMut(usize, Raw<'a>)) -> Result<(), &'static str> {
        if !self.eat(b'[') {
            return Err(MALFORMED_ARRAY);
        }
        if self.eat(b']') {
            return Ok(());
        }
        for index in 0.. {
            let value = self.value()?;
            visit(index, value);
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(MALFORMED_ARRAY);
            }
        }
        Ok(())
    }

    /// A text behind its first quote.
    fn string(&mut self) -> Result<&'a str, &'static str> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            at += memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()).ok_or(MALFORMED_STRING)?;
            if bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(&self.text[start..at]);
            }
            at += 2;
        }
    }

    pub fn value(&mut self) -> Result<Raw<'a>, &'static str> {
        match self.peek() {
            Some(b'"') => self.string().map(Raw::Text),
            Some(b'{') => self.bracketed(MALFORMED_OBJECT).map(Raw::Object),
            Some(b'[') => self.bracketed(MALFORMED_ARRAY).map(Raw::Array),
            Some(b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => {
                let start = self.at;
                let ends = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\t' | b'\r');
                let length = self.text.as_bytes()[start..].iter().position(ends).ok_or(MALFORMED_VALUE)?;
                self.at += length;
                match &self.text[start..self.at] {
                    "null" => Ok(Raw::Null),
                    word @ ("true" | "false") => Ok(Raw::Plain(word)),
                    number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => Ok(Raw::Plain(number)),
                    _ => Err(UNKNOWN),
                }
            }
            Some(_) => Err(UNKNOWN),
            None => Err(MALFORMED),
        }
    }

    /// An object or array with all that is in it, unread.
    fn bracketed(&mut self, fault: &'static str) -> Result<&'a str, &'static str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(&self.text[start..self.at]);
            }
        }
        Err(fault)
    }
}

/// Appends a text of JSON without its escapes; false where one of them is none. Halves of characters become
/// spaces, as U+FFFD does.
pub(super) fn unescape(raw: &str, into: &mut String) -> bool {
    let before = into.len();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        into.push_str(&rest[..at]);
        let Some(kind) = rest[at + 1..].chars().next() else { return false };
        rest = &rest[at + 1 + kind.len_utf8()..];
        into.push(match kind {
            '"' | '\\' | '/' | '\'' => kind,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => match code_point(&mut rest) {
                Some(c) => c,
                None => return false,
            },
            _ => return false,
        });
    }
    into.push_str(rest);
    if into[before..].contains('\u{fffd}') {
        let cleaned = into[before..].replace('\u{fffd}', " ");
        into.truncate(before);
        into.push_str(&cleaned);
    }
    true
}

fn code_point(rest: &mut &str) -> Option<char> {
    let unit = |rest: &mut &str| -> Option<u32> {
        let digits = rest.get(..4)?;
        let value = u32::from_str_radix(digits, 16).ok()?;
        *rest = &rest[4..];
        Some(value)
    };
    let first = unit(rest)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some(char::from_u32(first).unwrap_or('\u{fffd}'));
    }
    let Some(mut behind) = rest.strip_prefix("\\u") else { return Some('\u{fffd}') };
    let second = unit(&mut behind)?;
    if !(0xdc00..0xe000).contains(&second) {
        return Some('\u{fffd}');
    }
    *rest = behind;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
}

/// Why a walk ends early.
enum Stop {
    Fault(&'static str),
    /// All that is needed was found.
    Done,
}

impl From<&'static str> for Stop {
    fn from(fault: &'static str) -> Self {
        Self::Fault(fault)
    }
}

/// The parser `json` without expressions: all members are labels, those of objects inside by their path.
#[derive(Default)]
pub(crate) struct Json {
    /// Name of the label at hand.
    name: String,
    value: String,
}

impl Json {
    pub fn process(&mut self, line: &str, labels: &mut LabelBuffer) {
        if labels.hints.is_done() {
            return;
        }
        self.name.clear();
        if let Err(Stop::Fault(fault)) = self.object(Cursor::new(line), labels, 0) {
            labels.fail(FAULT, Some(fault));
        }
    }

    fn object(&mut self, cursor: Cursor<'_>, labels: &mut LabelBuffer, depth: usize) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return Err(Stop::Fault(TOO_DEEP));
        }
        cursor.members(|key, value| {
            let prefix = self.name.len();
            let outcome = self.member(key, value, labels, depth);
            self.name.truncate(prefix);
            outcome
        })
    }

    fn member(&mut self, key: &str, value: Raw<'_>, labels: &mut LabelBuffer, depth: usize) -> Result<(), Stop> {
        if matches!(value, Raw::Null | Raw::Array(_)) {
            return Ok(());
        }
        if !self.name.is_empty() {
            self.name.push('_');
        }
        if key.contains('\\') {
            self.value.clear();
            if !unescape(key, &mut self.value) {
                return Err(Stop::Fault(MALFORMED));
            }
            push_sanitized(&mut self.name, &self.value);
        } else {
            push_sanitized(&mut self.name, key);
        }
        if let Raw::Object(inner) = value {
            return if labels.hints.wants_prefix(&self.name) {
                self.object(Cursor::new(inner), labels, depth + 1)
            } else {
                Ok(())
            };
        }
        if labels.base_has(&self.name) {
            self.name.push_str(DUPLICATE_SUFFIX);
        }
        if self.name.is_empty() || !labels.hints.wants(&self.name) {
            return Ok(());
        }
        labels.set(Category::Parsed, &self.name, value.text(&mut self.value));
        if labels.hints.is_done() { Err(Stop::Done) } else { Ok(()) }
    }
}

impl<'a> Raw<'a> {
    /// The value as a label has it; `buffer` takes texts with escapes.
    pub fn text<'b>(self, buffer: &'b mut String) -> &'b str
    where
        'a: 'b,
    {
        match self {
            Self::Null => "",
            Self::Plain(text) | Self::Array(text) | Self::Object(text) => text,
            Self::Text(text) if !text.contains(['\\', '\u{fffd}']) => text,
            Self::Text(text) => {
                buffer.clear();
                if !unescape(text, buffer) {
                    buffer.clear();
                }
                buffer
            }
        }
    }
}
