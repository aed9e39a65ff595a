//! Durations and sizes as LogQL and the labels of log lines write them.

use luneta_template::Duration;

/// Nanoseconds of a duration of Prometheus (`1d12h`) or of Go (`1.5s`, `-10us`).
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    Duration::parse_prometheus(text).or_else(|_| Duration::parse(text)).ok().map(Duration::nanoseconds)
}

/// Nanoseconds of a duration of Go, as values of labels have them. The error is Go's.
pub(crate) fn go_duration(text: &str) -> Result<i64, String> {
    Duration::parse(text).map(Duration::nanoseconds).map_err(|fault| fault.to_string())
}

/// A number as values of labels have it. The error is Go's.
pub(crate) fn go_float(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

/// A duration as Go writes it, with all of its units: `1h0m0s`.
pub(crate) fn go_duration_text(nanoseconds: i64) -> String {
    // Beyond seconds Go writes zeros, which the durations of templates do too.
    Duration::from_ns(nanoseconds).to_string()
}

/// Units of sizes in lower case, longest list first, with their bytes.
const SIZES: [(&str, u64); 25] = [
    ("", 1),
    ("b", 1),
    ("kib", 1 << 10),
    ("ki", 1 << 10),
    ("kb", 1000),
    ("k", 1000),
    ("mib", 1 << 20),
    ("mi", 1 << 20),
    ("mb", 1_000_000),
    ("m", 1_000_000),
    ("gib", 1 << 30),
    ("gi", 1 << 30),
    ("gb", 1_000_000_000),
    ("g", 1_000_000_000),
    ("tib", 1 << 40),
    ("ti", 1 << 40),
    ("tb", 1_000_000_000_000),
    ("t", 1_000_000_000_000),
    ("pib", 1 << 50),
    ("pi", 1 << 50),
    ("pb", 1_000_000_000_000_000),
    ("p", 1_000_000_000_000_000),
    ("eib", 1 << 60),
    ("ei", 1 << 60),
    ("eb", 1_000_000_000_000_000_000),
];

/// Bytes of a size such as `1.5MiB`, `10 kB` or `1,024`. The error is that of Loki's reader.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = go_float(&number.replace(',', ""))?;
    let unit = unit.trim().to_ascii_lowercase();
    let Some((_, bytes)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        return Err(format!("unhandled size name: {unit}"));
    };
    let size = number * *bytes as f64;
    if size >= u64::MAX as f64 { Err(format!("too large: {text}")) } else { Ok(size as u64) }
}

/// A size in the largest unit that has it whole, so that it reads back as the same.
pub(crate) fn bytes_text(bytes: u64) -> String {
    const UNITS: [(&str, u64); 10] = [
        ("PiB", 1 << 50),
        ("PB", 1_000_000_000_000_000),
        ("TiB", 1 << 40),
        ("TB", 1_000_000_000_000),
        ("GiB", 1 << 30),
        ("GB", 1_000_000_000),
        ("MiB", 1 << 20),
        ("MB", 1_000_000),
        ("KiB", 1 << 10),
        ("kB", 1000),
    ];
    let exact = |size: u64| bytes != 0 && bytes.is_multiple_of(size) && bytes / size < 1 << 50;
    match UNITS.iter().find(|(_, size)| exact(*size)) {
        Some((unit, size)) => format!("{}{unit}", bytes / size),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_and_print() {
        for (text, bytes) in [
            ("0B", 0),
            ("5B", 5),
            ("1kB", 1000),
            ("1KiB", 1024),
            ("20MiB", 20 << 20),
            ("1500kB", 1_500_000),
            ("3GB", 3_000_000_000),
            ("1025B", 1025),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
            assert_eq!(bytes_text(bytes), text);
        }
        for (text, bytes) in [("1.5 kb", 1500), ("1,024", 1024), ("2ki", 2048), ("7", 7)] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_bytes("5 apples").unwrap_err(), "unhandled size name: apples");
        assert_eq!(parse_bytes("x").unwrap_err(), "strconv.ParseFloat: parsing \"\": invalid syntax");
        assert!(parse_bytes("99999EB").is_err());
    }

    #[test]
    fn durations_read() {
        let second = 1_000_000_000;
        for (text, nanoseconds) in
            [("5m", 300 * second), ("1d", 86_400 * second), ("1.5s", 1_500_000_000), ("-5m", -300 * second)]
        {
            assert_eq!(parse_duration(text), Some(nanoseconds), "{text}");
        }
        assert_eq!(parse_duration("5minutes"), None);
        assert_eq!(go_duration_text(3_600 * second), "1h0m0s");
        assert_eq!(go_duration("5").unwrap_err(), "time: missing unit in duration \"5\"");
    }
}
