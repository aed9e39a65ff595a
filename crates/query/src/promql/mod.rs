//! PromQL over the lake: what a query selects is fetched as series, then computed by [`luneta_promql`].
//!
//! Series come from two places: the points clients sent ([`lake`]), under Prometheus's names for them,
//! and what is counted of spans ([`spans`]), under the names Tempo gives it.

mod exemplars;
mod lake;
mod spans;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use luneta_model::Tenant;
use luneta_promql::{
    Answer, Hints, Interrupt, Labels, Limits, Matcher, Params, PromqlError, Query, Selection, Series, SeriesSet,
};
use luneta_store::{LakeFile, StatValue};

use crate::{QueryEngine, QueryError};
pub use exemplars::{Exemplar, ExemplarSeries};
use lake::List;
pub(crate) use lake::Summaries;
pub use lake::{MetricMetadata, Strategy, Translation};

/// Why a PromQL query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The query is at fault, or its limits.
    #[error(transparent)]
    Query(#[from] PromqlError),
    /// The lake is.
    #[error(transparent)]
    Lake(#[from] QueryError),
}

/// An answer, and what it lacks.
#[derive(Debug)]
pub struct MetricsAnswer {
    /// The answer.
    pub answer: Answer,
    /// Files that proved damaged.
    pub warnings: Vec<String>,
    /// How long it took to read the series.
    pub fetch_time: Duration,
    /// How long it took to compute with them.
    pub compute_time: Duration,
}

/// Series as the lake has them.
#[derive(Debug, Default)]
pub struct MetricSamples {
    /// Sorted by labels.
    pub series: SeriesSet,
    /// Files that proved damaged.
    pub warnings: Vec<String>,
}

/// Series of a selection, and what they lack.
#[derive(Debug, Default)]
struct Selected {
    series: SeriesSet,
    warnings: Vec<String>,
}

impl QueryEngine {
    /// Computes a query.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn promql(
        &self,
        tenant: &Tenant,
        query: Query,
        params: Params,
        limits: Limits,
        timeout: Duration,
    ) -> Result<MetricsAnswer, MetricsError> {
        let started = Instant::now();
        let deadline = started + timeout;
        let selections = query.selections(&params)?;
        let fetch = async {
            let (mut data, mut warnings) = (Vec::with_capacity(selections.len()), Vec::new());
            for selection in &selections {
                let selected = self.select(tenant, selection, &limits).await?;
                data.push(selected.series);
                for warning in selected.warnings {
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
            }
            Ok::<_, MetricsError>((data, warnings))
        };
        let fetched = tokio::time::timeout_at(deadline.into(), fetch).await;
        let (data, warnings) = fetched.map_err(|_| PromqlError::Timeout)??;
        let fetch_time = started.elapsed();
        let left = Left::default();
        let gone = Arc::clone(&left.0);
        let compute = move || {
            let mut interrupted = || {
                if gone.load(Ordering::Relaxed) {
                    return Some(Interrupt::Canceled);
                }
                (Instant::now() > deadline).then_some(Interrupt::Timeout)
            };
            query.evaluate(&data, &params, &limits, &mut interrupted)
        };
        let answer = tokio::task::spawn_blocking(compute).await.map_err(|_| QueryError::Internal)??;
        drop(left);
        Ok(MetricsAnswer { answer, warnings, fetch_time, compute_time: started.elapsed().saturating_sub(fetch_time) })
    }

    /// The samples of the series that match, after and up to a time; marks of their ends are among them.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_samples(
        &self,
        tenant: &Tenant,
        matchers: Vec<Matcher>,
        (after_ms, until_ms): (i64, i64),
        limits: &Limits,
    ) -> Result<MetricSamples, MetricsError> {
        // A range, so that every sample of it counts.
        let hints = Hints { range_ms: Some(until_ms.saturating_sub(after_ms)), ..Hints::default() };
        let selection = Selection { matchers, after_ms, until_ms, hints };
        let Selected { series, warnings } = self.select(tenant, &selection, limits).await?;
        Ok(MetricSamples { series, warnings })
    }

    /// The labels of the series that match any of several lists of matchers and have a sample after
    /// and up to a time, sorted and without repeats.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_series(
        &self,
        tenant: &Tenant,
        matchers: &[Vec<Matcher>],
        (after_ms, until_ms): (i64, i64),
    ) -> Result<Vec<Labels>, MetricsError> {
        let mut found = Vec::new();
        for matchers in matchers {
            found.extend(lake::series(self, tenant, matchers, (after_ms, until_ms)).await?);
            found.extend(spans::series(self, tenant, matchers, (after_ms, until_ms)).await?);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// The names of the labels of series, chosen as [`Self::metric_series`] chooses them.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_label_names(
        &self,
        tenant: &Tenant,
        matchers: &[Vec<Matcher>],
        window: (i64, i64),
    ) -> Result<BTreeSet<String>, MetricsError> {
        let of_series = |labels: &Labels| labels.iter().map(|(name, _)| name.to_owned()).collect();
        self.texts(tenant, matchers, window, List::Names, of_series).await
    }

    /// The values of a label of series, chosen as [`Self::metric_series`] chooses them.
    ///
    /// # Errors
    /// [`MetricsError`].
    pub async fn metric_label_values(
        &self,
        tenant: &Tenant,
        name: &str,
        matchers: &[Vec<Matcher>],
        window: (i64, i64),
    ) -> Result<BTreeSet<String>, MetricsError> {
        let of_series = |labels: &Labels| Vec::from_iter(Some(labels.get(name).to_owned()).filter(|value| !value.is_empty()));
        self.texts(tenant, matchers, window, List::Values(name), of_series).await
    }

    async fn texts(
        &self,
        tenant: &Tenant,
        matchers: &[Vec<Matcher>],
        window: (i64, i64),
        list: List<'_>,
        of_series: impl Fn(&Labels) -> Vec<String>,
    ) -> Result<BTreeSet<String>, MetricsError> {
        let mut found = BTreeSet::new();
        for matchers in matchers {
            found.extend(lake::texts(self, tenant, matchers, window, list).await?);
            found.extend(spans::series(self, tenant, matchers, window).await?.iter().flat_map(&of_series));
        }
        Ok(found)
    }

    async fn select(&self, tenant: &Tenant, selection: &Selection, limits: &Limits) -> Result<Selected, MetricsError> {
        let mut selected = lake::select(self, tenant, selection, limits).await?;
        let of_spans = spans::select(self, tenant, selection, limits).await?;
        selected.series.extend(of_spans.series);
        selected.warnings.extend(of_spans.warnings);
        selected.series = joined(selected.series);
        Ok(selected)
    }
}

