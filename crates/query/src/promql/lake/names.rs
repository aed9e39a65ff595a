//! Names of metrics and labels, from OpenTelemetry's to Prometheus's.
//!
//! The rules are those of the specification "Prometheus and OpenMetrics Compatibility" as Prometheus 3
//! carries them out for OTLP.

/// How names are translated: Prometheus's `translation_strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Characters that are not legacy ones become `_`; units and `_total` are added.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Characters that are not legacy ones become `_`.
    UnderscoreEscapingWithoutSuffixes,
    /// Names stay, units and `_total` are added.
    NoUtf8EscapingWithSuffixes,
    /// Names stay.
    NoTranslation,
}

/// What a metric's name depends on besides its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A gauge.
    Gauge,
    /// A monotonic sum.
    Counter,
    /// Anything else.
    Other,
}

/// Units of UCUM that have a word in Prometheus.
const UNITS: [(&str, &str); 26] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
    ("TiBy", "tibibytes"),
    ("KBy", "kilobytes"),
    ("MBy", "megabytes"),
    ("GBy", "gigabytes"),
    ("TBy", "terabytes"),
    ("m", "meters"),
    ("V", "volts"),
    ("A", "amperes"),
    ("J", "joules"),
    ("W", "watts"),
    ("g", "grams"),
    ("Cel", "celsius"),
    ("Hz", "hertz"),
    ("1", ""),
    ("%", "percent"),
];

/// The same behind a slash, in the singular.
const PER_UNITS: [(&str, &str); 7] =
    [("s", "second"), ("m", "minute"), ("h", "hour"), ("d", "day"), ("w", "week"), ("mo", "month"), ("y", "year")];

impl Strategy {
    const fn escapes(self) -> bool {
        matches!(self, Self::UnderscoreEscapingWithSuffixes | Self::UnderscoreEscapingWithoutSuffixes)
    }

    const fn adds_suffixes(self) -> bool {
        matches!(self, Self::UnderscoreEscapingWithSuffixes | Self::NoUtf8EscapingWithSuffixes)
    }

    /// The name of a metric; `None` where nothing of it would be left.
    pub fn metric_name(self, name: &str, unit: &str, kind: NameKind) -> Option<String> {
        let built = match (self.escapes(), self.adds_suffixes()) {
            (true, true) => escaped_with_suffixes(name, unit, kind),
            (true, false) => behind_digit(words(name, |c| is_legacy(c) || c == '_').join("_"), "_"),
            (false, true) => plain_with_suffixes(name, unit, kind),
            (false, false) => name.to_owned(),
        };
        (built == name || built.contains(|c| c != '_')).then_some(built).filter(|built| !built.is_empty())
    }

    /// The name of a label; `None` where nothing of it would be left.
    pub fn label_name(self, key: &str) -> Option<String> {
        if !self.escapes() {
            return (!key.is_empty()).then(|| key.to_owned());
        }
        let escaped: String = key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        let named = if escaped.starts_with('_') && !escaped.starts_with("__") {
            format!("key{escaped}")
        } else {
            behind_digit(escaped, "key_")
        };
        (named == key || named.contains(|c| c != '_')).then_some(named).filter(|named| !named.is_empty())
    }
}

/// Whether a character may stand in a name of a metric, underscores aside.
fn is_legacy(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':'
}

fn words(name: &str, keep: impl Fn(char) -> bool) -> Vec<&str> {
    name.split(|c| !keep(c)).filter(|word| !word.is_empty()).collect()
}

/// No name begins with a digit.
fn behind_digit(name: String, prefix: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("{prefix}{name}") } else { name }
}

fn escaped_with_suffixes(name: &str, unit: &str, kind: NameKind) -> String {
    let mut parts: Vec<String> = words(name, is_legacy).into_iter().map(str::to_owned).collect();
    let (main, per) = unit_words(unit);
    for suffix in [escaped_unit(&main), escaped_unit(&per)] {
        if !suffix.is_empty() && suffix != "per" && !parts.contains(&suffix) {
            parts.push(suffix);
        }
    }
    let last = match kind {
        NameKind::Counter => Some("total"),
        NameKind::Gauge if unit == "1" => Some("ratio"),
        _ => None,
    };
    if let Some(last) = last {
        parts.retain(|part| part != last);
        parts.push(last.to_owned());
    }
    behind_digit(parts.join("_"), "_")
}

/// Suffixes that a name has already are taken off first, so that they come in order and once.
fn plain_with_suffixes(name: &str, unit: &str, kind: NameKind) -> String {
    let (main, per) = unit_words(unit);
    let mut name = name;
    let mut behind: Vec<&str> = Vec::new();
    match kind {
        NameKind::Counter => behind.push("total"),
        NameKind::Gauge if unit == "1" => behind.push("ratio"),
        _ => {}
    }
    if !per.is_empty() {
        behind.push(&per);
    }
    for suffix in &behind {
        if name.len() > suffix.len() + 1
            && let Some(shorter) = name.strip_suffix(suffix)
        {
            // With the character before, whatever it is.
            let mut rest = shorter.chars();
            rest.next_back();
            name = rest.as_str();
        }
    }
    let mut out = name.to_owned();
    if !main.is_empty() && !out.ends_with(&main) {
        behind.push(&main);
    }
    for suffix in behind.iter().rev() {
        out.push('_');
        out.push_str(suffix);
    }
    out
}

