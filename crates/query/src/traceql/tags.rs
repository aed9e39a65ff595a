//! What can be asked for: fields by their names.

use std::collections::BTreeSet;

use luneta_model::{Signal, Tenant};
use opentelemetry_proto::tonic::common::v1::KeyValue;

use super::ast::Field;
use super::ast::{Attribute, FieldExpr, Scope, SpansetExpr, Stage};
use super::predicate::{KnownTypes, of_pipeline};
use super::search::time;
use crate::trace::{each_row, events, links};
use crate::{QueryEngine, QueryError, SqlRequest};

/// Spans that are looked into for their keys.
const SAMPLED_SPANS: usize = 2_000;
/// How far they are looked for, in nanoseconds: ten seconds, ten minutes, a day.
const SAMPLED_TIMES: [i64; 3] = [10_000_000_000, 600_000_000_000, 86_400_000_000_000];

/// Which keys are wanted.
#[derive(Debug, Clone, Default)]
pub struct TagsRequest {
    /// Only those on spans this TraceQL query finds, as far as single spans tell; the newest of these are
    /// looked at.
    pub query: Option<String>,
    /// Spans start from here on, in nanoseconds since 1970…
    pub start_ns: i64,
    /// …and before this.
    pub end_ns: i64,
}

/// A field by its name: an intrinsic, or an attribute with or without its scope.
///
/// # Errors
/// [`QueryError::Parse`].
pub fn field(name: &str) -> Result<Field, QueryError> {
    let read = |text: &str| -> Result<Option<Attribute>, super::SyntaxError> {
        let mut query = super::parse(&format!("{{ {text} != nil }}"))?;
        Ok(match query.pipeline.stages.pop() {
            Some(Stage::Spansets(SpansetExpr::Filter(Some(FieldExpr::Binary { left, .. })))) => match *left {
                FieldExpr::Attribute(attribute) => Some(attribute),
                _ => None,
            },
            _ => None,
        })
    };
    let quoted = format!(".\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let found = match read(name) {
        Ok(Some(attribute)) => Some(attribute),
        // Old clients leave out the scope and its dot.
        _ => read(&quoted)?,
    };
    found
        .map(|attribute| attribute.field)
        .ok_or_else(|| QueryError::Parse { message: format!("`{name}` is not the name of a field"), position: None })
}

/// What a query narrows values and keys by: itself, or, while it is being typed, those of its conditions that
/// can be read. `None` where it says nothing, or nothing that can be read.
pub fn narrowing(query: &str) -> Option<String> {
    let query = query.trim();
    let plain = |query: &str| super::parse(query).is_ok_and(|query| query.metrics.is_none());
    let readable = if plain(query) {
        query.to_owned()
    } else {
        let inside = query.strip_prefix('{')?;
        let conditions = between_ands(inside.strip_suffix('}').unwrap_or(inside))?;
        let readable: Vec<&str> = conditions.into_iter().filter(|part| plain(&format!("{{ {part} }}"))).collect();
        format!("{{ {} }}", readable.join(" && "))
    };
    (!matches!(readable.replace(' ', "").as_str(), "{}" | "{true}")).then_some(readable)
}

/// The conditions between `&&` that stand in no brackets and no quotes. `None` where there is `||` beside
/// them: what is left of it when a side is taken away would leave out too much.
fn between_ands(inside: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth, mut quote, mut escaped) = (Vec::new(), 0, 0_usize, None, false);
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), letter) if open == letter => quote = None,
            (None, '"' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 && inside[at..].starts_with("||") => return None,
            (None, '&') if depth == 0 && at >= start && inside[at..].starts_with("&&") => {
                parts.push(inside[start..at].trim());
                start = at + 2;
            }
            _ => {}
        }
    }
    parts.push(inside[start..].trim());
    parts.retain(|part| !part.is_empty());
    Some(parts)
}

