//! Labels of a stream as text: `{job="api", env="prod"}`.

use std::borrow::Cow;

/// Name and value.
pub type Label<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Reads labels; `None` when the text has another form. Values are quoted as in Go.
pub fn read(text: &str) -> Option<Vec<Label<'_>>> {
    let mut rest = text.trim().strip_prefix('{')?.trim_start();
    let mut labels = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix('}') {
            return end.trim().is_empty().then_some(labels);
        }
        let (name, after) = name(rest)?;
        let (value, after) = quoted(after.trim_start().strip_prefix('=')?.trim_start())?;
        labels.push((name, value));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A name, in quotes where it has characters that names had none of before.
fn name(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if text.starts_with('"') {
        return quoted(text);
    }
    let end = text.find(|c: char| "=,}{\"!~".contains(c) || c.is_whitespace())?;
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty()).then_some((Cow::Borrowed(name), rest))
}

/// A literal in double quotes or in back quotes, and what is behind it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (value, rest) = raw.split_once('`')?;
        return Some((Cow::Borrowed(value), rest));
    }
    let inner = text.strip_prefix('"')?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inner.as_bytes().get(at..)?)?;
        if inner.as_bytes().get(at) == Some(&b'"') {
            break;
        }
        at += 2;
    }
    let (value, rest) = inner.split_at_checked(at)?;
    Some((unescaped(value)?, rest.get(1..)?))
}

fn unescaped(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains('\\') {
        return Some(Cow::Borrowed(value));
    }
    // Escapes of bytes may come to no text.
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let escape = after.bytes().next()?;
        let mut used = 1;
        match escape {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' | b'"' | b'\'' => out.push(escape),
            b'x' => {
                out.push(u8::from_str_radix(after.get(1..3)?, 16).ok()?);
                used = 3;
            }
            b'0'..=b'7' => {
                out.push(u8::from_str_radix(after.get(..3)?, 8).ok()?);
                used = 3;
            }
            b'u' | b'U' => {
                used = if escape == b'u' { 5 } else { 9 };
                let code = u32::from_str_radix(after.get(1..used)?, 16).ok()?;
                out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
        rest = after.get(used..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(Cow::Owned(String::from_utf8_lossy(&out).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read() {
        type Case<'a> = (&'a str, Option<&'a [(&'a str, &'a str)]>);
        let cases: [Case<'_>; 22] = [
            ("{}", Some(&[])),
            (" { } ", Some(&[])),
            (r#"{a="b"}"#, Some(&[("a", "b")])),
            (r#"{a="b", c="d"}"#, Some(&[("a", "b"), ("c", "d")])),
            (r#"{ a = "b" , c="d" , }"#, Some(&[("a", "b"), ("c", "d")])),
            ("{a=`b\\n`}", Some(&[("a", "b\\n")])),
            (r#"{a="q\"\\\n\t\x41\101\u00e4\U0001F600"}"#, Some(&[("a", "q\"\\\n\tAAä😀")])),
            (r#"{a="\xff"}"#, Some(&[("a", "\u{fffd}")])),
            (r#"{a=",}{="}"#, Some(&[("a", ",}{=")])),
            (r#"{"k8s.pod"="b"}"#, Some(&[("k8s.pod", "b")])),
            (r#"{größe="ü"}"#, Some(&[("größe", "ü")])),
            (r#"{a=""}"#, Some(&[("a", "")])),
            ("", None),
            ("{", None),
            (r#"{a="b""#, None),
            (r#"{a="b"} x"#, None),
            (r#"{a="b" c="d"}"#, None),
            (r#"{a!="b"}"#, None),
            (r#"{="b"}"#, None),
            (r#"{a="b\"}"#, None),
            (r#"{a="\q"}"#, None),
            (r#"{a="\ud800"}"#, None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|labels| labels.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect());
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
