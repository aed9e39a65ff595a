//! Exemplars of points, by the series they belong to.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use luneta_model::Tenant;
use luneta_promql::{Labels, METRIC_NAME, Matcher};
use serde_json::Value;

use super::lake::{Attributes, Described, MetricKey, Part, Texts, with_value};
use super::{MetricsError, Translation};
use crate::output::json_value;
use crate::scan::functions::TYPES_KEY;
use crate::sql::text_literal;
use crate::{QueryEngine, SqlRequest};

/// Points with exemplars that one question looks at, the newest first.
const POINTS_MAX: usize = 20_000;
/// Names of metrics that one question looks at.
const METRICS_MAX: usize = 5000;
/// Exemplars may be this much older than their points: the longest time between two exports that is usual.
const EXPORT_MS: i64 = 300_000;

/// A single observation that stands for others.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Ids of its trace and span, and attributes that its series lacks.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

/// The exemplars of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct ExemplarSeries {
    /// What the series is called.
    pub labels: Labels,
    /// In the order of time.
    pub exemplars: Vec<Exemplar>,
}

impl QueryEngine {
    /// Exemplars from a time to a time, of the series that match any of several lists of matchers, sorted
    /// by labels.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_exemplars(
        &self,
        tenant: &Tenant,
        selectors: &[Vec<Matcher>],
        (start_ms, end_ms): (i64, i64),
    ) -> Result<Vec<ExemplarSeries>, MetricsError> {
        let nanos = |milliseconds: i64| milliseconds.max(0).saturating_mul(1_000_000);
        let until = nanos(end_ms.saturating_add(EXPORT_MS));
        let within = format!(
            "array_length(exemplars) > 0 AND time >= to_timestamp_nanos({}) AND time <= to_timestamp_nanos({until})",
            nanos(start_ms)
        );
        let names = self.names_with_exemplars(tenant, selectors, &within).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = names.iter().map(|name| text_literal(name)).collect();
        let query = format!(
            "SELECT metric_name, type, unit, temporality, is_monotonic, attributes, resource_attributes, scope_attributes, \
             scope_name, scope_version, scope_schema_url, explicit_bounds, exemplars FROM metrics \
             WHERE {within} AND metric_name IN ({}) ORDER BY time DESC LIMIT {POINTS_MAX}",
            names.join(", ")
        );
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let mut found: BTreeMap<Labels, Vec<Exemplar>> = BTreeMap::new();
        for batch in &answer.batches {
            for row in 0..batch.num_rows() {
                collect(&Point { batch, row }, &self.config().translation, selectors, (start_ms, end_ms), &mut found);
            }
        }
        Ok(found.into_iter().map(|(labels, exemplars)| ExemplarSeries { labels, exemplars: sorted(exemplars) }).collect())
    }

    /// Names, as they were sent, of metrics that may match and have exemplars.
    async fn names_with_exemplars(
        &self,
        tenant: &Tenant,
        selectors: &[Vec<Matcher>],
        within: &str,
    ) -> Result<BTreeSet<String>, MetricsError> {
        let query = format!(
            "SELECT DISTINCT metric_name, type, unit, temporality, is_monotonic, scope_name FROM metrics WHERE {within} \
             LIMIT {METRICS_MAX}"
        );
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let mut names = BTreeSet::new();
        for batch in &answer.batches {
            for point in (0..batch.num_rows()).map(|row| Point { batch, row }) {
                let attributes = Attributes { scope_name: point.text("scope_name"), ..Attributes::default() };
                let Some(described) = point.described(&attributes, &self.config().translation) else { continue };
                let fits = |labels: &Labels| selectors.iter().any(|matchers| name_fits(matchers, labels));
                if described.parts.iter().any(|(_, labels)| fits(labels)) {
                    names.insert(point.text("metric_name"));
                }
            }
        }
        Ok(names)
    }
}

fn name_fits(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().filter(|matcher| matcher.name == METRIC_NAME).all(|matcher| matcher.accepts(labels))
}

/// Each once, the oldest first.
fn sorted(mut exemplars: Vec<Exemplar>) -> Vec<Exemplar> {
    exemplars.sort_by(|a, b| (a.time_ms, &a.labels).cmp(&(b.time_ms, &b.labels)).then_with(|| a.value.total_cmp(&b.value)));
    exemplars.dedup();
    exemplars
}

