//! What clients write into parameters: times, durations, limits, directions, selectors.

use std::ops::Range;

use luneta_logql::{Direction, ParseOptions, Query, parse_selector};
use luneta_promql::{Matcher, parse_duration};

use super::reply::Failure;
use crate::names::now_ns;
use crate::parameters::Parameters;

/// How far back queries look unless they say.
pub const HOUR_NS: i64 = 3600 * SECOND_NS;
/// How far back labels and series are looked for unless it is said.
pub const LABELS_BACK_NS: i64 = 6 * HOUR_NS;
/// Nanoseconds of a second.
pub const SECOND_NS: i64 = 1_000_000_000;
/// Entries, or series of volumes, of an answer unless another number is asked for.
const LIMIT: usize = 100;
/// Whole numbers of up to this many digits are seconds, longer ones nanoseconds.
const SECONDS_DIGITS_MAX: usize = 10;
/// Selectors of one request.
const SELECTORS_MAX: usize = 1000;
/// Steps of a range unless their length is told.
const STEPS: i64 = 250;

/// Nanoseconds since 1970: of seconds, whole or not, of nanoseconds, or of RFC 3339.
pub fn time(text: &str) -> Option<i64> {
    if text.contains('.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        return nanoseconds(seconds);
    }
    match text.parse::<i64>() {
        Ok(seconds) if text.len() <= SECONDS_DIGITS_MAX => seconds.checked_mul(SECOND_NS),
        Ok(nanoseconds) => Some(nanoseconds),
        Err(_) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => time.timestamp_nanos_opt(),
            // 1.7e9 has no point.
            Err(_) => text.parse().ok().and_then(nanoseconds),
        },
    }
}

fn nanoseconds(seconds: f64) -> Option<i64> {
    let (whole, part) = (seconds.trunc(), seconds.fract());
    let fits = whole.abs() < i64::MAX as f64 / 1e9 - 1.0;
    // A double has no place for both.
    fits.then(|| whole as i64 * SECOND_NS + (part * 1e9).round() as i64)
}

/// Nanoseconds of a duration: `5m`, or a number of seconds.
pub fn duration(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => nanoseconds(seconds),
        Err(_) => parse_duration(text).and_then(|milliseconds| milliseconds.checked_mul(1_000_000)),
    }
}

/// A time by name.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn time_of(parameters: &Parameters, name: &str) -> Result<Option<i64>, Failure> {
    let read = |text: &str| {
        time(text).ok_or_else(|| {
            Failure::invalid(format!(
                "could not parse '{name}' parameter: {text:?} is no time: give seconds or nanoseconds since 1970, or RFC 3339"
            ))
        })
    };
    parameters.first(name).map(read).transpose()
}

/// A duration by name.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn duration_of(parameters: &Parameters, name: &str) -> Result<Option<i64>, Failure> {
    let read = |text: &str| duration(text).ok_or_else(|| Failure::invalid(format!("cannot parse {text:?} to a valid duration")));
    parameters.first(name).map(read).transpose()
}

/// `start` and `end`, or `since` before the end, or `back_ns`; the end does not belong to it.
///
/// # Errors
/// [`Failure`] when one cannot be read, or they are in the wrong order.
pub fn bounds(parameters: &Parameters, back_ns: i64) -> Result<Range<i64>, Failure> {
    let now = now_ns();
    let end = time_of(parameters, "end")?;
    let since = duration_of(parameters, "since")?.unwrap_or(back_ns);
    // Without a start, an end that is still to come does not hide what there is.
    let start = time_of(parameters, "start")?.unwrap_or_else(|| end.unwrap_or(now).min(now).saturating_sub(since));
    let end = end.unwrap_or(now);
    if end < start {
        return Err(Failure::invalid("end timestamp must not be before or equal to start time"));
    }
    Ok(start..end)
}

/// The step of a range.
///
/// # Errors
/// [`Failure`] when it is none, or nothing.
pub fn step(parameters: &Parameters, times: &Range<i64>) -> Result<i64, Failure> {
    let usual = || (times.end.saturating_sub(times.start) / SECOND_NS / STEPS).max(1) * SECOND_NS;
    let step = duration_of(parameters, "step")?.unwrap_or_else(usual);
    if step <= 0 {
        let message = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(Failure::invalid(message));
    }
    Ok(step)
}

/// Most items of an answer.
///
/// # Errors
/// [`Failure`] when it is no count.
pub fn limit(parameters: &Parameters) -> Result<usize, Failure> {
    count(parameters, "limit", LIMIT)
}

