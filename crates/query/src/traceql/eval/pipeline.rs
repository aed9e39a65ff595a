//! Pipelines: spansets in, spansets out.

use super::fields::{Expr, Fields, Place};
use super::structure::related;
use super::trace::EvalTrace;
use super::value::{Value, binary};
use crate::traceql::ast::{
    Aggregate, Attribute, BinaryOp, Field, FieldExpr, Intrinsic, Pipeline, ScalarExpr, SpansetExpr, SpansetOp, Stage,
};

/// Spans of a trace that belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spanset {
    /// The spans, in the order of their start.
    pub spans: Vec<usize>,
    /// What `by()` grouped by and what aggregates gave.
    pub attributes: Vec<(String, Value)>,
}

/// A pipeline that is ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<Step>,
    /// The fields it reads.
    pub fields: Fields,
    /// What answers show of each span, by the name of the field.
    pub shown: Vec<(String, Place)>,
}

#[derive(Debug, Clone)]
enum Step {
    Spansets(Spans),
    Scalar { op: BinaryOp, left: Scalar, right: Scalar },
    By(String, Expr),
    Coalesce,
}

#[derive(Debug, Clone)]
enum Spans {
    Filter(Option<Expr>),
    Pipeline(Vec<Step>),
    Binary(SpansetOp, Box<Spans>, Box<Spans>),
}

#[derive(Debug, Clone)]
enum Scalar {
    Static(Value),
    Count,
    Of { name: String, reduce: Reduce, expr: Expr },
    Pipeline(Vec<Step>, Box<Scalar>),
    Binary(BinaryOp, Box<Scalar>, Box<Scalar>),
    Negative(Box<Scalar>),
}

#[derive(Debug, Clone, Copy)]
enum Reduce {
    Min,
    Max,
    Avg,
    Sum,
}

/// Reads trees into steps and gathers the fields they need.
#[derive(Debug, Default)]
struct Planner {
    fields: Fields,
    shown: Vec<(String, Place)>,
}

impl Plan {
    /// Reads a pipeline.
    pub fn new(pipeline: &Pipeline) -> Self {
        let mut planner = Planner::default();
        let steps = planner.steps(pipeline);
        Self { steps, fields: planner.fields, shown: planner.shown }
    }

    /// The spansets of one trace.
    pub fn run(&self, trace: &EvalTrace) -> Vec<Spanset> {
        run(&self.steps, trace, vec![Spanset { spans: (0..trace.spans.len()).collect(), attributes: Vec::new() }])
    }
}

impl Planner {
    fn steps(&mut self, pipeline: &Pipeline) -> Vec<Step> {
        pipeline.stages.iter().filter_map(|stage| self.step(stage)).collect()
    }

    fn step(&mut self, stage: &Stage) -> Option<Step> {
        Some(match stage {
            Stage::Spansets(spans) => Step::Spansets(self.spans(spans)),
            Stage::Scalar(filter) => {
                Step::Scalar { op: filter.op, left: self.scalar(&filter.left), right: self.scalar(&filter.right) }
            }
            Stage::By(expr) => Step::By(format!("by({expr})"), self.expr(expr)),
            Stage::Coalesce => Step::Coalesce,
            Stage::Select(attributes) => {
                for attribute in attributes {
                    self.show(attribute);
                }
                return None;
            }
        })
    }

    fn spans(&mut self, spans: &SpansetExpr) -> Spans {
        match spans {
            SpansetExpr::Filter(expr) => Spans::Filter(expr.as_ref().map(|expr| self.expr(expr))),
            SpansetExpr::Pipeline(pipeline) => Spans::Pipeline(self.steps(pipeline)),
            SpansetExpr::Binary { op, left, right } => {
                Spans::Binary(*op, Box::new(self.spans(left)), Box::new(self.spans(right)))
            }
        }
    }

