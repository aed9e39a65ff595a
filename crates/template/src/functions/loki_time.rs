//! What LogQL has for times, durations and sizes.

use super::{Call, Function, Kind};
use crate::error::Fault;
use crate::time::{Duration, Time, Zone, parse};
use crate::value::Value;

const TEXT: &[Kind] = &[Kind::Text];
const TIME: &[Kind] = &[Kind::Time];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::ours("__timestamp__", &[], |call, _| Ok(Value::Time(call.scope.timestamp.clone()))),
    Function::ours("now", &[], |call, _| Ok(Value::Time(call.scope.now.clone()))),
    Function::ours("date", &[Kind::Text, Kind::Any], |call, a| {
        let layout = a.text(0);
        Ok(moment(call, a.take(1)).format(&layout).into())
    }),
    Function::ours("toDate", &[Kind::Text, Kind::Text], |_, a| {
        Ok(Value::Time(parse(&a.text(0), &a.text(1), &Zone::Utc).unwrap_or_else(Time::zero)))
    }),
    Function::ours("toDateInZone", &[Kind::Text, Kind::Text, Kind::Text], |_, a| {
        let zone = Zone::named(&a.text(1)).unwrap_or(Zone::Utc);
        Ok(Value::Time(parse(&a.text(0), &a.text(2), &zone).unwrap_or_else(Time::zero)))
    }),
    Function::ours("unixEpoch", TIME, |_, a| Ok(a.time(0).unix_s().to_string().into())),
    Function::ours("unixEpochMillis", TIME, |_, a| Ok(a.time(0).total_ns().div_euclid(1_000_000).to_string().into())),
    Function::ours("unixEpochNanos", TIME, |_, a| Ok(a.time(0).total_ns().to_string().into())),
    Function::ours("unixToTime", TEXT, |_, a| Ok(Value::Time(unix_to_time(&a.text(0))?))),
    Function::ours("duration", TEXT, |_, a| Ok(Value::Float(Duration::parse(&a.text(0))?.seconds()))),
    Function::ours("duration_seconds", TEXT, |_, a| Ok(Value::Float(Duration::parse(&a.text(0))?.seconds()))),
    Function::ours("bytes", TEXT, |_, a| Ok(Value::Float(bytes(&a.text(0))?))),
];

/// A time, or seconds of Unix time; anything else is now.
fn moment(call: &Call<'_, '_>, value: Value<'_>) -> Time {
    match value {
        Value::Time(time) => time,
        Value::Int(seconds) => Time::from_unix(seconds, 0),
        _ => call.scope.now.clone(),
    }
}

/// A time in digits, whose count tells what they count: 5 days, 10 seconds, 13 milliseconds,
/// 16 microseconds, 19 nanoseconds.
fn unix_to_time(text: &str) -> Result<Time, Fault> {
    let unknown = || Fault::new(format!("unable to parse time '{text}'"));
    let number: i64 = text.parse().map_err(|_| unknown())?;
    match text.len() {
        5 => Ok(Time::from_unix(number.saturating_mul(86_400), 0)),
        10 => Ok(Time::from_unix(number, 0)),
        13 => Ok(Time::from_unix(number.div_euclid(1000), number.rem_euclid(1000) * 1_000_000)),
        16 => Ok(Time::from_unix(number.div_euclid(1_000_000), number.rem_euclid(1_000_000) * 1000)),
        19 => Ok(Time::from_unix_ns(number)),
        _ => Err(unknown()),
    }
}

const SIZES: [(&str, f64); 26] = [
    ("", 1.0),
    ("b", 1.0),
    ("kb", 1e3),
    ("mb", 1e6),
    ("gb", 1e9),
    ("tb", 1e12),
    ("pb", 1e15),
    ("eb", 1e18),
    ("k", 1e3),
    ("m", 1e6),
    ("g", 1e9),
    ("t", 1e12),
    ("p", 1e15),
    ("e", 1e18),
    ("kib", 1024.0),
    ("mib", 1_048_576.0),
    ("gib", 1_073_741_824.0),
    ("tib", 1_099_511_627_776.0),
    ("pib", 1_125_899_906_842_624.0),
    ("eib", 1_152_921_504_606_846_976.0),
    ("ki", 1024.0),
    ("mi", 1_048_576.0),
    ("gi", 1_073_741_824.0),
    ("ti", 1_099_511_627_776.0),
    ("pi", 1_125_899_906_842_624.0),
    ("ei", 1_152_921_504_606_846_976.0),
];

/// Bytes of a size such as `1.5 MB` or `2GiB`.
fn bytes(text: &str) -> Result<f64, Fault> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',')).unwrap_or(text.len());
    let number = text[..end].replace(',', "");
    let number: f64 =
        number.parse().map_err(|_| Fault::new(format!("strconv.ParseFloat: parsing {number:?}: invalid syntax")))?;
    let unit = text[end..].trim().to_lowercase();
    let Some((_, size)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        return Err(Fault::new(format!("unhandled size name: {unit}")));
    };
    let bytes = (number * size).trunc();
    if bytes >= u64::MAX as f64 {
        return Err(Fault::new(format!("too large: {text}")));
    }
    Ok(bytes)
}
