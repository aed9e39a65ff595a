//! A query, from text to answer.

use crate::error::{Interrupt, PromqlError};
use crate::eval::{Answer, Limits, Params, evaluate};
use crate::matcher::Matcher;
use crate::plan::{Selection, selections};
use crate::series::Series;
use crate::syntax::{Expr, ExprKind, Selector, TimeShift, ValueType, fault, parse, pretty, read, tree, value_type};

/// How texts are read.
#[derive(Debug, Clone)]
pub struct ParseOptions {
    /// Allows functions, aggregations, modifiers and arithmetic on durations that Prometheus calls
    /// experimental.
    pub experimental: bool,
    /// Longest text, in bytes.
    pub length_max: usize,
    /// Deepest nesting of expressions.
    pub depth_max: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { experimental: false, length_max: 64 * 1024, depth_max: 128 }
    }
}

/// The conditions of a bare selector, as APIs take them to list series (`match[]`).
pub fn parse_selector(text: &str, options: &ParseOptions) -> Result<Vec<Matcher>, PromqlError> {
    // One that anything matches is for the caller to refuse.
    let (expr, _) = read(text, options)?;
    match expr.kind {
        ExprKind::Selector(Selector { matchers, shift: TimeShift { offset: None, at: None }, modifier: None, .. }) => {
            Ok(matchers)
        }
        _ => Err(fault(text, expr.span, "expected a series selector and nothing else")),
    }
}

/// A query that was read and found sound.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    expr: Expr,
    selections: usize,
}

impl Query {
    /// Reads a text. Errors name line, column and bytes.
    pub fn parse(text: &str, options: &ParseOptions) -> Result<Self, PromqlError> {
        let (expr, selections) = parse(text, options)?;
        Ok(Self { text: text.to_owned(), expr, selections })
    }

    /// A tree that another language built, over so many places of [`Selector::given`] series.
    pub fn of_tree(expr: Expr, places: usize) -> Self {
        Self { text: String::new(), expr, selections: places }
    }

    /// The text as it was given; spans of annotations point into it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Type of the query's value.
    pub fn value_type(&self) -> ValueType {
        value_type(&self.expr)
    }

    /// The query on as few lines as are wide enough: Prometheus's `format_query`.
    pub fn pretty(&self) -> String {
        pretty(&self.expr)
    }

    /// The tree as JSON, in the form of Prometheus's `parse_query`.
    pub fn tree(&self) -> serde_json::Value {
        tree(&self.expr)
    }

    /// The series the query needs, each with its time. [`Self::evaluate`] takes them in this order.
    pub fn selections(&self, params: &Params) -> Result<Vec<Selection>, PromqlError> {
        params.check()?;
        selections(&self.expr, self.selections, params)
    }

    /// Computes the answer. `data` are the series of [`Self::selections`], in its order; equal
    /// selections may share theirs. Samples outside the time of a selection do no harm. `interrupted` is
    /// asked often and may end the evaluation.
    pub fn evaluate<S: AsRef<[Series]>>(
        &self,
        data: &[S],
        params: &Params,
        limits: &Limits,
        interrupted: &mut dyn FnMut() -> Option<Interrupt>,
    ) -> Result<Answer, PromqlError> {
        params.check()?;
        let found = self.value_type();
        if !params.is_instant() && !matches!(found, ValueType::Scalar | ValueType::Vector) {
            let message =
                format!("invalid expression type {:?} for range query, must be Scalar or instant Vector", found.describe());
            return Err(PromqlError::Parameter(message));
        }
        if data.len() != self.selections {
            let message = format!("evaluation needs {} selections, got {}", self.selections, data.len());
            return Err(PromqlError::Parameter(message));
        }
        let data: Vec<&[Series]> = data.iter().map(AsRef::as_ref).collect();
        evaluate(&self.expr, &data, params, limits, interrupted)
    }
}

/// The query on one line, in Prometheus's form.
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}
