//! Rules over the lake: their queries asked of the engine, and what they make written to the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use luneta_alert::{Lake, LakeError, RuleSample};
use luneta_model::{Sink, Tenant};
use luneta_promql::{Answer, CounterResetHint, Histogram, Params, Query, Sample};
use luneta_query::QueryEngine;
use luneta_receive::DecodeOptions;
use luneta_receive::prometheus::exposition::{NativeHistogram, NativeSpan, SampleValue};
use luneta_receive::prometheus::scraped::{ScrapedRows, ScrapedSeries};
use tokio::sync::Semaphore;

/// Rules that are computed at once.
const QUERIES_MAX: usize = 2;

/// The lake as rules see it: that of the tenant `default`.
pub struct RuleLake {
    engine: Arc<QueryEngine>,
    sink: Arc<dyn Sink>,
    turns: Semaphore,
    timeout: Duration,
}

impl RuleLake {
    /// Over an engine and the store behind it.
    pub fn new(engine: Arc<QueryEngine>, sink: Arc<dyn Sink>) -> Self {
        let timeout = engine.config().timeout;
        Self { engine, sink, turns: Semaphore::new(QUERIES_MAX), timeout }
    }
}

fn fault(error: impl std::fmt::Display) -> LakeError {
    LakeError(error.to_string())
}

#[async_trait]
impl Lake for RuleLake {
    async fn query(&self, query: Query, params: Params) -> Result<Answer, LakeError> {
        let _turn = self.turns.acquire().await.map_err(fault)?;
        let limits = self.engine.config().promql.clone();
        let found = self.engine.promql(&Tenant::default(), query, params, limits, self.timeout).await.map_err(fault)?;
        Ok(found.answer)
    }

    async fn write(&self, samples: Vec<RuleSample>) -> Result<(), LakeError> {
        let batch = {
            let now = samples.first().map_or(0, |sample| sample.time_ms.saturating_mul(1_000_000));
            let options = DecodeOptions::at(now);
            let mut rows = ScrapedRows::new(&options);
            for RuleSample { labels, time_ms, value } in &samples {
                let pairs: Vec<(&str, &str)> = labels.iter().collect();
                let value = match value {
                    Sample::Float(value) => SampleValue::Number(*value),
                    Sample::Histogram(histogram) => SampleValue::Histogram(Box::new(native(histogram))),
                };
                rows.push(&pairs, &ScrapedSeries::default(), *time_ms, None, &value, &[]).map_err(LakeError)?;
            }
            rows.finish(Tenant::default()).map_err(LakeError)?
        };
        self.sink.accept(batch).await.map_err(fault)
    }
}

/// A histogram as it travels.
fn native(of: &Histogram) -> NativeHistogram {
    let (positive_spans, positive_counts) = spans(&of.positive);
    let (negative_spans, negative_counts) = spans(&of.negative);
    NativeHistogram {
        count: of.count,
        sum: of.sum,
        schema: of.schema,
        zero_threshold: of.zero_threshold,
        zero_count: of.zero_count,
        positive_spans,
        positive_counts,
        negative_spans,
        negative_counts,
        is_float: true,
        reset_hint: match of.counter_reset_hint {
            CounterResetHint::Gauge => luneta_model::CounterResetHint::Gauge,
            CounterResetHint::Reset => luneta_model::CounterResetHint::Reset,
            // What was not reset between the samples a rule read says nothing of those it wrote.
            CounterResetHint::NotReset | CounterResetHint::Unknown => luneta_model::CounterResetHint::Unknown,
        },
        custom_bounds: of.custom_bounds.to_vec(),
    }
}

/// Buckets by their index as runs with gaps between them.
fn spans(buckets: &[(i32, f64)]) -> (Vec<NativeSpan>, Vec<f64>) {
    let mut out: Vec<NativeSpan> = Vec::new();
    let mut next = 0;
    for (index, _) in buckets {
        match out.last_mut() {
            Some(span) if *index == next => span.length += 1,
            _ => out.push(NativeSpan { offset: index - next, length: 1 }),
        }
        next = index + 1;
    }
    (out, buckets.iter().map(|(_, count)| *count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_become_runs() {
        let (spans, counts) = spans(&[(-3, 1.0), (-2, 2.0), (4, 3.0), (5, 4.0), (7, 5.0)]);
        let spans: Vec<(i32, u32)> = spans.iter().map(|span| (span.offset, span.length)).collect();
        assert_eq!(spans, [(-3, 2), (5, 2), (1, 1)]);
        assert_eq!(counts, [1.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
