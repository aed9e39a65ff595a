//! What templates of Prometheus have besides.

use std::net::IpAddr;

use super::{Action, Arguments, Call, Function, Kind, escape, humanize};
use crate::error::Fault;
use crate::pattern;
use crate::time::Duration;
use crate::value::Value;

const TEXT: &[Kind] = &[Kind::Text];
const ANY: &[Kind] = &[Kind::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    // Queries.
    Function::ours("query", TEXT, query),
    Function::ours("first", ANY, first),
    Function::ours("label", &[Kind::Text, Kind::Any], |_, arguments| {
        let name = arguments.text(0);
        label(&arguments.take(1), &name)
    }),
    Function::ours("value", ANY, |_, arguments| field(&arguments.take(0), "Value")),
    Function::ours("strvalue", ANY, |_, arguments| label(&arguments.take(0), "__value__")),
    Function::ours("sortByLabel", &[Kind::Text, Kind::Any], sort_by_label),
    // Numbers.
    Function::ours("humanize", ANY, |_, a| Ok(humanize::humanize(humanize::float(&a.take(0))?).into())),
    Function::ours("humanize1024", ANY, |_, a| Ok(humanize::humanize_1024(humanize::float(&a.take(0))?).into())),
    Function::ours("humanizeDuration", ANY, |_, a| Ok(humanize::humanize_duration(humanize::float(&a.take(0))?).into())),
    Function::ours("humanizePercentage", ANY, |_, a| Ok(humanize::humanize_percentage(humanize::float(&a.take(0))?).into())),
    Function::ours("humanizeTimestamp", ANY, |_, a| Ok(humanize::humanize_timestamp(humanize::float(&a.take(0))?)?.into())),
    Function::ours("toTime", ANY, |_, a| Ok(Value::Time(humanize::time(humanize::float(&a.take(0))?)?))),
    Function::ours("toDuration", ANY, |_, a| Ok(Value::Duration(humanize::duration(humanize::float(&a.take(0))?)?))),
    Function::ours("now", &[], |call, _| Ok(Value::Float(call.scope.now.unix_ns() as f64 / 1e9))),
    Function::ours("parseDuration", TEXT, |_, a| Ok(Value::Float(Duration::parse_prometheus(&a.text(0))?.seconds()))),
    Function::ours("parseDurationTime", TEXT, |_, a| Ok(Value::Duration(Duration::parse_prometheus(&a.text(0))?))),
    // Texts.
    Function::ours("title", TEXT, |_, a| Ok(title(&a.text(0)).into())),
    Function::ours("toUpper", TEXT, |_, a| Ok(a.text(0).to_uppercase().into())),
    Function::ours("toLower", TEXT, |_, a| Ok(a.text(0).to_lowercase().into())),
    Function::ours("match", &[Kind::Text, Kind::Text], |call, a| {
        let regex = call.regex(&a.text(0))?;
        Ok(Value::Bool(regex.is_match(&a.text(1))))
    })
    .pattern(0),
    Function::ours("reReplaceAll", &[Kind::Text, Kind::Text, Kind::Text], |call, a| {
        let regex = call.regex(&a.text(0))?;
        let (replacement, text) = (a.text(1), a.text(2));
        Ok(Value::Text(pattern::replace(&regex, text, &replacement, false, call.bytes_max)?))
    })
    .pattern(0),
    Function::ours("graphLink", TEXT, |_, a| Ok(link(&a.text(0), 0).into())),
    Function::ours("tableLink", TEXT, |_, a| Ok(link(&a.text(0), 1).into())),
    Function::ours("stripPort", TEXT, |_, a| Ok(strip_port(&a.text(0)).into())),
    Function::ours("stripDomain", TEXT, |_, a| Ok(strip_domain(&a.text(0)).into())),
    Function::ours("urlQueryEscape", TEXT, |_, a| Ok(escape::url_query(&a.text(0)).into())),
    Function::ours("safeHtml", TEXT, |_, a| Ok(Value::Safe(a.text(0)))),
    // Others.
    Function::ours("args", &[], |_, a| Ok(args(a))).rest(Kind::Any),
    Function::special("tmpl", &[Kind::Text, Kind::Any], Action::Render),
    Function::ours("externalURL", &[], |call, _| Ok(Value::from(call.scope.external_url))),
    Function::ours("pathPrefix", &[], |call, _| Ok(path_of(call.scope.external_url).into())),
];

