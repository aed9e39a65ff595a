//! The tree of a query.

use super::Span;
use crate::functions::Function;
use crate::matcher::Matcher;

/// Type of an expression's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// One number for each step.
    Scalar,
    /// A text.
    String,
    /// Series with a sample each.
    Vector,
    /// Series with the samples of a range.
    Matrix,
}

impl ValueType {
    /// The name in messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }

    /// The name in Prometheus's API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }
}

/// An expression and where it stands.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Its part of the text.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
    /// Height of its tree.
    pub(crate) depth: usize,
}

/// Kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// `1.5`
    Number(f64),
    /// `"text"`
    String(String),
    /// `up{job="a"}`
    Selector(Selector),
    /// `up{job="a"}[5m]`
    Matrix {
        /// The series.
        selector: Selector,
        /// How far back.
        range: DurationExpr,
    },
    /// `rate(up[5m])[1h:1m]`
    Subquery {
        /// What is evaluated at every step.
        expr: Box<Expr>,
        /// How far back.
        range: DurationExpr,
        /// Between evaluations; the server's default when absent.
        step: Option<DurationExpr>,
        /// `offset` and `@`.
        shift: TimeShift,
    },
    /// `-x`, `+x`
    Unary {
        /// Whether it is a minus.
        negate: bool,
        /// The operand.
        expr: Box<Expr>,
    },
    /// `(x)`
    Paren(Box<Expr>),
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
        /// `bool`: comparisons give 0 and 1 instead of filtering.
        returns_bool: bool,
        /// How series find each other.
        matching: Matching,
    },
    /// `sum by (job) (x)`
    Aggregate {
        /// The operator.
        op: AggregateOp,
        /// `k`, `φ` or the name of a label.
        parameter: Option<Box<Expr>>,
        /// What is aggregated.
        expr: Box<Expr>,
        /// What makes a group.
        grouping: Grouping,
    },
    /// `rate(x[5m])`
    Call {
        /// The function.
        function: &'static Function,
        /// Its arguments, as written.
        arguments: Vec<Expr>,
    },
}

/// Series selected by name and labels.
#[derive(Debug, Clone)]
pub struct Selector {
    /// Name before the braces, or alone and quoted inside of them.
    pub name: Option<String>,
    /// All conditions, that of the name first.
    pub matchers: Vec<Matcher>,
    /// `offset` and `@`.
    pub shift: TimeShift,
    /// `anchored`, `smoothed`.
    pub modifier: Option<Modifier>,
    /// Its place among the selections of the query.
    pub(crate) id: usize,
}

/// How a selector treats the borders of its range (experimental).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// The sample before the range counts as one at its start; nothing is extrapolated.
    Anchored,
    /// Values at the borders are interpolated between the samples around them.
    Smoothed,
}

/// `offset` and `@` of a selector or subquery.
#[derive(Debug, Clone, Default)]
pub struct TimeShift {
    /// Back in time.
    pub offset: Option<DurationExpr>,
    /// A fixed time.
    pub at: Option<At>,
}

/// What `@` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since 1970.
    Time(i64),
    /// Start of the query's range.
    Start,
    /// End of the query's range.
    End,
}

/// A duration, or (experimental) arithmetic that gives one.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationExpr {
    /// Milliseconds.
    Literal(i64),
    /// A bare number: a factor, or seconds.
    Number(f64),
    /// `step()`
    Step,
    /// `range()`
    Range,
    /// `min(a, b)`
    Min(Box<DurationExpr>, Box<DurationExpr>),
    /// `max(a, b)`
    Max(Box<DurationExpr>, Box<DurationExpr>),
    /// `-a`
    Negate(Box<DurationExpr>),
    /// `(a)`
    Paren(Box<DurationExpr>),
    /// `a * b`; only arithmetic operators.
    Binary(BinaryOp, Box<DurationExpr>, Box<DurationExpr>),
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `/` as LogQL has it: a division by zero is NaN. No text of PromQL reads as it.
    DivOrNan,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `<`
    Lt,
    /// `>=`
    Ge,
    /// `<=`
    Le,
    /// `</`: what a histogram observed below a value.
    TrimUpper,
    /// `>/`: what a histogram observed above a value.
    TrimLower,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

