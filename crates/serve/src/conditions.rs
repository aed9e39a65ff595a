//! Conditions of TraceQL as text, for APIs that search by names and tags.

use luneta_query::traceql::ast::{Attribute, Field, Scope, Static};

/// Tags one search may ask for.
pub const TAGS_MAX: usize = 32;

/// What spans are called whose resource has no service name, by the OpenTelemetry Collector.
pub const NO_SERVICE_NAME: &str = "OTLPResourceNoServiceName";

/// Where tags are looked for.
const SCOPES: [Scope; 3] = [Scope::Span, Scope::Resource, Scope::Event];

/// Values of the tag `span.kind`, which are TraceQL's words too.
const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];

/// Larger numbers are compared as text alone.
const FLOAT_MAX: f64 = 1e15;

/// Longer durations are as good as this one.
const DURATION_NS_MAX: i64 = i64::MAX / 2;

/// Spans for which all conditions hold.
pub fn spanset(conditions: &[String]) -> String {
    if conditions.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", conditions.join(" && ")) }
}

/// Text as a constant of TraceQL.
pub fn quoted(text: &str) -> String {
    Static::String(text.to_owned()).to_string()
}

/// Whether the service has this very name.
pub fn service_is(name: &str) -> String {
    match name {
        NO_SERVICE_NAME => "resource.service.name = nil".to_owned(),
        name => format!("resource.service.name = {}", quoted(name)),
    }
}

/// Whether a field is this text in any case.
pub fn same_in_any_case(field: &str, text: &str) -> String {
    if text.chars().any(char::is_alphabetic) {
        let pattern = format!("(?i)^(?:{})$", regex_escape(text));
        format!("{field} =~ {}", quoted(&pattern))
    } else {
        format!("{field} = {}", quoted(text))
    }
}

/// Whether a field has this text in it, in any case; with no text, whether it has a value.
pub fn contains_in_any_case(field: &str, text: &str) -> String {
    if text.is_empty() {
        return format!("{field} != nil");
    }
    format!("{field} =~ {}", quoted(&format!("(?is).*{}.*", regex_escape(text))))
}

/// Whether the span takes at least this long.
pub fn lasts_at_least(nanos: i64) -> String {
    format!("duration >= {}", Static::Duration(nanos.clamp(-DURATION_NS_MAX, DURATION_NS_MAX)))
}

/// Whether the span takes at most this long.
pub fn lasts_at_most(nanos: i64) -> String {
    format!("duration <= {}", Static::Duration(nanos.clamp(-DURATION_NS_MAX, DURATION_NS_MAX)))
}

/// Whether one of several conditions holds.
pub fn any(conditions: &[String]) -> String {
    if let [one] = conditions { one.clone() } else { format!("({})", conditions.join(" || ")) }
}

/// The field of a key.
pub fn field(scope: Scope, key: &str) -> String {
    Attribute { parent: false, field: Field::Key(scope, key.to_owned()) }.to_string()
}

/// Whether span, resource or an event has a tag of this value. Values are text: they equal the
/// numbers and flags that read so. Tags that stand for a field of the span compare the field.
pub fn tag_is(key: &str, value: &str) -> String {
    let mut conditions = field_is(key, value);
    let values = constants(value);
    for scope in SCOPES {
        let field = field(scope, key);
        conditions.extend(values.iter().map(|constant| format!("{field} = {constant}")));
    }
    any(&conditions)
}

/// Whether span, resource or an event has a tag, or an event has this name.
pub fn tag_or_event_is_there(key: &str) -> String {
    let mut conditions = match key {
        "error" => vec!["status = error".to_owned()],
        "otel.status_code" => vec!["status != unset".to_owned()],
        _ => Vec::new(),
    };
    conditions.push(format!("event:name = {}", quoted(key)));
    conditions.extend(SCOPES.map(|scope| format!("{} != nil", field(scope, key))));
    any(&conditions)
}

/// What a tag says that OTLP has a field for.
fn field_is(key: &str, value: &str) -> Vec<String> {
    let text = quoted(value);
    let one = |condition: String| vec![condition];
    match key {
        "error" if value.eq_ignore_ascii_case("true") => one("status = error".to_owned()),
        "error" if !value.is_empty() && value != "false" => one(format!("(status = error && statusMessage = {text})")),
        "span.kind" if KINDS.contains(&value) => one(format!("kind = {value}")),
        "otel.status_code" if value.eq_ignore_ascii_case("ok") => one("status = ok".to_owned()),
        "otel.status_code" if value.eq_ignore_ascii_case("error") => one("status = error".to_owned()),
        "otel.status_description" => one(format!("statusMessage = {text}")),
        "otel.scope.name" | "otel.library.name" => one(format!("instrumentation:name = {text}")),
        "otel.scope.version" | "otel.library.version" => one(format!("instrumentation:version = {text}")),
        "event" | "message" => one(format!("event:name = {text}")),
        // Jaeger's clients say it so; it is kept under the name OpenTelemetry has for it.
        "hostname" => one(format!("resource.host.name = {text}")),
        _ => Vec::new(),
    }
}