fn query<'a>(call: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let text = arguments.text(0);
    match call.scope.query {
        Some(query) => query(&text),
        None => Err("queries are not available here".into()),
    }
}

fn first<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    match arguments.take(0) {
        Value::List(samples) => samples.first().cloned().ok_or_else(|| "first() called on vector with no elements".into()),
        other => Err(not_samples(&other)),
    }
}

fn not_samples(value: &Value<'_>) -> Fault {
    Fault::new(format!("wrong type for value; expected samples; got {}", value.type_name()))
}

fn field<'a>(sample: &Value<'a>, name: &str) -> Result<Value<'a>, Fault> {
    let found = match sample {
        Value::Map(fields) => fields.get(name).cloned(),
        _ => None,
    };
    found.ok_or_else(|| Fault::new(format!("wrong type for value; expected a sample; got {}", sample.type_name())))
}

/// The text of a label of a sample, empty where it has none.
fn label<'a>(sample: &Value<'a>, name: &str) -> Result<Value<'a>, Fault> {
    Ok(match field(sample, "Labels")? {
        Value::Map(labels) => labels.get(name).cloned().unwrap_or_else(|| Value::from("")),
        Value::Texts(labels) => Value::from(labels.get(name).unwrap_or_default()),
        other => return Err(not_samples(&other)),
    })
}

fn sort_by_label<'a>(_: &Call<'_, 'a>, arguments: &mut Arguments<'a>) -> Result<Value<'a>, Fault> {
    let name = arguments.text(0);
    let samples = arguments.take(1);
    let Value::List(samples) = samples else { return Err(not_samples(&samples)) };
    let mut keyed = Vec::with_capacity(samples.len());
    for sample in samples.iter() {
        keyed.push((label(sample, &name)?.as_text().unwrap_or_default().to_owned(), sample.clone()));
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Value::list(keyed.into_iter().map(|(_, sample)| sample)))
}

fn args<'a>(arguments: &mut Arguments<'a>) -> Value<'a> {
    let values = std::mem::take(&mut arguments.0);
    Value::map(values.into_iter().enumerate().map(|(index, value)| (format!("arg{index}"), value)))
}

/// Every first letter of a word in capitals.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.push(c);
        } else {
            out.extend(titlecase(c));
        }
        inside = c.is_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace());
    }
    out
}

/// The capital of a letter. Letters that have several, such as `ß`, stay.
fn titlecase(c: char) -> impl Iterator<Item = char> {
    let mut upper = c.to_uppercase();
    let single = if upper.len() == 1 { upper.next() } else { None };
    std::iter::once(single.unwrap_or(c))
}

/// A path to the page that shows a query.
fn link(expression: &str, tab: u8) -> String {
    format!("/graph?g0.expr={}&g0.tab={tab}", escape::url_query(expression))
}

/// Host and port of `host:port` and `[address]:port`.
fn split_port(address: &str) -> Option<(&str, &str)> {
    let (host, port) = address.rsplit_once(':')?;
    if let Some(bracketed) = host.strip_prefix('[') {
        return Some((bracketed.strip_suffix(']')?, port)).filter(|(host, _)| !host.contains(['[', ']']));
    }
    (!host.contains([':', '[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

fn strip_port(address: &str) -> String {
    split_port(address).map_or(address, |(host, _)| host).to_owned()
}

fn strip_domain(address: &str) -> String {
    let (host, port) = split_port(address).unwrap_or((address, ""));
    if host.parse::<IpAddr>().is_ok() {
        return address.to_owned();
    }
    let host = host.split('.').next().unwrap_or_default();
    match (port, host.contains(':')) {
        ("", _) => host.to_owned(),
        (port, false) => format!("{host}:{port}"),
        (port, true) => format!("[{host}]:{port}"),
    }
}

/// The path of a URL.
fn path_of(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    behind.split(['?', '#']).next().unwrap_or_default()
}
