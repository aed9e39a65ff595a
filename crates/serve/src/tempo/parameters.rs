//! What clients write into addresses: times, durations, and searches of the first version.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// Spans looked at when no time is given, in nanoseconds: a day.
const DEFAULT_RANGE_NS: i64 = 24 * 3600 * 1_000_000_000;
/// Clocks of clients may be ahead of ours.
const AHEAD_NS: i64 = 60 * 1_000_000_000;

/// A time range as text.
#[derive(Debug, Default, Deserialize)]
pub(super) struct RangeText {
    start: Option<String>,
    end: Option<String>,
    since: Option<String>,
}

impl RangeText {
    /// Seconds since 1970; 0 is no time.
    pub(super) fn of_seconds(start: u32, end: u32) -> Self {
        Self { start: Some(start.to_string()), end: Some(end.to_string()), since: None }
    }

    /// Nanoseconds since 1970; what is missing is the last day until now.
    pub(super) fn range(&self) -> Result<(i64, i64), String> {
        let read = |name: &str, text: &Option<String>| match text.as_deref().filter(|t| !t.is_empty() && *t != "0") {
            Some(text) => time(text).map(Some).ok_or_else(|| {
                format!(
                    "`{name}={text}` is no time: give seconds or nanoseconds since 1970, or a time such as 2026-01-31T12:00:00Z"
                )
            }),
            None => Ok(None),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
        let end = read("end", &self.end)?.unwrap_or(now.saturating_add(AHEAD_NS));
        let since = match self.since.as_deref().filter(|t| !t.is_empty()) {
            Some(text) => Some(duration(text).ok_or_else(|| format!("`since={text}` is no duration, such as 30m or 1h"))?),
            None => None,
        };
        let start = read("start", &self.start)?.unwrap_or(end.saturating_sub(since.unwrap_or(DEFAULT_RANGE_NS)));
        if start >= end { Err("`start` must be before `end`".to_owned()) } else { Ok((start, end)) }
    }
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, by their size, or RFC 3339.
fn time(text: &str) -> Option<i64> {
    let Ok(number) = text.parse::<f64>() else { return rfc3339(text) };
    if !(0.0..9.3e18).contains(&number) {
        return None;
    }
    if number >= 1e17 {
        return text.parse().ok().or(Some(number as i64));
    }
    let factor = if number >= 1e14 {
        1e3
    } else if number >= 1e11 {
        1e6
    } else {
        1e9
    };
    Some((number * factor) as i64)
}

fn rfc3339(text: &str) -> Option<i64> {
    arrow::compute::kernels::cast_utils::string_to_timestamp_nanos(text).ok()
}

/// `1h30m`, `250ms`, or a number of seconds, in nanoseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12), ("d", 8.64e13)];
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1e9) as i64);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (!text.is_empty()).then_some(total as i64)
}

/// A search as older clients write it: `tags` in logfmt, and bounds on the trace's duration.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TagSearch {
    tags: Option<String>,
    #[serde(rename = "minDuration")]
    min_duration: Option<String>,
    #[serde(rename = "maxDuration")]
    max_duration: Option<String>,
}

impl TagSearch {
    /// Bounds alone.
    pub(super) fn of(min_duration: Option<String>, max_duration: Option<String>) -> Self {
        Self { tags: None, min_duration, max_duration }
    }

    /// The same in TraceQL.
    pub(super) fn query(&self) -> Result<String, String> {
        self.conditions(logfmt(self.tags.as_deref().unwrap_or_default())?)
    }

    /// Tags with these values, within the bounds, in TraceQL.
    pub(super) fn conditions(&self, tags: Vec<(String, String)>) -> Result<String, String> {
        let mut conditions = Vec::new();
        for (key, value) in tags {
            let text = quoted(&value);
            conditions.push(match key.as_str() {
                "name" | "status" | "kind" if key != "name" => format!("{key} = {value}"),
                "name" => format!("name = {text}"),
                "service" | "service.name" => format!("resource.service.name = {text}"),
                "root.service.name" => format!("rootServiceName = {text}"),
                "root.name" => format!("rootName = {text}"),
                "error" if value == "true" => "status = error".to_owned(),
                _ => {
                    let field = format!(".{}", quoted(&key));
                    let number = value.parse::<f64>().is_ok_and(f64::is_finite) || value == "true" || value == "false";
                    if number { format!("({field} = {text} || {field} = {value})") } else { format!("{field} = {text}") }
                }
            });
        }
        for (sign, text) in [(">=", &self.min_duration), ("<=", &self.max_duration)] {
            if let Some(text) = text.as_deref().filter(|t| !t.is_empty()) {
                let ns = duration(text).ok_or_else(|| format!("`{text}` is no duration, such as 100ms or 1.5s"))?;
                conditions.push(format!("traceDuration {sign} {ns}ns"));
            }
        }
        Ok(format!("{{ {} }}", conditions.join(" && ")))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// `key=value key="a value"`.
fn logfmt(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or_else(|| format!("`{rest}` in `tags` has no `=`"))?;
        let (value, after) = if let Some(inside) = after.strip_prefix('"') {
            let mut value = String::new();
            let mut letters = inside.char_indices();
            let end = loop {
                match letters.next() {
                    Some((_, '\\')) => value.extend(letters.next().map(|(_, c)| c)),
                    Some((at, '"')) => break at + 1,
                    Some((_, c)) => value.push(c),
                    None => return Err("a quote in `tags` is not closed".to_owned()),
                }
            };
            (value, &inside[end..])
        } else {
            let end = after.find(' ').unwrap_or(after.len());
            (after[..end].to_owned(), &after[end..])
        };
        pairs.push((key.trim().to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times() {
        let cases = [
            ("1m", Some(60_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5ms", Some(1_500_000)),
            ("15", Some(15_000_000_000)),
            ("", None),
            ("5 apples", None),
            ("-1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "2023-11-14T22:13:20Z"] {
            assert_eq!(time(text), Some(1_700_000_000_000_000_000), "{text}");
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn searches_of_the_first_version() {
        let query = |tags: &str, min: &str| {
            TagSearch { tags: Some(tags.to_owned()), min_duration: Some(min.to_owned()), max_duration: None }.query()
        };
        let cases = [
            ("", "", Ok("{  }")),
            ("service.name=shop", "", Ok("{ resource.service.name = \"shop\" }")),
            ("name=\"GET /a b\" error=true", "", Ok("{ name = \"GET /a b\" && status = error }")),
            ("http.status_code=500", "", Ok("{ (.\"http.status_code\" = \"500\" || .\"http.status_code\" = 500) }")),
            ("a=\"x\\\"y\"", "2ms", Ok("{ .\"a\" = \"x\\\"y\" && traceDuration >= 2000000ns }")),
            ("a", "", Err("`a` in `tags` has no `=`")),
        ];
        for (tags, min, expected) in cases {
            assert_eq!(query(tags, min).as_deref().map_err(String::as_str), expected, "{tags}");
        }
    }
}
