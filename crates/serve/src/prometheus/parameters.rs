//! What clients write into parameters: times, durations, limits, selectors.

use std::time::Duration;

use luneta_promql::{Matcher, ParseOptions, Query, parse_duration, parse_selector};

use super::reply::Failure;
use crate::parameters::Parameters;

/// The earliest and the latest time, as Prometheus's clients write them where they mean no bound.
const EARLIEST: &str = "-292273086-05-16T16:47:06Z";
const LATEST: &str = "292277025-08-18T07:12:54.999999999Z";
/// Times have to fit into nanoseconds of 64 bits.
const TIME_MAX_MS: i64 = i64::MAX / 1_000_000;
/// Selectors of one request.
const SELECTORS_MAX: usize = 1000;
/// Characters of a value that a message shows.
const SHOWN_CHARS_MAX: usize = 100;

/// Milliseconds since 1970 of a time: seconds since then, or RFC 3339.
///
/// # Errors
/// Says that it is none.
pub fn time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        if seconds.is_finite() {
            return Ok((seconds * 1000.0).round() as i64);
        }
    } else if let Some(milliseconds) = rfc3339(text) {
        return Ok(milliseconds);
    }
    Err(format!("cannot parse {} to a valid timestamp", shown(text)))
}

fn rfc3339(text: &str) -> Option<i64> {
    match text {
        EARLIEST => Some(i64::MIN / 1_000_000),
        LATEST => Some(TIME_MAX_MS),
        // The library takes other letters between date and time.
        _ if text.as_bytes().get(10) != Some(&b'T') => None,
        _ => chrono::DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis()),
    }
}

/// Milliseconds of a duration: `5m`, or a number of seconds.
///
/// # Errors
/// Says that it is none.
pub fn duration(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<f64>() {
        if seconds.abs() < i64::MAX as f64 / 1e9 {
            return Ok((seconds * 1000.0) as i64);
        }
        return Err(format!("cannot parse {} to a valid duration. It overflows int64", shown(text)));
    }
    parse_duration(text).ok_or_else(|| format!("cannot parse {} to a valid duration", shown(text)))
}

/// A value in quotes, shortened.
fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN_CHARS_MAX {
        return format!("{text:?}");
    }
    format!("{:?}", text.chars().take(SHOWN_CHARS_MAX).chain(['…']).collect::<String>())
}

/// A time by name, or what stands for it.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn time_or(parameters: &Parameters, name: &str, default: i64) -> Result<i64, Failure> {
    parameters.first(name).map_or(Ok(default), time).map_err(|fault| Failure::parameter(name, fault))
}

/// Most items of an answer; `None` is no limit.
///
/// # Errors
/// [`Failure`] when it is no count.
pub fn limit(parameters: &Parameters) -> Result<Option<usize>, Failure> {
    let Some(text) = parameters.first("limit") else { return Ok(None) };
    match text.parse::<i64>() {
        Ok(count) if count < 0 => Err(Failure::parameter("limit", "limit must be non-negative")),
        Ok(count) => Ok((count > 0).then_some(count as usize)),
        Err(_) => Err(Failure::parameter("limit", format!("cannot parse {} to a number", shown(text)))),
    }
}

/// How long a query may take: what is asked for, within what the server allows.
///
/// # Errors
/// [`Failure`] when it is no duration.
pub fn timeout(parameters: &Parameters, allowed: Duration) -> Result<Duration, Failure> {
    let Some(text) = parameters.first("timeout") else { return Ok(allowed) };
    let milliseconds = duration(text).map_err(|fault| Failure::parameter("timeout", fault))?;
    Ok(Duration::from_millis(milliseconds.max(0) as u64).min(allowed))
}

/// The query of a request.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn query(parameters: &Parameters) -> Result<Query, Failure> {
    let text = parameters.first("query").unwrap_or_default();
    Query::parse(text, &ParseOptions::default()).map_err(|fault| Failure::parameter("query", fault))
}

/// The selector that chooses targets.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn selector(text: &str) -> Result<Vec<Matcher>, Failure> {
    parse_selector(text, &ParseOptions::default()).map_err(|e| Failure::parameter("match_target", e.to_string()))
}

