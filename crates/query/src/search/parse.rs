//! Reads a search.

/// Groups within groups.
const DEPTH_MAX: usize = 32;
/// Words, phrases and fields of a search.
const TERMS_MAX: usize = 200;

/// A search, as a condition on a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Search {
    /// All of these; all records pass an empty list.
    All(Vec<Search>),
    /// One of these.
    Any(Vec<Search>),
    /// Not this.
    Not(Box<Search>),
    /// The body holds a text, in small letters or capitals.
    Text(String),
    /// The record is of a trace, or its body holds the text.
    Trace {
        /// 32 hexadecimal digits.
        id: String,
        /// As it was written.
        text: String,
    },
    /// The record is of a span, or its body holds the text.
    Span {
        /// 16 hexadecimal digits, as they were written.
        id: String,
    },
    /// A field of the record has some value.
    Field {
        /// The name of a column, or the key of an attribute.
        key: String,
        /// How the value is compared.
        compare: Compare,
        /// With what.
        value: String,
    },
}

/// How the value of a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// It is the value.
    Equal,
    /// It holds the value, in small letters or capitals.
    Contains,
    /// It fits the value, in which `*` stands for anything.
    Like,
    /// There is one.
    Exists,
    /// It is less.
    Less,
    /// It is less or equal.
    LessOrEqual,
    /// It is greater.
    Greater,
    /// It is greater or equal.
    GreaterOrEqual,
}

