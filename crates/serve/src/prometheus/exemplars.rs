//! `query_exemplars`: single observations behind the series a query selects.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use luneta_promql::syntax::{Expr, ExprKind};
use luneta_promql::{Matcher, ParseOptions, Query};
use luneta_query::ExemplarSeries;

use super::json;
use super::parameters::{time_or, timeout};
use super::reply::{Failure, Listing, Remarks};
use super::request::Asked;
use crate::ServeState;

/// Times have to fit into nanoseconds of 64 bits.
const TIME_MAX_MS: i64 = i64::MAX / 1_000_000;

/// Answers a question for exemplars.
pub async fn exemplars(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let parameters = &asked.parameters;
    let (start, end) = (time_or(parameters, "start", 0)?, time_or(parameters, "end", TIME_MAX_MS)?);
    if end < start {
        return Err(Failure::bad_data("end timestamp must not be before start timestamp"));
    }
    let query = Query::parse(parameters.first("query").unwrap_or_default(), &ParseOptions::default())?;
    let mut selectors = Vec::new();
    collect(query.expr(), &mut selectors);
    if selectors.is_empty() {
        return Ok(Listing::of(Vec::new(), series, &Remarks::default()).into_response());
    }
    let timeout = timeout(parameters, state.engine().config().timeout)?;
    let search = state.engine().metric_exemplars(&asked.tenant, &selectors, (start, end));
    let found = tokio::time::timeout(timeout, search).await.map_err(|_| Failure::timeout("the search for exemplars"))??;
    Ok(Listing::of(found, series, &Remarks::default()).into_response())
}

/// The matchers of every selector of an expression.
fn collect(expr: &Expr, into: &mut Vec<Vec<Matcher>>) {
    if let ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. } = &expr.kind {
        into.push(selector.matchers.clone());
    }
    for child in expr.children() {
        collect(child, into);
    }
}

fn series(out: &mut Vec<u8>, found: &ExemplarSeries) {
    out.extend_from_slice(b"{\"seriesLabels\":");
    json::labels(out, &found.labels);
    out.extend_from_slice(b",\"exemplars\":[");
    for (i, exemplar) in found.exemplars.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"{\"labels\":" } else { b",{\"labels\":" });
        json::labels(out, &exemplar.labels);
        out.extend_from_slice(b",\"value\":");
        json::float(out, exemplar.value);
        out.extend_from_slice(b",\"timestamp\":");
        json::time(out, exemplar.time_ms);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

#[cfg(test)]
mod tests {
    use luneta_promql::Labels;
    use luneta_query::Exemplar;

    use super::*;

    #[test]
    fn every_selector_counts() {
        let query =
            "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) / on() group_left max_over_time(b{c=\"d\"}[5m:1m])";
        let query = Query::parse(query, &ParseOptions::default()).expect("a query");
        let mut found = Vec::new();
        collect(query.expr(), &mut found);
        let shown: Vec<String> = found.iter().flatten().map(ToString::to_string).collect();
        assert_eq!(shown, [r#"__name__="a_bucket""#, r#"__name__="b""#, r#"c="d""#]);
    }

    #[test]
    fn answers() {
        let exemplar = Exemplar { labels: Labels::new([("trace_id", "0a")]), value: 6.0, time_ms: 1_600_096_945_479 };
        let found = ExemplarSeries { labels: Labels::new([("job", "a")]), exemplars: vec![exemplar.clone(), exemplar] };
        let mut out = Vec::new();
        series(&mut out, &found);
        let one = r#"{"labels":{"trace_id":"0a"},"value":"6","timestamp":1600096945.479}"#;
        assert_eq!(
            String::from_utf8(out).expect("text"),
            format!(r#"{{"seriesLabels":{{"job":"a"}},"exemplars":[{one},{one}]}}"#)
        );
    }
}
