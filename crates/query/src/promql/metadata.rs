//! What metrics are: types, help, units.

use luneta_model::Tenant;

use super::MetricsError;
use crate::output::row_objects;
use crate::{QueryEngine, SqlRequest};

/// What clients say of a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricMetadata {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge`, `histogram`, `summary` or `unknown`.
    pub kind: &'static str,
    /// What it tells.
    pub help: String,
    /// Its unit.
    pub unit: String,
}

impl QueryEngine {
    /// What is known of all metrics, or of one, sorted and without repeats. Services may disagree.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_metadata(&self, tenant: &Tenant, name: Option<&str>) -> Result<Vec<MetricMetadata>, MetricsError> {
        let query = "SELECT DISTINCT metric_name, type, unit, description, is_monotonic FROM metric_names".to_owned();
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let rows = answer.batches.iter().flat_map(row_objects);
        let mut found: Vec<MetricMetadata> = rows
            .map(|row| MetricMetadata {
                name: text(&row["metric_name"]),
                kind: kind(&text(&row["type"]), row["is_monotonic"] == true),
                help: text(&row["description"]),
                unit: text(&row["unit"]),
            })
            .filter(|metric| name.is_none_or(|name| name == metric.name))
            .collect();
        found.sort();
        found.dedup();
        Ok(found)
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Prometheus's word for a type of OpenTelemetry's.
fn kind(point: &str, monotonic: bool) -> &'static str {
    match point {
        "sum" if monotonic => "counter",
        "sum" | "gauge" => "gauge",
        "histogram" | "exponential_histogram" => "histogram",
        "summary" => "summary",
        _ => "unknown",
    }
}
