//! `federate`: the latest samples of chosen series, as another Prometheus scrapes them.

mod protobuf;

use std::io::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use luneta_promql::{Histogram, Labels, METRIC_NAME, SeriesSet, is_stale};

use super::evaluate::now_ms;
use super::json::bare_float;
use super::parameters::selectors;
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;

/// How old a sample may be: Prometheus's lookback.
const LOOKBACK_MS: i64 = 300_000;
/// A label that every series must have, or the scraper sets its own.
const INSTANCE: &str = "instance";

/// A sample to be written.
#[derive(Debug, Clone)]
struct Latest {
    labels: Labels,
    time_ms: i64,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// How samples are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    /// OpenMetrics, else Prometheus's text.
    open_metrics: bool,
    /// Names as they are, else with underscores for what is no letter or digit.
    utf8: bool,
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            open_metrics: accepted.contains("application/openmetrics-text"),
            utf8: accepted.replace(' ', "").contains("escaping=allow-utf-8"),
        }
    }

    fn content_type(self) -> String {
        let base = if self.open_metrics { "application/openmetrics-text; version=1.0.0" } else { "text/plain; version=0.0.4" };
        let escaping = if self.utf8 { "allow-utf-8" } else { "underscores" };
        format!("{base}; charset=utf-8; escaping={escaping}")
    }
}

/// The content type of the format that native histograms have a place in.
const PROTOBUF: &str = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

fn takes_protobuf(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Prometheus puts what it likes best in front.
    let first = accepted.split(',').next().unwrap_or_default();
    ["application/vnd.google.protobuf", "io.prometheus.client.MetricFamily", "delimited"].iter().all(|word| first.contains(word))
}

/// Answers a scrape.
pub async fn federate(State(state): State<ServeState>, headers: HeaderMap, asked: Asked) -> Response {
    match latest(&state, &asked).await {
        Ok(found) if takes_protobuf(&headers) => {
            let escaping = if Form::of(&headers).utf8 { "allow-utf-8" } else { "underscores" };
            ([(header::CONTENT_TYPE, format!("{PROTOBUF}; escaping={escaping}"))], protobuf::page(&found)).into_response()
        }
        Ok(found) => {
            let form = Form::of(&headers);
            ([(header::CONTENT_TYPE, form.content_type())], page(&found, form)).into_response()
        }
        Err(failure) => (failure.status(), format!("{}\n", failure.message)).into_response(),
    }
}

/// The latest samples of the series that match, by name.
async fn latest(state: &ServeState, asked: &Asked) -> Result<Vec<Latest>, Failure> {
    let config = state.engine().config();
    let now = now_ms();
    let collect = async {
        let mut found = Vec::new();
        for matchers in selectors(&asked.parameters)? {
            let window = (now - LOOKBACK_MS, now);
            let samples = state.engine().metric_samples(&asked.tenant, matchers, window, &config.promql).await?;
            found.extend(current(samples.series, now));
        }
        Ok::<_, Failure>(found)
    };
    let mut found = tokio::time::timeout(config.timeout, collect).await.map_err(|_| Failure::timeout("federation"))??;
    found.sort_by(|a, b| (a.labels.metric_name(), &a.labels).cmp(&(b.labels.metric_name(), &b.labels)));
    found.dedup_by(|a, b| a.labels == b.labels);
    Ok(found)
}

/// The last sample of each series that goes on.
fn current(series: SeriesSet, now: i64) -> impl Iterator<Item = Latest> {
    series.into_iter().filter_map(move |series| {
        let last = |times: &[i64]| times.partition_point(|time| *time <= now).checked_sub(1);
        let float = last(&series.floats.times).map(|at| (series.floats.times[at], Value::Float(series.floats.values[at])));
        let histogram = last(&series.histograms.times)
            .map(|at| (series.histograms.times[at], Value::Histogram(Arc::clone(&series.histograms.values[at]))));
        let (time_ms, value) = float.into_iter().chain(histogram).max_by_key(|(time, _)| *time)?;
        (!value.is_stale() && time_ms > now - LOOKBACK_MS).then_some(Latest { labels: series.labels, time_ms, value })
    })
}

impl Value {
    fn is_stale(&self) -> bool {
        match self {
            Value::Float(value) => is_stale(*value),
            Value::Histogram(histogram) => is_stale(histogram.sum),
        }
    }
}

/// The samples as text, in which native histograms have no place.
fn page(samples: &[Latest], form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    let mut family: Option<&str> = None;
    for sample in samples {
        let name = sample.labels.metric_name();
        let Value::Float(value) = sample.value else { continue };
        if name.is_empty() {
            continue;
        }
        if family != Some(name) {
            family = Some(name);
            let kind = if form.open_metrics { "unknown" } else { "untyped" };
            let _ = writeln!(out, "# TYPE {} {kind}", in_type(name, form));
        }
        line(&mut out, sample, value, form);
    }
    if form.open_metrics {
        out.extend_from_slice(b"# EOF\n");
    }
    out
}

