//! The texts that every match of a pattern holds.

use luneta_store::{BodyFilter, Needle};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Of a pattern of `LIKE`.
pub(super) fn of_like(pattern: &str, ignores_case: bool) -> BodyFilter {
    let mut texts = Vec::new();
    let mut text = Needle { at_start: true, ..Needle::anywhere("", ignores_case) };
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let plain = match (c, c == '\\') {
            ('%' | '_', _) => None,
            (_, true) => chars.next().filter(|next| matches!(next, '%' | '_' | '\\')),
            (c, false) => Some(c),
        };
        match plain {
            Some(c) => text.text.push(c),
            // Whatever stands here, the text ends; the next one begins somewhere.
            None => texts.push(std::mem::replace(&mut text, Needle::anywhere("", ignores_case))),
        }
    }
    text.at_end = true;
    texts.push(text);
    BodyFilter::All(texts.into_iter().filter(|needle| !needle.text.is_empty()).map(BodyFilter::Text).collect())
}

/// Of a regular expression. One that cannot be read asks for nothing here: whoever runs it says so.
pub(crate) fn of_regex(pattern: &str, ignores_case: bool) -> BodyFilter {
    let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(ignores_case).build();
    parser.parse(pattern).map_or(BodyFilter::Anything, |hir| of_hir(&hir, ignores_case))
}

fn of_hir(hir: &Hir, ignores_case: bool) -> BodyFilter {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Concat(_) => {
            let parts = if let HirKind::Concat(parts) = hir.kind() { parts.as_slice() } else { std::slice::from_ref(hir) };
            let mut texts = Texts { found: Vec::new(), text: Needle::anywhere("", ignores_case) };
            for part in parts {
                texts.push(part, ignores_case);
            }
            texts.end();
            BodyFilter::All(texts.found)
        }
        HirKind::Alternation(parts) => BodyFilter::Any(parts.iter().map(|part| of_hir(part, ignores_case)).collect()),
        HirKind::Capture(capture) => of_hir(&capture.sub, ignores_case),
        HirKind::Repetition(repeated) if repeated.min > 0 => of_hir(&repeated.sub, ignores_case),
        _ => BodyFilter::Anything,
    }
}

/// Texts one after the other.
struct Texts {
    found: Vec<BodyFilter>,
    /// The one that may go on.
    text: Needle,
}

impl Texts {
    fn push(&mut self, part: &Hir, ignores_case: bool) {
        match part.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.text.text.push_str(text),
                Err(_) => self.end(),
            },
            // Between the parts stands nothing, only the place must be right.
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => {
                    self.text.text.push(letter);
                    self.text.ignores_case = true;
                }
                None => self.end(),
            },
            _ => {
                self.end();
                self.found.push(of_hir(part, ignores_case));
            }
        }
    }

    fn end(&mut self) {
        let next = Needle::anywhere("", self.text.ignores_case);
        let text = std::mem::replace(&mut self.text, next);
        if !text.text.is_empty() {
            self.found.push(BodyFilter::Text(text));
        }
    }
}

/// The letter of ASCII that a class stands for in any case.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let ranges = class.ranges();
    if ranges.len() > 4 || ranges.iter().any(|range| range.start() != range.end()) {
        return None;
    }
    let folded = |c: char| match c {
        'ſ' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    let first = folded(ranges.first()?.start());
    (first.is_ascii_alphabetic() && ranges.iter().all(|range| folded(range.start()) == first)).then_some(first)
}
