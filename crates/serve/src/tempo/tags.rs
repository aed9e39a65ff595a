//! What can be asked for: names of fields, and their values.

use axum::Json;
use axum::extract::{Path, Query, State};
use luneta_query::traceql::ast::{Field, Intrinsic, Kind, Scope, Status};
use luneta_query::traceql::eval::Value;
use luneta_query::traceql::tags::{TagsRequest, field};
use luneta_query::traceql::values::ValuesRequest;
use serde_json::{Value as JsonValue, json};

use super::TempoError;
use super::parameters::{DAY, number};
use crate::ServeState;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// Names of a scope, and values of a field.
const LISTED_MAX: usize = 10_000;
/// The scope of what every span has.
const INTRINSIC: &str = "intrinsic";
/// What stands for every scope; the first is what Tempo's documents call it.
const EVERY: [&str; 3] = ["all", "none", ""];

/// Which names are wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names<'p> {
    /// Of which scope; empty for every one.
    pub(super) scope: &'p str,
    /// Only of spans this query finds.
    pub(super) query: Option<&'p str>,
    /// Nanoseconds since 1970.
    pub(super) range: (i64, i64),
    /// Most names of each scope.
    pub(super) limit: Option<usize>,
}

/// Which values are wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Values<'p> {
    /// Name of the field.
    pub(super) field: &'p str,
    /// Only of spans this query finds.
    pub(super) query: Option<&'p str>,
    /// Nanoseconds since 1970.
    pub(super) range: (i64, i64),
    /// Most of them.
    pub(super) limit: Option<usize>,
}

/// What scopes are called, and the names in them.
pub(super) type Scopes = Vec<(&'static str, Vec<String>)>;

const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Any => "none",
        Scope::Span => "span",
        Scope::Resource => "resource",
        Scope::Event => "event",
        Scope::Link => "link",
        Scope::Instrumentation => "instrumentation",
    }
}

/// Every name of what all spans have, in alphabetical order. Numbers of nested sets are no use to anybody
/// who chooses from a list.
fn intrinsics() -> Vec<String> {
    let numbers = [Intrinsic::NestedSetLeft, Intrinsic::NestedSetRight, Intrinsic::NestedSetParent];
    let offered = Intrinsic::NAMES.iter().filter(|(_, of)| !numbers.contains(of));
    let mut names: Vec<String> = offered.map(|(name, _)| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

fn bound(limit: Option<usize>) -> usize {
    limit.filter(|limit| *limit > 0).unwrap_or(LISTED_MAX).min(LISTED_MAX)
}

impl Names<'_> {
    /// The names, by scope; scopes without any are left out.
    pub(super) async fn find(self, state: &ServeState, tenant: &RequestTenant) -> Result<Scopes, TempoError> {
        const NAMES: [&str; 6] = ["resource", "span", "event", "link", "instrumentation", INTRINSIC];
        let wanted = Some(self.scope).filter(|scope| !EVERY.contains(scope));
        if let Some(unknown) = wanted.filter(|scope| !NAMES.contains(scope)) {
            return Err(TempoError::Invalid(format!("`scope={unknown}` is none of {}, all", NAMES.join(", "))));
        }
        let mut scopes: Scopes = Vec::new();
        if wanted != Some(INTRINSIC) {
            let (start_ns, end_ns) = self.range;
            let request = TagsRequest { query: self.query.map(ToOwned::to_owned), start_ns, end_ns };
            let started = std::time::Instant::now();
            let found = state.engine().tags(&tenant.0, &request).await;
            state.queries().record(started.elapsed(), found.is_err());
            scopes.extend(found?.into_iter().map(|(scope, tags)| (scope_name(scope), tags)));
        }
        scopes.push((INTRINSIC, intrinsics()));
        scopes.retain(|(name, tags)| wanted.is_none_or(|wanted| wanted == *name) && !tags.is_empty());
        for (_, tags) in &mut scopes {
            tags.truncate(bound(self.limit));
        }
        Ok(scopes)
    }

    fn of(parameters: &Parameters) -> Result<Names<'_>, TempoError> {
        let known = || Ok((DAY.of(parameters)?, limits(parameters)?));
        let (range, limit) = known().map_err(TempoError::Invalid)?;
        Ok(Names { scope: parameters.first("scope").unwrap_or_default(), query: parameters.first("q"), range, limit })
    }
}

