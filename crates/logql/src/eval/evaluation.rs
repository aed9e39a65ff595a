//! One evaluation: takes what the store has, bit by bit, and gives the answer.

use luneta_promql::{Interrupt, Labels};

use super::answer::{Answer, Statistics};
use super::entries::Collector;
use super::samples::Sampler;
use super::vectors::compute;
use super::{Params, leaves};
use crate::error::LogqlError;
use crate::limits::Limits;
use crate::pipeline::Entry;
use crate::plan::{Plan, plan};
use crate::query::Query;
use crate::syntax::{Expr, MetricExpr};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It counts.
    Accepted,
    /// A filter, or the time, took it out.
    Dropped,
    /// A log query has enough entries that come earlier in its direction: who pushes in order may stop.
    Beyond,
}

/// Computes a query over entries and counts as they come, in any order.
pub struct Evaluation {
    params: Params,
    limits: Limits,
    plan: Plan,
    state: State,
    statistics: Statistics,
    /// Samples and counts in memory.
    samples: usize,
}

enum State {
    Log(Box<Collector>),
    Metric(MetricExpr, Vec<Sampler>),
}

impl Evaluation {
    pub(crate) fn new(query: &Query, params: &Params, limits: &Limits) -> Result<Self, LogqlError> {
        let plan = plan(query.expr(), params)?;
        let state = match query.expr() {
            Expr::Log(log) => State::Log(Box::new(Collector::new(log, params, limits)?)),
            Expr::Metric(metric) => {
                if params.steps() > limits.points_max {
                    return Err(LogqlError::TooManyPoints { limit: limits.points_max });
                }
                let leaves = leaves(metric);
                let samplers = leaves.iter().map(|leaf| Sampler::new(leaf, params, limits)).collect::<Result<_, _>>()?;
                State::Metric(metric.clone(), samplers)
            }
        };
        let statistics = Statistics::default();
        Ok(Self { params: params.clone(), limits: limits.clone(), plan, state, statistics, samples: 0 })
    }

    /// What must be fetched.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes an entry of a selection. Entries that do not matter do no harm.
    pub fn push(&mut self, selection: usize, entry: &Entry<'_>) -> Result<Progress, LogqlError> {
        self.statistics.entries += 1;
        self.statistics.line_bytes += entry.line.len() as u64;
        let progress = match &mut self.state {
            State::Log(collector) => collector.push(entry)?,
            State::Metric(_, samplers) => {
                let mut progress = Progress::Dropped;
                for (index, sampler) in samplers.iter_mut().enumerate() {
                    if self.plan.of_leaf.get(index) == Some(&selection)
                        && let Some(grown) = sampler.push(entry)?
                    {
                        self.samples += grown;
                        progress = Progress::Accepted;
                    }
                }
                self.check()?;
                progress
            }
        };
        self.statistics.accepted += u64::from(progress == Progress::Accepted);
        Ok(progress)
    }

    /// Takes a number of a selection's [`crate::Fold`]: of its labels and its bucket. Where one number of both
    /// comes several times they are added.
    pub fn push_count(&mut self, selection: usize, labels: &Labels, bucket: usize, count: u64) -> Result<(), LogqlError> {
        let fold = self.plan.selections.get(selection).and_then(|selection| selection.fold.as_ref());
        let (State::Metric(_, samplers), Some(fold)) = (&mut self.state, fold) else {
            return Err(LogqlError::Parameter("the selection has no counts".to_owned()));
        };
        let end_ns = fold.end_ns(bucket);
        for (index, sampler) in samplers.iter_mut().enumerate() {
            if self.plan.of_leaf.get(index) == Some(&selection)
                && let Some(grown) = sampler.push_count(labels, end_ns, count)
            {
                self.samples += grown;
            }
        }
        self.statistics.accepted += 1;
        self.check()
    }

    fn check(&self) -> Result<(), LogqlError> {
        if self.samples > self.limits.samples_max {
            return Err(LogqlError::TooManySamples { limit: self.limits.samples_max });
        }
        if let State::Metric(_, samplers) = &self.state
            && samplers.iter().map(Sampler::series).sum::<usize>() > self.limits.inner_series_max
        {
            return Err(LogqlError::TooManySeries { limit: self.limits.inner_series_max });
        }
        Ok(())
    }

    /// The answer. `interrupted` is asked often and may end the evaluation.
    pub fn finish(self, interrupted: &mut dyn FnMut() -> Option<Interrupt>) -> Result<Answer, LogqlError> {
        let Self { params, limits, state, statistics, .. } = self;
        if let Some(interrupt) = interrupted() {
            return Err(luneta_promql::PromqlError::from(interrupt).into());
        }
        let value = match state {
            State::Log(collector) => collector.finish(),
            State::Metric(metric, samplers) => {
                let series = samplers.into_iter().map(Sampler::finish).collect();
                compute(&metric, series, &params, &limits, interrupted)?
            }
        };
        Ok(Answer { value, statistics })
    }
}
