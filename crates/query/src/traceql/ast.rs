//! The tree of a TraceQL query. Every part prints as the query language writes it.

use std::fmt;

/// A query: a pipeline of spansets, or time series made from one.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which spans.
    pub pipeline: Pipeline,
    /// The time series to make of them; `None` for a search.
    pub metrics: Option<Metrics>,
    /// `with (name=value)`, in order.
    pub hints: Vec<(String, Static)>,
}

/// Stages, each applied to the spansets of the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// At least one.
    pub stages: Vec<Stage>,
}

/// One stage of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Spans that match.
    Spansets(SpansetExpr),
    /// Spansets whose aggregate compares so.
    Scalar(ScalarFilter),
    /// `by(…)`: spansets split by a value.
    By(FieldExpr),
    /// `coalesce()`: the spansets of a trace joined.
    Coalesce,
    /// `select(…)`: more fields in the answer.
    Select(Vec<Attribute>),
}

/// Spans of one trace that match, alone or by their relations.
#[derive(Debug, Clone, PartialEq)]
pub enum SpansetExpr {
    /// `{ … }`; `None` matches every span.
    Filter(Option<FieldExpr>),
    /// `( … | … )`.
    Pipeline(Box<Pipeline>),
    /// Two spansets of the same trace.
    Binary {
        /// How they belong together.
        op: SpansetOp,
        /// The left one.
        left: Box<SpansetExpr>,
        /// The right one, whose spans the structural operators give.
        right: Box<SpansetExpr>,
    },
}

/// How the spans of two spansets belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpansetOp {
    /// `&&`: the trace has both; spans of both.
    And,
    /// `||`: spans of either.
    Or,
    /// A structural operator.
    Structure {
        /// What the right span is to the left one.
        relation: Relation,
        /// Which spans come out.
        form: Form,
    },
}

/// What the right span is to the left one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `>`: its child.
    Child,
    /// `>>`: its descendant.
    Descendant,
    /// `<`: its parent.
    Parent,
    /// `<<`: its ancestor.
    Ancestor,
    /// `~`: another child of the same parent.
    Sibling,
}

/// Which spans a structural operator gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The right spans that have a left one.
    Plain,
    /// `!`: the right spans that have none.
    Negated,
    /// `&`: the right spans that have one, and those left ones.
    Union,
}

/// `aggregate > value`, both sides being any arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub struct ScalarFilter {
    /// One of the six comparisons.
    pub op: BinaryOp,
    /// Left side.
    pub left: ScalarExpr,
    /// Right side.
    pub right: ScalarExpr,
}

/// A number of a spanset.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarExpr {
    /// A constant.
    Static(Static),
    /// An aggregate over its spans.
    Aggregate(Aggregate),
    /// `({ … } | count())`: an aggregate over other spans of the trace.
    Pipeline(Box<Pipeline>, Box<ScalarExpr>),
    /// Arithmetic.
    Binary {
        /// `+ - * / % ^`.
        op: BinaryOp,
        /// Left side.
        left: Box<ScalarExpr>,
        /// Right side.
        right: Box<ScalarExpr>,
    },
    /// `-x`.
    Negative(Box<ScalarExpr>),
}

/// An aggregate over the spans of a spanset.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// `count()`.
    Count,
    /// `min(…)`.
    Min(FieldExpr),
    /// `max(…)`.
    Max(FieldExpr),
    /// `avg(…)`.
    Avg(FieldExpr),
    /// `sum(…)`.
    Sum(FieldExpr),
}

/// A value of a span.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldExpr {
    /// A constant.
    Static(Static),
    /// A field of the span.
    Attribute(Attribute),
    /// `!x`.
    Not(Box<FieldExpr>),
    /// `-x`.
    Negative(Box<FieldExpr>),
    /// An operator between two values.
    Binary {
        /// Any operator.
        op: BinaryOp,
        /// Left side.
        left: Box<FieldExpr>,
        /// Right side.
        right: Box<FieldExpr>,
    },
}

/// An operator between values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say what their signs mean")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Matches,
    NotMatches,
    And,
    Or,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Static {
    /// Text.
    String(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// Nanoseconds.
    Duration(i64),
    /// `ok`, `error` or `unset`.
    Status(Status),
    /// `server`, `client` and so on.
    Kind(Kind),
    /// `nil`: no value.
    Nil,
}

impl Static {
    /// Whether it is a number that is written with a minus.
    pub(super) const fn is_negative(&self) -> bool {
        match self {
            Self::Int(n) | Self::Duration(n) => *n < 0,
            Self::Float(n) => n.is_sign_negative(),
            _ => false,
        }
    }
}

/// The status of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of OpenTelemetry")]
pub enum Status {
    Unset,
    Ok,
    Error,
}

/// The kind of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of OpenTelemetry")]
pub enum Kind {
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// A field of a span.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// Whether it is the parent span's.
    pub parent: bool,
    /// Which field.
    pub field: Field,
}

/// Where a value is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// Something every span has.
    Intrinsic(Intrinsic),
    /// An attribute by scope and key.
    Key(Scope, String),
}

/// Whose attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `.key`: the span's, else the resource's.
    Any,
    /// `span.key`.
    Span,
    /// `resource.key`.
    Resource,
    /// `event.key`: of any event of the span.
    Event,
    /// `link.key`: of any link of the span.
    Link,
    /// `instrumentation.key`: the scope's.
    Instrumentation,
}

