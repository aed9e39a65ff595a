//! From text to tokens.

use super::quote;

/// What a token is. Spaces count: they part the arguments of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text outside of actions, already trimmed.
    Text,
    Open,
    Close,
    Space,
    Identifier,
    Keyword(Keyword),
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    Dot,
    Nil,
    Bool,
    Number,
    Quoted,
    Raw,
    Declare,
    Assign,
    Pipe,
    LeftParen,
    RightParen,
    Comma,
    /// Another printable character, which no place allows.
    Char,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The tokens of a text up to its end, or up to what is no token: then the fault as well.
pub(crate) fn lex(text: &str) -> (Vec<Token>, Option<(usize, String)>) {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), parens: 0 };
    let fault = lexer.run().err();
    (lexer.tokens, fault)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    parens: usize,
}

type Step = Result<(), (usize, String)>;

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_numeric()
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.tokens.push(Token { kind, start: self.at, end: self.at + length });
        self.at += length;
    }

    fn run(&mut self) -> Step {
        loop {
            let Some(length) = self.rest().find("{{") else {
                let length = self.rest().len();
                self.text_token(length, length);
                self.push(Kind::End, 0);
                return Ok(());
            };
            let opened = &self.rest()[length + 2..];
            let trims = opened.starts_with('-') && opened.as_bytes().get(1).is_some_and(|&b| is_space(b));
            let kept = if trims { trim_end(&self.rest()[..length]).len() } else { length };
            self.text_token(kept, length);
            if opened[if trims { 2 } else { 0 }..].starts_with("/*") {
                self.comment(if trims { 4 } else { 2 })?;
                continue;
            }
            self.push(Kind::Open, 2);
            self.at += if trims { 2 } else { 0 };
            self.parens = 0;
            while self.inside()? {}
        }
    }

    fn text_token(&mut self, kept: usize, length: usize) {
        if kept > 0 {
            self.tokens.push(Token { kind: Kind::Text, start: self.at, end: self.at + kept });
        }
        self.at += length;
    }

    fn comment(&mut self, opening: usize) -> Step {
        let start = self.at;
        let Some(length) = self.rest()[opening..].find("*/") else {
            return Err((start, "unclosed comment".to_owned()));
        };
        self.at += opening + length + 2;
        match self.closing() {
            Some(length) => {
                self.close(length);
                Ok(())
            }
            None => Err((start, "comment ends before closing delimiter".to_owned())),
        }
    }

    /// Length of the end of an action, if it is next: `}}` or ` -}}`.
    fn closing(&self) -> Option<usize> {
        let rest = self.rest().as_bytes();
        match rest {
            [b'}', b'}', ..] => Some(2),
            [space, b'-', b'}', b'}', ..] if is_space(*space) => Some(4),
            _ => None,
        }
    }

    /// Steps over the end of an action, and over the space behind it where that is trimmed.
    fn close(&mut self, length: usize) {
        self.at += length;
        if length == 4 {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        }
    }

    /// One token of an action; false behind its end.
    fn inside(&mut self) -> Result<bool, (usize, String)> {
        if let Some(length) = self.closing() {
            if self.parens > 0 {
                return Err((self.at, "unclosed left paren".to_owned()));
            }
            self.tokens.push(Token { kind: Kind::Close, start: self.at, end: self.at + length });
            self.close(length);
            return Ok(false);
        }
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Err((self.at, "unclosed action".to_owned()));
        };
        match first {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            '=' => self.push(Kind::Assign, 1),
            ':' if rest.starts_with(":=") => self.push(Kind::Declare, 2),
            ':' => return Err((self.at, "expected :=".to_owned())),
            '|' => self.push(Kind::Pipe, 1),
            ',' => self.push(Kind::Comma, 1),
            '"' => self.quoted(b'"', Kind::Quoted, "unterminated quoted string")?,
            '\'' => self.quoted(b'\'', Kind::Number, "unterminated character constant")?,
            '`' => match rest[1..].find('`') {
                Some(length) => self.push(Kind::Raw, length + 2),
                None => return Err((self.at, "unterminated raw quoted string".to_owned())),
            },
            '$' => self.name(1, Kind::Variable)?,
            '.' if !rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => self.name(1, Kind::Field)?,
            '+' | '-' | '.' | '0'..='9' => self.number()?,
            '(' => {
                self.parens += 1;
                self.push(Kind::LeftParen, 1);
            }
            ')' if self.parens == 0 => return Err((self.at, "unexpected right paren".to_owned())),
            ')' => {
                self.parens -= 1;
                self.push(Kind::RightParen, 1);
            }
            c if is_name(c) => self.name(0, Kind::Identifier)?,
            ' '..='~' => self.push(Kind::Char, 1),
            c => return Err((self.at, format!("unrecognized character in action: {}", unicode(c)))),
        }
        Ok(true)
    }

    /// Spaces, but for the one that belongs to the mark that trims.
    fn space(&mut self) {
        let rest = self.rest().as_bytes();
        let mut length = rest.iter().take_while(|&&b| is_space(b)).count();
        if rest[length..].starts_with(b"-}}") {
            length -= 1;
        }
        if length > 0 {
            self.push(Kind::Space, length);
        }
    }

    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Step {
        let bytes = self.rest().as_bytes();
        let mut at = 1;
        loop {
            match bytes.get(at) {
                None | Some(b'\n') => return Err((self.at, unterminated.to_owned())),
                Some(b'\\') if bytes.get(at + 1).is_some_and(|&b| b != b'\n') => at += 2,
                Some(&b) if b == quote => break,
                Some(_) => at += 1,
            }
        }
        self.push(kind, at + 1);
        Ok(())
    }

    /// A name behind a prefix of so many bytes.
    fn name(&mut self, prefix: usize, kind: Kind) -> Step {
        let rest = self.rest();
        let length = rest[prefix..].find(|c| !is_name(c)).map_or(rest.len(), |length| length + prefix);
        let behind = rest[length..].chars().next();
        if !self.ends_name(length, behind) {
            let shown = behind.map_or_else(|| "end of text".to_owned(), unicode);
            return Err((self.at + length, format!("bad character {shown}")));
        }
        let word = &rest[..length];
        let kind = match kind {
            Kind::Identifier => word_kind(word),
            Kind::Field if length == 1 => Kind::Dot,
            kind => kind,
        };
        self.push(kind, length);
        Ok(())
    }

    fn ends_name(&self, length: usize, behind: Option<char>) -> bool {
        match behind {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest()[length..].starts_with("}}"),
        }
    }

    fn number(&mut self) -> Step {
        let bytes = self.rest().as_bytes();
        let mut at = usize::from(matches!(bytes[0], b'+' | b'-'));
        let hexadecimal = bytes[at..].starts_with(b"0x") || bytes[at..].starts_with(b"0X");
        while let Some(&b) = bytes.get(at) {
            let exponent = at > 0 && matches!((hexadecimal, bytes[at - 1]), (false, b'e' | b'E') | (true, b'p' | b'P'));
            match b {
                b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'.' => at += 1,
                b'+' | b'-' if exponent => at += 1,
                _ => break,
            }
        }
        let word = &self.rest()[..at];
        if super::Number::parse(word).is_none() {
            return Err((self.at, format!("bad number syntax: \"{word}\"")));
        }
        self.push(Kind::Number, at);
        Ok(())
    }
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches([' ', '\t', '\r', '\n'])
}

fn word_kind(word: &str) -> Kind {
    match word {
        "block" => Kind::Keyword(Keyword::Block),
        "break" => Kind::Keyword(Keyword::Break),
        "continue" => Kind::Keyword(Keyword::Continue),
        "define" => Kind::Keyword(Keyword::Define),
        "else" => Kind::Keyword(Keyword::Else),
        "end" => Kind::Keyword(Keyword::End),
        "if" => Kind::Keyword(Keyword::If),
        "range" => Kind::Keyword(Keyword::Range),
        "template" => Kind::Keyword(Keyword::Template),
        "with" => Kind::Keyword(Keyword::With),
        "nil" => Kind::Nil,
        "true" | "false" => Kind::Bool,
        _ => Kind::Identifier,
    }
}

/// A character as Go's `%#U` shows it.
fn unicode(c: char) -> String {
    if quote::is_printable(c) { format!("U+{:04X} '{c}'", c as u32) } else { format!("U+{:04X}", c as u32) }
}
