//! What a token is, and how it is folded.
//!
//! A token is a run of letters, digits, `_` and bytes beyond ASCII. Tokens are folded so that whatever a search without
//! regard to case can find is found: ASCII letters become small, and so do the three characters beyond ASCII that some
//! way of ignoring case takes for ASCII letters (`ſ`, the Kelvin sign, `İ`).

const LETTER: u8 = 1;
const DIGIT: u8 = 2;

/// What each byte is; zero stands between tokens.
const CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut out = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        out[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => LETTER,
            _ => 0,
        };
        byte += 1;
    }
    out
}

/// A token of a folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) bytes: &'t [u8],
    /// Where it begins.
    pub(super) start: usize,
    pub(super) has_digit: bool,
}

/// Folds a text into `out`, which is emptied first. Folding a part of a text gives a part of the folded text.
pub(super) fn fold(text: &str, out: &mut Vec<u8>) {
    out.clear();
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
    } else {
        for c in text.chars() {
            match c {
                'ſ' => out.push(b's'),
                '\u{212a}' => out.push(b'k'),
                'İ' => out.extend("i\u{307}".as_bytes()),
                c => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.make_ascii_lowercase();
}

/// The tokens of a folded text, in order.
pub(super) fn tokens(folded: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while CLASS[usize::from(*folded.get(at)?)] == 0 {
            at += 1;
        }
        let (start, mut seen) = (at, 0);
        while let Some(class) = folded.get(at).map(|byte| CLASS[usize::from(*byte)]).filter(|class| *class != 0) {
            seen |= class;
            at += 1;
        }
        Some(Token { bytes: &folded[start..at], start, has_digit: seen & DIGIT != 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_into_tokens() {
        let cases: [(&str, &[&str]); 6] = [
            ("", &[]),
            (" ,;", &[]),
            ("GET /api/v1/Users?id=42", &["get", "api", "v1", "users", "id", "42"]),
            ("{\"user_id\":\"u0042\"}", &["user_id", "u0042"]),
            ("naïve Ünsinn\u{a0}x", &["naïve", "Ünsinn\u{a0}x"]),
            ("ſecret \u{212a}elvin İx", &["secret", "kelvin", "i\u{307}x"]),
        ];
        for (text, expected) in cases {
            let mut folded = Vec::new();
            fold(text, &mut folded);
            let found: Vec<_> = tokens(&folded).map(|t| String::from_utf8_lossy(t.bytes).into_owned()).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