/// Adds the exemplars of a point to the series they belong to.
fn collect(
    point: &Point<'_>,
    translation: &Translation,
    selectors: &[Vec<Matcher>],
    (start_ms, end_ms): (i64, i64),
    into: &mut BTreeMap<Labels, Vec<Exemplar>>,
) {
    let attributes = Attributes {
        item: point.map("attributes"),
        resource: point.map("resource_attributes"),
        scope: point.map("scope_attributes"),
        scope_name: point.text("scope_name"),
        scope_version: point.text("scope_version"),
        scope_schema_url: point.text("scope_schema_url"),
        ..Attributes::default()
    };
    let Some(described) = point.described(&attributes, translation) else { return };
    let Value::Array(listed) = point.json("exemplars") else { return };
    let bounds: Vec<f64> = point.json("explicit_bounds").as_array().into_iter().flatten().filter_map(number).collect();
    for exemplar in listed.iter().filter_map(exemplar).filter(|e| e.time_ms >= start_ms && e.time_ms <= end_ms) {
        for matchers in selectors {
            for at in described.matching(matchers) {
                let (part, labels) = &described.parts[at];
                let labels = match part {
                    Part::Value | Part::Native => Some(labels.clone()),
                    Part::Bucket => with_value(labels, *part, bucket(&bounds, exemplar.value), matchers),
                    Part::Quantile | Part::Sum | Part::Count => None,
                };
                if let Some(labels) = labels {
                    into.entry(labels).or_default().push(exemplar.clone());
                }
            }
        }
    }
}

/// The upper bound of the bucket an observation is in.
fn bucket(bounds: &[f64], value: f64) -> f64 {
    bounds.iter().copied().find(|bound| value <= *bound).unwrap_or(f64::INFINITY)
}

/// An exemplar from its JSON.
fn exemplar(from: &Value) -> Option<Exemplar> {
    let value = number(&from["value"]).or_else(|| number(&from["value_int"]))?;
    let time = string_to_timestamp_nanos(from["time"].as_str()?).ok()?;
    let ids = ["trace_id", "span_id"].into_iter().filter_map(|name| Some((name.to_owned(), from[name].as_str()?.to_owned())));
    let attributes = from["attributes"].as_object().into_iter().flatten().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        (key.clone(), text)
    });
    Some(Exemplar { labels: Labels::new(attributes.chain(ids)), value, time_ms: time.div_euclid(1_000_000) })
}

/// A number from its JSON, in which some are text.
fn number(from: &Value) -> Option<f64> {
    from.as_f64().or_else(|| from.as_str()?.parse().ok())
}

/// A row of an answer.
struct Point<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Point<'_> {
    fn json(&self, column: &str) -> Value {
        self.batch.column_by_name(column).map_or(Value::Null, |values| json_value(values, self.row))
    }

    fn text(&self, column: &str) -> String {
        self.json(column).as_str().unwrap_or_default().to_owned()
    }

    /// Attributes as the text they are kept as.
    fn map(&self, column: &str) -> BTreeMap<String, String> {
        let maps = self.batch.column_by_name(column).and_then(|values| values.as_map_opt());
        let Some(entries) = maps.filter(|maps| maps.is_valid(self.row)).map(|maps| maps.value(self.row)) else {
            return BTreeMap::new();
        };
        let (Some(keys), Some(values)) = (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>())
        else {
            return BTreeMap::new();
        };
        let pairs = keys.iter().zip(values).filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned())));
        pairs.filter(|(key, _)| key != TYPES_KEY).collect()
    }

    fn described(&self, attributes: &Attributes, translation: &Translation) -> Option<Described> {
        let text = |column: &str| self.text(column);
        let (name, kind, unit, temporality) = (text("metric_name"), text("type"), text("unit"), text("temporality"));
        let monotonic = self.json("is_monotonic") == true;
        let metric = MetricKey { name: &name, kind: &kind, unit: &unit, temporality: &temporality, monotonic };
        Described::new(&metric, attributes, translation, &mut Texts::default())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exemplars_are_read_from_json() {
        let from = json!({
            "time": "2026-01-02T03:04:05.678000000Z", "value": null, "value_int": 7,
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": null, "attributes": {"user": "a", "tries": 2},
        });
        let found = exemplar(&from).expect("an exemplar");
        assert_eq!((found.value, found.time_ms), (7.0, 1_767_323_045_678));
        assert_eq!(found.labels.to_string(), r#"{trace_id="0af7651916cd43dd8448eb211c80319c", tries="2", user="a"}"#);
        assert_eq!(exemplar(&json!({"time": "2026-01-02T03:04:05Z"})), None);
        assert_eq!(exemplar(&json!({"time": "then", "value": 1.0})), None);
    }

    #[test]
    fn observations_are_in_buckets() {
        for (value, bound) in [(0.0, 1.0), (1.0, 1.0), (1.5, 2.0), (3.0, f64::INFINITY)] {
            assert_eq!(bucket(&[1.0, 2.0], value).to_bits(), f64::to_bits(bound), "{value}");
        }
        assert!(bucket(&[], 1.0).is_infinite());
    }
}