fn line(out: &mut Vec<u8>, sample: &Latest, value: f64, form: Form) {
    let name = sample.labels.metric_name();
    let mut parts = Vec::new();
    if form.utf8 && !is_plain(name, true) {
        parts.push(quoted(name));
    } else {
        out.extend_from_slice(escaped(name, true).as_bytes());
    }
    for (name, value) in sample.labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
        let name = if form.utf8 && !is_plain(name, false) { quoted(name) } else { escaped(name, false) };
        parts.push(format!("{name}={}", quoted(value)));
    }
    if !sample.labels.has(INSTANCE) {
        parts.push(format!("{INSTANCE}=\"\""));
    }
    let _ = write!(out, "{{{}}} ", parts.join(","));
    bare_float(out, value, 1e-4);
    if form.open_metrics {
        let _ = writeln!(out, " {}.{:03}", sample.time_ms.div_euclid(1000), sample.time_ms.rem_euclid(1000));
    } else {
        let _ = writeln!(out, " {}", sample.time_ms);
    }
}

fn in_type(name: &str, form: Form) -> String {
    if form.utf8 && !is_plain(name, true) { quoted(name) } else { escaped(name, true) }
}

/// Whether a name needs no quotes.
fn is_plain(name: &str, of_metric: bool) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| is_plain_byte(b, of_metric))
}

fn is_plain_byte(byte: u8, of_metric: bool) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || (of_metric && byte == b':')
}

/// A name with underscores for what does not belong into one.
fn escaped(name: &str, of_metric: bool) -> String {
    let plain = |c: char| if u8::try_from(c).is_ok_and(|b| is_plain_byte(b, of_metric)) { c } else { '_' };
    let mut chars = name.chars();
    let first = chars.next().map(|c| if c.is_ascii_digit() { '_' } else { plain(c) });
    first.into_iter().chain(chars.map(plain)).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use luneta_promql::{STALE_NAN, Series};

    use super::*;

    fn samples() -> Vec<Latest> {
        let series = |pairs: &[(&str, &str)], times: &[i64], values: &[f64]| {
            Series::floats(Labels::new(pairs.iter().copied()), times.to_vec(), values.to_vec())
        };
        let given = vec![
            series(&[(METRIC_NAME, "my.up"), ("http.route", "a\"\\\nb")], &[1500], &[f64::INFINITY]),
            series(&[(METRIC_NAME, "up"), ("instance", "i")], &[1000, 2000, 9000], &[1.0, 0.00001, 7.0]),
            series(&[(METRIC_NAME, "up"), ("instance", "j")], &[1000, 2000], &[1.0, STALE_NAN]),
            series(&[(METRIC_NAME, "up"), ("instance", "k")], &[-400_000], &[1.0]),
        ];
        current(given, 5000).collect()
    }

    #[test]
    fn native_histograms_are_in_protobuf_alone() {
        use luneta_promql::CounterResetHint;
        let native = |name: &str, histogram: Histogram| {
            let mut series = Series::floats(Labels::new([(METRIC_NAME, name), ("instance", "i")]), Vec::new(), Vec::new());
            series.histograms.times = vec![2000];
            series.histograms.values = vec![Arc::new(histogram)];
            series
        };
        let whole =
            Histogram { schema: 3, count: 4.5, sum: 9.0, positive: vec![(-2, 1.5), (-1, 1.0), (4, 2.0)], ..Default::default() };
        let gauge = Histogram { counter_reset_hint: CounterResetHint::Gauge, ..whole.clone() };
        let custom = Histogram { schema: luneta_promql::CUSTOM_SCHEMA, ..whole.clone() };
        let stale = Histogram { sum: STALE_NAN, ..whole.clone() };
        let up = Series::floats(Labels::new([(METRIC_NAME, "up")]), vec![1000], vec![1.0]);
        let given = vec![native("a", whole), native("b", gauge), native("c", custom), native("d", stale), up];
        let found: Vec<Latest> = current(given, 5000).collect();
        let form = Form { open_metrics: false, utf8: false };
        assert_eq!(String::from_utf8(page(&found, form)).expect("text"), "# TYPE up untyped\nup{instance=\"\"} 1 1000\n");
        let page = protobuf::page(&found);
        assert_eq!(
            protobuf::shown(&page),
            ["a 4 i 2000 4.5 9 3 (-2,2)(4,1) [1.5, 1.0, 2.0]", "b 5 i 2000 4.5 9 3 (-2,2)(4,1) [1.5, 1.0, 2.0]", "up 3  1000 1",]
        );
    }

    #[test]
    fn pages() {
        for (accept, kind, wanted) in [
            (
                "*/*",
                "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                "# TYPE my_up untyped\nmy_up{http_route=\"a\\\"\\\\\\nb\",instance=\"\"} +Inf 1500\n\
                 # TYPE up untyped\nup{instance=\"i\"} 1e-05 2000\n",
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5",
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
                "# TYPE \"my.up\" unknown\n{\"my.up\",\"http.route\"=\"a\\\"\\\\\\nb\",instance=\"\"} +Inf 1.500\n\
                 # TYPE up unknown\nup{instance=\"i\"} 1e-05 2.000\n# EOF\n",
            ),
        ] {
            let headers: HeaderMap = [(header::ACCEPT, accept.parse().expect("a header"))].into_iter().collect();
            let form = Form::of(&headers);
            assert_eq!(form.content_type(), kind);
            assert_eq!(String::from_utf8(page(&samples(), form)).expect("text"), wanted);
        }
    }
}
