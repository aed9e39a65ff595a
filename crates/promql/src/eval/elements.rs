//! Binary operators on two samples.

use std::sync::Arc;

use crate::annotation::Annotations;
use crate::histogram::{CounterResetHint, Histogram, Mismatch, Outcome};
use crate::series::Sample;
use crate::syntax::{BinaryOp, Span};

/// What an operator makes of two samples.
pub(super) struct Operated {
    pub sample: Sample,
    /// Whether a comparison holds; true for everything else.
    pub holds: bool,
}

/// An operator on two floats: the value, or whether the comparison holds.
#[inline]
pub(super) fn floats(op: BinaryOp, left: f64, right: f64) -> (f64, bool) {
    match op {
        BinaryOp::Add => (left + right, true),
        BinaryOp::Sub => (left - right, true),
        BinaryOp::Mul => (left * right, true),
        BinaryOp::Div => (left / right, true),
        BinaryOp::DivOrNan => (if right == 0.0 { f64::NAN } else { left / right }, true),
        BinaryOp::Mod => (left % right, true),
        BinaryOp::Pow => (left.powf(right), true),
        BinaryOp::Atan2 => (left.atan2(right), true),
        BinaryOp::Eq => (left, left == right),
        BinaryOp::Ne => (left, left != right),
        BinaryOp::Gt => (left, left > right),
        BinaryOp::Lt => (left, left < right),
        BinaryOp::Ge => (left, left >= right),
        BinaryOp::Le => (left, left <= right),
        BinaryOp::TrimUpper | BinaryOp::TrimLower | BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => (f64::NAN, false),
    }
}

/// An operator on two samples; none, with a remark, where it has no meaning for them.
pub(super) fn operate(
    op: BinaryOp,
    left: &Sample,
    right: &Sample,
    annotations: &mut Annotations,
    span: Span,
) -> Option<Operated> {
    match (left, right) {
        (Sample::Float(a), Sample::Float(b)) if !matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower) => {
            let (value, holds) = floats(op, *a, *b);
            return Some(Operated { sample: Sample::Float(value), holds });
        }
        (Sample::Histogram(a), Sample::Float(b)) => {
            let changed = match op {
                BinaryOp::Mul => Some(a.scaled(*b)),
                BinaryOp::Div => Some(a.divided(*b)),
                BinaryOp::TrimUpper => Some(a.trimmed(*b, true)),
                BinaryOp::TrimLower => Some(a.trimmed(*b, false)),
                _ => None,
            };
            if let Some(changed) = changed {
                return Some(histogram(changed));
            }
        }
        (Sample::Float(a), Sample::Histogram(b)) if op == BinaryOp::Mul => return Some(histogram(b.scaled(*a))),
        (Sample::Histogram(a), Sample::Histogram(b)) => match op {
            BinaryOp::Eq => return Some(Operated { sample: left.clone(), holds: a == b }),
            BinaryOp::Ne => return Some(Operated { sample: left.clone(), holds: a != b }),
            BinaryOp::Add | BinaryOp::Sub => return sum(op, a, b, annotations, span),
            _ => {}
        },
        (Sample::Float(_), Sample::Float(_) | Sample::Histogram(_)) => {}
    }
    let (sign, a, b) = (op.as_str(), kind(left), kind(right));
    annotations.info(span, format!("incompatible sample types encountered for binary operator {sign:?}: {a} {sign} {b}"));
    None
}

fn histogram(value: Histogram) -> Operated {
    Operated { sample: Sample::Histogram(Arc::new(value)), holds: true }
}

fn kind(sample: &Sample) -> &'static str {
    match sample {
        Sample::Float(_) => "float",
        Sample::Histogram(_) => "histogram",
    }
}

fn sum(op: BinaryOp, left: &Histogram, right: &Histogram, annotations: &mut Annotations, span: Span) -> Option<Operated> {
    let mut result = left.clone();
    let (word, outcome) = if op == BinaryOp::Add {
        ("addition", result.add(right))
    } else {
        let outcome = result.subtract(right);
        result.counter_reset_hint = CounterResetHint::Gauge;
        ("subtraction", outcome)
    };
    match outcome {
        Ok(Outcome { reset_collision, reconciled }) => {
            if reset_collision {
                annotations.warn(span, format!("conflicting counter resets during histogram {word}"));
            }
            if reconciled {
                annotations.info(span, format!("mismatched custom buckets were reconciled during {word}"));
            }
            Some(histogram(result.compact()))
        }
        Err(Mismatch) => {
            annotations.warn(span, format!("incompatible bucket layout encountered for binary operator {}", op.as_str()));
            None
        }
    }
}
