//! The tree of a query.

use luneta_promql::Matcher;
use luneta_promql::syntax::{BinaryOp, Cardinality};

use super::filters::LabelFilter;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `{app="a"} |= "error"`: gives entries.
    Log(LogExpr),
    /// `rate({app="a"}[5m])`: gives numbers.
    Metric(MetricExpr),
}

/// Streams, and what their entries go through.
#[derive(Debug, Clone, PartialEq)]
pub struct LogExpr {
    /// Conditions on the labels of streams; all must hold.
    pub matchers: Vec<Matcher>,
    /// Stages, in the order they are written.
    pub stages: Vec<Stage>,
}

/// How a line filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineMatch {
    /// `|=`
    Contains,
    /// `!=`
    NotContains,
    /// `|~`
    Regex,
    /// `!~`
    NotRegex,
    /// `|>`
    Pattern,
    /// `!>`
    NotPattern,
}

impl LineMatch {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contains => "|=",
            Self::NotContains => "!=",
            Self::Regex => "|~",
            Self::NotRegex => "!~",
            Self::Pattern => "|>",
            Self::NotPattern => "!>",
        }
    }

    /// Whether what matches is dropped.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::NotContains | Self::NotRegex | Self::NotPattern)
    }
}

/// A condition on the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFilterExpr {
    /// How it compares.
    pub op: LineMatch,
    /// What with, one of which is enough. A negative filter has one.
    pub alternatives: Vec<LineOperand>,
}

/// What a line is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineOperand {
    /// The text, expression, pattern or address.
    pub text: String,
    /// Whether it is written as `ip("…")`.
    pub is_ip: bool,
}

/// A name and where its value is found in the line: `name="expression"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The label that gets the value.
    pub label: String,
    /// What is extracted.
    pub expression: String,
}

/// A label with a new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelFormat {
    /// `to=from`: renames.
    Rename {
        /// The new name.
        to: String,
        /// The old name.
        from: String,
    },
    /// `to="{{.a}}"`: sets.
    Template {
        /// The label that is set.
        to: String,
        /// A template of Go.
        template: String,
    },
}

/// A label of `drop` and `keep`.
#[derive(Debug, Clone, PartialEq)]
pub enum NamedMatcher {
    /// Whatever its value is.
    Name(String),
    /// Only where the value matches.
    Matcher(Matcher),
}

/// What an entry goes through.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// `|= "error"`
    Line(LineFilterExpr),
    /// `| status >= 500 or slow="true"`
    Label(LabelFilter),
    /// `| json`, `| json a="b.c"`
    Json(Vec<Extraction>),
    /// `| logfmt --strict a="b"`
    Logfmt {
        /// Faults of the line are errors of the entry.
        strict: bool,
        /// Keys without values become labels too.
        keep_empty: bool,
        /// What to extract; everything when empty.
        extractions: Vec<Extraction>,
    },
    /// `| regexp "(?P<a>.*)"`
    Regexp(String),
    /// `| pattern "<a> <_>"`
    Pattern(String),
    /// `| unpack`
    Unpack,
    /// `| line_format "{{.a}}"`
    LineFormat(String),
    /// `| label_format a=b,c="{{.d}}"`
    LabelFormat(Vec<LabelFormat>),
    /// `| decolorize`
    Decolorize,
    /// `| drop a,b="c"`
    Drop(Vec<NamedMatcher>),
    /// `| keep a,b="c"`
    Keep(Vec<NamedMatcher>),
}

/// How the value of a label becomes a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// As it is written.
    Number,
    /// `bytes(a)`: `1.5MiB`
    Bytes,
    /// `duration(a)`: `1m30s` in seconds.
    Duration,
    /// `duration_seconds(a)`: the same.
    DurationSeconds,
}

impl Conversion {
    /// The function as written; none for plain numbers.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Number => None,
            Self::Bytes => Some("bytes"),
            Self::Duration => Some("duration"),
            Self::DurationSeconds => Some("duration_seconds"),
        }
    }
}

/// `| unwrap bytes(size) | __error__=""`
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrap {
    /// The label that has the number.
    pub label: String,
    /// How it is read.
    pub conversion: Conversion,
    /// Filters behind it, which see its errors.
    pub filters: Vec<LabelFilter>,
}

