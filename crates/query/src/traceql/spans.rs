//! Parts of a trace: the spans a filter finds in it.

use std::collections::HashSet;

use luneta_model::Tenant;

use super::ast::{FieldExpr, Pipeline, SpansetExpr, Stage, Static};
use super::eval::Plan;
use crate::{QueryEngine, QueryError, Trace};

/// Which spans of a trace are wanted.
#[derive(Debug, Clone)]
pub struct SpanFilter {
    pipeline: Pipeline,
    ancestors: bool,
}

impl SpanFilter {
    /// Reads a filter, with or without the ancestors of what it finds; `None` when every span passes.
    ///
    /// # Errors
    /// [`QueryError::Parse`] when the text is not one filter, such as `{ status = error }`.
    pub fn new(text: &str, ancestors: bool) -> Result<Option<Self>, QueryError> {
        let query = super::parse(text)?;
        match (query.pipeline.stages.as_slice(), &query.metrics) {
            ([Stage::Spansets(SpansetExpr::Filter(None | Some(FieldExpr::Static(Static::Bool(true)))))], None) => Ok(None),
            ([Stage::Spansets(SpansetExpr::Filter(_))], None) => Ok(Some(Self { pipeline: query.pipeline, ancestors })),
            _ => {
                let message = "spans of one trace are chosen by one filter, such as `{ status = error }`".to_owned();
                Err(QueryError::Parse { message, position: None })
            }
        }
    }
}

impl QueryEngine {
    /// Leaves out the spans of a trace that a filter does not find.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn filter_spans(
        &self,
        tenant: &Tenant,
        id: [u8; 16],
        mut trace: Trace,
        filter: &SpanFilter,
    ) -> Result<Trace, QueryError> {
        let plan = Plan::new(&filter.pipeline);
        let (known, warnings) = self.load_traces(tenant, &[id], &plan.fields).await?;
        let mut wanted = HashSet::new();
        for known in &known {
            for found in plan.run(known).into_iter().flat_map(|set| set.spans) {
                let ancestors = filter.ancestors.then(|| known.ancestors(found)).into_iter().flatten();
                wanted.extend(std::iter::once(found).chain(ancestors).map(|at| (known.spans[at].id, known.spans[at].start_ns)));
            }
        }
        let is_wanted = |id: &[u8], start: u64| {
            let key = (<[u8; 8]>::try_from(id).ok(), i64::try_from(start).ok());
            matches!(key, (Some(id), Some(start)) if wanted.contains(&(id, start)))
        };
        for group in &mut trace.data.resource_spans {
            for scope in &mut group.scope_spans {
                scope.spans.retain(|span| is_wanted(&span.span_id, span.start_time_unix_nano));
            }
            group.scope_spans.retain(|scope| !scope.spans.is_empty());
        }
        trace.data.resource_spans.retain(|group| !group.scope_spans.is_empty());
        let new = warnings.into_iter().filter(|warning| !trace.warnings.contains(warning)).collect::<Vec<_>>();
        trace.warnings.extend(new);
        Ok(trace)
    }
}

#[cfg(test)]
mod tests {
    use super::SpanFilter;

    #[test]
    fn filters() {
        let cases = [
            ("{}", Some(true)),
            ("{ true }", Some(true)),
            ("{ status = error }", Some(false)),
            ("{ .a = 1 && (name = \"x\" || kind = server) }", Some(false)),
            ("{ .a = 1 } >> { .b = 2 }", None),
            ("{ .a = 1 } | count() > 1", None),
            ("{} | rate()", None),
            ("{", None),
        ];
        for (text, every) in cases {
            assert_eq!(SpanFilter::new(text, true).ok().map(|filter| filter.is_none()), every, "{text}");
        }
    }
}
