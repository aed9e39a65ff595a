//! Text to tokens.

use super::ast::{Attribute, Field, Scope, Static};
use super::error::SyntaxError;
use super::fields::intrinsic;

/// A piece of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or the name of an intrinsic field, as `duration` or `span:name`.
    Word(String),
    /// A field with a scope, as `span.http.route`.
    Attribute(Attribute),
    /// Text, a number or a duration.
    Static(Static),
    /// Everything else: operators, brackets, commas.
    Sign(&'static str),
    /// Behind the last piece.
    End,
}

/// A token and the byte it begins at.
pub(super) type Placed = (usize, Token);

/// Longer signs before those they begin with.
const SIGNS: [&str; 36] = [
    "&>>", "&<<", "!>>", "!<<", "&&", "||", "&>", "&<", "&~", "!>", "!<", "!~", "!=", "=~", ">=", "<=", ">>", "<<", "{", "}",
    "(", ")", ",", "|", "=", ">", "<", "~", "!", "+", "-", "*", "/", "%", "^", ":",
];

/// Units of durations in nanoseconds; longer ones before those they begin with.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// Splits a query. The last token is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, SyntaxError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut out = Vec::new();
    loop {
        lexer.skip(char::is_whitespace);
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        out.push((start, token));
        if end {
            return Ok(out);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn fault(&self, at: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, at, message)
    }

    /// Moves over characters for which `of` holds and returns them.
    fn skip(&mut self, of: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !of(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn token(&mut self) -> Result<Token, SyntaxError> {
        match self.rest().chars().next() {
            None => Ok(Token::End),
            Some('"') => self.quoted().map(|text| Token::Static(Static::String(text))),
            Some('`') => self.raw().map(|text| Token::Static(Static::String(text))),
            Some('.') if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number().map(Token::Static),
            Some('.') => {
                self.at += 1;
                self.attribute(false, Scope::Any)
            }
            Some(c) if c.is_ascii_digit() => self.number().map(Token::Static),
            Some(c) if c.is_alphabetic() || c == '_' => self.word(),
            Some(c) => match SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
                Some(sign) => {
                    self.at += sign.len();
                    Ok(Token::Sign(sign))
                }
                None => Err(self.fault(self.at, format!("unexpected character `{c}`"))),
            },
        }
    }

    /// A keyword, the name of an intrinsic field, or the scope of an attribute.
    fn word(&mut self) -> Result<Token, SyntaxError> {
        let word = self.skip(|c| c.is_alphanumeric() || c == '_');
        if self.rest().starts_with('.') {
            if word == "parent" {
                self.at += 1;
                let scope = self.parent_scope();
                return self.attribute(true, scope);
            }
            if let Some(scope) = scope(word) {
                self.at += 1;
                return self.attribute(false, scope);
            }
        }
        let is_scope = word == "trace" || scope(word).is_some();
        if is_scope && self.rest().starts_with(':') {
            self.at += 1;
            let name = self.skip(|c| c.is_alphanumeric() || c == '_');
            return Ok(Token::Word(format!("{word}:{name}")));
        }
        Ok(Token::Word(word.to_owned()))
    }

    /// Behind `parent.`: a scope, if one is written.
    fn parent_scope(&mut self) -> Scope {
        for (prefix, scope) in [("span.", Scope::Span), ("resource.", Scope::Resource)] {
            if self.rest().starts_with(prefix) {
                self.at += prefix.len();
                return scope;
            }
        }
        Scope::Any
    }

    /// The key of an attribute: quoted parts, and whatever else is no sign of the language.
    fn attribute(&mut self, parent: bool, scope: Scope) -> Result<Token, SyntaxError> {
        let start = self.at;
        let (mut key, mut is_quoted) = (String::new(), false);
        loop {
            if self.rest().starts_with('"') {
                is_quoted = true;
                key.push_str(&self.quoted()?);
            }
            let part = self.skip(is_key);
            key.push_str(part);
            if part.is_empty() && !self.rest().starts_with('"') {
                break;
            }
        }
        if key.is_empty() {
            return Err(self.fault(start, "an attribute needs a name behind the dot"));
        }
        // Every span has a name and a duration, so has its parent.
        let known = intrinsic(&key).filter(|_| parent && scope == Scope::Any && !is_quoted);
        let field = known.map_or(Field::Key(scope, key), Field::Intrinsic);
        Ok(Token::Attribute(Attribute { parent, field }))
    }

    fn quoted(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + at + 1;
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, c @ ('"' | '\\'))) => out.push(c),
                    // What follows may be a class of a regular expression.
                    Some((_, c)) => out.extend(['\\', c]),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(self.fault(start, "this text has no closing quote"))
    }

    fn raw(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let inside = &self.rest()[1..];
        let end = inside.find('`').ok_or_else(|| self.fault(start, "this text has no closing backtick"))?;
        self.at = start + end + 2;
        Ok(inside[..end].to_owned())
    }

    /// A whole number, a number, or a duration such as `1h30m`.
    fn number(&mut self) -> Result<Static, SyntaxError> {
        let start = self.at;
        let digits = self.digits();
        if !self.rest().starts_with(|c: char| c.is_alphabetic()) {
            let whole = !digits.contains(['.', 'e', 'E']);
            let number = if whole {
                digits.parse().ok().map(Static::Int)
            } else {
                digits.parse().ok().filter(|n: &f64| n.is_finite()).map(Static::Float)
            };
            return number.ok_or_else(|| self.fault(start, format!("`{digits}` is out of range")));
        }
        let mut nanos = 0.0;
        let mut digits = digits;
        loop {
            let unit = UNITS.iter().find(|(unit, _)| self.rest().starts_with(unit));
            let (unit, size) = unit.ok_or_else(|| self.fault(self.at, "units of durations are ns, us, ms, s, m and h"))?;
            nanos += digits.parse::<f64>().map_err(|_| self.fault(start, "not a duration"))? * size;
            self.at += unit.len();
            if !self.rest().starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            digits = self.digits();
        }
        if self.rest().starts_with(|c: char| c.is_alphanumeric()) {
            return Err(self.fault(self.at, "units of durations are ns, us, ms, s, m and h"));
        }
        let nanos: f64 = nanos.round();
        if nanos >= i64::MAX as f64 {
            return Err(self.fault(start, "this duration is out of range"));
        }
        Ok(Static::Duration(nanos as i64))
    }

    fn digits(&mut self) -> &'t str {
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.at += 1;
            self.skip(|c| c.is_ascii_digit());
        }
        let exponent = self.rest().strip_prefix(['e', 'E']);
        let signed = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
        if signed.is_some_and(|e| e.starts_with(|c: char| c.is_ascii_digit())) {
            self.at += self.rest().len() - signed.map_or(0, str::len);
            self.skip(|c| c.is_ascii_digit());
        }
        &self.text[start..self.at]
    }
}

fn scope(word: &str) -> Option<Scope> {
    Some(match word {
        "span" => Scope::Span,
        "resource" => Scope::Resource,
        "event" => Scope::Event,
        "link" => Scope::Link,
        "instrumentation" => Scope::Instrumentation,
        _ => return None,
    })
}

/// Whether a character may stand in the key of an attribute without quotes.
pub(super) fn is_key(c: char) -> bool {
    !c.is_whitespace() && !"{}()=~!<>&|^,\"".contains(c)
}
