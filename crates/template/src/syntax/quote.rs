//! Quoted texts and characters as Go writes them, both ways.

use crate::error::{Bounded, Fault};

/// The text between double quotes, or `None` where it is badly written.
pub(crate) fn unquote(quoted: &str) -> Option<String> {
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !rest.contains('\\') {
        return (!rest.contains(['"', '\n'])).then(|| rest.to_owned());
    }
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' | '\n' => return None,
            '\\' => rest = escape(rest, '"', &mut bytes)?,
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The character between single quotes.
pub(crate) fn unquote_char(quoted: &str) -> Option<char> {
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?;
    let Some(escaped) = inner.strip_prefix('\\') else {
        let mut characters = inner.chars();
        let first = characters.next().filter(|c| !matches!(c, '\'' | '\n'))?;
        return characters.next().is_none().then_some(first);
    };
    let mut bytes = Vec::new();
    if !escape(escaped, '\'', &mut bytes)?.is_empty() {
        return None;
    }
    match bytes.as_slice() {
        // `'\xe9'` is the character with this number.
        [byte] => Some(char::from(*byte)),
        _ => std::str::from_utf8(&bytes).ok()?.chars().next(),
    }
}

/// Reads what follows a backslash; gives what is left behind it.
fn escape<'t>(rest: &'t str, quote: char, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let kind = rest.chars().next()?;
    let behind = &rest[kind.len_utf8()..];
    let plain = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        c if c == quote => c as u8,
        'x' => {
            bytes.push(u8::from_str_radix(hexadecimal(behind, 2)?, 16).ok()?);
            return behind.get(2..);
        }
        'u' | 'U' => {
            let digits = if kind == 'u' { 4 } else { 8 };
            let number = u32::from_str_radix(hexadecimal(behind, digits)?, 16).ok()?;
            bytes.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes());
            return behind.get(digits..);
        }
        '0'..='7' => {
            let octal = rest.get(..3)?;
            if !octal.bytes().all(|b| matches!(b, b'0'..=b'7')) {
                return None;
            }
            bytes.push(u8::from_str_radix(octal, 8).ok()?);
            return rest.get(3..);
        }
        _ => return None,
    };
    bytes.push(plain);
    Some(behind)
}

fn hexadecimal(text: &str, digits: usize) -> Option<&str> {
    text.get(..digits).filter(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether Go prints a character as it is: letters, marks, numbers, punctuation, symbols, and the space.
pub(crate) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    // Behind a letter, marks stand for themselves as well.
    let mut pair = [b'a', 0, 0, 0, 0];
    let length = 1 + c.encode_utf8(&mut pair[1..]).len();
    let text = std::str::from_utf8(&pair[..length]).unwrap_or_default();
    text.escape_debug().nth(1) != Some('\\')
}

/// Appends a text in double quotes.
pub(crate) fn push_quoted(out: &mut Bounded, text: &str, ascii: bool) -> Result<(), Fault> {
    out.push("\"")?;
    for c in text.chars() {
        push_escaped(out, c, '"', ascii)?;
    }
    out.push("\"")
}

/// Appends a character in single quotes.
pub(crate) fn push_quoted_char(out: &mut Bounded, c: char, ascii: bool) -> Result<(), Fault> {
    out.push("'")?;
    push_escaped(out, c, '\'', ascii)?;
    out.push("'")
}

fn push_escaped(out: &mut Bounded, c: char, quote: char, ascii: bool) -> Result<(), Fault> {
    match c {
        '\\' => out.push("\\\\"),
        _ if c == quote => {
            out.push("\\")?;
            out.push_char(c)
        }
        '\x07' => out.push("\\a"),
        '\x08' => out.push("\\b"),
        '\x0c' => out.push("\\f"),
        '\n' => out.push("\\n"),
        '\r' => out.push("\\r"),
        '\t' => out.push("\\t"),
        '\x0b' => out.push("\\v"),
        _ if (c.is_ascii() || !ascii) && is_printable(c) => out.push_char(c),
        _ if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_format(format_args!("\\x{:02x}", c as u32)),
        _ if c as u32 > 0xffff => out.push_format(format_args!("\\U{:08x}", c as u32)),
        _ => out.push_format(format_args!("\\u{:04x}", c as u32)),
    }
}