macro_rules! intrinsics {
    ($($(#[doc = $doc:literal])+ $name:ident = $($text:literal)|+,)+) => {
        /// What every span has. Each has one name or two.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Intrinsic {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Intrinsic {
            /// Every intrinsic, by all its names; the first name of each is the one it prints as.
            pub const NAMES: &'static [(&'static str, Intrinsic)] = &[$($(($text, Intrinsic::$name),)+)+];
        }
    };
}

intrinsics! {
    /// Nanoseconds of the span.
    Duration = "duration" | "span:duration",
    /// Name of the span.
    Name = "name" | "span:name",
    /// Status of the span.
    Status = "status" | "span:status",
    /// Its message.
    StatusMessage = "statusMessage" | "span:statusMessage",
    /// Kind of the span.
    Kind = "kind" | "span:kind",
    /// Hex id of the span.
    SpanId = "span:id",
    /// Hex id of its parent.
    ParentId = "span:parentID",
    /// How many children it has.
    ChildCount = "childCount" | "span:childCount",
    /// Hex id of the trace.
    TraceId = "trace:id",
    /// Nanoseconds from the trace's first start to its last end.
    TraceDuration = "traceDuration" | "trace:duration",
    /// Name of the root span.
    RootName = "rootName" | "trace:rootName",
    /// Service of the root span.
    RootService = "rootServiceName" | "trace:rootService",
    /// Name of an event.
    EventName = "event:name",
    /// Nanoseconds from the span's start to an event.
    EventTimeSinceStart = "event:timeSinceStart",
    /// Hex id of a linked span.
    LinkSpanId = "link:spanID",
    /// Hex id of a linked trace.
    LinkTraceId = "link:traceID",
    /// Name of the instrumentation scope.
    InstrumentationName = "instrumentation:name",
    /// Version of the instrumentation scope.
    InstrumentationVersion = "instrumentation:version",
    /// Left number of the span in the nested set of its trace.
    NestedSetLeft = "nestedSetLeft",
    /// Right number of the span in the nested set of its trace.
    NestedSetRight = "nestedSetRight",
    /// Left number of its parent; -1 for roots.
    NestedSetParent = "nestedSetParent",
}

/// Time series from spans.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// What is counted or measured.
    pub function: MetricsFunction,
    /// `by(…)`: one series for each combination of values.
    pub by: Vec<Attribute>,
    /// What is done with the series, in order.
    pub stages: Vec<SeriesStage>,
}

/// The first stage of metrics.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricsFunction {
    /// `rate()`: spans a second.
    Rate,
    /// `count_over_time()`.
    CountOverTime,
    /// `min_over_time(field)`.
    MinOverTime(Attribute),
    /// `max_over_time(field)`.
    MaxOverTime(Attribute),
    /// `avg_over_time(field)`.
    AvgOverTime(Attribute),
    /// `sum_over_time(field)`.
    SumOverTime(Attribute),
    /// `quantile_over_time(field, 0.5, …)`.
    QuantileOverTime(Attribute, Vec<f64>),
    /// `histogram_over_time(field)`: a series per power of two.
    HistogramOverTime(Attribute),
    /// `compare({…}, top, start, end)`: how the attributes of a selection differ from the rest.
    Compare {
        /// The selection.
        selection: Option<FieldExpr>,
        /// Values kept of each attribute.
        top: Option<u32>,
        /// Nanoseconds since 1970 between which the selection lies.
        between: Option<(i64, i64)>,
    },
}

/// What is done with series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SeriesStage {
    /// `topk(n)`.
    TopK(u32),
    /// `bottomk(n)`.
    BottomK(u32),
    /// `> 5`: points for which it holds.
    Compare(BinaryOp, f64),
}

impl BinaryOp {
    /// The sign.
    pub const fn sign(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "^",
            BinaryOp::Eq => "=",
            BinaryOp::NotEq => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEq => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEq => ">=",
            BinaryOp::Matches => "=~",
            BinaryOp::NotMatches => "!~",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
        }
    }

    /// Whether it compares two values of one order.
    pub const fn compares(self) -> bool {
        use BinaryOp::{Eq, Greater, GreaterEq, Less, LessEq, NotEq};
        matches!(self, Eq | NotEq | Less | LessEq | Greater | GreaterEq)
    }

    /// Whether it calculates.
    pub const fn calculates(self) -> bool {
        use BinaryOp::{Add, Div, Mod, Mul, Pow, Sub};
        matches!(self, Add | Sub | Mul | Div | Mod | Pow)
    }
}

impl SpansetOp {
    /// The sign.
    pub fn sign(self) -> String {
        let (relation, form) = match self {
            SpansetOp::And => return "&&".to_owned(),
            SpansetOp::Or => return "||".to_owned(),
            SpansetOp::Structure { relation, form } => (relation, form),
        };
        let before = match form {
            Form::Plain => "",
            Form::Negated => "!",
            Form::Union => "&",
        };
        let sign = match relation {
            Relation::Child => ">",
            Relation::Descendant => ">>",
            Relation::Parent => "<",
            Relation::Ancestor => "<<",
            Relation::Sibling => "~",
        };
        format!("{before}{sign}")
    }
}

impl Status {
    /// The word of the language.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Unset => "unset",
            Status::Ok => "ok",
            Status::Error => "error",
        }
    }
}

impl Kind {
    /// The word of the language.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Unspecified => "unspecified",
            Kind::Internal => "internal",
            Kind::Server => "server",
            Kind::Client => "client",
            Kind::Producer => "producer",
            Kind::Consumer => "consumer",
        }
    }
}

impl fmt::Display for Intrinsic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, of)| of == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}