    fn scalar(&mut self, scalar: &ScalarExpr) -> Scalar {
        match scalar {
            ScalarExpr::Static(value) => Scalar::Static(Value::of(value)),
            ScalarExpr::Aggregate(aggregate) => {
                let (reduce, expr) = match aggregate {
                    Aggregate::Count => return Scalar::Count,
                    Aggregate::Min(expr) => (Reduce::Min, expr),
                    Aggregate::Max(expr) => (Reduce::Max, expr),
                    Aggregate::Avg(expr) => (Reduce::Avg, expr),
                    Aggregate::Sum(expr) => (Reduce::Sum, expr),
                };
                Scalar::Of { name: scalar.to_string(), reduce, expr: self.expr(expr) }
            }
            ScalarExpr::Pipeline(pipeline, scalar) => {
                let steps = self.steps(pipeline);
                Scalar::Pipeline(steps, Box::new(self.scalar(scalar)))
            }
            ScalarExpr::Binary { op, left, right } => {
                Scalar::Binary(*op, Box::new(self.scalar(left)), Box::new(self.scalar(right)))
            }
            ScalarExpr::Negative(inner) => Scalar::Negative(Box::new(self.scalar(inner))),
        }
    }

    fn expr(&mut self, expr: &FieldExpr) -> Expr {
        self.show_attributes(expr);
        Expr::of(expr, &mut self.fields)
    }

    /// What filters ask for is shown, but for what is part of every answer.
    fn show_attributes(&mut self, expr: &FieldExpr) {
        match expr {
            FieldExpr::Static(_) => {}
            FieldExpr::Attribute(attribute) => match &attribute.field {
                Field::Intrinsic(intrinsic) if !is_shown(*intrinsic) => {}
                _ => self.show(attribute),
            },
            FieldExpr::Not(inner) | FieldExpr::Negative(inner) => self.show_attributes(inner),
            FieldExpr::Binary { left, right, .. } => {
                self.show_attributes(left);
                self.show_attributes(right);
            }
        }
    }

    fn show(&mut self, attribute: &Attribute) {
        let name = match &attribute.field {
            Field::Key(_, key) => key.clone(),
            Field::Intrinsic(intrinsic) => intrinsic.to_string(),
        };
        let place = Place::of(attribute, &mut self.fields);
        if !self.shown.iter().any(|(_, shown)| *shown == place) {
            self.shown.push((name, place));
        }
    }
}

/// Whether an intrinsic stands among the attributes of spans found, as Tempo has it: names, durations,
/// ids and what is said of the trace have places of their own.
const fn is_shown(intrinsic: Intrinsic) -> bool {
    use Intrinsic::{InstrumentationName, InstrumentationVersion, Kind, Status, StatusMessage};
    matches!(intrinsic, Status | StatusMessage | Kind | InstrumentationName | InstrumentationVersion)
}

fn run(steps: &[Step], trace: &EvalTrace, mut spansets: Vec<Spanset>) -> Vec<Spanset> {
    for step in steps {
        spansets = match step {
            Step::Spansets(spans) => {
                let narrowed = spansets.into_iter().map(|set| Spanset { spans: spans.of(trace, &set.spans), ..set });
                narrowed.filter(|set| !set.spans.is_empty()).collect()
            }
            Step::Scalar { op, left, right } => {
                let kept = |mut set: Spanset| {
                    let holds = binary(*op, &left.of(trace, &set.spans), &right.of(trace, &set.spans)).holds();
                    left.note(trace, &mut set);
                    right.note(trace, &mut set);
                    holds.then_some(set)
                };
                spansets.into_iter().filter_map(kept).collect()
            }
            Step::By(name, expr) => spansets.into_iter().flat_map(|set| split(trace, set, name, expr)).collect(),
            Step::Coalesce => coalesced(spansets),
        };
    }
    spansets
}

fn split(trace: &EvalTrace, set: Spanset, name: &str, expr: &Expr) -> Vec<Spanset> {
    let mut groups: Vec<(Value, Vec<usize>)> = Vec::new();
    for span in set.spans {
        let value = expr.value(trace, span);
        match groups.iter_mut().find(|(known, _)| *known == value) {
            Some((_, spans)) => spans.push(span),
            None => groups.push((value, vec![span])),
        }
    }
    let group = |(value, spans)| {
        let attributes = set.attributes.iter().cloned().chain([(name.to_owned(), value)]).collect();
        Spanset { spans, attributes }
    };
    groups.into_iter().map(group).collect()
}