/// Why a search cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {position} of the search: {reason}")]
pub struct SearchError {
    /// The character it is about, counted from 1.
    pub position: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a search.
///
/// # Errors
/// [`SearchError`] when a quote or a parenthesis is open, or something is missing.
pub fn parse(text: &str) -> Result<Search, SearchError> {
    let mut parser = Parser { chars: text.chars().collect(), at: 0, open: 0, depth: 0, terms: 0 };
    let search = parser.any()?;
    match parser.peek() {
        None => Ok(search),
        Some(_) => Err(parser.error("no parenthesis is open here")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// Parentheses that are open.
    open: usize,
    /// Groups and negations around what is read.
    depth: usize,
    terms: usize,
}

impl Parser {
    fn error(&self, reason: impl Into<String>) -> SearchError {
        SearchError { position: self.at + 1, reason: reason.into() }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes a word of the language, which stands between spaces or parentheses.
    fn takes(&mut self, word: &str) -> bool {
        self.skip_spaces();
        let end = self.at + word.chars().count();
        let is_there = self.chars.get(self.at..end).is_some_and(|found| found.iter().copied().eq(word.chars()));
        let ends = self.chars.get(end).is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')'));
        if is_there && ends {
            self.at = end;
        }
        is_there && ends
    }

    fn any(&mut self) -> Result<Search, SearchError> {
        let mut parts = vec![self.all()?];
        while self.takes("OR") {
            if parts.last() == Some(&Search::All(Vec::new())) {
                return Err(self.error("OR needs something before it"));
            }
            let next = self.all()?;
            if next == Search::All(Vec::new()) {
                return Err(self.error("OR needs something behind it"));
            }
            parts.push(next);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Search::Any(parts) })
    }

    fn all(&mut self) -> Result<Search, SearchError> {
        let mut parts = Vec::new();
        loop {
            self.skip_spaces();
            let before = self.at;
            match self.peek() {
                None => break,
                Some(')') if self.open > 0 => break,
                Some(_) if self.takes("OR") => {
                    self.at = before;
                    break;
                }
                // All terms hold anyway.
                Some(_) if self.takes("AND") => {}
                Some(_) => parts.push(self.one()?),
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Search::All(parts) })
    }

    fn one(&mut self) -> Result<Search, SearchError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.error(format!("there are more than {TERMS_MAX} terms")));
        }
        let follows = self.chars.get(self.at + 1).is_some_and(|c| !c.is_whitespace() && *c != '-');
        if (self.peek() == Some('-') && follows) || self.takes("NOT") {
            self.at += usize::from(self.peek() == Some('-') && follows);
            self.skip_spaces();
            if self.peek().is_none_or(|c| c == ')' && self.open > 0) {
                return Err(self.error("NOT needs something behind it"));
            }
            return Ok(Search::Not(Box::new(self.bounded(Self::one)?)));
        }
        match self.peek() {
            Some('(') => self.group(),
            Some('"') => Ok(Search::Text(self.phrase()?)),
            _ => self.word(),
        }
    }

    fn bounded(&mut self, inner: impl FnOnce(&mut Self) -> Result<Search, SearchError>) -> Result<Search, SearchError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(format!("groups are nested more than {DEPTH_MAX} deep")));
        }
        let found = inner(self);
        self.depth -= 1;
        found
    }

    fn group(&mut self) -> Result<Search, SearchError> {
        let open = self.at;
        self.at += 1;
        self.open += 1;
        let inner = self.bounded(Self::any)?;
        self.open -= 1;
        if self.peek() != Some(')') {
            return Err(SearchError { position: open + 1, reason: "the parenthesis is never closed".into() });
        }
        self.at += 1;
        Ok(inner)
    }

    /// A text in quotes; `\"` and `\\` stand for themselves.
    fn phrase(&mut self) -> Result<String, SearchError> {
        let open = self.at;
        let mut out = String::new();
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '"' => return Ok(out),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    out.extend(self.peek());
                    self.at += 1;
                }
                c => out.push(c),
            }
        }
        Err(SearchError { position: open + 1, reason: "the quote is never closed".into() })
    }

    fn word(&mut self) -> Result<Search, SearchError> {
        let mut word = String::new();
        while let Some(c) = self.ends_word(&word) {
            if c == ':' && is_key(&word) && self.has_value() {
                self.at += 1;
                return self.field(word);
            }
            word.push(c);
            self.at += 1;
        }
        Ok(of_word(word))
    }

    /// The next character, unless a word ends before it. Parentheses inside of a word belong to it.
    fn ends_word(&self, word: &str) -> Option<char> {
        let c = self.peek().filter(|c| !c.is_whitespace())?;
        let open = word.matches('(').count() > word.matches(')').count();
        (c != ')' || self.open == 0 || open).then_some(c)
    }

    /// Whether a value follows the colon. `a::b`, `C:\dir` and addresses are words.
    fn has_value(&self) -> bool {
        let next = |n: usize| self.chars.get(self.at + n).copied();
        next(1).is_some_and(|c| !c.is_whitespace() && !matches!(c, ':' | '\\' | ')'))
            && (next(1), next(2)) != (Some('/'), Some('/'))
    }

    fn field(&mut self, key: String) -> Result<Search, SearchError> {
        if matches!(key.as_str(), "resource" | "scope") {
            let at = self.at;
            let mut rest = String::new();
            while let Some(c) = self.ends_word(&rest) {
                if c == ':' && is_key(&rest) && self.has_value() {
                    self.at += 1;
                    return self.field(format!("{key}:{rest}"));
                }
                rest.push(c);
                self.at += 1;
            }
            self.at = at;
        }
        let compare = self.compare();
        if self.peek() == Some('"') {
            let value = self.phrase()?;
            return Ok(Search::Field { key, compare, value });
        }
        let mut value = String::new();
        while let Some(c) = self.ends_word(&value) {
            value.push(c);
            self.at += 1;
        }
        if value.is_empty() {
            return Err(self.error(format!("a value for `{key}` is missing")));
        }
        let compare = match (compare, value.as_str()) {
            (Compare::Equal, "*") => Compare::Exists,
            (Compare::Equal, value) if value.contains('*') => Compare::Like,
            (compare, _) => compare,
        };
        Ok(Search::Field { key, compare, value })
    }

    fn compare(&mut self) -> Compare {
        let next = |n: usize| self.chars.get(self.at + n).copied();
        let (compare, length) = match (next(0), next(1)) {
            (Some('<'), Some('=')) => (Compare::LessOrEqual, 2),
            (Some('>'), Some('=')) => (Compare::GreaterOrEqual, 2),
            (Some('<'), _) => (Compare::Less, 1),
            (Some('>'), _) => (Compare::Greater, 1),
            (Some('~'), _) => (Compare::Contains, 1),
            (Some('='), _) => (Compare::Equal, 1),
            _ => (Compare::Equal, 0),
        };
        self.at += length;
        compare
    }
}

fn is_key(word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '@' | '-');
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@'))
        && word.chars().all(inside)
}

/// A word: perhaps the id of a trace or of a span, which records have in a column of their own.
fn of_word(word: String) -> Search {
    match trace_id(&word) {
        Some(id) => Search::Trace { id, text: word },
        None if is_hex(&word, 16) => Search::Span { id: word.to_ascii_lowercase() },
        None => Search::Text(word),
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A trace id as hexadecimal digits, as a UUID, or within a traceparent of W3C Trace Context.
pub(super) fn trace_id(word: &str) -> Option<String> {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = match lengths.as_slice() {
        [32] | [8, 4, 4, 4, 12] => parts.concat(),
        [2, 32, 16, 2] if parts.iter().all(|part| is_hex(part, part.len())) => parts[1].to_owned(),
        _ => return None,
    };
    is_hex(&digits, 32).then(|| digits.to_ascii_lowercase())
}
