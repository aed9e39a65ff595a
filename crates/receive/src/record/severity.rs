//! Severities by OpenTelemetry's numbers, as appendix B of its data model for logs translates them.

/// `SeverityNumber` of a level's name; 0 when it is none.
pub(crate) fn of_text(level: &str) -> i32 {
    let level = level.trim();
    let mut lower = [0; 16];
    let Some(name) = lower.get_mut(..level.len()) else { return 0 };
    name.copy_from_slice(level.as_bytes());
    name.make_ascii_lowercase();
    match &*name {
        b"trace" | b"trc" | b"finest" | b"verbose" => 1,
        b"finer" => 2,
        b"debug" | b"dbg" | b"fine" => 5,
        b"config" => 6,
        b"info" | b"inf" | b"information" | b"informational" | b"success" => 9,
        b"notice" => 10,
        b"warn" | b"warning" | b"wrn" => 13,
        b"error" | b"err" | b"severe" | b"eror" => 17,
        b"critical" | b"crit" | b"fatal" | b"ftl" => 21,
        b"alert" => 22,
        b"emergency" | b"emerg" | b"panic" => 23,
        digits => std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).map_or(0, of_number),
    }
}

/// The same of a level that is a number, as Bunyan and Pino write them.
pub(crate) fn of_number(level: i64) -> i32 {
    match level {
        10..20 => 1,
        20..30 => 5,
        30..40 => 9,
        40..50 => 13,
        50..60 => 17,
        60 => 21,
        _ => 0,
    }
}

/// Name and number of a severity of RFC 5424, which has eight.
pub(crate) const fn of_syslog(severity: u8) -> (&'static str, i32) {
    match severity {
        0 => ("emerg", 21),
        1 => ("alert", 19),
        2 => ("crit", 18),
        3 => ("err", 17),
        4 => ("warning", 13),
        5 => ("notice", 10),
        6 => ("info", 9),
        _ => ("debug", 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_numbers() {
        let cases = [
            ("INFO", 9),
            (" warn ", 13),
            ("Error", 17),
            ("CRITICAL", 21),
            ("notice", 10),
            ("30", 9),
            ("60", 21),
            ("", 0),
            ("loud", 0),
            ("größer", 0),
            ("informational but far too long", 0),
        ];
        for (level, number) in cases {
            assert_eq!(of_text(level), number, "{level}");
        }
    }
}
