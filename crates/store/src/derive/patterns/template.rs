//! The template of a message: its text with what varies from record to record masked.
//!
//! What a text is masked to depends on the text alone, so the same messages have the same templates in every flush, after
//! every restart, and on every machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use xxhash_rust::xxh3::xxh3_64;

/// Of a message, this much is looked at.
const BYTES_MAX: usize = 512;
/// What stands for the rest of a message.
const MORE: &str = " …";

/// What a masked part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mask {
    Number,
    Time,
    Ip,
    Uuid,
    Hex,
    Id,
}

impl Mask {
    const fn text(self) -> &'static str {
        match self {
            Mask::Number => "<num>",
            Mask::Time => "<time>",
            Mask::Ip => "<ip>",
            Mask::Uuid => "<uuid>",
            Mask::Hex => "<hex>",
            Mask::Id => "<id>",
        }
    }
}

/// The part of a message that makes its template: the first line, up to a length.
fn head(message: &str) -> (&str, bool) {
    let start = message.trim_start();
    let line = start.split(['\n', '\r']).next().unwrap_or_default();
    let mut end = line.len().min(BYTES_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    (&line[..end], end < start.trim_end().len())
}

/// Calls `each` with the texts that stay and the masks behind them, in order.
fn parts<'m>(head: &'m str, mut each: impl FnMut(&'m str, Option<Mask>)) {
    let bytes = head.as_bytes();
    let mut kept = 0;
    let mut at = 0;
    while let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) {
        let mut start = digit;
        while start > kept && is_word(bytes[start - 1]) {
            start -= 1;
        }
        // A minus or plus that nothing stands before belongs to the number.
        if start == digit && start > kept && matches!(bytes[start - 1], b'-' | b'+') && (start < 2 || !is_word(bytes[start - 2]))
        {
            start -= 1;
        }
        let (end, mask) = masked(bytes, start);
        if let Some(mask) = mask {
            each(&head[kept..start], Some(mask));
            kept = end;
            // The unit of a number stays.
            if mask == Mask::Number {
                kept = start + number_bytes(&bytes[start..end]);
            }
        }
        at = end;
    }
    if kept < head.len() {
        each(&head[kept..], None);
    }
}

/// Letters beyond ASCII are parts of words, so parts begin and end between characters.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| !is_word(*byte)).map_or(bytes.len(), |length| from + length)
}

/// Where what begins at `start` ends, and what it is masked as; `None` where it stays.
fn masked(bytes: &[u8], start: usize) -> (usize, Option<Mask>) {
    let first = word_end(bytes, start + usize::from(matches!(bytes[start], b'-' | b'+')));
    let mut end = first;
    // Times, addresses, versions, UUIDs: words with digits, or of hexadecimal digits, with one sign between.
    while matches!(bytes.get(end), Some(b'.' | b':' | b'-')) {
        let next = word_end(bytes, end + 1);
        let word = &bytes[end + 1..next];
        let goes_on = word.iter().any(u8::is_ascii_digit) || (word.len() == 4 && word.iter().all(u8::is_ascii_hexdigit));
        if !goes_on {
            break;
        }
        end = next;
    }
    let text = &bytes[start..end];
    if text.len() <= 8 && text[0].is_ascii_alphabetic() && text.iter().filter(|byte| byte.is_ascii_digit()).count() == 1 {
        // `v1`, `utf8`, `http2`.
        return (end, None);
    }
    (end, Some(mask_of(text)))
}

fn mask_of(text: &[u8]) -> Mask {
    // Some ids of hexadecimal digits have no letter, or none but the last.
    if text.iter().all(u8::is_ascii_hexdigit) && (text.len() >= 16 || (text.len() >= 8 && !text.iter().all(u8::is_ascii_digit))) {
        return Mask::Hex;
    }
    let number = number_bytes(text);
    let unit = &text[number..];
    if number > 0 && unit.len() <= 3 && unit.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) {
        return Mask::Number;
    }
    if is_time(text) {
        return Mask::Time;
    }
    if is_uuid(text) {
        return Mask::Uuid;
    }
    if is_ip(text) {
        return Mask::Ip;
    }
    if text.starts_with(b"0x") { Mask::Hex } else { Mask::Id }
}

