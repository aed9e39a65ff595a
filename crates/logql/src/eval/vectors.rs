//! What is computed over series: the tree above the range aggregations, as a tree of PromQL.

use luneta_promql::syntax::{AggregateOp, Expr, ExprKind, Fill, Grouping as PromGrouping, Matching as PromMatching, Selector};
use luneta_promql::{Interrupt, Labels, Limits as PromLimits, Params as PromParams, Query, Value as PromValue, functions};

use super::Params;
use super::answer::{Sample, Series, Value};
use crate::error::LogqlError;
use crate::limits::Limits;
use crate::syntax::{Grouping, Matching, MetricExpr, VectorOp, of_literals};

/// Label that tells the variants of `variants(…)` apart.
const VARIANT_LABEL: &str = "__variant__";

/// The tree of PromQL that stands above the series of range aggregations, which are numbered in order.
struct Translator {
    places: usize,
}

impl Translator {
    fn translate(&mut self, metric: &MetricExpr) -> Result<Expr, LogqlError> {
        let kind = match metric {
            MetricExpr::Literal(value) => ExprKind::Number(*value),
            MetricExpr::Vector(value) => call("vector", vec![number(*value)])?,
            MetricExpr::Range(_) => {
                self.places += 1;
                ExprKind::Selector(Selector::given(self.places - 1))
            }
            MetricExpr::Aggregate { op, count, grouping, expr } => {
                let expr = self.translate(expr)?;
                aggregate(*op, *count, grouping.as_ref(), expr)?
            }
            MetricExpr::Binary { op, matching, left, right } => {
                let (left, right) = (self.translate(left)?, self.translate(right)?);
                if let (ExprKind::Number(a), ExprKind::Number(b)) = (&left.kind, &right.kind) {
                    ExprKind::Number(of_literals(*op, *a, *b))
                } else {
                    let (left, right) = (Box::new(left), Box::new(right));
                    let returns_bool = matching.returns_bool && op.is_comparison();
                    ExprKind::Binary { op: *op, left, right, returns_bool, matching: prom_matching(matching) }
                }
            }
            MetricExpr::LabelReplace { expr, target, replacement, source, regex } => {
                let mut arguments = vec![self.translate(expr)?];
                let texts = [target, replacement, source, regex];
                arguments.extend(texts.map(|text| Expr::new(ExprKind::String(text.clone()))));
                call("label_replace", arguments)?
            }
            MetricExpr::Variants { .. } => return Err(LogqlError::Execution("variants have no place here".to_owned())),
        };
        Ok(Expr::new(kind))
    }
}

fn number(value: f64) -> Expr {
    Expr::new(ExprKind::Number(value))
}

fn call(name: &str, arguments: Vec<Expr>) -> Result<ExprKind, LogqlError> {
    let function = functions().iter().find(|function| function.name == name);
    let function = function.ok_or_else(|| LogqlError::Execution(format!("there is no function {name}")))?;
    Ok(ExprKind::Call { function, arguments })
}

fn aggregate(op: VectorOp, count: Option<u32>, grouping: Option<&Grouping>, expr: Expr) -> Result<ExprKind, LogqlError> {
    let op = match op {
        VectorOp::Sort => return call("sort", vec![expr]),
        VectorOp::SortDesc => return call("sort_desc", vec![expr]),
        VectorOp::Sum => AggregateOp::Sum,
        VectorOp::Avg => AggregateOp::Avg,
        VectorOp::Count => AggregateOp::Count,
        VectorOp::Max => AggregateOp::Max,
        VectorOp::Min => AggregateOp::Min,
        VectorOp::Stddev => AggregateOp::Stddev,
        VectorOp::Stdvar => AggregateOp::Stdvar,
        VectorOp::Bottomk => AggregateOp::Bottomk,
        // What is approximate elsewhere is exact here.
        VectorOp::Topk | VectorOp::ApproxTopk => AggregateOp::Topk,
    };
    let grouping = grouping.map_or_else(PromGrouping::default, |grouping| PromGrouping {
        without: grouping.without,
        labels: grouping.labels.clone(),
    });
    let parameter = count.map(|count| Box::new(number(f64::from(count))));
    Ok(ExprKind::Aggregate { op, parameter, expr: Box::new(expr), grouping })
}

