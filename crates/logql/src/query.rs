//! A query, from text to answer.

use luneta_promql::Matcher;

use crate::error::LogqlError;
use crate::eval::{Evaluation, Params};
use crate::limits::Limits;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, plan};
use crate::syntax::{Expr, LogExpr, check, log_exprs, parse, pretty};

/// How texts are read.
#[derive(Debug, Clone)]
pub struct ParseOptions {
    /// Longest text, in bytes.
    pub length_max: usize,
    /// Deepest nesting of expressions.
    pub depth_max: usize,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self { length_max: 128 * 1024, depth_max: 128 }
    }
}

/// The conditions of a bare selector, as APIs take them to list series (`match[]`).
pub fn parse_selector(text: &str, options: &ParseOptions) -> Result<Vec<Matcher>, LogqlError> {
    match parse(text, options)? {
        Expr::Log(LogExpr { matchers, stages }) if stages.is_empty() => Ok(matchers),
        _ => Err(LogqlError::whole("only label matchers is supported")),
    }
}

/// A query that was read and found sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    expr: Expr,
}

impl Query {
    /// Reads a text. Errors name line and column where there is one place of the fault.
    pub fn parse(text: &str, options: &ParseOptions) -> Result<Self, LogqlError> {
        let expr = parse(text, options)?;
        check(&expr)?;
        Ok(Self { expr })
    }

    /// The tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether it gives entries, and not numbers.
    pub fn is_log(&self) -> bool {
        matches!(self.expr, Expr::Log(_))
    }

    /// The conditions of each of its stream selectors, in the order they are written.
    pub fn selectors(&self) -> Vec<&[Matcher]> {
        log_exprs(&self.expr).into_iter().map(|log| log.matchers.as_slice()).collect()
    }

    /// The query on as few lines as are wide enough: Loki's `format_query`.
    pub fn pretty(&self) -> String {
        pretty(&self.expr)
    }

    /// What a store must fetch.
    pub fn plan(&self, params: &Params) -> Result<Plan, LogqlError> {
        plan(&self.expr, params)
    }

    /// Begins to compute: entries and counts go in, the answer comes out.
    pub fn evaluation(&self, params: &Params, limits: &Limits) -> Result<Evaluation, LogqlError> {
        Evaluation::new(self, params, limits)
    }

    /// The stages of a log query by themselves, for entries that are shown as they come (`tail`).
    pub fn pipeline(&self, limits: &Limits) -> Result<Pipeline, LogqlError> {
        match &self.expr {
            Expr::Log(log) => Pipeline::new(&log.stages, limits).map_err(LogqlError::whole),
            Expr::Metric(_) => Err(LogqlError::Parameter("only log selector is supported".to_owned())),
        }
    }
}

/// The query on one line, in Loki's form.
impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}
