//! Texts made safe for HTML, JavaScript and URLs, and back.

use crate::error::{Bounded, Fault};
use crate::syntax::is_printable;

/// A text within HTML.
pub(super) fn html(text: &str, bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    for c in text.chars() {
        match c {
            '<' => out.push("&lt;")?,
            '>' => out.push("&gt;")?,
            '&' => out.push("&amp;")?,
            '\'' => out.push("&#39;")?,
            '"' => out.push("&#34;")?,
            '\0' => out.push("\u{fffd}")?,
            c => out.push_char(c)?,
        }
    }
    Ok(out.into_text())
}

/// A text within quotes of JavaScript.
pub(super) fn javascript(text: &str, bytes_max: usize) -> Result<String, Fault> {
    let mut out = Bounded::new(bytes_max);
    for c in text.chars() {
        match c {
            '\\' | '\'' | '"' => {
                out.push("\\")?;
                out.push_char(c)?;
            }
            '<' | '>' | '&' | '=' => out.push_format(format_args!("\\u{:04X}", c as u32))?,
            c if is_printable(c) => out.push_char(c)?,
            c => out.push_format(format_args!("\\u{:04X}", c as u32))?,
        }
    }
    Ok(out.into_text())
}

/// A text within the query of a URL.
pub(super) fn url_query(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// What a text within the query of a URL stands for.
pub(super) fn url_query_back(text: &str) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let Some(digits) = digits.and_then(|digits| std::str::from_utf8(digits).ok()) else {
                    let shown: String = std::iter::once('%').chain(String::from_utf8_lossy(rest).chars().take(2)).collect();
                    return Err(Fault::new(format!("invalid URL escape {shown:?}")));
                };
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'?'));
                rest = &rest[2..];
            }
            byte => bytes.push(byte),
        }
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