/// The selectors of a request.
///
/// # Errors
/// [`Failure`] when one is none, or fits everything.
pub fn selectors(parameters: &Parameters) -> Result<Vec<Vec<Matcher>>, Failure> {
    let fault = |message: String| Failure::parameter("match[]", message);
    let mut found = Vec::new();
    for text in parameters.all("match[]") {
        if found.len() == SELECTORS_MAX {
            return Err(fault(format!("there may be {SELECTORS_MAX} selectors at most")));
        }
        let matchers = parse_selector(text, &ParseOptions::default()).map_err(|e| fault(e.to_string()))?;
        if matchers.iter().all(|matcher| matcher.matches("")) {
            return Err(fault("match[] must contain at least one non-empty matcher".to_owned()));
        }
        found.push(matchers);
    }
    Ok(found)
}

/// The time of a request for series: after and up to these milliseconds. Where nothing is said it is
/// everything.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn window(parameters: &Parameters) -> Result<(i64, i64), Failure> {
    let start = time_or(parameters, "start", 0)?;
    let end = time_or(parameters, "end", TIME_MAX_MS)?;
    // Nothing is older than 1970.
    Ok((start.clamp(0, TIME_MAX_MS) - 1, end.clamp(-1, TIME_MAX_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("1.5", Some(1500)),
            ("-1", Some(-1000)),
            ("1e3", Some(1_000_000)),
            ("1435781451.781", Some(1_435_781_451_781)),
            ("2015-07-01T20:10:51.781Z", Some(1_435_781_451_781)),
            ("2015-07-01T22:10:51.781+02:00", Some(1_435_781_451_781)),
            (EARLIEST, Some(i64::MIN / 1_000_000)),
            (LATEST, Some(TIME_MAX_MS)),
            ("2015-07-01 20:10:51Z", None),
            ("2015-07-01", None),
            ("NaN", None),
            ("inf", None),
            ("now", None),
            ("ééééééé", None),
        ] {
            assert_eq!(time(text).ok(), wanted, "{text}");
        }
        assert_eq!(time("x").expect_err("no time"), "cannot parse \"x\" to a valid timestamp");
        assert!(time(&"x".repeat(10_000)).expect_err("no time").len() < 200);
    }

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("15", Some(15_000)),
            ("0.5", Some(500)),
            ("1h30m", Some(5_400_000)),
            ("-5", Some(-5000)),
            ("", None),
            ("5 m", None),
            ("1e20", None),
            ("NaN", None),
        ] {
            assert_eq!(duration(text).ok(), wanted, "{text}");
        }
        assert_eq!(duration("1e20").expect_err("too long"), "cannot parse \"1e20\" to a valid duration. It overflows int64");
    }

    #[test]
    fn windows() {
        for (query, wanted) in [
            ("", (-1, TIME_MAX_MS)),
            ("start=1&end=2", (999, 2000)),
            ("start=-5&end=-2", (-1, -1)),
            ("start=1e300&end=1e300", (TIME_MAX_MS - 1, TIME_MAX_MS)),
        ] {
            assert_eq!(window(&Parameters::of(query)), Ok(wanted), "{query}");
        }
    }

    #[test]
    fn faults_name_their_parameter() {
        let fault = |query: &str| {
            let parameters = Parameters::of(query);
            let read = || -> Result<(), Failure> {
                limit(&parameters)?;
                timeout(&parameters, Duration::from_secs(1))?;
                window(&parameters)?;
                selectors(&parameters)?;
                Ok(())
            };
            read().expect_err(query).message
        };
        for (query, wanted) in [
            ("limit=-1", "invalid parameter \"limit\": limit must be non-negative"),
            ("limit=x", "invalid parameter \"limit\": cannot parse \"x\" to a number"),
            ("timeout=x", "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"),
            ("start=x", "invalid parameter \"start\": cannot parse \"x\" to a valid timestamp"),
            ("end=x", "invalid parameter \"end\": cannot parse \"x\" to a valid timestamp"),
            ("match[]=up&match[]=%7B%7D", "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"),
            ("match[]=%7Ba=~%22.*%22%7D", "invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"),
        ] {
            assert_eq!(fault(query), wanted);
        }
        assert!(fault("match[]=up%5B5m%5D").starts_with("invalid parameter \"match[]\": 1:1: parse error: "));
        assert!(fault(&"match[]=up&".repeat(1001)).contains("1000 selectors at most"));
        assert_eq!(limit(&Parameters::of("limit=0")), Ok(None));
        assert_eq!(timeout(&Parameters::of("timeout=1h"), Duration::from_secs(1)), Ok(Duration::from_secs(1)));
    }
}
