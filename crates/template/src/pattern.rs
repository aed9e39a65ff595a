//! Regular expressions of functions.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use crate::error::{Bounded, Fault};

/// Compiled size of a regular expression, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// How many times the bound a replacement may at most come to, by estimate.
const EXPANSION_FACTOR_MAX: usize = 16;

/// Compiles a regular expression; the error says what is wrong.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Fault> {
    RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build().map_err(|error| {
        let text = error.to_string();
        // The last line says what is wrong; those above draw the pattern.
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Fault::new(format!("error parsing regexp: {reason}: `{pattern}`"))
    })
}

/// The text with every match replaced; `$1` and `${name}` in the replacement stand for groups,
/// unless it is literal.
pub(crate) fn replace<'t>(
    regex: &Regex,
    text: Cow<'t, str>,
    replacement: &str,
    literal: bool,
    bytes_max: usize,
) -> Result<Cow<'t, str>, Fault> {
    let literal = literal || !replacement.contains('$');
    if !regex.is_match(&text) {
        return Ok(text);
    }
    let mut out = Bounded::new(bytes_max);
    let mut copied = 0;
    if literal {
        for found in regex.find_iter(&text) {
            out.push(&text[copied..found.start()])?;
            out.push(replacement)?;
            copied = found.end();
        }
    } else {
        let mut expanded = String::new();
        let groups_max = replacement.matches('$').count();
        for groups in regex.captures_iter(&text) {
            let Some(found) = groups.get(0) else { continue };
            out.push(&text[copied..found.start()])?;
            // A replacement that repeats groups must not fill the memory before it is measured.
            if groups_max.saturating_mul(found.len()) > bytes_max.saturating_mul(EXPANSION_FACTOR_MAX) {
                return Err(Fault::TooLarge(bytes_max));
            }
            expanded.clear();
            groups.expand(replacement, &mut expanded);
            out.push(&expanded)?;
            copied = found.end();
        }
    }
    out.push(&text[copied..])?;
    Ok(Cow::Owned(out.into_text()))
}