fn coalesced(spansets: Vec<Spanset>) -> Vec<Spanset> {
    let spans = union(spansets);
    if spans.is_empty() { Vec::new() } else { vec![Spanset { spans, attributes: Vec::new() }] }
}

fn union(spansets: Vec<Spanset>) -> Vec<usize> {
    let mut spans: Vec<usize> = spansets.into_iter().flat_map(|set| set.spans).collect();
    spans.sort_unstable();
    spans.dedup();
    spans
}

impl Spans {
    /// The spans among `input` that it gives.
    fn of(&self, trace: &EvalTrace, input: &[usize]) -> Vec<usize> {
        match self {
            Spans::Filter(None) => input.to_vec(),
            Spans::Filter(Some(expr)) => input.iter().copied().filter(|span| expr.value(trace, *span).holds()).collect(),
            Spans::Pipeline(steps) => union(run(steps, trace, vec![Spanset { spans: input.to_vec(), attributes: Vec::new() }])),
            Spans::Binary(op, left, right) => {
                let (left, right) = (left.of(trace, input), right.of(trace, input));
                match op {
                    SpansetOp::And if left.is_empty() || right.is_empty() => Vec::new(),
                    SpansetOp::And | SpansetOp::Or => {
                        let mut spans = [left, right].concat();
                        spans.sort_unstable();
                        spans.dedup();
                        spans
                    }
                    SpansetOp::Structure { relation, form } => related(trace, &left, &right, *relation, *form),
                }
            }
        }
    }
}

impl Scalar {
    fn of(&self, trace: &EvalTrace, spans: &[usize]) -> Value {
        match self {
            Scalar::Static(value) => value.clone(),
            Scalar::Count => Value::Int(spans.len() as i64),
            Scalar::Of { reduce, expr, .. } => reduce.of(spans.iter().map(|span| expr.value(trace, *span))),
            Scalar::Pipeline(steps, scalar) => {
                let all = (0..trace.spans.len()).collect();
                let spans = union(run(steps, trace, vec![Spanset { spans: all, attributes: Vec::new() }]));
                scalar.of(trace, &spans)
            }
            Scalar::Binary(op, left, right) => binary(*op, &left.of(trace, spans), &right.of(trace, spans)),
            Scalar::Negative(inner) => inner.of(trace, spans).negated(),
        }
    }

    /// Notes what aggregates gave.
    fn note(&self, trace: &EvalTrace, set: &mut Spanset) {
        let name = match self {
            Scalar::Count => "count()",
            Scalar::Of { name, .. } => name.as_str(),
            Scalar::Negative(inner) => return inner.note(trace, set),
            Scalar::Binary(_, left, right) => {
                left.note(trace, set);
                return right.note(trace, set);
            }
            Scalar::Static(_) | Scalar::Pipeline(..) => return,
        };
        if !set.attributes.iter().any(|(known, _)| known == name) {
            let value = self.of(trace, &set.spans);
            set.attributes.push((name.to_owned(), value));
        }
    }
}

impl Reduce {
    /// Of numbers; what is none does not count, and nothing gives nothing.
    fn of(self, values: impl Iterator<Item = Value>) -> Value {
        let mut count = 0u32;
        let mut result = Value::Nil;
        for value in values.filter(|value| value.number().is_some()) {
            count += 1;
            let less = |a: &Value, b: &Value| binary(BinaryOp::Less, a, b).holds();
            result = match (self, &result) {
                (_, Value::Nil) => value,
                (Reduce::Min, so_far) if less(&value, so_far) => value,
                (Reduce::Max, so_far) if less(so_far, &value) => value,
                (Reduce::Min | Reduce::Max, _) => result,
                (Reduce::Avg | Reduce::Sum, so_far) => binary(BinaryOp::Add, so_far, &value),
            };
        }
        match (self, result.number()) {
            (Reduce::Avg, Some(sum)) => Value::Float(sum / f64::from(count)),
            _ => result,
        }
    }
}
