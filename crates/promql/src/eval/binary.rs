//! Binary operators on scalars and vectors.

use super::Grid;
use super::elements::{floats, operate};
use super::evaluator::{Evaluated, Evaluator};
use super::value::{Column, Computed};
use crate::error::PromqlError;
use crate::series::Sample;
use crate::syntax::{BinaryOp, Expr, ExprKind, Span};

/// How a vector meets a scalar.
struct WithScalar {
    op: BinaryOp,
    returns_bool: bool,
    /// Whether the scalar stands on the left.
    scalar_left: bool,
    span: Span,
}

impl Evaluator<'_> {
    pub fn binary(&mut self, expr: &Expr, grid: Grid) -> Evaluated<Computed> {
        let ExprKind::Binary { op, left, right, returns_bool, matching } = &expr.kind else {
            return Err(PromqlError::execution("a binary operation is wanted here"));
        };
        let (op, returns_bool) = (*op, *returns_bool);
        let (left, right) = (self.eval(left, grid)?, self.eval(right, grid)?);
        let how = |scalar_left| WithScalar { op, returns_bool, scalar_left, span: expr.span };
        match (left, right) {
            (Computed::Scalar(a), Computed::Scalar(b)) => {
                let values = a.into_iter().zip(b).map(|(a, b)| {
                    let (value, holds) = floats(op, a, b);
                    if op.is_comparison() { f64::from(u8::from(holds)) } else { value }
                });
                Ok(Computed::Scalar(values.collect()))
            }
            (Computed::Vector(columns), Computed::Scalar(values)) => {
                self.with_scalar(columns, &values, &how(false)).map(Computed::Vector)
            }
            (Computed::Scalar(values), Computed::Vector(columns)) => {
                self.with_scalar(columns, &values, &how(true)).map(Computed::Vector)
            }
            (Computed::Vector(left), Computed::Vector(right)) if op.is_set() => {
                self.set_operation(op, left, right, matching, grid).map(Computed::Vector)
            }
            (Computed::Vector(left), Computed::Vector(right)) => self.matched(expr, left, right, grid).map(Computed::Vector),
            (Computed::String(_), _) | (_, Computed::String(_)) => {
                Err(PromqlError::execution("binary operators do not take strings"))
            }
        }
    }

    fn with_scalar(&mut self, mut columns: Vec<Column>, values: &[f64], how: &WithScalar) -> Evaluated<Vec<Column>> {
        let WithScalar { op, returns_bool, scalar_left, span } = *how;
        for column in &mut columns {
            for (step, scalar) in values.iter().enumerate() {
                if let Some(value) = column.points.float(step) {
                    let pair = if scalar_left { (*scalar, value) } else { (value, *scalar) };
                    if !matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
                        let (result, holds) = floats(op, pair.0, pair.1);
                        if returns_bool {
                            column.points.set_float(step, f64::from(u8::from(holds)));
                        } else if !op.is_comparison() {
                            column.points.set_float(step, result);
                        } else if !holds {
                            // What stays is the sample of the vector, on whichever side it stands.
                            column.points.clear(step);
                        }
                        continue;
                    }
                }
                let Some(sample) = column.points.get(step) else { continue };
                let scalar = Sample::Float(*scalar);
                let (a, b) = if scalar_left { (&scalar, &sample) } else { (&sample, &scalar) };
                match operate(op, a, b, &mut self.annotations, span) {
                    Some(operated) => column.points.set(step, operated.sample),
                    None => column.points.clear(step),
                }
            }
            if !op.is_comparison() || returns_bool {
                self.drop_name(column);
            }
        }
        columns.retain(|column| column.points.has_any());
        self.merged(columns)
    }
}