/// `{app="a"} | json | unwrap x [5m] offset 1h`
#[derive(Debug, Clone, PartialEq)]
pub struct LogRange {
    /// The entries.
    pub log: LogExpr,
    /// What of an entry is the number.
    pub unwrap: Option<Unwrap>,
    /// How far back, in nanoseconds.
    pub range_ns: i64,
    /// Back in time, in nanoseconds.
    pub offset_ns: i64,
}

/// What makes a group of an aggregation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouping {
    /// `without` instead of `by`.
    pub without: bool,
    /// Names of labels.
    pub labels: Vec<String>,
}

impl Grouping {
    /// Whether everything is one group.
    pub fn is_single(&self) -> bool {
        !self.without && self.labels.is_empty()
    }
}

macro_rules! operators {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "named as in the language")]
        pub enum $name { $($variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The operator as written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The operator of a name, in any case.
            pub(crate) fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|op| op.as_str().eq_ignore_ascii_case(name))
            }
        }
    };
}

operators! {
    /// Aggregations over the entries of a range.
    RangeOp {
        CountOverTime = "count_over_time",
        Rate = "rate",
        RateCounter = "rate_counter",
        BytesOverTime = "bytes_over_time",
        BytesRate = "bytes_rate",
        AvgOverTime = "avg_over_time",
        SumOverTime = "sum_over_time",
        MinOverTime = "min_over_time",
        MaxOverTime = "max_over_time",
        StdvarOverTime = "stdvar_over_time",
        StddevOverTime = "stddev_over_time",
        QuantileOverTime = "quantile_over_time",
        FirstOverTime = "first_over_time",
        LastOverTime = "last_over_time",
        AbsentOverTime = "absent_over_time",
    }
}

operators! {
    /// Aggregations over series.
    VectorOp {
        Sum = "sum",
        Avg = "avg",
        Count = "count",
        Max = "max",
        Min = "min",
        Stddev = "stddev",
        Stdvar = "stdvar",
        Bottomk = "bottomk",
        Topk = "topk",
        ApproxTopk = "approx_topk",
        Sort = "sort",
        SortDesc = "sort_desc",
    }
}

/// How the series of two vectors find each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matching {
    /// `bool`: comparisons give 0 and 1 instead of filtering.
    pub returns_bool: bool,
    /// Cardinality.
    pub cardinality: Cardinality,
    /// `on` instead of `ignoring`.
    pub on: bool,
    /// Labels of `on` or `ignoring`; none where neither is written.
    pub labels: Option<Vec<String>>,
    /// Labels taken over from the side with one series.
    pub include: Vec<String>,
}

/// A query that gives numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricExpr {
    /// `1.5`
    Literal(f64),
    /// `vector(1.5)`
    Vector(f64),
    /// `rate({app="a"}[5m]) by (b)`
    Range(RangeExpr),
    /// `sum by (a) (…)`
    Aggregate {
        /// The operator.
        op: VectorOp,
        /// How many series `topk` and its kin keep.
        count: Option<u32>,
        /// What makes a group.
        grouping: Option<Grouping>,
        /// What is aggregated.
        expr: Box<MetricExpr>,
    },
    /// `a / b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// How series find each other.
        matching: Matching,
        /// Left operand.
        left: Box<MetricExpr>,
        /// Right operand.
        right: Box<MetricExpr>,
    },
    /// `label_replace(a, "to", "$1", "from", "(.*)")`
    LabelReplace {
        /// What gets the label.
        expr: Box<MetricExpr>,
        /// The label that is set.
        target: String,
        /// Its value; `$1` stands for a group.
        replacement: String,
        /// The label that is read.
        source: String,
        /// What its whole value must match.
        regex: String,
    },
    /// `variants(a, b) of ({app="a"}[5m])`
    Variants {
        /// What is computed, each marked by the label `__variant__`.
        variants: Vec<MetricExpr>,
        /// Over which entries.
        of: Box<LogRange>,
    },
}

/// An aggregation over a range.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeExpr {
    /// The operator.
    pub op: RangeOp,
    /// Which quantile.
    pub parameter: Option<f64>,
    /// The entries.
    pub range: LogRange,
    /// What makes a series, where it is written.
    pub grouping: Option<Grouping>,
}

impl MetricExpr {
    /// Its direct parts.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Literal(_) | Self::Vector(_) | Self::Range(_) => Vec::new(),
            Self::Aggregate { expr, .. } | Self::LabelReplace { expr, .. } => vec![expr],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Variants { variants, .. } => variants.iter().collect(),
        }
    }
}