/// A number of things by name.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn count(parameters: &Parameters, name: &str, usual: usize) -> Result<usize, Failure> {
    let Some(text) = parameters.first(name) else { return Ok(usual) };
    match text.parse::<i64>() {
        Ok(count) if count < 0 => Err(Failure::invalid(format!("{name} must be a positive value"))),
        Ok(count) => Ok(count as usize),
        Err(_) => Err(Failure::invalid(format!("could not parse '{name}' parameter: {text:?} is no number"))),
    }
}

/// Which entries come first.
///
/// # Errors
/// [`Failure`] when it is neither.
pub fn direction(parameters: &Parameters) -> Result<Direction, Failure> {
    match parameters.first("direction").map(str::to_ascii_lowercase).as_deref() {
        None | Some("backward") => Ok(Direction::Backward),
        Some("forward") => Ok(Direction::Forward),
        Some(other) => Err(Failure::invalid(format!("invalid direction '{other}'"))),
    }
}

/// The query of a request.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn query(parameters: &Parameters, options: &ParseOptions) -> Result<Query, Failure> {
    Ok(Query::parse(parameters.first("query").unwrap_or_default(), options)?)
}

/// The conditions of a selector; none where every stream is meant.
///
/// # Errors
/// [`Failure`] when it is none.
pub fn matchers(text: Option<&str>, options: &ParseOptions) -> Result<Vec<Matcher>, Failure> {
    let text = text.unwrap_or_default().trim();
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    if text.is_empty() || inside.is_some_and(|inside| inside.trim().is_empty()) {
        return Ok(Vec::new());
    }
    Ok(parse_selector(text, options)?)
}

/// The selectors of `match[]` or `match`, any of which is enough.
///
/// # Errors
/// [`Failure`] when one is none.
pub fn selectors(parameters: &Parameters, options: &ParseOptions) -> Result<Vec<Vec<Matcher>>, Failure> {
    let texts: Vec<&str> = parameters.all("match[]").chain(parameters.all("match")).filter(|text| !text.is_empty()).collect();
    if texts.len() > SELECTORS_MAX {
        return Err(Failure::invalid(format!("a request may have {SELECTORS_MAX} selectors at most")));
    }
    if texts.is_empty() {
        return Ok(vec![Vec::new()]);
    }
    texts.into_iter().map(|text| matchers(Some(text), options)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations() {
        let cases = [
            ("1700000000", Some(1_700_000_000 * SECOND_NS)),
            ("1700000000.25", Some(1_700_000_000 * SECOND_NS + 250_000_000)),
            ("1700000000123456789", Some(1_700_000_000_123_456_789)),
            ("2023-11-14T22:13:20.5Z", Some(1_700_000_000 * SECOND_NS + 500_000_000)),
            ("1.7e9", Some(1_700_000_000 * SECOND_NS)),
            ("4000000000", Some(4_000_000_000 * SECOND_NS)),
            ("", None),
            ("soon", None),
            ("1e300", None),
            ("NaN", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(time(text), wanted, "{text}");
        }
        assert_eq!(
            (duration("15"), duration("250ms"), duration("1h"), duration("x")),
            (Some(15 * SECOND_NS), Some(250_000_000), Some(HOUR_NS), None)
        );
    }

    #[test]
    fn parameters_have_usual_values() {
        let of = |text: &str| Parameters::of(text);
        let times = bounds(&of("end=1000&since=5m"), HOUR_NS).expect("times");
        assert_eq!(times, 700 * SECOND_NS..1000 * SECOND_NS);
        assert_eq!(step(&of(""), &times), Ok(SECOND_NS));
        assert_eq!(step(&of(""), &(0..1000 * SECOND_NS)), Ok(4 * SECOND_NS));
        assert!(step(&of("step=0"), &times).is_err());
        assert!(bounds(&of("start=2000&end=1000"), HOUR_NS).is_err());
        assert!(bounds(&of("start=x"), HOUR_NS).is_err_and(|failure| failure.message.contains("'start'")));
        assert_eq!((limit(&of("")), limit(&of("limit=0"))), (Ok(100), Ok(0)));
        assert!(limit(&of("limit=-1")).is_err() && limit(&of("limit=x")).is_err());
        assert_eq!((direction(&of("direction=FORWARD")), direction(&of(""))), (Ok(Direction::Forward), Ok(Direction::Backward)));
        assert!(direction(&of("direction=up")).is_err());
        let options = ParseOptions::default();
        assert_eq!(matchers(Some("{ }"), &options), Ok(Vec::new()));
        assert_eq!(matchers(Some("{a=\"b\"}"), &options).map(|matchers| matchers.len()), Ok(1));
        assert!(matchers(Some("{a=\"b\"} |= \"x\""), &options).is_err());
        assert_eq!(selectors(&of("match[]=%7Ba=%22b%22%7D&match=%7Bc=%22d%22%7D"), &options).map(|all| all.len()), Ok(2));
        assert_eq!(selectors(&of(""), &options), Ok(vec![Vec::new()]));
    }
}
