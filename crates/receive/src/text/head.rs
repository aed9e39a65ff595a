//! What lines have at their heads, whoever wrote them: a time, and a level among the words that follow.

use std::borrow::Cow;

use super::{Place, clock};
use crate::record::{Record, of_text};

/// Bytes in which a level is looked for.
const HEAD_BYTES: usize = 96;
/// Words in which it is.
const HEAD_WORDS: usize = 6;

/// A line that begins with a time, or with a level; its body is all of it.
pub(super) fn read<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    let mut record = Record { body: Some(text.into()), ..Record::default() };
    let inner = text.strip_prefix('[').unwrap_or(text);
    if let Some((time, rest)) = clock::leading(inner, place.zone) {
        record.time = Some(time);
        if let Some(level) = level_among(rest) {
            (record.severity_text, record.severity_number) = (level.into(), of_text(level));
        }
        return Some(record);
    }
    severity(text, &mut record);
    (record.severity_number != 0).then_some(record)
}

/// Whether a line looks like the first of an entry: it has a time, a level, or is a JSON object.
pub(super) fn is_head(text: &str) -> bool {
    let place = Place { zone: &jiff::tz::TimeZone::UTC, now: 0 };
    text.starts_with('{') || read(text, place).is_some()
}

/// The level a line begins with: `ERROR: …`, `[error] …`, `WARN …`, or one of those of `glog`.
pub(super) fn severity<'a>(text: &'a str, record: &mut Record<'a>) {
    let Some(level) = leading_level(text) else { return };
    record.severity_number = if level.len() == 1 { of_letter(level) } else { of_text(level) };
    record.severity_text = Cow::Borrowed(level);
}

/// A level as the first word.
pub(super) fn leading_level(text: &str) -> Option<&str> {
    let (bracketed, inner) = text.strip_prefix('[').map_or((false, text), |inner| (true, inner));
    let end = inner.bytes().take(16).position(|byte| !byte.is_ascii_alphabetic()).or((inner.len() < 16).then_some(inner.len()))?;
    let (word, rest) = inner.split_at_checked(end)?;
    let number = word.bytes().next().filter(|_| word.len() > 2).map_or(0, |_| of_text(word));
    let closed = match rest.as_bytes().first() {
        Some(b']') => bracketed,
        Some(b':') => true,
        // `Error in …` is a sentence; `ERROR in …` is not.
        Some(b' ' | b'\t') | None => !bracketed && is_upper(word),
        Some(_) => false,
    };
    if number != 0 && closed && !is_sentence(word, rest) {
        return Some(word);
    }
    // `I1122 10:00:00.000000       1 file.go:1] message`.
    let glog = text.as_bytes();
    let dated = glog.len() > 15 && glog[1..5].iter().all(u8::is_ascii_digit) && glog[5] == b' ' && glog[8] == b':';
    (dated && of_letter(text.get(..1)?) != 0).then(|| text.get(..1))?
}

/// `Error: …` is how exceptions are shown, and `Config: …` may be anything.
fn is_sentence(word: &str, rest: &str) -> bool {
    rest.starts_with(':') && !is_upper(word) && !matches!(of_text(word), 13..)
}

fn is_upper(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn of_letter(letter: &str) -> i32 {
    match letter {
        "I" => 9,
        "W" => 13,
        "E" => 17,
        "F" => 21,
        _ => 0,
    }
}

/// The level among the first words behind a time: written large, in brackets, between bars or before a colon.
pub(super) fn level_among(text: &str) -> Option<&str> {
    let head = luneta_model::Limits::cut(text, HEAD_BYTES);
    let apart = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '|' | '(' | ')' | ':' | '-' | ',' | '=' | '/');
    let words = head.split(apart).filter(|word| !word.is_empty()).take(HEAD_WORDS + 2);
    for word in words {
        let letters = (3..=13).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !letters || of_text(word) == 0 {
            continue;
        }
        let start = word.as_ptr() as usize - head.as_ptr() as usize;
        let before = head.as_bytes().get(start.wrapping_sub(1)).copied();
        let after = head.as_bytes().get(start + word.len()).copied();
        let fenced = matches!((before, after), (Some(b'[' | b'|' | b'(' | b'='), _) | (_, Some(b']' | b'|' | b':' | b')')));
        if is_upper(word) || fenced || start <= 1 {
            return Some(word);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_stand_at_heads() {
        let cases = [
            ("ERROR something", Some("ERROR")),
            ("ERROR", Some("ERROR")),
            ("WARN: low", Some("WARN")),
            ("error: no such file", Some("error")),
            ("warning: unused", Some("warning")),
            ("[info] started", Some("info")),
            ("[INFO ] started", None),
            ("I1122 10:00:00.000000       1 main.go:1] up", Some("I")),
            ("Info: not sure", None),
            ("Error handling is hard", None),
            ("In 1122", None),
            ("informational message", None),
            ("", None),
            ("ünfo: x", None),
        ];
        for (line, level) in cases {
            assert_eq!(leading_level(line), level, "{line}");
        }
        let behind = [
            ("  INFO 1 --- [main] c.e.App : up", Some("INFO")),
            (" [error] 1#1: x", Some("error")),
            (" | WARNING  | mod:f:1 - x", Some("WARNING")),
            (" [main] DEBUG c.e.App - x", Some("DEBUG")),
            (" level=warn msg=x", Some("warn")),
            (" no error here", None),
            (" info: fine", Some("info")),
            (" a b c d e f g h i ERROR", None),
        ];
        for (line, level) in behind {
            assert_eq!(level_among(line), level, "{line}");
        }
    }
}