impl BinaryOp {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div | Self::DivOrNan => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Gt => ">",
            Self::Lt => "<",
            Self::Ge => ">=",
            Self::Le => "<=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares.
    pub fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le)
    }

    /// Whether it works on sets of series.
    pub fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// How strongly it binds; more is stronger.
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le | Self::TrimUpper | Self::TrimLower => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::DivOrNan | Self::Mod | Self::Atan2 => 5,
            Self::Pow => 6,
        }
    }
}

/// How many series of one side match one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cardinality {
    /// One of either.
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// Set operators.
    ManyToMany,
}

/// How the series of two vectors find each other.
#[derive(Debug, Clone, Default)]
pub struct Matching {
    /// Cardinality.
    pub cardinality: Cardinality,
    /// `on` instead of `ignoring`.
    pub on: bool,
    /// Whether `on` or `ignoring` is written.
    pub written: bool,
    /// Labels of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// Labels taken over from the side with one series.
    pub include: Vec<String>,
    /// Values for series that miss their match (experimental).
    pub fill: Fill,
}

/// Values for series that miss their match.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Fill {
    /// For series missing on the left.
    pub left: Option<f64>,
    /// For series missing on the right.
    pub right: Option<f64>,
}

/// What makes a group of an aggregation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouping {
    /// `without` instead of `by`.
    pub without: bool,
    /// Names of labels.
    pub labels: Vec<String>,
}

/// Aggregations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named as in the language")]
pub enum AggregateOp {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
    Limitk,
    LimitRatio,
}

impl AggregateOp {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Sum,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Count,
        Self::Group,
        Self::Stddev,
        Self::Stdvar,
        Self::Topk,
        Self::Bottomk,
        Self::Quantile,
        Self::CountValues,
        Self::Limitk,
        Self::LimitRatio,
    ];

    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Count => "count",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::Quantile => "quantile",
            Self::CountValues => "count_values",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Type of its parameter.
    pub fn parameter(self) -> Option<ValueType> {
        match self {
            Self::Topk | Self::Bottomk | Self::Quantile | Self::Limitk | Self::LimitRatio => Some(ValueType::Scalar),
            Self::CountValues => Some(ValueType::String),
            _ => None,
        }
    }

    /// Whether it must be switched on.
    pub fn experimental(self) -> bool {
        matches!(self, Self::Limitk | Self::LimitRatio)
    }
}

impl Selector {
    /// Series that are not found by their names: the caller of [`crate::Query::evaluate`] gives them in this
    /// place, counted from 0. For trees that other languages build.
    pub fn given(place: usize) -> Self {
        Self { name: None, matchers: Vec::new(), shift: TimeShift::default(), modifier: None, id: place }
    }
}

impl Expr {
    /// A node of a tree that another language builds, without a place in any text.
    pub fn new(kind: ExprKind) -> Self {
        let mut expr = Self { span: Span::default(), kind, depth: 0 };
        expr.depth = 1 + expr.children().iter().map(|child| child.depth).max().unwrap_or(0);
        expr
    }

    /// The expression inside any parentheses.
    pub fn unwrapped(&self) -> &Self {
        let mut inner = self;
        while let ExprKind::Paren(expr) = &inner.kind {
            inner = expr;
        }
        inner
    }

    /// Its direct parts, in the order they are written.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Selector(_) | ExprKind::Matrix { .. } => Vec::new(),
            ExprKind::Subquery { expr, .. } | ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => vec![expr],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::Aggregate { parameter, expr, .. } => parameter.iter().map(|p| &**p).chain([&**expr]).collect(),
            ExprKind::Call { arguments, .. } => arguments.iter().collect(),
        }
    }
}
