//! Patterns: literal texts with `<name>` and `<_>` between them.

use memchr::memmem;

use super::labels::is_label_name;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// `<name>`; `<_>` has none.
    Capture(Option<String>),
}

fn read(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let name = rest.strip_prefix('<').and_then(|behind| behind.split_once('>')).filter(|(name, _)| is_label_name(name));
        if let Some((name, behind)) = name {
            if matches!(parts.last(), Some(Part::Capture(_))) {
                return Err("found consecutive capture: invalid expression".to_owned());
            }
            parts.push(Part::Capture((name != "_").then(|| name.to_owned())));
            rest = behind;
            continue;
        }
        match parts.last_mut() {
            Some(Part::Literal(literal)) => literal.push(c),
            _ => parts.push(Part::Literal(c.to_string())),
        }
        rest = &rest[c.len_utf8()..];
    }
    Ok(parts)
}

/// The texts that every line has which the pattern of a line filter (`|>`) matches; none for a pattern that is none.
pub fn pattern_texts(pattern: &str) -> Vec<String> {
    let texts = read(pattern).unwrap_or_default().into_iter().filter_map(|part| match part {
        Part::Literal(text) => Some(text),
        Part::Capture(_) => None,
    });
    texts.collect()
}

/// The pattern of a line filter: a line matches as a whole.
#[derive(Debug, Clone)]
pub(crate) struct LinePattern {
    parts: Vec<Part>,
}

impl LinePattern {
    pub fn new(pattern: &str) -> Result<Self, String> {
        let parts = read(pattern)?;
        match parts.iter().find_map(|part| if let Part::Capture(Some(name)) = part { Some(name) } else { None }) {
            Some(name) => Err(format!("named captures are not allowed in a line filter: <{name}>")),
            None => Ok(Self { parts }),
        }
    }

    pub fn matches(&self, line: &str) -> bool {
        let Some((last, before)) = self.parts.split_last() else { return line.is_empty() };
        let mut rest = line;
        for (index, part) in before.iter().enumerate() {
            let Part::Literal(literal) = part else { continue };
            match memmem::find(rest.as_bytes(), literal.as_bytes()) {
                Some(at) if index > 0 || at == 0 => rest = &rest[at + literal.len()..],
                _ => return false,
            }
        }
        match last {
            Part::Capture(_) => !rest.is_empty(),
            Part::Literal(literal) if before.is_empty() => rest == literal,
            Part::Literal(literal) => rest.ends_with(literal.as_str()),
        }
    }
}

/// The pattern of a parser: names what stands between literals.
#[derive(Debug, Clone)]
pub(crate) struct CapturePattern {
    parts: Vec<Part>,
}

impl CapturePattern {
    pub fn new(pattern: &str) -> Result<Self, String> {
        let parts = read(pattern)?;
        let mut names: Vec<&str> = Vec::new();
        for part in &parts {
            if let Part::Capture(Some(name)) = part {
                if names.contains(&name.as_str()) {
                    return Err(format!("duplicate capture name ({name}): invalid expression"));
                }
                names.push(name);
            }
        }
        if names.is_empty() { Err("at least one capture is required".to_owned()) } else { Ok(Self { parts }) }
    }

    /// Visits the names and what stands in their places, as far as the line follows the pattern.
    pub fn each<'a>(&'a self, line: &'a str, mut visit: impl FnMut(&'a str, &'a str)) {
        if line.is_empty() {
            return;
        }
        let (mut rest, mut parts) = (line, self.parts.as_slice());
        if let Some((Part::Literal(literal), behind)) = parts.split_first() {
            let Some(after) = rest.strip_prefix(literal.as_str()) else { return };
            (rest, parts) = (after, behind);
        }
        while let Some((Part::Capture(name), behind)) = parts.split_first() {
            // Where the next literal is missing, the rest of the line is captured.
            let (value, after) = match behind.first() {
                Some(Part::Literal(literal)) => match memmem::find(rest.as_bytes(), literal.as_bytes()) {
                    Some(at) => (&rest[..at], Some(&rest[at + literal.len()..])),
                    None => (rest, None),
                },
                _ => (rest, None),
            };
            if let Some(name) = name {
                visit(name, value);
            }
            let Some(after) = after else { return };
            (rest, parts) = (after, &behind[1..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_as_a_whole() {
        let cases = [
            ("<_>", "x", true),
            ("<_>", "", false),
            ("", "", true),
            ("", "x", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a<_>c", "a-b-c", true),
            ("a<_>c", "a-b-cd", false),
            ("<_>a", "aba", true),
            ("<_> error <_>", "an error here", true),
            ("<_> error <_>", "error here", false),
            ("a <_> b <_>", "a 1 b 2", true),
            ("a <_> b <_>", "x a 1 b 2", false),
            ("<1>", "<1>", true),
        ];
        for (pattern, line, matches) in cases {
            assert_eq!(LinePattern::new(pattern).unwrap().matches(line), matches, "{pattern} on {line}");
        }
        for pattern in ["<_><_>", "<a>", "x <_> <b>"] {
            assert!(LinePattern::new(pattern).is_err(), "{pattern}");
        }
    }
}
