//! `detected_level`: how bad a record is, in Loki's eight words.

/// Name of the metadata.
pub const DETECTED_LEVEL: &str = "detected_level";

/// The words, by [`Level`].
pub const LEVELS: [&str; 8] = ["unknown", "trace", "debug", "info", "warn", "error", "critical", "fatal"];

/// An index into [`LEVELS`].
pub type Level = u8;

const UNKNOWN: Level = 0;
const CRITICAL: Level = 6;
/// Bytes of a line in which words are looked for.
const LOOKED_AT_BYTES_MAX: usize = 4096;
/// Keys that tell the level in a line of JSON or logfmt.
const KEYS: [&str; 5] = ["level", "lvl", "severity", "loglevel", "log_level"];
/// The first severity that the text may tell apart from others: critical and fatal have one number.
pub const AMBIGUOUS_SEVERITY: i32 = 21;

/// The level of a record by its severity; none where it has none, and the line must tell.
pub fn of_severity(number: i32, text: &str) -> Option<Level> {
    match number {
        1..=4 => Some(1),
        5..=8 => Some(2),
        9..=12 => Some(3),
        13..=16 => Some(4),
        17..=20 => Some(5),
        21..=24 if of_word(text.as_bytes()) == Some(CRITICAL) => Some(CRITICAL),
        21..=24 => Some(7),
        _ => of_word(text.as_bytes()),
    }
}

/// The level that a line tells: a key of JSON or logfmt, else the first word that is one.
pub fn of_line(line: &str) -> Level {
    let bytes = &line.as_bytes()[..line.len().min(LOOKED_AT_BYTES_MAX)];
    of_key(bytes).or_else(|| first_word(bytes)).unwrap_or(UNKNOWN)
}

/// `"level":"info"` or `level=info`, whatever is around it.
fn of_key(bytes: &[u8]) -> Option<Level> {
    let mut words = Words { bytes, at: 0 };
    while let Some((start, end)) = words.next() {
        if !KEYS.iter().any(|key| bytes[start..end].eq_ignore_ascii_case(key.as_bytes())) {
            continue;
        }
        let rest = &bytes[end..];
        let sign = rest.iter().position(|b| !b" \"".contains(b))?;
        if !matches!(rest[sign], b'=' | b':') {
            continue;
        }
        let value = &rest[sign + 1..];
        let from = value.iter().position(|b| !b" \"".contains(b)).unwrap_or(value.len());
        let word = &value[from..];
        let length = word.iter().position(|b| !is_word(*b)).unwrap_or(word.len());
        if let Some(level) = of_word(&word[..length]) {
            return Some(level);
        }
    }
    None
}

fn first_word(bytes: &[u8]) -> Option<Level> {
    let mut words = Words { bytes, at: 0 };
    while let Some((start, end)) = words.next() {
        // Of short words in running text only whole ones in capitals are levels.
        let word = &bytes[start..end];
        if (end - start >= 4 || word.iter().all(u8::is_ascii_uppercase))
            && let Some(level) = of_word(word)
        {
            return Some(level);
        }
    }
    None
}

struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Words<'_> {
    fn next(&mut self) -> Option<(usize, usize)> {
        let start = self.at + self.bytes[self.at..].iter().position(|b| is_word(*b))?;
        let end = start + self.bytes[start..].iter().position(|b| !is_word(*b)).unwrap_or(self.bytes.len() - start);
        self.at = end;
        Some((start, end))
    }
}

fn of_word(word: &[u8]) -> Option<Level> {
    let mut lower = [0; 13];
    let word = word.trim_ascii();
    let name = lower.get_mut(..word.len())?;
    name.copy_from_slice(word);
    name.make_ascii_lowercase();
    Some(match &*name {
        b"trace" | b"trc" => 1,
        b"debug" | b"dbg" => 2,
        b"info" | b"inf" | b"information" | b"notice" => 3,
        b"warn" | b"warning" | b"wrn" => 4,
        b"error" | b"err" => 5,
        b"critical" | b"crit" => CRITICAL,
        b"fatal" | b"panic" | b"emergency" | b"emerg" | b"alert" => 7,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_and_lines_tell_the_level() {
        let of_record = |number, text: &str| of_severity(number, text).map(|level| LEVELS[level as usize]);
        let cases = [
            (9, "", Some("info")),
            (17, "x", Some("error")),
            (21, "CRITICAL", Some("critical")),
            (21, "", Some("fatal")),
            (0, "Warning", Some("warn")),
            (0, "", None),
            (0, "a very long severity", None),
        ];
        for (number, text, wanted) in cases {
            assert_eq!(of_record(number, text), wanted, "{number} {text}");
        }
        let lines = [
            (r#"{"level":"WARN","msg":"error"}"#, "warn"),
            (r#"{"msg": "x", "severity" : "err"}"#, "error"),
            ("ts=1 level=debug msg=fatal", "debug"),
            ("2024-01-01 ERROR it failed", "error"),
            ("[INF] started", "info"),
            ("an error of level 5", "error"),
            ("err in lower case is no level", "unknown"),
            ("nothing", "unknown"),
            ("", "unknown"),
            ("level", "unknown"),
            ("level=", "unknown"),
            ("größe=ü", "unknown"),
        ];
        for (line, wanted) in lines {
            assert_eq!(LEVELS[of_line(line) as usize], wanted, "{line}");
        }
    }
}
