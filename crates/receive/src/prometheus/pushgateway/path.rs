//! The labels of a group, as a path tells them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

use super::group::{Labels, PushError};

/// Behind the name of a label whose value is base64.
const BASE64_SUFFIX: &str = "@base64";
/// URL-safe, with or without padding: clients do both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);
const JOB: &str = "job";

/// Reads what stands behind `/metrics/` in a path, still escaped: `job/<job>{/<name>/<value>}`.
pub(super) fn labels(path: &str) -> Result<Labels, PushError> {
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let mut labels = Labels::new();
    while let Some(name) = parts.next() {
        let name = unescape(name)?;
        let value = parts.next().ok_or_else(|| PushError::Path(format!("the label `{name}` has no value")))?;
        let value = unescape(value)?;
        let (name, value) = match name.strip_suffix(BASE64_SUFFIX) {
            Some(name) => (name.to_owned(), unpack(&value)?),
            None => (name, value),
        };
        if labels.is_empty() && (name != JOB || value.is_empty()) {
            return Err(PushError::Path("the path names no job; write /metrics/job/<name>".to_owned()));
        }
        if name.is_empty() || name == "__name__" {
            return Err(PushError::Path(format!("`{name}` is no name of a label")));
        }
        if labels.contains_key(&name) {
            return Err(PushError::Path(format!("the label `{name}` is there twice")));
        }
        labels.insert(name, value);
    }
    Ok(labels)
}

fn unescape(part: &str) -> Result<String, PushError> {
    let text = percent_decode_str(part).decode_utf8();
    text.map(std::borrow::Cow::into_owned).map_err(|_| PushError::Path(format!("`{part}` is not UTF-8")))
}

/// An empty value is written as padding alone, since a path cannot have empty parts.
fn unpack(value: &str) -> Result<String, PushError> {
    let wrong = || PushError::Path(format!("`{value}` is not base64 of UTF-8"));
    let bytes = BASE64.decode(value.trim_end_matches('=')).map_err(|_| wrong())?;
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_paths() {
        let cases = [
            ("job/a", Ok("job=a")),
            ("job/a/", Ok("job=a")),
            ("job/a/instance/b", Ok("instance=b,job=a")),
            ("job/a%2Fb/x/%C3%A4", Ok("job=a/b,x=ä")),
            ("job/a/instance@base64/aS8x", Ok("instance=i/1,job=a")),
            ("job/a/path@base64/L3Zhci90bXA", Ok("job=a,path=/var/tmp")),
            ("job/a/path@base64/L3Zhci90bXA=", Ok("job=a,path=/var/tmp")),
            ("job@base64/YQ==/empty@base64/=", Ok("empty=,job=a")),
            ("job", Err("the label `job` has no value")),
            ("", Err("the label `` has no value")),
            ("job/", Err("the label `job` has no value")),
            ("job@base64/=", Err("names no job")),
            ("instance/a", Err("names no job")),
            ("job/a/b", Err("the label `b` has no value")),
            ("job/a/b/1/b/2", Err("there twice")),
            ("job/a/__name__/x", Err("no name of a label")),
            ("job/a//x", Err("no name of a label")),
            ("job/%ff", Err("not UTF-8")),
            ("job@base64/!!", Err("not base64")),
            ("job@base64/_w", Err("not base64")),
        ];
        for (path, expected) in cases {
            let got = labels(path)
                .map(|labels| labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(","));
            match (got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{path}"),
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{path}: {error}"),
                (got, _) => panic!("{path}: {got:?}"),
            }
        }
    }
}
