//! Which expressions have the same value at every step.

use crate::functions::{Body, Named};
use crate::syntax::{Expr, ExprKind};

/// Whether every selector is fixed by `@` and nothing asks for the time. Plain numbers do not count:
/// computing them once saves nothing.
pub(super) fn is_invariant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => false,
        _ => is_fixed(expr),
    }
}

fn is_fixed(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::String(_) => true,
        ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. } => selector.shift.at.is_some(),
        ExprKind::Subquery { shift, .. } => shift.at.is_some(),
        ExprKind::Call { function, arguments } => {
            let asks_time = match function.body {
                Body::Calendar(_) => true,
                Body::Named(named) => matches!(named, Named::Time | Named::Timestamp | Named::Info),
                Body::Window(_) => function.name == "predict_linear",
                Body::Float(_) | Body::Histogram(_) => false,
            };
            !asks_time && arguments.iter().all(is_fixed)
        }
        ExprKind::Unary { .. } | ExprKind::Paren(_) | ExprKind::Binary { .. } | ExprKind::Aggregate { .. } => {
            expr.children().into_iter().all(is_fixed)
        }
    }
}
