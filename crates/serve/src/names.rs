//! Names of services and spans, and calls between services, for the APIs that list them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use luneta_model::{Tenant, schema};
use luneta_query::output::row_objects;
use luneta_query::{QueryError, SqlRequest};
use serde_json::Value;

use crate::ServeState;

/// Names one answer holds.
const NAMES_MAX: usize = 10_000;
/// How far back names are looked for.
const NAMES_SINCE: Duration = Duration::from_hours(7 * 24);

/// A stretch of time in nanoseconds since 1970; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub start_ns: i64,
    /// Where it ends.
    pub end_ns: i64,
}

/// What a service does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Name of the spans.
    pub name: String,
    /// Kind of the spans, as the lake spells it.
    pub kind: String,
}

/// Calls from one service to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// Who calls.
    pub client: String,
    /// Who is called.
    pub server: String,
    /// How often.
    pub count: u64,
    /// How many of them failed on either side.
    pub errors: u64,
}

/// Now, in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

impl Window {
    /// The time in which names are looked for.
    pub fn of_names() -> Self {
        // Clocks of clients may be ahead.
        Self { end_ns: i64::MAX, ..Self::before(now_ns(), NAMES_SINCE) }
    }

    /// The time before a moment.
    pub fn before(end_ns: i64, length: Duration) -> Self {
        let length = i64::try_from(length.as_nanos()).unwrap_or(i64::MAX);
        Self { start_ns: end_ns.saturating_sub(length), end_ns }
    }

    /// The condition that a span starts within, in SQL.
    pub fn within(self) -> String {
        // No span starts before 1970.
        let (start_ns, end_ns) = (self.start_ns.max(0), self.end_ns.max(0));
        format!("start_time >= to_timestamp_nanos({start_ns}) AND start_time <= to_timestamp_nanos({end_ns})")
    }

    /// The condition that an interval of a derived table overlaps, in SQL.
    pub fn overlapping(self) -> String {
        let interval = schema::DERIVED_INTERVAL_SECONDS * 1_000_000_000;
        let (start_ns, end_ns) = (self.start_ns.max(0) / interval * interval, self.end_ns.max(0));
        format!("time >= to_timestamp_nanos({start_ns}) AND time <= to_timestamp_nanos({end_ns})")
    }
}

impl ServeState {
    /// Rows of a statement; `{within}` and `{overlapping}` in it stand for conditions on time.
    pub(crate) async fn rows_within(
        &self,
        tenant: &Tenant,
        window: Window,
        statement: &str,
        params: &[&str],
    ) -> Result<Vec<Value>, QueryError> {
        let statement = statement.replace("{within}", &window.within()).replace("{overlapping}", &window.overlapping());
        let query = format!("{} LIMIT {NAMES_MAX}", statement.trim_end());
        let params = params.iter().map(|text| Value::from(*text)).collect();
        let answer = self.query(tenant, SqlRequest { query, params, limit: Some(NAMES_MAX), ..SqlRequest::default() }).await?;
        Ok(answer.batches.iter().flat_map(row_objects).collect())
    }

    /// The texts of a statement's column `name`; rows without one are left out.
    pub(crate) async fn names_within(
        &self,
        tenant: &Tenant,
        window: Window,
        statement: &str,
        params: &[&str],
    ) -> Result<Vec<String>, QueryError> {
        let rows = self.rows_within(tenant, window, statement, params).await?;
        Ok(rows.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect())
    }

    /// Services that sent spans of late.
    pub(crate) async fn services(&self, tenant: &Tenant) -> Result<Vec<String>, QueryError> {
        let statement = "SELECT DISTINCT service_name AS name FROM span_metrics WHERE {overlapping} AND service_name IS NOT NULL \
                         ORDER BY name";
        self.names_within(tenant, Window::of_names(), statement, &[]).await
    }

    /// What a service did of late, by name and kind.
    pub(crate) async fn operations(&self, tenant: &Tenant, service: &str) -> Result<Vec<Operation>, QueryError> {
        let statement =
            "SELECT DISTINCT name, kind FROM span_metrics WHERE {overlapping} AND service_name = $1 ORDER BY name, kind";
        let rows = self.rows_within(tenant, Window::of_names(), statement, &[service]).await?;
        Ok(rows.iter().map(|row| Operation { name: text(row, "name"), kind: text(row, "kind") }).collect())
    }

    /// Who called whom.
    pub(crate) async fn calls(&self, tenant: &Tenant, window: Window) -> Result<Vec<Calls>, QueryError> {
        let rows = self.rows_within(tenant, window, include_str!("calls.sql"), &[]).await?;
        let count = |row: &Value, key: &str| row[key].as_u64().unwrap_or_default();
        let calls = rows.iter().map(|row| Calls {
            client: text(row, "client"),
            server: text(row, "server"),
            count: count(row, "calls"),
            errors: count(row, "errors"),
        });
        Ok(calls.collect())
    }
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_do_not_overflow() {
        let day = Duration::from_hours(24);
        assert_eq!(Window::before(i64::MIN, day).start_ns, i64::MIN);
        assert_eq!(Window::before(0, Duration::MAX).start_ns, -i64::MAX);
        assert_eq!(
            Window { start_ns: -5, end_ns: 7 }.within(),
            "start_time >= to_timestamp_nanos(0) AND start_time <= to_timestamp_nanos(7)"
        );
        assert_eq!(
            Window { start_ns: 60_000_000_001, end_ns: 70_000_000_000 }.overlapping(),
            "time >= to_timestamp_nanos(60000000000) AND time <= to_timestamp_nanos(70000000000)"
        );
    }
}