/// Every constant that reads as this text; first the text itself.
pub fn constants(value: &str) -> Vec<String> {
    let mut out = vec![quoted(value)];
    if value == "true" || value == "false" {
        out.push(value.to_owned());
    } else if let Ok(int) = value.parse::<i64>() {
        if int.to_string() == value && int != i64::MIN {
            out.push(Static::Int(int).to_string());
        }
    } else if value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && let Ok(float) = value.parse::<f64>()
        && float.abs() < FLOAT_MAX
    {
        out.push(Static::Float(float).to_string());
    }
    out
}

fn regex_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use luneta_query::traceql::parse;

    #[test]
    fn tags_become_conditions() {
        let everywhere = |key: &str, values: &[&str]| {
            let of = |scope: &str| values.iter().map(|v| format!("{scope}.{key} = {v}")).collect::<Vec<_>>().join(" || ");
            format!("{} || {} || {}", of("span"), of("resource"), of("event"))
        };
        let cases = [
            ("http.status_code", "500", everywhere("http.status_code", &["\"500\"", "500"])),
            ("temperature", "-2.5", everywhere("temperature", &["\"-2.5\"", "-2.5"])),
            ("zip", "007", everywhere("zip", &["\"007\""])),
            ("huge", "1e300", everywhere("huge", &["\"1e300\""])),
            ("cached", "true", everywhere("cached", &["\"true\"", "true"])),
            ("error", "true", format!("status = error || {}", everywhere("error", &["\"true\"", "true"]))),
            ("error", "false", everywhere("error", &["\"false\"", "false"])),
            ("error", "no", format!("(status = error && statusMessage = \"no\") || {}", everywhere("error", &["\"no\""]))),
            ("span.kind", "server", format!("kind = server || {}", everywhere("span.kind", &["\"server\""]))),
            ("span.kind", "status = ok", everywhere("span.kind", &["\"status = ok\""])),
            ("otel.status_code", "OK", format!("status = ok || {}", everywhere("otel.status_code", &["\"OK\""]))),
            ("event", "retry", format!("event:name = \"retry\" || {}", everywhere("event", &["\"retry\""]))),
            ("q", "a\"b\\c\n} | {", everywhere("q", &[r#""a\"b\\c\n} | {""#])),
            ("a b", "x", everywhere("\"a b\"", &["\"x\""])),
            ("x\"} || {\"", "y", everywhere(r#""x\"} || {\"""#, &["\"y\""])),
        ];
        for (key, value, expected) in cases {
            let condition = tag_is(key, value);
            assert_eq!(condition, format!("({expected})"), "{key}={value}");
            parse(&spanset(&[condition])).unwrap_or_else(|e| panic!("{key}={value}: {e}"));
        }
    }

    #[test]
    fn every_number_can_be_read() {
        for value in
            ["0", "-0", "-1", "9223372036854775807", "-9223372036854775808", "1.0", "-0.0", "1e-300", "2e5", "NaN", "inf"]
        {
            parse(&spanset(&[tag_is("n", value)])).unwrap_or_else(|e| panic!("{value}: {e}"));
        }
        for nanos in [1, 1_500_000, -1, i64::MAX, i64::MIN] {
            let text = spanset(&[lasts_at_least(nanos), lasts_at_most(nanos)]);
            parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }

    #[test]
    fn names_match_in_any_case() {
        let cases = [
            ("get /a.b", r#"name =~ "(?i)^(?:get \\/a\\.b)$""#),
            ("123", "name = \"123\""),
            ("a_b-c{d}", r#"name =~ "(?i)^(?:a\\_b\\-c\\{d\\})$""#),
        ];
        for (text, expected) in cases {
            let condition = same_in_any_case("name", text);
            assert_eq!(condition, expected);
            parse(&spanset(&[condition])).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }

    #[test]
    fn tags_may_just_be_there() {
        let there = "event:name = \"error\" || span.error != nil || resource.error != nil || event.error != nil";
        assert_eq!(tag_or_event_is_there("error"), format!("(status = error || {there})"));
        parse(&spanset(&[tag_or_event_is_there("cache miss")])).expect("TraceQL");
        assert_eq!(spanset(&[]), "{}");
        assert_eq!(service_is(NO_SERVICE_NAME), "resource.service.name = nil");
    }
}
