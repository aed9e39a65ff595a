//! The parser `json` with expressions: `json a="b.c[0]", d="e[\"f g\"]"`.

use super::json::{Cursor, FAULT, Raw};
use super::labels::{Category, is_label_name};
use super::{DUPLICATE_SUFFIX, LabelBuffer};
use crate::syntax::Extraction;

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hop {
    Member(String),
    Item(usize),
}

pub(crate) struct JsonPaths {
    /// Labels, and the ways to their values.
    paths: Vec<(String, Vec<Hop>)>,
    name: String,
    value: String,
}

impl JsonPaths {
    pub fn new(extractions: &[Extraction]) -> Result<Self, String> {
        let paths = extractions
            .iter()
            .map(|Extraction { label, expression }| {
                let hops = read(expression).ok_or_else(|| format!("cannot parse expression [{expression}]: syntax error"))?;
                if is_label_name(label) {
                    Ok((label.clone(), hops))
                } else {
                    Err(format!("invalid extracted label name '{label}'"))
                }
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { paths, name: String::new(), value: String::new() })
    }

    pub fn process(&mut self, line: &str, labels: &mut LabelBuffer) {
        if line.is_empty() || labels.hints.is_done() {
            return;
        }
        if !line.starts_with(['"', '{', '[']) {
            labels.fail(FAULT, None);
            return;
        }
        for (label, hops) in &self.paths {
            match find(line, hops) {
                Ok(Some(value)) => {
                    self.name.clear();
                    self.name.push_str(label);
                    if labels.base_has(label) {
                        self.name.push_str(DUPLICATE_SUFFIX);
                    }
                    labels.set(Category::Parsed, &self.name, value.text(&mut self.value));
                }
                outcome => {
                    if let Err(fault) = outcome {
                        labels.fail(FAULT, Some(fault));
                    }
                    if labels.get(label).is_none() {
                        labels.set(Category::Parsed, label, "");
                    }
                }
            }
        }
    }
}

/// The value at the end of a way, where there is one.
fn find<'a>(line: &'a str, hops: &[Hop]) -> Result<Option<Raw<'a>>, &'static str> {
    let mut value = Cursor::new(line).value()?;
    for hop in hops {
        let mut found = None;
        match (hop, value) {
            (Hop::Member(wanted), Raw::Object(text)) => {
                Cursor::new(text).members::<&'static str>(|key, value| {
                    if key == wanted && found.is_none() {
                        found = Some(value);
                    }
                    Ok(())
                })?;
            }
            (Hop::Item(wanted), Raw::Array(text)) => {
                Cursor::new(text).items(|index, value| {
                    if index == *wanted {
                        found = Some(value);
                    }
                })?;
            }
            _ => return Ok(None),
        }
        match found {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// Reads a way: names with dots between them, `["any key"]`, `[0]`.
fn read(expression: &str) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    let mut rest = expression.trim();
    let mut name_may_follow = true;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (hop, behind) = if let Some(quoted) = inside.strip_prefix('"') {
                let end = end_of_text(quoted)?;
                let mut key = String::new();
                super::json::unescape(&quoted[..end], &mut key).then_some(())?;
                (Hop::Member(key), &quoted[end + 1..])
            } else {
                let end = inside.find(']')?;
                (Hop::Item(inside[..end].trim().parse().ok()?), &inside[end..])
            };
            hops.push(hop);
            rest = behind.strip_prefix(']')?;
            name_may_follow = false;
            continue;
        }
        if !name_may_follow {
            rest = rest.strip_prefix('.')?;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        hops.push(Hop::Member(rest[..end].to_owned()));
        rest = &rest[end..];
        name_may_follow = false;
    }
    (!hops.is_empty()).then_some(hops)
}

/// Where the closing quote is.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_read_and_lead() {
        let line = r#"{"a":{"b":[1,{"c d":"x"}]},"e":null,"f-g":2}"#;
        let cases = [
            ("a.b[0]", Some(Raw::Plain("1"))),
            ("a.b[1][\"c d\"]", Some(Raw::Text("x"))),
            ("[\"a\"].b[0]", Some(Raw::Plain("1"))),
            ("a.b", Some(Raw::Array("[1,{\"c d\":\"x\"}]"))),
            ("e", Some(Raw::Null)),
            ("f-g", Some(Raw::Plain("2"))),
            ("a.b[7]", None),
            ("a.x", None),
            ("e.x", None),
        ];
        for (text, value) in cases {
            assert_eq!(find(line, &read(text).expect(text)), Ok(value), "{text}");
        }
        for text in ["", ".", "a.", "a..b", "[x]", "a[", "a[0", "a[\"b]", "a b"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
