//! Text to tokens.

use crate::error::LogqlError;
use crate::units::{parse_bytes, parse_duration};

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name, a keyword or a function; told apart by the parser.
    Word(String),
    /// As it is written.
    Number(String),
    /// Nanoseconds.
    Duration(i64),
    Bytes(u64),
    Text(String),
    /// `[5m]`, in nanoseconds.
    Range(i64),
    /// `--strict`
    Flag(&'static str),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// A token and where it begins, in characters from 1.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub line: usize,
    pub column: usize,
}

/// Signs, the longer before their prefixes.
const SIGNS: [&str; 27] = [
    "|=", "|~", "|>", "!=", "!~", "!>", "==", "=~", ">=", "<=", "|", "=", ">", "<", "+", "-", "*", "/", "%", "^", "(", ")", "{",
    "}", ",", ".", "]",
];

pub(super) const STRICT: &str = "--strict";
pub(super) const KEEP_EMPTY: &str = "--keep-empty";

/// All tokens of a text; the last is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LogqlError> {
    let mut lexer = Lexer { text, at: 0, line: 1, line_start: 0, tokens: Vec::new() };
    while lexer.next()? {}
    lexer.push(Kind::End, text.len());
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// The byte at which the line begins.
    line_start: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Notes lines up to a byte.
    fn reach(&mut self, byte: usize) {
        let passed = &self.text[self.line_start..byte];
        if let Some(last) = passed.rfind('\n') {
            self.line += passed.matches('\n').count();
            self.line_start += last + 1;
        }
    }

    fn column(&self, byte: usize) -> usize {
        self.text[self.line_start..byte].chars().count() + 1
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.reach(start);
        let (line, column) = (self.line, self.column(start));
        self.tokens.push(Token { kind, line, column });
    }

    fn fail<T>(&mut self, start: usize, message: impl Into<String>) -> Result<T, LogqlError> {
        self.reach(start);
        Err(LogqlError::Parse { line: self.line, column: self.column(start), message: message.into() })
    }

    /// Reads one token; false at the end.
    fn next(&mut self) -> Result<bool, LogqlError> {
        self.at += self.rest().find(|c: char| !c.is_whitespace()).unwrap_or(self.rest().len());
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(false) };
        let second_is_digit = self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        match first {
            '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
            '"' => self.quoted()?,
            '`' => match self.rest()[1..].find('`') {
                Some(length) => {
                    let inside = self.rest()[1..=length].replace('\r', "");
                    self.at += length + 2;
                    self.push(Kind::Text(inside), start);
                }
                None => return self.fail(start, "literal not terminated"),
            },
            '[' => self.range()?,
            '0'..='9' => self.number(),
            '.' if second_is_digit => self.number(),
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                self.at += length;
                self.push(Kind::Word(self.text[start..self.at].to_owned()), start);
            }
            '-' if self.minus() => {}
            _ => {
                let Some(sign) = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign)) else {
                    return self.fail(start, format!("syntax error: unexpected character {first:?}"));
                };
                self.at += sign.len();
                self.push(Kind::Sign(sign), start);
            }
        }
        Ok(true)
    }

    /// A flag or a negative duration.
    fn minus(&mut self) -> bool {
        let start = self.at;
        let word = self.rest().bytes().take_while(|b| b.is_ascii_alphabetic() || *b == b'-').count();
        for flag in [STRICT, KEEP_EMPTY] {
            if &self.rest()[..word] == flag {
                self.at += word;
                self.push(Kind::Flag(flag), start);
                return true;
            }
        }
        let length = 1 + run(&self.rest()[1..], is_of_duration);
        match parse_duration(&self.rest()[..length]) {
            // `-0` is a number to every reader.
            Some(nanoseconds) if self.rest()[..length].ends_with(char::is_alphabetic) => {
                self.at += length;
                self.push(Kind::Duration(nanoseconds), start);
                true
            }
            _ => false,
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let mut digits = run(self.rest(), |c| c.is_ascii_digit() || c == '.');
        let exponent = self.rest()[digits..].strip_prefix(['e', 'E']).map_or(0, |behind| {
            let sign = usize::from(behind.starts_with(['+', '-']));
            let figures = run(&behind[sign..], |c| c.is_ascii_digit());
            if figures == 0 { 0 } else { 1 + sign + figures }
        });
        digits += exponent;
        if exponent == 0 {
            let length = run(self.rest(), is_of_duration);
            if length > digits
                && let Some(nanoseconds) = parse_duration(&self.rest()[..length])
            {
                self.at += length;
                self.push(Kind::Duration(nanoseconds), start);
                return;
            }
            let length = run(self.rest(), |c| c.is_ascii_digit() || ".BikKMGTP".contains(c));
            if length > digits
                && let Ok(bytes) = parse_bytes(&self.rest()[..length])
            {
                self.at += length;
                self.push(Kind::Bytes(bytes), start);
                return;
            }
        }
        let number = self.rest()[..digits].to_owned();
        self.at += digits;
        self.push(Kind::Number(number), start);
    }

    fn range(&mut self) -> Result<(), LogqlError> {
        let start = self.at;
        let Some(length) = self.rest().find(']') else {
            return self.fail(start, "missing closing ']' in duration");
        };
        let inside = &self.rest()[1..length];
        match luneta_template::Duration::parse_prometheus(inside) {
            Ok(range) => {
                self.at += length + 1;
                self.push(Kind::Range(range.nanoseconds()), start);
                Ok(())
            }
            Err(fault) => self.fail(start, fault.to_string()),
        }
    }

    fn quoted(&mut self) -> Result<(), LogqlError> {
        let start = self.at;
        let mut value = String::new();
        let mut rest = self.rest()[1..].chars();
        loop {
            match rest.next() {
                Some('"') => break,
                Some('\\') => match escape(&mut rest) {
                    Some(c) => value.push(c),
                    None => return self.fail(start, "invalid syntax"),
                },
                Some('\n') | None => return self.fail(start, "literal not terminated"),
                Some(c) => value.push(c),
            }
        }
        self.at = self.text.len() - rest.as_str().len();
        self.push(Kind::Text(value), start);
        Ok(())
    }
}

/// The character behind a backslash, as Go reads it; bytes that are no characters are none.
fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    match rest.next()? {
        c @ ('0'..='3') => {
            let mut value = c.to_digit(8)?;
            for _ in 0..2 {
                value = value * 8 + rest.next()?.to_digit(8)?;
            }
            char::from_u32(value).filter(char::is_ascii)
        }
        kind @ ('x' | 'u' | 'U') => {
            let count = match kind {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let mut value: u32 = 0;
            for _ in 0..count {
                value = value.checked_mul(16)?.checked_add(rest.next()?.to_digit(16)?)?;
            }
            char::from_u32(value).filter(|c| kind != 'x' || c.is_ascii())
        }
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        c @ ('\\' | '"' | '\'') => Some(c),
        _ => None,
    }
}

/// Bytes of the characters at the start that are of a kind.
fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn is_of_duration(c: char) -> bool {
    c.is_ascii_digit() || ".nuµmshdwy".contains(c)
}