/// Series sorted by labels. Those of equal labels become one, as when two metrics have one name in
/// Prometheus; of two samples at one time the first stays.
fn joined(mut series: Vec<Series>) -> Vec<Series> {
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    let mut out: Vec<Series> = Vec::with_capacity(series.len());
    for next in series {
        match out.last_mut().filter(|last| last.labels == next.labels) {
            Some(last) => merge(last, next),
            None => out.push(next),
        }
    }
    out
}

/// Adds samples of a second series of the same labels.
fn merge(into: &mut Series, from: Series) {
    let (times, values) = (std::mem::take(&mut into.floats.times), std::mem::take(&mut into.floats.values));
    let (times, values) = merged(times.into_vec(), values, from.floats.times.into_vec(), from.floats.values);
    (into.floats.times, into.floats.values) = (times.into(), values);
    let (times, values) = (std::mem::take(&mut into.histograms.times), std::mem::take(&mut into.histograms.values));
    let histograms = merged(times, values, from.histograms.times, from.histograms.values);
    (into.histograms.times, into.histograms.values) = histograms;
}

fn merged<T>(times: Vec<i64>, values: Vec<T>, more_times: Vec<i64>, more_values: Vec<T>) -> (Vec<i64>, Vec<T>) {
    let mut all: Vec<(i64, T)> = times.into_iter().zip(values).chain(more_times.into_iter().zip(more_values)).collect();
    all.sort_by_key(|(time, _)| *time);
    all.dedup_by_key(|(time, _)| *time);
    all.into_iter().unzip()
}

/// The first and last time in a file, in nanoseconds, as far as its statistics tell.
pub(crate) fn times_of(file: &LakeFile) -> (Option<i64>, Option<i64>) {
    let time = |value: Option<&StatValue>| if let Some(StatValue::Timestamp(time)) = value { Some(*time) } else { None };
    let stats = file.stats.get("time");
    (stats.and_then(|s| time(s.min.as_ref())), stats.and_then(|s| time(s.max.as_ref())))
}

/// Tells the computation that nobody waits any more, when it is dropped.
#[derive(Debug, Default)]
struct Left(Arc<AtomicBool>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_equal_labels_become_one() {
        let series = |name: &str, times: &[i64], values: &[f64]| {
            Series::floats(Labels::new([("__name__", name)]), times.to_vec(), values.to_vec())
        };
        let given = vec![series("b", &[2], &[1.0]), series("a", &[1, 3], &[1.0, 3.0]), series("a", &[2, 3], &[2.0, 9.0])];
        assert_eq!(joined(given), vec![series("a", &[1, 2, 3], &[1.0, 2.0, 3.0]), series("b", &[2], &[1.0])]);
    }
}
