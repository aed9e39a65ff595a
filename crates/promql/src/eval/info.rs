//! `info`: labels of info metrics for the series they describe.

use std::collections::HashMap;

use super::Grid;
use super::evaluator::{Evaluated, Evaluator};
use super::value::{Column, Points};
use crate::error::PromqlError;
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::Matcher;
use crate::plan::info_matchers;
use crate::syntax::{Expr, ExprKind};

/// Labels by which a series and its info series find each other.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl Evaluator<'_> {
    pub fn info(&mut self, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let [base, written] = arguments else { return Err(PromqlError::execution("info takes two arguments")) };
        let ExprKind::Selector(selector) = &written.kind else {
            return Err(PromqlError::execution("info takes label matchers"));
        };
        let columns = self.vector(base, grid)?;
        let times = self.selector_times(selector, grid)?;
        let matchers = info_matchers(selector)?;
        let (names, data): (Vec<Matcher>, Vec<Matcher>) = matchers.into_iter().partition(|m| m.name == METRIC_NAME);
        let enrichment = Enrichment { by_identity: by_identity(&times), times: &times, data };
        let mut results = Vec::with_capacity(columns.len());
        for column in columns {
            let is_info = names.iter().all(|matcher| matcher.accepts(&column.labels));
            if is_info {
                results.push(column);
            } else {
                results.extend(enrichment.apply(&column, grid)?);
            }
            self.worked(grid.steps)?;
            self.reserve(results.len(), grid.steps)?;
        }
        self.merged(results)
    }
}

struct Enrichment<'a> {
    /// Info series by the values of their identifying labels.
    by_identity: HashMap<Labels, Vec<usize>>,
    /// For each info series, when its current sample was taken.
    times: &'a [Column],
    data: Vec<Matcher>,
}

fn identity(labels: &Labels) -> Labels {
    labels.filter(|name| IDENTIFYING.contains(&name))
}

fn by_identity(columns: &[Column]) -> HashMap<Labels, Vec<usize>> {
    let mut places: HashMap<Labels, Vec<usize>> = HashMap::new();
    for (index, column) in columns.iter().enumerate() {
        places.entry(identity(&column.labels)).or_default().push(index);
    }
    places
}

impl Enrichment<'_> {
    /// The series with the labels it has at each step; several columns when they change.
    fn apply(&self, column: &Column, grid: Grid) -> Evaluated<Vec<Column>> {
        let own = identity(&column.labels);
        let candidates = self.by_identity.get(&own).filter(|_| !own.is_empty());
        let required = self.data.iter().any(|matcher| !matcher.matches(""));
        let mut variants: Vec<(Vec<usize>, Column)> = Vec::new();
        for step in 0..grid.steps {
            let Some(sample) = column.points.get(step) else { continue };
            let chosen = match candidates {
                Some(candidates) => self.newest(candidates, step)?,
                None => Vec::new(),
            };
            if chosen.is_empty() && required {
                continue;
            }
            let at = match variants.iter().position(|(of, _)| *of == chosen) {
                Some(at) => at,
                None => {
                    let labels = self.enriched(&column.labels, &chosen)?;
                    let points = Points::new(grid.steps);
                    variants.push((chosen, Column { labels, drop_name: column.drop_name, points }));
                    variants.len() - 1
                }
            };
            variants[at].1.points.set(step, sample);
        }
        Ok(variants.into_iter().map(|(_, column)| column).collect())
    }

    /// Of each info metric the series with the newest sample.
    fn newest(&self, candidates: &[usize], step: usize) -> Evaluated<Vec<usize>> {
        let mut chosen: Vec<(usize, f64)> = Vec::new();
        for index in candidates {
            let Some(time) = self.times[*index].points.float(step) else { continue };
            let labels = &self.times[*index].labels;
            let rival = chosen.iter_mut().find(|(other, _)| self.times[*other].labels.metric_name() == labels.metric_name());
            match rival {
                None => chosen.push((*index, time)),
                Some(rival) if rival.1 < time => *rival = (*index, time),
                Some(rival) if rival.1 > time => {}
                Some(rival) => {
                    return Err(PromqlError::execution(format!(
                        "found duplicate series for info metric: existing {} @ {}, new {} @ {}",
                        self.times[rival.0].labels.braced(),
                        rival.1,
                        labels.braced(),
                        time
                    )));
                }
            }
        }
        Ok(chosen.into_iter().map(|(index, _)| index).collect())
    }

    fn enriched(&self, base: &Labels, chosen: &[usize]) -> Evaluated<Labels> {
        let mut labels = base.clone();
        for index in chosen {
            for (name, value) in self.times[*index].labels.iter() {
                let wanted = self.data.is_empty() || self.data.iter().any(|matcher| matcher.name == name);
                if name == METRIC_NAME || IDENTIFYING.contains(&name) || !wanted || base.has(name) {
                    continue;
                }
                if labels.has(name) && labels.get(name) != value {
                    return Err(PromqlError::execution(format!("conflicting label: {name}")));
                }
                labels = labels.with(name, value);
            }
        }
        Ok(labels)
    }
}
