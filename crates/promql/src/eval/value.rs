//! Values of expressions: a column for each series, a slot for each step.

use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::series::Sample;

const ABSENT: u8 = 0;
const FLOAT: u8 = 1;
const HISTOGRAM: u8 = 2;

/// Samples of one series, at most one for each step.
#[derive(Debug, Clone)]
pub(crate) struct Points {
    kinds: Vec<u8>,
    floats: Vec<f64>,
    /// Empty until a histogram is set.
    histograms: Vec<Option<Arc<Histogram>>>,
}

impl Points {
    pub fn new(steps: usize) -> Self {
        Self { kinds: vec![ABSENT; steps], floats: vec![0.0; steps], histograms: Vec::new() }
    }

    /// A float at every step.
    pub fn dense(values: Vec<f64>) -> Self {
        Self { kinds: vec![FLOAT; values.len()], floats: values, histograms: Vec::new() }
    }

    pub fn steps(&self) -> usize {
        self.kinds.len()
    }

    pub fn is_present(&self, step: usize) -> bool {
        self.kinds[step] != ABSENT
    }

    pub fn has_any(&self) -> bool {
        self.kinds.iter().any(|kind| *kind != ABSENT)
    }

    pub fn has_floats(&self) -> bool {
        self.kinds.contains(&FLOAT)
    }

    pub fn has_histograms(&self) -> bool {
        !self.histograms.is_empty()
    }

    pub fn float(&self, step: usize) -> Option<f64> {
        (self.kinds[step] == FLOAT).then(|| self.floats[step])
    }

    /// Visits every float with its step.
    #[inline]
    pub fn each_float(&self, mut visit: impl FnMut(usize, f64)) {
        for (step, (kind, value)) in self.kinds.iter().zip(&self.floats).enumerate() {
            if *kind == FLOAT {
                visit(step, *value);
            }
        }
    }

    pub fn histogram(&self, step: usize) -> Option<&Arc<Histogram>> {
        self.histograms.get(step).and_then(Option::as_ref).filter(|_| self.kinds[step] == HISTOGRAM)
    }

    pub fn get(&self, step: usize) -> Option<Sample> {
        match self.kinds[step] {
            FLOAT => Some(Sample::Float(self.floats[step])),
            HISTOGRAM => self.histogram(step).cloned().map(Sample::Histogram),
            _ => None,
        }
    }

    pub fn set_float(&mut self, step: usize, value: f64) {
        self.kinds[step] = FLOAT;
        self.floats[step] = value;
    }

    pub fn set_histogram(&mut self, step: usize, value: Arc<Histogram>) {
        if self.histograms.is_empty() {
            self.histograms = vec![None; self.kinds.len()];
        }
        self.kinds[step] = HISTOGRAM;
        self.histograms[step] = Some(value);
    }

    pub fn set(&mut self, step: usize, sample: Sample) {
        match sample {
            Sample::Float(value) => self.set_float(step, value),
            Sample::Histogram(value) => self.set_histogram(step, value),
        }
    }

    pub fn clear(&mut self, step: usize) {
        self.kinds[step] = ABSENT;
    }

    /// Changes every float; histograms are left out.
    pub fn map_floats(&mut self, change: impl Fn(f64) -> f64) {
        for (kind, value) in self.kinds.iter_mut().zip(&mut self.floats) {
            if *kind == FLOAT {
                *value = change(*value);
            } else {
                *kind = ABSENT;
            }
        }
        self.histograms = Vec::new();
    }

    /// Takes over what another has at steps where this has nothing; false when both have something at
    /// some step.
    pub fn fill_from(&mut self, other: &Self) -> bool {
        for step in 0..other.steps() {
            if let Some(sample) = other.get(step) {
                if self.is_present(step) {
                    return false;
                }
                self.set(step, sample);
            }
        }
        true
    }

    /// The first sample at every step.
    pub fn broadcast(&self, steps: usize) -> Self {
        let mut all = Self::new(steps);
        if let Some(sample) = self.get(0) {
            for step in 0..steps {
                all.set(step, sample.clone());
            }
        }
        all
    }

    /// What it counts for in limits.
    pub fn size(&self) -> usize {
        self.kinds.len() + self.histograms.iter().flatten().map(|h| h.size()).sum::<usize>()
    }
}

/// A series of a vector over all steps.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub labels: Labels,
    /// Whether the name goes at the end of the query (only with delayed removal).
    pub drop_name: bool,
    pub points: Points,
}

impl Column {
    /// The column without its points.
    pub fn clone_head(&self) -> Self {
        Self { labels: self.labels.clone(), drop_name: self.drop_name, points: Points::new(0) }
    }
}

/// Value of an expression over all steps.
#[derive(Debug, Clone)]
pub(crate) enum Computed {
    Scalar(Vec<f64>),
    String(String),
    Vector(Vec<Column>),
}

impl Computed {
    /// What it counts for in limits.
    pub fn size(&self) -> usize {
        match self {
            Self::Scalar(values) => values.len(),
            Self::String(_) => 0,
            Self::Vector(columns) => columns.iter().map(|column| column.points.size()).sum(),
        }
    }
}