impl QueryEngine {
    /// The keys of attributes, by scope.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn tags(&self, tenant: &Tenant, request: &TagsRequest) -> Result<Vec<(Scope, Vec<String>)>, QueryError> {
        if let Some(query) = request.query.as_deref().and_then(narrowing) {
            return self.tags_of_spans(tenant, &query, request).await;
        }
        let keys = self.attribute_keys(tenant).await?;
        let of = |column: &str| -> Vec<String> {
            let found: BTreeSet<String> =
                keys.iter().filter(|k| k.table == "spans" && k.scope == column).map(|k| k.key.clone()).collect();
            found.into_iter().collect()
        };
        let mut resource = of("resource_attributes");
        if let Err(at) = resource.binary_search_by(|key| key.as_str().cmp("service.name")) {
            resource.insert(at, "service.name".to_owned());
        }
        let (event, link) = self.keys_of_lists(tenant, request.start_ns, request.end_ns).await?;
        Ok(vec![
            (Scope::Resource, resource),
            (Scope::Span, of("attributes")),
            (Scope::Instrumentation, of("scope_attributes")),
            (Scope::Event, event),
            (Scope::Link, link),
        ])
    }

    /// The keys on the newest of the spans that a query finds.
    async fn tags_of_spans(
        &self,
        tenant: &Tenant,
        query: &str,
        request: &TagsRequest,
    ) -> Result<Vec<(Scope, Vec<String>)>, QueryError> {
        let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
        let condition = of_pipeline(&super::parse(query)?.pipeline, &KnownTypes::new(&snapshot)).sql;
        drop(snapshot);
        let query = format!(
            "SELECT * FROM spans WHERE start_time >= {} AND start_time < {}{} ORDER BY start_time DESC LIMIT {SAMPLED_SPANS}",
            time(request.start_ns),
            time(request.end_ns),
            condition.map_or_else(String::new, |sql| format!(" AND {sql}"))
        );
        let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let scopes = [Scope::Resource, Scope::Span, Scope::Instrumentation, Scope::Event, Scope::Link];
        let mut keys: [BTreeSet<String>; 5] = Default::default();
        for batch in &answer.batches {
            each_row(batch, |resource, scope, span| {
                let events = span.events.into_iter().flat_map(|event| event.attributes).collect();
                let links = span.links.into_iter().flat_map(|link| link.attributes).collect();
                let lists: [Vec<KeyValue>; 5] = [resource.attributes, span.attributes, scope.attributes, events, links];
                for (keys, list) in keys.iter_mut().zip(lists) {
                    keys.extend(list.into_iter().map(|attribute| attribute.key));
                }
            })?;
        }
        Ok(scopes.into_iter().zip(keys).map(|(scope, keys)| (scope, keys.into_iter().collect())).collect())
    }

    /// Keys of events and links. The newest spans tell: longer and longer times are looked at until one
    /// has some.
    async fn keys_of_lists(&self, tenant: &Tenant, start_ns: i64, end_ns: i64) -> Result<(Vec<String>, Vec<String>), QueryError> {
        let (mut of_events, mut of_links) = (BTreeSet::new(), BTreeSet::new());
        for span_ns in SAMPLED_TIMES {
            let from = end_ns.saturating_sub(span_ns).max(start_ns);
            let query = format!(
                "SELECT events, links FROM spans WHERE start_time >= {} AND start_time < {} \
                 AND (cardinality(events) > 0 OR cardinality(links) > 0) LIMIT {SAMPLED_SPANS}",
                time(from),
                time(end_ns)
            );
            let answer = self.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
            for batch in &answer.batches {
                for row in 0..batch.num_rows() {
                    of_events.extend(events(batch.column(0), row).into_iter().flat_map(|e| e.attributes).map(|a| a.key));
                    of_links.extend(links(batch.column(1), row).into_iter().flat_map(|l| l.attributes).map(|a| a.key));
                }
            }
            if from == start_ns || !of_events.is_empty() {
                break;
            }
        }
        Ok((of_events.into_iter().collect(), of_links.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::narrowing;

    #[test]
    fn queries_that_are_being_typed() {
        let cases = [
            ("", None),
            ("{}", None),
            ("{ true }", None),
            ("{ name = \"a\" }", Some("{ name = \"a\" }")),
            ("{ name = \"a\" } && { name = \"b\" }", Some("{ name = \"a\" } && { name = \"b\" }")),
            ("{ resource.cluster = }", None),
            ("{ name = \"a\" && resource.cluster = }", Some("{ name = \"a\" }")),
            ("{ span.a = && name = \"x && y\" && (kind = server", Some("{ name = \"x && y\" }")),
            ("{ name = \"\\\"&&\" && .b = 1 && .c", Some("{ name = \"\\\"&&\" && .b = 1 && .c }")),
            ("{ name = \"a\" || .b = }", None),
            ("{ (.a = 1 || .b = 2) && .c = }", Some("{ (.a = 1 || .b = 2) }")),
            ("{ name = ü && status = error }", Some("{ status = error }")),
            ("{} | rate()", None),
            ("name", None),
        ];
        for (query, expected) in cases {
            assert_eq!(narrowing(query).as_deref(), expected, "{query}");
        }
    }
}
