//! Text to tokens.

use super::{Span, line_and_column};
use crate::duration::parse_duration;
use crate::error::PromqlError;
use crate::number::parse_number;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name, a keyword or a function; keywords are told by the parser, from where they stand.
    Word(String),
    Number(f64),
    /// Milliseconds.
    Duration(i64),
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
}

/// Signs, the longer before their prefixes.
const SIGNS: [&str; 26] = [
    "==", "!=", "=~", "!~", "<=", ">=", "</", ">/", "=", "<", ">", "+", "-", "*", "/", "%", "^", "(", ")", "{", "}", "[", "]",
    ",", "@", ":",
];

/// A fault at a part of the text.
pub(crate) fn fault(text: &str, span: Span, message: impl Into<String>) -> PromqlError {
    let (line, column) = line_and_column(text, span.start);
    PromqlError::Parse { line, column, span, message: message.into() }
}

/// All tokens of a text; the last is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, PromqlError> {
    let mut lexer = Lexer { text, at: 0, brackets: 0, tokens: Vec::new() };
    while lexer.next()? {}
    lexer.push(Kind::End, text.len());
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Open square brackets: a colon in them separates the step of a subquery.
    brackets: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, span: Span { start, end: self.at } });
    }

    fn fail<T>(&self, start: usize, message: impl Into<String>) -> Result<T, PromqlError> {
        Err(fault(self.text, Span { start, end: self.at.max(start) }, message))
    }

    /// Reads one token; false at the end.
    fn next(&mut self) -> Result<bool, PromqlError> {
        let blank = self.rest().find(|c: char| !matches!(c, ' ' | '\t' | '\n' | '\r')).unwrap_or(self.rest().len());
        self.at += blank;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(false) };
        let second_is_digit = self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        match first {
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' | '\'' => self.quoted(first)?,
            '`' => self.raw()?,
            '0'..='9' => self.number()?,
            '.' if second_is_digit => self.number()?,
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            ':' if self.brackets == 0 => self.word(),
            _ => {
                let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) else {
                    self.at += first.len_utf8();
                    return self.fail(start, format!("unexpected character: {first:?}"));
                };
                self.at += sign.len();
                match sign {
                    "[" => self.brackets += 1,
                    "]" => self.brackets = self.brackets.saturating_sub(1),
                    _ => {}
                }
                self.push(Kind::Sign(sign), start);
            }
        }
        Ok(true)
    }

    fn word(&mut self) {
        let start = self.at;
        let colons = self.brackets == 0;
        let length =
            self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_' || (colons && *b == b':')).count();
        self.at += length;
        let word = &self.text[start..self.at];
        let kind = match word.to_ascii_lowercase().as_str() {
            "inf" => Kind::Number(f64::INFINITY),
            "nan" => Kind::Number(f64::NAN),
            _ => Kind::Word(word.to_owned()),
        };
        self.push(kind, start);
    }

    fn number(&mut self) -> Result<(), PromqlError> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let hexadecimal = bytes.len() > 1 && bytes[0] == b'0' && matches!(bytes[1], b'x' | b'X');
        let mut length = 0;
        while let Some(byte) = bytes.get(length) {
            let exponent_sign = matches!(byte, b'+' | b'-')
                && !hexadecimal
                && length > 0
                && matches!(bytes[length - 1], b'e' | b'E')
                && bytes.get(length + 1).is_some_and(u8::is_ascii_digit);
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || exponent_sign) {
                break;
            }
            length += 1;
        }
        self.at += length;
        let word = &self.text[start..self.at];
        if let Some(milliseconds) = parse_duration(word) {
            self.push(Kind::Duration(milliseconds), start);
        } else if let Some(value) = parse_number(word) {
            self.push(Kind::Number(value), start);
        } else {
            return self.fail(start, format!("bad number or duration syntax: {word:?}"));
        }
        Ok(())
    }

    fn raw(&mut self) -> Result<(), PromqlError> {
        let start = self.at;
        let Some(length) = self.rest()[1..].find('`') else {
            self.at = self.text.len();
            return self.fail(start, "unterminated raw string");
        };
        let content = self.rest()[1..=length].to_owned();
        self.at += length + 2;
        self.push(Kind::Text(content), start);
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Result<(), PromqlError> {
        let start = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let Some(c) = self.rest().chars().next() else { return self.fail(start, "unterminated quoted string") };
            self.at += c.len_utf8();
            match c {
                '\n' => return self.fail(start, "unterminated quoted string"),
                '\\' => self.escape(quote, &mut bytes)?,
                c if c == quote => break,
                c => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        match String::from_utf8(bytes) {
            Ok(content) => self.push(Kind::Text(content), start),
            Err(_) => return self.fail(start, "string is not valid UTF-8"),
        }
        Ok(())
    }

    /// What stands behind a backslash.
    fn escape(&mut self, quote: char, bytes: &mut Vec<u8>) -> Result<(), PromqlError> {
        let start = self.at - 1;
        let Some(c) = self.rest().chars().next() else { return self.fail(start, "escape sequence not terminated") };
        self.at += c.len_utf8();
        let (digits, radix) = match c {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='7' => {
                self.at -= 1;
                (3, 8)
            }
            _ => {
                let plain = match c {
                    'a' => 7,
                    'b' => 8,
                    'f' => 12,
                    'n' => b'\n',
                    'r' => b'\r',
                    't' => b'\t',
                    'v' => 11,
                    '\\' => b'\\',
                    c if c == quote => c as u8,
                    _ => return self.fail(start, format!("unknown escape sequence {c:?}")),
                };
                bytes.push(plain);
                return Ok(());
            }
        };
        let figure = self
            .rest()
            .get(..digits)
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u32::from_str_radix(text, radix).ok());
        let Some(figure) = figure else { return self.fail(start, "illegal character in escape sequence") };
        self.at += digits;
        if matches!(c, 'u' | 'U') {
            let Some(point) = char::from_u32(figure) else {
                return self.fail(start, "escape sequence is an invalid Unicode code point");
            };
            bytes.extend(point.encode_utf8(&mut [0; 4]).bytes());
        } else if let Ok(byte) = u8::try_from(figure) {
            bytes.push(byte);
        } else {
            return self.fail(start, "octal escape value is more than 255");
        }
        Ok(())
    }
}
