//! Templates, and what they give: every file of `tests/data` is a table.
//!
//! A line that begins with `>` is a template, with `|` another line of it, with `=` what it gives, with
//! `!` a part of the error that it gives; `␤` stands for a newline in what it gives.

use std::collections::BTreeMap;

use luneta_template::{Duration, Function, Functions, Kind, Limits, Scope, Template, Time, Value};

/// 14 November 2023, 22:13:20.123456789 UTC.
const NOW_NS: i64 = 1_700_000_000_123_456_789;

fn loki() -> Functions {
    let time = Function::new("t", &[Kind::Int], |arguments| match arguments {
        [Value::Int(number)] => Ok(Value::Time(Time::from_unix_ns(*number))),
        _ => Err("no number".into()),
    });
    let duration = Function::new("d", &[Kind::Int], |arguments| match arguments {
        [Value::Int(number)] => Ok(Value::Duration(Duration::from_ns(*number))),
        _ => Err("no number".into()),
    });
    Functions::loki().with_function(time).with_function(duration)
}

fn render_loki(text: &str) -> Result<String, String> {
    let labels = [("a", "x"), ("b", "héllo <w>"), ("n", "12"), ("empty", ""), ("json", r#"{"k":[1,{"z":"deep"}]}"#)];
    let labels: BTreeMap<String, String> = labels.into_iter().map(|(name, text)| (name.into(), text.into())).collect();
    let template = Template::parse(text, &loki()).map_err(|error| error.to_string())?;
    let mut scope = Scope::new(Value::Texts(&labels));
    scope.now = Time::from_unix_ns(NOW_NS);
    scope.timestamp = Time::from_unix_ns(NOW_NS);
    scope.line = "GET /path?q=1 200";
    template.render(&scope, &Limits::default()).map_err(|error| error.to_string())
}

fn render_prometheus(text: &str) -> Result<String, String> {
    let query = |text: &str| match text {
        "up" => Ok(Value::list([
            Value::sample([("instance", "b:1"), ("zone", "1")], 1.0),
            Value::sample([("instance", "a:1"), ("zone", "2"), ("__value__", "shown")], 0.0),
        ])),
        "none" => Ok(Value::list([])),
        _ => Err("bad query".into()),
    };
    let labels = vec![("job", "api"), ("instance", "host:9090")];
    let template = Template::parse(text, &Functions::prometheus()).map_err(|error| error.to_string())?;
    let external = Value::texts([("region", "eu")]);
    let mut scope = Scope::new(Value::alert(Value::Texts(&labels), external, "http://prometheus.example:9090/base", 12.5));
    scope.now = Time::from_unix_ns(NOW_NS);
    scope.external_url = "http://prometheus.example:9090/base";
    scope.query = Some(&query);
    template.render(&scope, &Limits::default()).map_err(|error| error.to_string())
}

/// Renders every template of a table and compares.
fn check(table: &str, render: fn(&str) -> Result<String, String>) {
    let (mut template, mut cases, mut wrong) = (String::new(), 0, Vec::new());
    for (number, line) in table.lines().enumerate() {
        let Some((kind, rest)) = line.split_at_checked(1) else { continue };
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let holds = match kind {
            ">" => {
                rest.clone_into(&mut template);
                continue;
            }
            "|" => {
                template.push('\n');
                template.push_str(rest);
                continue;
            }
            "=" => render(&template).is_ok_and(|given| given == rest.replace('␤', "\n")),
            "!" => render(&template).is_err_and(|error| error.contains(rest)),
            _ => continue,
        };
        cases += 1;
        if !holds {
            wrong.push(format!("line {}: {template}\n  wanted {line}\n  given  {:?}", number + 1, render(&template)));
        }
    }
    assert!(cases > 0, "a table without cases");
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn actions_and_pipelines() {
    check(include_str!("../data/language.txt"), render_loki);
}

#[test]
fn verbs_of_printf() {
    check(include_str!("../data/printf.txt"), render_loki);
}

#[test]
fn functions_of_go() {
    check(include_str!("../data/builtin.txt"), render_loki);
}

#[test]
fn times_and_layouts() {
    check(include_str!("../data/times.txt"), render_loki);
}

#[test]
fn functions_of_prometheus() {
    check(include_str!("../data/prometheus.txt"), render_prometheus);
}

#[test]
fn texts_of_loki() {
    check(include_str!("../data/loki_texts.txt"), render_loki);
}

#[test]
fn numbers_and_times_of_loki() {
    check(include_str!("../data/loki_numbers.txt"), render_loki);
}

#[test]
fn errors_say_where_and_what() {
    check(include_str!("../data/errors.txt"), render_loki);
}
