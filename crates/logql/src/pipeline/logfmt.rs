//! Logfmt: `key=value key="quoted value" key`.

use std::borrow::Cow;

use super::json::unescape;
use super::labels::{Category, is_label_name, push_sanitized};
use super::{DUPLICATE_SUFFIX, LabelBuffer};
use crate::syntax::Extraction;

/// `__error__` of lines that are no logfmt.
const FAULT: &str = "LogfmtParserErr";

/// What a step of the decoder gives.
enum Scanned<'a> {
    Pair(&'a str, Cow<'a, str>),
    /// Something faulty was passed over.
    Fault,
    End,
}

/// Walks the pairs of a line.
struct Decoder<'a> {
    line: &'a str,
    at: usize,
    /// The last fault, with its place counted from 1.
    fault: Option<(usize, &'static str)>,
}

impl<'a> Decoder<'a> {
    fn new(line: &'a str) -> Self {
        Self { line, at: 0, fault: None }
    }

    fn blamed(&mut self, message: &'static str) -> Scanned<'a> {
        self.fault = Some((self.at + 1, message));
        Scanned::Fault
    }

    /// Notes a fault and passes over the rest of the word.
    fn skip(&mut self, message: &'static str) -> Scanned<'a> {
        self.fault = Some((self.at + 1, message));
        self.at += self.line.as_bytes()[self.at..].iter().position(|b| *b <= b' ').unwrap_or(self.line.len() - self.at);
        Scanned::Fault
    }

    fn next(&mut self) -> Scanned<'a> {
        let bytes = self.line.as_bytes();
        let Some(blank) = bytes[self.at..].iter().position(|b| *b > b' ') else {
            self.at = bytes.len();
            return Scanned::End;
        };
        self.at += blank;
        let start = self.at;
        let length = bytes[start..].iter().position(|b| *b == b'=' || *b == b'"' || *b <= b' ');
        self.at = length.map_or(bytes.len(), |length| start + length);
        let key = &self.line[start..self.at];
        match bytes.get(self.at) {
            Some(b'=') if key.is_empty() => return self.skip("unexpected '='"),
            Some(b'"') => return self.skip("unexpected '\"'"),
            _ if key.contains('\u{fffd}') => return self.skip("invalid key"),
            Some(b'=') => self.at += 1,
            _ => return Scanned::Pair(key, Cow::Borrowed("")),
        }
        match bytes.get(self.at) {
            None => Scanned::Pair(key, Cow::Borrowed("")),
            Some(b'"') => self.quoted(key),
            Some(_) => self.bare(key),
        }
    }

    fn bare(&mut self, key: &'a str) -> Scanned<'a> {
        let bytes = self.line.as_bytes();
        let start = self.at;
        let length = bytes[start..].iter().position(|b| *b == b'=' || *b == b'"' || *b <= b' ');
        self.at = length.map_or(bytes.len(), |length| start + length);
        match bytes.get(self.at) {
            Some(b'=') => self.skip("unexpected '='"),
            Some(b'"') => self.skip("unexpected '\"'"),
            _ => Scanned::Pair(key, Cow::Borrowed(&self.line[start..self.at])),
        }
    }

    fn quoted(&mut self, key: &'a str) -> Scanned<'a> {
        let bytes = self.line.as_bytes();
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        while at < bytes.len() && bytes[at] != b'"' {
            let backslash = bytes[at] == b'\\';
            escaped |= backslash;
            at += if backslash { 2 } else { 1 };
        }
        if at >= bytes.len() {
            self.at = bytes.len();
            return self.blamed("unterminated quoted value");
        }
        self.at = at + 1;
        let inside = &self.line[start..at];
        if !escaped {
            return Scanned::Pair(key, Cow::Borrowed(inside));
        }
        let mut value = String::new();
        if unescape(inside, &mut value) { Scanned::Pair(key, Cow::Owned(value)) } else { self.blamed("invalid quoted value") }
    }
}

/// The parser `logfmt`.
pub(crate) struct Logfmt {
    strict: bool,
    keep_empty: bool,
    /// Names of keys in the line, and of the labels that get their values; empty where all keys are labels.
    wanted: Vec<(String, String)>,
    name: String,
}

impl Logfmt {
    pub fn new(strict: bool, keep_empty: bool, extractions: &[Extraction]) -> Result<Self, String> {
        let wanted = extractions
            .iter()
            .map(|Extraction { label, expression }| {
                if !is_label_name(label) {
                    return Err(format!("invalid extracted label name '{label}'"));
                }
                let key = expression.trim();
                if key.is_empty() || key.contains(|c: char| c <= ' ' || c == '=' || c == '"') {
                    return Err(format!("cannot parse expression [{expression}]: syntax error: unexpected $end"));
                }
                let mut name = String::new();
                push_sanitized(&mut name, key);
                Ok((name, label.clone()))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { strict, keep_empty, wanted, name: String::new() })
    }

    pub fn process(&mut self, line: &str, labels: &mut LabelBuffer) {
        if labels.hints.is_done() {
            return;
        }
        for (_, label) in &self.wanted {
            if !labels.base_has(label) {
                labels.set(Category::Parsed, label, "");
            }
        }
        let mut decoder = Decoder::new(line);
        loop {
            match decoder.next() {
                Scanned::End => break,
                Scanned::Fault if self.strict => break,
                Scanned::Fault => {}
                Scanned::Pair(key, value) => {
                    self.name.clear();
                    push_sanitized(&mut self.name, key);
                    let value = if value.contains('\u{fffd}') { Cow::Owned(value.replace('\u{fffd}', " ")) } else { value };
                    if self.wanted.is_empty() {
                        self.set(&value, labels);
                    } else {
                        self.set_wanted(&value, labels);
                    }
                    if labels.hints.is_done() {
                        break;
                    }
                }
            }
        }
        if let Some((place, message)) = decoder.fault.filter(|_| self.strict) {
            labels.fail(FAULT, Some(&format!("logfmt syntax error at pos {place} : {message}")));
        }
    }

    fn set(&mut self, value: &str, labels: &mut LabelBuffer) {
        if self.name.is_empty() || (value.is_empty() && !self.keep_empty) {
            return;
        }
        if labels.base_has(&self.name) {
            self.name.push_str(DUPLICATE_SUFFIX);
        }
        if labels.hints.wants(&self.name) {
            labels.set(Category::Parsed, &self.name, value);
        }
    }

    fn set_wanted(&mut self, value: &str, labels: &mut LabelBuffer) {
        let Some((_, label)) = self.wanted.iter().find(|(key, _)| *key == self.name) else { return };
        if !labels.base_has(label) {
            labels.set(Category::Parsed, label, value);
            return;
        }
        self.name.clear();
        self.name.push_str(label);
        self.name.push_str(DUPLICATE_SUFFIX);
        if labels.hints.wants(&self.name) {
            labels.set(Category::Parsed, &self.name, value);
        }
    }
}
