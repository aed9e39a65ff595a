//! Types of expressions.

use super::Span;
use super::ast::{BinaryOp, Cardinality, Expr, ExprKind, Selector, ValueType};
use super::lexer::fault;
use crate::error::PromqlError;
use crate::functions::{Function, Named};
use crate::query::ParseOptions;

/// Type of an expression's value.
pub(crate) fn value_type(expr: &Expr) -> ValueType {
    match &expr.kind {
        ExprKind::Number(_) => ValueType::Scalar,
        ExprKind::String(_) => ValueType::String,
        ExprKind::Selector(_) | ExprKind::Aggregate { .. } => ValueType::Vector,
        ExprKind::Matrix { .. } | ExprKind::Subquery { .. } => ValueType::Matrix,
        ExprKind::Unary { expr, .. } | ExprKind::Paren(expr) => value_type(expr),
        ExprKind::Binary { left, right, .. } => {
            if value_type(left) == ValueType::Scalar && value_type(right) == ValueType::Scalar {
                ValueType::Scalar
            } else {
                ValueType::Vector
            }
        }
        ExprKind::Call { function, .. } => function.returns,
    }
}

/// Finds the first fault of a tree.
pub(super) fn check(expr: &Expr, text: &str, options: &ParseOptions) -> Result<(), PromqlError> {
    Checker { text, options }.expression(expr)
}

struct Checker<'a> {
    text: &'a str,
    options: &'a ParseOptions,
}

type Checked = Result<(), PromqlError>;

impl Checker<'_> {
    fn fail(&self, span: Span, message: impl Into<String>) -> Checked {
        Err(fault(self.text, span, message))
    }

    fn expect(&self, expr: &Expr, wanted: ValueType, context: &str) -> Checked {
        let found = value_type(expr);
        if found == wanted {
            return Ok(());
        }
        self.fail(expr.span, format!("expected type {} in {context}, got {}", wanted.describe(), found.describe()))
    }

    fn expression(&self, expr: &Expr) -> Checked {
        match &expr.kind {
            ExprKind::Call { function, arguments } => return self.call(expr.span, function, arguments),
            ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. } => self.selector(expr.span, selector)?,
            ExprKind::Subquery { expr: inner, .. } => {
                if value_type(inner) != ValueType::Vector {
                    let found = value_type(inner).describe();
                    return self.fail(inner.span, format!("subquery is only allowed on instant vector, got {found} instead"));
                }
            }
            ExprKind::Unary { expr: inner, .. } => {
                let found = value_type(inner);
                if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                    let found = found.describe();
                    return self.fail(
                        inner.span,
                        format!("unary expression only allowed on expressions of type scalar or instant vector, got {found:?}"),
                    );
                }
            }
            ExprKind::Binary { .. } => self.binary(expr)?,
            ExprKind::Aggregate { op, parameter, expr: inner, .. } => {
                if op.experimental() && !self.options.experimental {
                    return self.fail(expr.span, format!("{} is not enabled (experimental)", op.as_str()));
                }
                self.expect(inner, ValueType::Vector, "aggregation expression")?;
                if let (Some(parameter), Some(wanted)) = (parameter, op.parameter()) {
                    self.expect(parameter, wanted, "aggregation parameter")?;
                }
            }
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Paren(_) => {}
        }
        expr.children().into_iter().try_for_each(|child| self.expression(child))
    }

    fn selector(&self, span: Span, selector: &Selector) -> Checked {
        if selector.matchers.iter().all(|matcher| matcher.matches("")) {
            return self.fail(span, "vector selector must contain at least one non-empty matcher");
        }
        Ok(())
    }

    fn binary(&self, expr: &Expr) -> Checked {
        let ExprKind::Binary { op, left, right, returns_bool, matching } = &expr.kind else { return Ok(()) };
        for side in [left, right] {
            if !matches!(value_type(side), ValueType::Scalar | ValueType::Vector) {
                return self.fail(side.span, "binary expression must contain only scalar and instant vector types");
            }
        }
        let (left, right) = (value_type(left), value_type(right));
        let both_scalars = left == ValueType::Scalar && right == ValueType::Scalar;
        let both_vectors = left == ValueType::Vector && right == ValueType::Vector;
        if both_scalars && op.is_comparison() && !returns_bool {
            return self.fail(expr.span, "comparisons between scalars must use BOOL modifier");
        }
        if both_scalars && matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
            return self.fail(expr.span, format!("operator {:?} not allowed for scalars", op.as_str()));
        }
        if !both_vectors && op.is_set() {
            return self.fail(expr.span, format!("set operator {:?} not allowed in binary scalar expression", op.as_str()));
        }
        let filled = matching.fill.left.is_some() || matching.fill.right.is_some();
        let grouped = matching.cardinality != Cardinality::OneToOne && !op.is_set();
        if !both_vectors && (matching.written || grouped || filled) {
            return self.fail(expr.span, "vector matching only allowed between instant vectors");
        }
        Ok(())
    }

    fn call(&self, span: Span, function: &Function, arguments: &[Expr]) -> Checked {
        let name = function.name;
        let count = arguments.len();
        let (least, most) = function.arity();
        if least == most && count != least {
            return self.fail(span, format!("expected {least} argument(s) in call to {name:?}, got {count}"));
        }
        if count < least {
            return self.fail(span, format!("expected at least {least} argument(s) in call to {name:?}, got {count}"));
        }
        if count > most {
            return self.fail(span, format!("expected at most {most} argument(s) in call to {name:?}, got {count}"));
        }
        let info = function.is_named(Named::Info);
        for (index, argument) in arguments.iter().enumerate() {
            if info && index == 1 {
                self.info_matchers(argument)?;
                continue;
            }
            if let Some(wanted) = function.argument(index) {
                self.expect(argument, wanted, &format!("call to function {name:?}"))?;
            }
            self.expression(argument)?;
        }
        Ok(())
    }

    /// The second argument of `info` is nothing but matchers.
    fn info_matchers(&self, argument: &Expr) -> Checked {
        match &argument.kind {
            ExprKind::Selector(selector)
                if selector.name.is_none() && selector.shift.offset.is_none() && selector.shift.at.is_none() =>
            {
                Ok(())
            }
            ExprKind::Selector(_) => self.fail(argument.span, "expected label selectors only, got vector selector instead"),
            _ => self.fail(argument.span, "expected label matchers in braces as the second argument of \"info\""),
        }
    }
}
