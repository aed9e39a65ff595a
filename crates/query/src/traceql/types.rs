//! Which operators take which values.

use super::ast::{Attribute, BinaryOp, Field, FieldExpr, Intrinsic, Static};

/// What a value is, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// An attribute: known only when it is read.
    Any,
    String,
    /// Whole numbers, numbers and durations.
    Number,
    Bool,
    Status,
    Kind,
    Nil,
}

impl Type {
    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Type::Any => "an attribute",
            Type::String => "text",
            Type::Number => "a number",
            Type::Bool => "true or false",
            Type::Status => "a status",
            Type::Kind => "a kind",
            Type::Nil => "nil",
        }
    }

    /// Whether a value of this type may be one of `other`.
    pub(super) fn may_be(self, other: Type) -> bool {
        self == Type::Any || other == Type::Any || self == other
    }

    pub(super) fn of_static(value: &Static) -> Type {
        match value {
            Static::String(_) => Type::String,
            Static::Int(_) | Static::Float(_) | Static::Duration(_) => Type::Number,
            Static::Bool(_) => Type::Bool,
            Static::Status(_) => Type::Status,
            Static::Kind(_) => Type::Kind,
            Static::Nil => Type::Nil,
        }
    }

    pub(super) fn of_attribute(attribute: &Attribute) -> Type {
        use Intrinsic::{
            ChildCount, Duration, EventTimeSinceStart, NestedSetLeft, NestedSetParent, NestedSetRight, TraceDuration,
        };
        match attribute.field {
            Field::Key(..) => Type::Any,
            Field::Intrinsic(Intrinsic::Status) => Type::Status,
            Field::Intrinsic(Intrinsic::Kind) => Type::Kind,
            Field::Intrinsic(
                Duration | TraceDuration | ChildCount | EventTimeSinceStart | NestedSetLeft | NestedSetRight | NestedSetParent,
            ) => Type::Number,
            Field::Intrinsic(_) => Type::String,
        }
    }

    pub(super) fn of(expr: &FieldExpr) -> Type {
        match expr {
            FieldExpr::Static(value) => Self::of_static(value),
            FieldExpr::Attribute(attribute) => Self::of_attribute(attribute),
            FieldExpr::Negative(_) => Type::Number,
            FieldExpr::Binary { op, .. } if op.calculates() => Type::Number,
            FieldExpr::Not(_) | FieldExpr::Binary { .. } => Type::Bool,
        }
    }
}

/// Why an operator does not take these sides.
pub(super) fn mismatch(op: BinaryOp, left: &FieldExpr, right: &FieldExpr) -> Option<String> {
    let (a, b) = (Type::of(left), Type::of(right));
    let both = |wanted: Type| {
        let wrong = [a, b].into_iter().find(|side| !side.may_be(wanted));
        wrong.map(|side| format!("`{}` takes {} on both sides, not {}", op.sign(), wanted.name(), side.name()))
    };
    if op.calculates() {
        return both(Type::Number);
    }
    match op {
        BinaryOp::And | BinaryOp::Or => both(Type::Bool),
        BinaryOp::Matches | BinaryOp::NotMatches => both(Type::String).or_else(|| pattern_fault(op, right)),
        BinaryOp::Eq | BinaryOp::NotEq if a == Type::Nil || b == Type::Nil => None,
        _ if !a.may_be(b) => Some(format!("`{}` cannot compare {} with {}", op.sign(), a.name(), b.name())),
        BinaryOp::Eq | BinaryOp::NotEq => None,
        _ => [a, b]
            .into_iter()
            .find(|side| !matches!(side, Type::Any | Type::Number | Type::String))
            .map(|side| format!("`{}` takes numbers or text, not {}; only `=` and `!=` compare these", op.sign(), side.name())),
    }
}

fn pattern_fault(op: BinaryOp, pattern: &FieldExpr) -> Option<String> {
    let FieldExpr::Static(Static::String(pattern)) = pattern else {
        return Some(format!("behind `{}` stands a quoted regular expression", op.sign()));
    };
    let fault = regex::Regex::new(pattern).err()?;
    Some(match fault {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
        _ => format!("`{pattern}` is not a regular expression"),
    })
}