fn prom_matching(matching: &Matching) -> PromMatching {
    PromMatching {
        cardinality: matching.cardinality,
        on: matching.on,
        written: matching.labels.is_some(),
        labels: matching.labels.clone().unwrap_or_default(),
        include: matching.include.clone(),
        fill: Fill::default(),
    }
}

/// Whether an instant answer is in an order of its own.
fn sorts(metric: &MetricExpr) -> bool {
    matches!(metric, MetricExpr::Aggregate { op: VectorOp::Sort | VectorOp::SortDesc, .. })
        || metric.children().into_iter().any(sorts)
}

/// The value of a tree over the series of its range aggregations, whose times are numbers of steps.
pub(super) fn compute(
    metric: &MetricExpr,
    series: Vec<Vec<luneta_promql::Series>>,
    params: &Params,
    limits: &Limits,
    interrupted: &mut dyn FnMut() -> Option<Interrupt>,
) -> Result<Value, LogqlError> {
    let mut rest = series.into_iter();
    let mut one = |metric: &MetricExpr| {
        let mut translator = Translator { places: 0 };
        let tree = translator.translate(metric)?;
        let own: Vec<_> = rest.by_ref().take(translator.places).collect();
        single(metric, tree, &own, params, limits, interrupted)
    };
    let MetricExpr::Variants { variants, .. } = metric else { return one(metric) };
    let (mut vector, mut matrix) = (Vec::new(), Vec::new());
    for (index, variant) in variants.iter().enumerate() {
        let mark = |labels: &Labels| labels.with(VARIANT_LABEL, &index.to_string());
        match one(variant)? {
            Value::Vector(samples) => vector.extend(samples.into_iter().map(|s| Sample { labels: mark(&s.labels), ..s })),
            Value::Matrix(series) => matrix.extend(series.into_iter().map(|s| Series { labels: mark(&s.labels), ..s })),
            Value::Scalar(time_ms, value) => vector.push(Sample { labels: mark(&Labels::empty()), time_ms, value }),
            Value::Streams(_) => {}
        }
    }
    if vector.len().max(matrix.len()) > limits.series_max {
        return Err(LogqlError::TooManySeries { limit: limits.series_max });
    }
    vector.sort_by(|a, b| a.labels.cmp(&b.labels));
    matrix.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(if params.is_instant() { Value::Vector(vector) } else { Value::Matrix(matrix) })
}

fn single(
    metric: &MetricExpr,
    tree: Expr,
    series: &[Vec<luneta_promql::Series>],
    params: &Params,
    limits: &Limits,
    interrupted: &mut dyn FnMut() -> Option<Interrupt>,
) -> Result<Value, LogqlError> {
    let steps = params.steps() as i64;
    let grid = if params.is_instant() { PromParams::instant(0) } else { PromParams::range(0, steps - 1, 1) };
    // A sample is there at its own step, and at no other.
    let grid = PromParams { lookback_ms: 1, ..grid };
    let prom_limits =
        PromLimits { samples_max: limits.samples_max, series_max: limits.series_max, points_max: limits.points_max };
    let answer = Query::of_tree(tree, series.len()).evaluate(series, &grid, &prom_limits, interrupted)?;
    let value = |sample: &luneta_promql::Sample| match sample {
        luneta_promql::Sample::Float(value) => *value,
        luneta_promql::Sample::Histogram(_) => f64::NAN,
    };
    Ok(match answer.value {
        PromValue::Scalar(_, value) => Value::Scalar(params.time_ms(0), value),
        PromValue::String(..) => return Err(LogqlError::Execution("a query gives no text".to_owned())),
        PromValue::Vector(samples) => {
            let time_ms = params.time_ms(0);
            let mut found: Vec<Sample> =
                samples.into_iter().map(|s| Sample { value: value(&s.sample), labels: s.labels, time_ms }).collect();
            if !sorts(metric) {
                found.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            Value::Vector(found)
        }
        PromValue::Matrix(ranges) => {
            let points = |range: &luneta_promql::Series| {
                let times = range.floats.times.iter().map(|step| params.time_ms(*step as usize));
                times.zip(range.floats.values.iter().copied()).collect()
            };
            Value::Matrix(ranges.iter().map(|range| Series { labels: range.labels.clone(), points: points(range) }).collect())
        }
    })
}