/// The words of a unit before and behind its slash; annotations in braces say nothing.
fn unit_words(unit: &str) -> (String, String) {
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let word = |text: &str, table: &[(&str, &str)]| {
        let text = text.trim();
        if text.contains(['{', '}']) {
            return String::new();
        }
        table.iter().find(|(unit, _)| *unit == text).map_or(text, |(_, word)| word).to_owned()
    };
    let per = word(per, &PER_UNITS);
    (word(main, &UNITS), if per.is_empty() { per } else { format!("per_{per}") })
}

fn escaped_unit(unit: &str) -> String {
    words(unit, is_legacy).join("_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use NameKind::{Counter, Gauge, Other};

    #[test]
    fn metrics_are_named_by_unit_and_kind() {
        // Name, unit, kind; then with and without suffixes, escaped and as they are.
        let cases = [
            (
                "http.server.duration",
                "s",
                Other,
                ["http_server_duration_seconds", "http_server_duration", "http.server.duration_seconds"],
            ),
            ("process.memory", "By", Gauge, ["process_memory_bytes", "process_memory", "process.memory_bytes"]),
            ("memory_bytes", "By", Gauge, ["memory_bytes", "memory_bytes", "memory_bytes"]),
            ("load", "1", Gauge, ["load_ratio", "load", "load_ratio"]),
            ("ratio.of.load", "1", Gauge, ["of_load_ratio", "ratio_of_load", "ratio.of.load_ratio"]),
            ("jobs", "1", Counter, ["jobs_total", "jobs", "jobs_total"]),
            ("jobs", "1", Other, ["jobs", "jobs", "jobs"]),
            ("jobs_total", "{job}", Counter, ["jobs_total", "jobs_total", "jobs_total"]),
            ("total.jobs", "", Counter, ["jobs_total", "total_jobs", "total.jobs_total"]),
            ("cpu.time", "s", Counter, ["cpu_time_seconds_total", "cpu_time", "cpu.time_seconds_total"]),
            ("net.io", "By/s", Gauge, ["net_io_bytes_per_second", "net_io", "net.io_bytes_per_second"]),
            ("rate", "{request}/s", Gauge, ["rate_per_second", "rate", "rate_per_second"]),
            ("rate", "{request}/{s}", Gauge, ["rate", "rate", "rate"]),
            ("speed", "km/h", Gauge, ["speed_km_per_hour", "speed", "speed_km_per_hour"]),
            ("a__b", "", Gauge, ["a_b", "a__b", "a__b"]),
            ("2xx", "", Gauge, ["_2xx", "_2xx", "2xx"]),
            ("héllo", "", Gauge, ["h_llo", "h_llo", "héllo"]),
            ("ns:rule", "%", Gauge, ["ns:rule_percent", "ns:rule", "ns:rule_percent"]),
            ("temp", "°C", Gauge, ["temp_C", "temp", "temp_°C"]),
        ];
        for (name, unit, kind, expected) in cases {
            let strategies = [
                Strategy::UnderscoreEscapingWithSuffixes,
                Strategy::UnderscoreEscapingWithoutSuffixes,
                Strategy::NoUtf8EscapingWithSuffixes,
            ];
            for (strategy, expected) in strategies.into_iter().zip(expected) {
                assert_eq!(strategy.metric_name(name, unit, kind).as_deref(), Some(expected), "{name} {unit} {strategy:?}");
            }
            assert_eq!(Strategy::NoTranslation.metric_name(name, unit, kind).as_deref(), Some(name));
        }
        assert_eq!(Strategy::default().metric_name("", "", Gauge), None);
        assert_eq!(Strategy::UnderscoreEscapingWithoutSuffixes.metric_name("é", "", Gauge), None);
    }

    #[test]
    fn every_unit_has_its_word() {
        for (unit, word) in UNITS {
            let expected = if word.is_empty() { "x".to_owned() } else { format!("x_{word}") };
            assert_eq!(Strategy::default().metric_name("x", unit, Other), Some(expected), "{unit}");
        }
        for (unit, word) in PER_UNITS {
            let named = Strategy::default().metric_name("x", &format!("By/{unit}"), Other);
            assert_eq!(named, Some(format!("x_bytes_per_{word}")), "{unit}");
        }
    }

    #[test]
    fn labels_are_escaped() {
        let cases = [
            ("http.route", Some("http_route")),
            ("a..b", Some("a__b")),
            ("2xx", Some("key_2xx")),
            ("_own", Some("key_own")),
            ("__meta", Some("__meta")),
            (".dot", Some("key_dot")),
            ("grüße", Some("gr__e")),
            ("", None),
            ("é", Some("key_")),
            ("éé", None),
        ];
        for (key, expected) in cases {
            assert_eq!(Strategy::default().label_name(key).as_deref(), expected, "{key}");
        }
        assert_eq!(Strategy::NoTranslation.label_name("http.route").as_deref(), Some("http.route"));
        assert_eq!(Strategy::NoTranslation.label_name(""), None);
    }
}
