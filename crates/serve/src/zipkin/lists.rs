//! Names that only Zipkin asks for.

use luneta_model::Tenant;
use luneta_query::QueryError;

use crate::ServeState;
use crate::names::Window;

/// Spellings of one service's name that a search takes into account.
const SPELLINGS_MAX: usize = 4;
/// Keys that are offered for completion.
const KEYS_MAX: usize = 100;
/// Values of a key that are offered.
const VALUES_MAX: usize = 100;

/// The name of the other side of a call, as spans are shown.
const REMOTE_NAME: &str = "coalesce(attributes['peer.service'], CASE WHEN kind IN ('CLIENT', 'PRODUCER') \
                           THEN coalesce(attributes['server.address'], attributes['net.peer.name']) END)";

impl ServeState {
    /// The names that read as this one in small letters.
    pub(super) async fn spellings(&self, tenant: &Tenant, window: Window, lower: &str) -> Result<Vec<String>, QueryError> {
        let statement = "SELECT DISTINCT service_name AS name FROM span_metrics WHERE {overlapping} AND lower(service_name) = $1 ORDER BY name";
        let mut names = self.names_within(tenant, window, statement, &[lower]).await?;
        names.truncate(SPELLINGS_MAX);
        Ok(names)
    }

    /// Names of a service's spans.
    pub(super) async fn span_names(&self, tenant: &Tenant, lower: &str) -> Result<Vec<String>, QueryError> {
        self.of_service(tenant, lower, "lower(name)").await
    }

    /// Names of the services that a service calls, or that call it and are known to it.
    pub(super) async fn remote_services(&self, tenant: &Tenant, lower: &str) -> Result<Vec<String>, QueryError> {
        self.of_service(tenant, lower, &format!("lower({REMOTE_NAME})")).await
    }

    /// Distinct values of an expression over the spans of a service.
    async fn of_service(&self, tenant: &Tenant, lower: &str, expression: &str) -> Result<Vec<String>, QueryError> {
        let window = Window::of_names();
        let spellings = self.spellings(tenant, window, lower).await?;
        if spellings.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=spellings.len()).map(|n| format!("${n}")).collect();
        let statement = format!(
            "SELECT DISTINCT {expression} AS name FROM spans WHERE {{within}} AND service_name IN ({}) ORDER BY name",
            places.join(", ")
        );
        let params: Vec<&str> = spellings.iter().map(String::as_str).collect();
        self.names_within(tenant, window, &statement, &params).await
    }

    /// The most frequent keys of spans and their resources.
    pub(super) async fn tag_keys(&self, tenant: &Tenant) -> Result<Vec<String>, QueryError> {
        let statement = "SELECT key AS name FROM attribute_keys WHERE \"table\" = 'spans' \
                         AND scope IN ('attributes', 'resource_attributes') GROUP BY key ORDER BY sum(count) DESC, key";
        let mut keys = self.names_within(tenant, Window::of_names(), statement, &[]).await?;
        keys.retain(|key| key != "service.name");
        keys.truncate(KEYS_MAX);
        Ok(keys)
    }

    /// Values that a key has.
    pub(super) async fn tag_values(&self, tenant: &Tenant, key: &str) -> Result<Vec<String>, QueryError> {
        let mut values = self.names_within(tenant, Window::of_names(), &values_of(key), &[]).await?;
        values.truncate(VALUES_MAX);
        Ok(values)
    }
}

/// The statement for the values of a key.
fn values_of(key: &str) -> String {
    let key = key.replace('\'', "''");
    let from = |scope: &str| {
        format!("SELECT CAST({scope}['{key}'] AS VARCHAR) AS name FROM spans WHERE {{within}} AND {scope}['{key}'] IS NOT NULL")
    };
    format!("SELECT DISTINCT name FROM ({} UNION ALL {}) ORDER BY name", from("attributes"), from("resource_attributes"))
}
