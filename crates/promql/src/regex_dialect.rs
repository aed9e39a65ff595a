//! Regular expressions of Prometheus (RE2 as Go reads it) for the `regex` crate.
//!
//! The two agree but in corners: to Go a brace that starts no repetition stands for itself, `\Q…\E`
//! quotes, and classes know neither nesting nor set operators.

use regex::{Regex, RegexBuilder};

/// Compiled size of a regular expression, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// A regular expression that stands for a whole text, in which `.` matches newlines too. The error says
/// what is wrong.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern);
    // By itself first: a parenthesis too many must not close the group below.
    compile(&translated)?;
    compile(&format!("^(?s:{translated})$"))
}

/// A regular expression of Go that is searched for in a text; newlines end what `.` matches. The error says
/// what is wrong.
pub fn go_regex(pattern: &str) -> Result<Regex, String> {
    compile(&translate(pattern))
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build().map_err(|error| {
        // The last line of the message says what is wrong; those above draw the pattern.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or("not a regular expression");
        last.trim_start_matches("error: ").to_owned()
    })
}

fn translate(pattern: &str) -> String {
    if !pattern.contains(['{', '[', '}']) && !pattern.contains("\\Q") {
        return pattern.to_owned();
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = if c == '\\' {
            escape(rest, &mut out)
        } else if c == '[' {
            class(rest, &mut out)
        } else if let Some(length) = repetition(rest) {
            out.push_str(&rest[..length]);
            &rest[length..]
        } else {
            if matches!(c, '{' | '}') {
                out.push('\\');
            }
            out.push(c);
            &rest[c.len_utf8()..]
        };
    }
    out
}

/// Copies what starts with a backslash.
fn escape<'p>(rest: &'p str, out: &mut String) -> &'p str {
    if let Some(quoted) = rest.strip_prefix("\\Q") {
        let (literal, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
        out.push_str(&regex::escape(literal));
        return behind;
    }
    let escaped = rest[1..].chars().next();
    let mut length = 1 + escaped.map_or(0, char::len_utf8);
    // The braces of `\p{Greek}` and `\x{10FFFF}` are part of the escape.
    if matches!(escaped, Some('p' | 'P' | 'x')) && rest[length..].starts_with('{') {
        length += rest[length..].find('}').map_or(0, |end| end + 1);
    }
    out.push_str(&rest[..length]);
    &rest[length..]
}

/// Copies a class, the operators that Go does not know escaped.
fn class<'p>(rest: &'p str, out: &mut String) -> &'p str {
    out.push('[');
    let mut rest = &rest[1..];
    for first in ['^', ']'] {
        if let Some(behind) = rest.strip_prefix(first) {
            out.push_str(if first == ']' { "\\]" } else { "^" });
            rest = behind;
        }
    }
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            rest = escape(rest, out);
            continue;
        }
        let named = rest.starts_with("[:").then(|| rest.find(":]")).flatten();
        if let Some(end) = named {
            out.push_str(&rest[..end + 2]);
            rest = &rest[end + 2..];
            continue;
        }
        if matches!(c, '[' | '&' | '~') {
            out.push('\\');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
        if c == ']' {
            break;
        }
    }
    rest
}

/// Length of a repetition (`{2}`, `{2,}`, `{2,5}`) that a text starts with.
fn repetition(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('{')?;
    let end = inside.find('}')?;
    let (least, most) = inside[..end].split_once(',').unwrap_or((&inside[..end], ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_to_go() {
        let cases = [
            ("a|b", "b", true),
            ("a|b", "ab", false),
            ("a.c", "a\nc", true),
            ("a{2}b{1,}c{0,1}", "aabbb", true),
            ("{a}", "{a}", true),
            ("a{b", "a{b", true),
            ("a{,2}", "a{,2}", true),
            ("}", "}", true),
            ("a[{]b", "a{b", true),
            ("[[]", "[", true),
            ("[]a]+", "a]a", true),
            ("[^]]", "]", false),
            ("[a&&b]+", "a&b", true),
            ("[~~]", "~", true),
            ("[[:digit:]_]+", "1_2", true),
            ("\\Qa.b{\\E+", "a.b{{", true),
            ("\\Qa.b\\E", "axb", false),
            ("\\p{Greek}+", "λ", true),
            ("\\x{41}", "A", true),
            ("\\{a\\}", "{a}", true),
            ("(?i)ABC", "abc", true),
            ("", "", true),
        ];
        for (pattern, text, matches) in cases {
            let regex = anchored(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
        for pattern in ["(", ")", "a)(b", "[a", "*", "\\", "(?<", "a**b{1}{2}{3}(", "((a{1000}){1000}){1000}"] {
            assert!(anchored(pattern).is_err(), "{pattern}");
        }
    }
}
