//! Values as the catalog writes them: text, by type.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDateTime};

use crate::StatValue;

/// Longer texts are no use as bounds.
const TEXT_BYTES_MAX: usize = 256;

/// A bound as text; `None` when the catalog cannot hold it.
pub(super) fn write(value: &StatValue) -> Option<String> {
    match value {
        StatValue::Int(i) => Some(i.to_string()),
        StatValue::Double(d) => d.is_finite().then(|| format!("{d:?}")),
        StatValue::Text(s) => (s.len() <= TEXT_BYTES_MAX && !s.contains('\0')).then(|| s.clone()),
        StatValue::Bytes(_) => None,
        StatValue::Bool(b) => Some(if *b { "true" } else { "false" }.to_owned()),
        StatValue::Timestamp(ns) => Some(DateTime::from_timestamp_nanos(*ns).format("%Y-%m-%d %H:%M:%S%.9f").to_string()),
    }
}

/// The inverse of [`write`], also for what other writers put there.
pub(super) fn read(text: &str, data_type: &DataType) -> Option<StatValue> {
    match data_type {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => text.parse().ok().map(StatValue::Int),
        DataType::Float32 | DataType::Float64 => text.parse().ok().map(StatValue::Double),
        DataType::Utf8 => Some(StatValue::Text(text.to_owned())),
        DataType::Boolean => match text {
            "true" | "1" => Some(StatValue::Bool(true)),
            "false" | "0" => Some(StatValue::Bool(false)),
            _ => None,
        },
        DataType::Timestamp(TimeUnit::Nanosecond, None) => {
            let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
            time.and_utc().timestamp_nanos_opt().map(StatValue::Timestamp)
        }
        _ => None,
    }
}

/// The moment of a snapshot.
pub(super) fn write_snapshot_time(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
}

/// The inverse of [`write_snapshot_time`], in milliseconds since 1970.
pub(super) fn read_snapshot_time(text: &str) -> Option<i64> {
    let text = text.strip_suffix("+00").unwrap_or(text);
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(time.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_survive_the_catalog() {
        let time = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let cases = [
            (StatValue::Int(-7), DataType::Int64, "-7"),
            (StatValue::Double(1.5e300), DataType::Float64, "1.5e300"),
            (StatValue::Text("héllo".into()), DataType::Utf8, "héllo"),
            (StatValue::Bool(true), DataType::Boolean, "true"),
            (StatValue::Timestamp(1_704_070_923_123_456_789), time.clone(), "2024-01-01 01:02:03.123456789"),
            (StatValue::Timestamp(-1), time, "1969-12-31 23:59:59.999999999"),
        ];
        for (value, data_type, text) in cases {
            assert_eq!(write(&value).as_deref(), Some(text));
            assert_eq!(read(text, &data_type), Some(value));
        }
        assert_eq!(write(&StatValue::Double(f64::NAN)), None);
        assert_eq!(read_snapshot_time("2026-11-21 04:58:11.937769+00"), Some(1_795_237_091_937));
        assert_eq!(write_snapshot_time(1_795_237_091_937), "2026-11-21 04:58:11.937000+00");
    }
}