/// `limit`. Tempo ends a look-up after `maxStaleValues` values that it knew already; here it ends by itself.
fn limits(parameters: &Parameters) -> Result<Option<usize>, String> {
    number(parameters, "maxStaleValues")?;
    number(parameters, "limit")
}

impl Values<'_> {
    /// The values.
    pub(super) async fn find(self, state: &ServeState, tenant: &RequestTenant) -> Result<Vec<Value>, TempoError> {
        let field = field(self.field)?;
        let mut fixed = match &field {
            Field::Intrinsic(Intrinsic::Status) => [Status::Error, Status::Ok, Status::Unset].map(Value::Status).to_vec(),
            Field::Intrinsic(Intrinsic::Kind) => {
                let kinds = [Kind::Client, Kind::Consumer, Kind::Internal, Kind::Producer, Kind::Server, Kind::Unspecified];
                kinds.map(Value::Kind).to_vec()
            }
            _ => Vec::new(),
        };
        let limit = bound(self.limit);
        if !fixed.is_empty() {
            fixed.truncate(limit);
            return Ok(fixed);
        }
        let (start_ns, end_ns) = self.range;
        let request = ValuesRequest { field, query: self.query.map(ToOwned::to_owned), start_ns, end_ns, limit };
        let started = std::time::Instant::now();
        let found = state.engine().tag_values(&tenant.0, &request).await;
        state.queries().record(started.elapsed(), found.is_err());
        Ok(found?)
    }

    fn of<'p>(field: &'p str, parameters: &'p Parameters) -> Result<Values<'p>, TempoError> {
        let known = || Ok((DAY.of(parameters)?, limits(parameters)?));
        let (range, limit) = known().map_err(TempoError::Invalid)?;
        Ok(Values { field, query: parameters.first("q"), range, limit })
    }
}

/// Every name once, whatever its scope.
pub(super) fn flat(scopes: Scopes) -> Vec<String> {
    let mut names: Vec<String> = scopes.into_iter().flat_map(|(_, tags)| tags).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What Tempo calls the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::Status(_) | Value::Kind(_) => "keyword",
        _ => "string",
    }
}

pub(super) async fn names(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let names = flat(Names::of(&parameters)?.find(&state, &tenant).await?);
    Ok(Json(json!({"tagNames": names, "metrics": {}})))
}

pub(super) async fn names_v2(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let scopes = Names::of(&parameters)?.find(&state, &tenant).await?;
    let scopes: Vec<JsonValue> = scopes.into_iter().map(|(name, tags)| json!({"name": name, "tags": tags})).collect();
    Ok(Json(json!({"scopes": scopes, "metrics": {}})))
}

pub(super) async fn values(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let values = Values::of(&name, &parameters)?.find(&state, &tenant).await?;
    let texts: Vec<String> = values.iter().map(Value::text).collect();
    Ok(Json(json!({"tagValues": texts, "metrics": {}})))
}

pub(super) async fn values_v2(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let values = Values::of(&name, &parameters)?.find(&state, &tenant).await?;
    let values: Vec<JsonValue> = values.iter().map(|value| json!({"type": type_name(value), "value": value.text()})).collect();
    Ok(Json(json!({"tagValues": values, "metrics": {}})))
}

#[cfg(test)]
mod tests {
    use super::intrinsics;

    #[test]
    fn intrinsics_are_those_of_tempo() {
        let found = intrinsics();
        // Those of the example in Tempo's document of its API, section "Search tags V2".
        let documented = "duration event:name event:timeSinceStart instrumentation:name instrumentation:version kind name rootName \
                          rootServiceName span:duration span:kind span:name span:status span:statusMessage status \
                          statusMessage trace:duration trace:rootName trace:rootService traceDuration";
        // Those of its page on TraceQL beside them.
        let others = "link:spanID link:traceID span:id span:parentID trace:id";
        for name in documented.split_whitespace().chain(others.split_whitespace()) {
            assert!(found.iter().any(|of| of == name), "{name}");
        }
        assert!(found.is_sorted());
    }
}
