//! `attributes['http.route']` in SQL.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Expr, GetFieldAccess, ScalarUDF, lit};
use luneta_model::{AttributeScope, AttributeType};

use crate::scan::LakeTable;
use crate::scan::functions::{AttributeGet, code_of_type};

/// Plans access to attribute maps as [`AttributeGet`], typed by what the lake knows of the key.
#[derive(Debug)]
pub struct AttributePlanner {
    types: HashMap<(AttributeScope, String), AttributeType>,
}

impl AttributePlanner {
    /// A planner that knows the semantic conventions and the promoted columns of these tables.
    pub fn new(tables: &[Arc<LakeTable>]) -> Self {
        let mut types = HashMap::new();
        for field in tables.iter().flat_map(|t| t.snapshot().schema.fields().iter().cloned().collect::<Vec<_>>()) {
            if let Some((scope, key)) = AttributeScope::split_column(field.name())
                && let Some(kind) = AttributeType::from_data_type(field.data_type())
            {
                types.insert((scope, key.to_owned()), kind);
            }
        }
        for scope in AttributeScope::ALL {
            types.extend(scope.known().iter().map(|(key, kind)| ((scope, (*key).to_owned()), *kind)));
        }
        Self { types }
    }
}

impl ExprPlanner for AttributePlanner {
    fn plan_field_access(&self, expr: RawFieldAccessExpr, _: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let GetFieldAccess::NamedStructField { name } = &expr.field_access else { return Ok(PlannerResult::Original(expr)) };
        let Expr::Column(column) = &expr.expr else { return Ok(PlannerResult::Original(expr)) };
        let scope = AttributeScope::ALL.into_iter().find(|s| s.column() == column.name);
        let (Some(scope), Some(key)) = (scope, name.try_as_str().flatten()) else { return Ok(PlannerResult::Original(expr)) };
        let kind = self.types.get(&(scope, key.to_owned())).copied().unwrap_or(AttributeType::Text);
        Ok(PlannerResult::Planned(access(expr.expr.clone(), key, kind)))
    }

    /// A key of unknown type compared with a number or a boolean is read as one.
    fn plan_binary_op(&self, expr: RawBinaryExpr, _: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        if !matches!(expr.op, Eq | NotEq | Gt | GtEq | Lt | LtEq) {
            return Ok(PlannerResult::Original(expr));
        }
        let left = typed_like(&expr.left, &expr.right);
        let right = typed_like(&expr.right, &expr.left);
        if left.is_none() && right.is_none() {
            return Ok(PlannerResult::Original(expr));
        }
        let RawBinaryExpr { op, left: l, right: r } = expr;
        Ok(PlannerResult::Original(RawBinaryExpr { op, left: left.unwrap_or(l), right: right.unwrap_or(r) }))
    }
}

fn access(column: Expr, key: &str, kind: AttributeType) -> Expr {
    ScalarUDF::from(AttributeGet::default()).call(vec![column, lit(key), lit(code_of_type(kind))])
}

/// A text access beside a number or boolean literal, as that type.
fn typed_like(side: &Expr, other: &Expr) -> Option<Expr> {
    let Expr::ScalarFunction(call) = side else { return None };
    let [column, Expr::Literal(key, _), Expr::Literal(code, _)] = call.args.as_slice() else { return None };
    if call.func.name() != AttributeGet::NAME || code.try_as_str().flatten() != Some("s") {
        return None;
    }
    let value = match other {
        Expr::Literal(value, _) => value,
        Expr::Negative(inner) => match inner.as_ref() {
            Expr::Literal(value, _) => value,
            _ => return None,
        },
        _ => return None,
    };
    let kind = match value {
        ScalarValue::Boolean(_) => AttributeType::Bool,
        v if v.data_type().is_numeric() => AttributeType::Double,
        _ => return None,
    };
    Some(access(column.clone(), key.try_as_str().flatten()?, kind))
}