/// Bytes of a decimal number at the start: sign, digits, one point and digits.
fn number_bytes(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = sign + digits(sign);
    if whole == sign {
        return 0;
    }
    match text.get(whole) {
        Some(b'.') if digits(whole + 1) > 0 => whole + 1 + digits(whole + 1),
        _ => whole,
    }
}

/// `2026-11-22…` or `12:34:56…`.
fn is_time(text: &[u8]) -> bool {
    let shape = |pattern: &[u8]| {
        text.len() >= pattern.len()
            && pattern.iter().zip(text).all(|(p, byte)| if *p == b'0' { byte.is_ascii_digit() } else { p == byte })
    };
    shape(b"0000-00-00") || shape(b"00:00:00") || shape(b"0:00:00")
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// An address, perhaps with a port.
fn is_ip(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let host = text.split_once(':').map_or(text, |(host, _)| host);
    host.parse::<Ipv4Addr>().is_ok() || (text.len() > 4 && text.parse::<Ipv6Addr>().is_ok())
}

/// What stands for the template of a message.
pub(super) fn hash(message: &str) -> u64 {
    let (head, more) = head(message);
    let mut hash = u64::from(more);
    parts(head, |kept, mask| {
        let part = xxh3_64(kept.as_bytes()) ^ mask.map_or(0, |mask| (mask as u64 + 1) << 56);
        hash = (hash.rotate_left(5) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    });
    hash
}

/// The template of a message.
pub(super) fn write(message: &str) -> String {
    let (head, more) = head(message);
    let mut out = String::with_capacity(head.len());
    parts(head, |kept, mask| {
        out.push_str(kept);
        out.push_str(mask.map_or("", Mask::text));
    });
    out.truncate(out.trim_end().len());
    if more {
        out.push_str(MORE);
    }
    out
}

/// The name of a template: the same wherever it is met.
pub(super) fn id(template: &str) -> String {
    format!("{:016x}", xxh3_64(template.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_varies_is_masked() {
        let cases = [
            ("", ""),
            ("out of memory: killed worker process, restarting", "out of memory: killed worker process, restarting"),
            ("cache lookup key=product:P004211 hit=true took=412us", "cache lookup key=product:<id> hit=true took=<num>us"),
            (
                "10.0.3.4 - \"GET /cart/P000123 HTTP/1.1\" 200 53 4.125ms",
                "<ip> - \"GET /cart/<id> HTTP/<num>\" <num> <num> <num>ms",
            ),
            ("connect ETIMEDOUT 203.0.113.17:443", "connect ETIMEDOUT <ip>"),
            ("order 00f067aa0ba902b7 placed, total -12.50 EUR", "order <hex> placed, total <num> EUR"),
            ("ids 0123456789012345 and 123456789012345a, 20261122 rows", "ids <hex> and <hex>, <num> rows"),
            ("at 2026-11-22T10:12:20.123Z by worker-17", "at <time> by worker-<num>"),
            ("id f47ac10b-58cc-4372-a567-0e02b2c3d479 gone", "id <uuid> gone"),
            ("pointer 0x7ffe is null, HTTP v1 via http2", "pointer <hex> is null, HTTP v1 via http2"),
            ("{\"user_id\":\"u0000042\",\"n\":3}", "{\"user_id\":\"<id>\",\"n\":<num>}"),
            ("failed\n  at main.rs:12", "failed …"),
            ("80% of quota; größe5000 ok", "<num>% of quota; <id> ok"),
            ("  listening on [::1]:4317 ", "listening on [::<num>]:<num>"),
        ];
        for (message, template) in cases {
            assert_eq!(write(message), template, "{message:?}");
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let template = write(&"é".repeat(BYTES_MAX));
        assert_eq!(template, format!("{}{MORE}", "é".repeat(BYTES_MAX / 2)));
    }

    proptest! {
        /// Any text has a template; those of one hash are one, and numbers make no difference.
        #[test]
        fn any_text_has_a_template(text in "\\PC{0,40}", letters in "[a-zé ]{1,10}", a in 10u32..99, b in 10u32..99) {
            prop_assert_eq!(hash(&text), hash(&text.clone()));
            write(&text);
            let [one, other] = [a, b].map(|n| format!("{letters}={n} {letters}"));
            prop_assert_eq!(hash(&one), hash(&other));
            prop_assert_eq!(write(&one), write(&other));
        }
    }
}
