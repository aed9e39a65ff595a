//! How long a rendering takes: prints nanoseconds for a line of a log, by template.

#![allow(clippy::print_stdout, reason = "figures are what a benchmark is for")]

use std::time::Instant;

use luneta_template::{Functions, Limits, Scope, Template, Time, Value};

const ROUNDS: u32 = 200_000;

const TEMPLATES: [&str; 7] = [
    "{{.method}} {{.path}} {{.status}}",
    "{{.status}}={{.path | replace \"/\" \"_\" | upper}}",
    "{{if eq .status \"200\"}}ok{{else}}{{.status}}{{end}} {{__line__ | trunc 20}}",
    "{{printf \"%-10s %5s|%6.2f\" .method .status (float64 .duration)}}",
    "{{regexReplaceAll \"[0-9]+\" .path \"N\"}}",
    "{{__timestamp__ | date \"2006-01-02T15:04:05.000Z07:00\"}} {{.path}}",
    "{{div (mul 1000 (int .status)) 3}} {{.missing | default \"-\"}}",
];

fn main() {
    let labels = vec![
        ("duration", "12.345"),
        ("method", "GET"),
        ("path", "/api/v1/users/12345/orders/678"),
        ("service", "shop"),
        ("status", "200"),
    ];
    for text in TEMPLATES {
        let template = match Template::parse(text, &Functions::loki()) {
            Ok(template) => template,
            Err(error) => return println!("{text}: {error}"),
        };
        let mut scope = Scope::new(Value::Texts(&labels));
        scope.line = "GET /api/v1/users/12345/orders/678 200 12.345ms";
        scope.timestamp = Time::from_unix_ns(1_700_000_000_123_456_789);
        let (limits, mut out) = (Limits::default(), String::new());
        let start = Instant::now();
        for _ in 0..ROUNDS {
            out.clear();
            if let Err(error) = template.render_into(&mut out, &scope, &limits) {
                return println!("{text}: {error}");
            }
        }
        println!("{:>6} ns  {text}  ->  {out}", start.elapsed().as_nanos() / u128::from(ROUNDS));
    }
}
