//! One line of Graphite's plain text.

/// A point.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<'a> {
    /// Name of the metric.
    pub path: &'a str,
    /// Tags behind the path, each key once: the first of several wins.
    pub tags: Vec<(&'a str, &'a str)>,
    /// What was measured; finite.
    pub value: f64,
    /// When.
    pub time: Time,
}

/// A time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The time at which it arrives.
    Arrival,
    /// Nanoseconds since 1970.
    At(i64),
    /// Before 1970, or after 2262.
    OutOfRange,
}

const SECOND: i64 = 1_000_000_000;
/// Digits of a fraction that matter.
const FRACTION_DIGITS: usize = 9;

impl<'a> Line<'a> {
    /// Reads a line without its line end; `None` when it is broken.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let (name, value, time) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let mut parts = name.split(';');
        let path = parts.next().filter(|path| !path.is_empty())?;
        let mut tags: Vec<_> = parts.map(tag).collect::<Option<_>>()?;
        tags.sort_by_key(|(key, _)| *key);
        tags.dedup_by_key(|(key, _)| *key);
        let value: f64 = value.parse().ok()?;
        value.is_finite().then_some(Self { path, tags, value, time: read_time(time)? })
    }
}

/// Keys and values as Graphite allows them.
fn tag(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let sound = !key.is_empty() && !key.contains(['!', '^']) && !value.is_empty() && !value.starts_with('~');
    sound.then_some((key, value))
}

/// Seconds, of which fractions are exact to the nanosecond. -1 is the time of arrival.
fn read_time(text: &str) -> Option<Time> {
    let number: f64 = text.parse().ok()?;
    if number.is_nan() {
        return None;
    }
    if number.to_bits() == (-1.0_f64).to_bits() {
        return Some(Time::Arrival);
    }
    Some(exact(text).or_else(|| rounded(number)).map_or(Time::OutOfRange, Time::At))
}

/// A number of plain digits.
fn exact(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.get(..FRACTION_DIGITS).unwrap_or(fraction);
    let nanos: i64 = format!("{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(nanos)
}

/// A number with an exponent or a sign.
fn rounded(seconds: f64) -> Option<i64> {
    let nanos = seconds * SECOND as f64;
    (0.0..i64::MAX as f64).contains(&nanos).then_some(nanos as i64)
}
