//! Conditions on labels.

use std::fmt;

use luneta_promql::{Matcher, format_float};

use crate::pipeline::IpFilter;
use crate::units::{bytes_text, go_duration_text};

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`, also written `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
}

impl Comparison {
    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Less => "<",
            Self::LessEqual => "<=",
        }
    }

    /// Whether it holds between two values.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::GreaterEqual => left >= right,
            Self::Less => left < right,
            Self::LessEqual => left <= right,
        }
    }
}

/// What the value of a label is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// A number.
    Number(f64),
    /// Nanoseconds.
    Duration(i64),
    /// Bytes.
    Bytes(u64),
}

/// A condition on labels.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelFilter {
    /// `a="b"`; an absent label has the empty value.
    Matcher(Matcher),
    /// `a > 5`, `a >= 1m`, `a < 10KiB`; an absent label fulfils none.
    Compare {
        /// The label.
        label: String,
        /// How.
        op: Comparison,
        /// What with.
        value: Quantity,
    },
    /// `a = ip("10.0.0.0/8")`
    Ip {
        /// The label.
        label: String,
        /// `!=` instead of `=`.
        negated: bool,
        /// Which addresses.
        addresses: IpFilter,
    },
    /// Both.
    And(Box<LabelFilter>, Box<LabelFilter>),
    /// Either.
    Or(Box<LabelFilter>, Box<LabelFilter>),
}

impl LabelFilter {
    /// Names of the labels that it looks at.
    pub fn labels<'a>(&'a self, into: &mut Vec<&'a str>) {
        match self {
            Self::Matcher(matcher) => into.push(&matcher.name),
            Self::Compare { label, .. } | Self::Ip { label, .. } => into.push(label),
            Self::And(left, right) | Self::Or(left, right) => {
                left.labels(into);
                right.labels(into);
            }
        }
    }
}

impl fmt::Display for LabelFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matcher(matcher) => matcher.fmt(f),
            Self::Compare { label, op, value } => {
                write!(f, "{label}{}", op.as_str())?;
                match value {
                    Quantity::Number(number) => f.write_str(&format_float(*number)),
                    Quantity::Duration(nanoseconds) => f.write_str(&go_duration_text(*nanoseconds)),
                    Quantity::Bytes(bytes) => f.write_str(&bytes_text(*bytes)),
                }
            }
            Self::Ip { label, negated, addresses } => {
                write!(f, "{label}{}ip({})", if *negated { "!=" } else { "=" }, luneta_promql::quote(addresses.text()))
            }
            Self::And(left, right) => write!(f, "( {left} , {right} )"),
            Self::Or(left, right) => write!(f, "( {left} or {right} )"),
        }
    }
}
