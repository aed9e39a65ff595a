//! Series of queries that need whole traces.

use luneta_model::Tenant;

use super::accumulate::Accumulator;
use super::{Exemplar, measured};
use crate::traceql::ast::Query;
use crate::traceql::eval::{FieldPlace, Plan, Value};
use crate::traceql::load::LOOKUP_MAX;
use crate::traceql::search::{Candidates, LOOKED_INTO_MAX};
use crate::{QueryEngine, QueryError};

/// Looks into every trace of the time.
pub(super) async fn run(
    engine: &QueryEngine,
    tenant: &Tenant,
    query: &Query,
    condition: Option<String>,
    exemplars: usize,
    sums: &mut Accumulator<'_>,
) -> Result<Vec<String>, QueryError> {
    let metrics = sums.metrics();
    let mut plan = Plan::new(&query.pipeline);
    let by: Vec<FieldPlace> = metrics.by.iter().map(|field| FieldPlace::of(field, &mut plan.fields)).collect();
    let field = measured(&metrics.function).map(|field| FieldPlace::of(field, &mut plan.fields));
    let (mut warnings, mut looked_into, mut left) = (Vec::new(), 0, exemplars);
    let intervals = sums.intervals();
    let mut candidates = Candidates::new((intervals.start_ns, intervals.end_ns()), condition, usize::MAX);
    while let Some(ids) = candidates.next(engine, tenant).await? {
        if looked_into >= LOOKED_INTO_MAX {
            warnings.push(format!("only the newest {looked_into} traces were looked into"));
            break;
        }
        for ids in ids.chunks(LOOKUP_MAX) {
            let (traces, damaged) = engine.load_traces(tenant, ids, &plan.fields).await?;
            looked_into += ids.len();
            warnings.extend(damaged.into_iter().filter(|w| !warnings.contains(w)).collect::<Vec<_>>());
            for trace in &traces {
                let mut spans: Vec<usize> = plan.run(trace).into_iter().flat_map(|set| set.spans).collect();
                spans.sort_unstable();
                spans.dedup();
                for span in spans {
                    let labels: Vec<Value> = by.iter().map(|place| place.value(trace, span).clone()).collect();
                    let start_ns = trace.spans[span].start_ns;
                    let value = field.map(|place| place.value(trace, span).number());
                    let Some(cell) = (value != Some(None)).then(|| sums.cell(labels.clone(), start_ns)).flatten() else {
                        continue;
                    };
                    match value.flatten() {
                        Some(value) => cell.measure(&metrics.function, value),
                        None => cell.count(1),
                    }
                    if left > 0 {
                        left -= 1;
                        let scale = measured(&metrics.function).map_or(1.0, super::unit);
                        let value = value.flatten().map_or(trace.spans[span].duration_ns as f64 / 1e9, |v| v * scale);
                        sums.exemplar(labels, Exemplar { trace_id: trace.id, time_ns: start_ns, value });
                    }
                }
            }
        }
    }
    Ok(warnings)
}
