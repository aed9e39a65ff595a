//! Trace and span ids in SQL: stored as bytes, written and read as hex.

use std::sync::Arc;

use arrow::array::{Array, FixedSizeBinaryArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::utils::take_function_args;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{BinaryExpr, InList, Like};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::AnalyzerRule;

/// Turns hex literals beside id columns into bytes, so that comparing prunes like bytes do, and id
/// columns beside other text into hex.
#[derive(Debug)]
pub struct HexIds;

impl AnalyzerRule for HexIds {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            let named = datafusion::logical_expr::expr_rewriter::NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = named.save(&expr);
                Ok(expr.transform_up(|e| rewrite(e, &schema))?.update_data(|e| name.restore(e)))
            })
        })
        .map(|t| t.data)
    }

    fn name(&self) -> &'static str {
        "hex_ids"
    }
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
            let (l, r) = (width(&left, schema), width(&right, schema));
            let (left, right) = match (l, r) {
                (Some(width), None) => beside(*left, *right, width, schema)?,
                (None, Some(width)) => {
                    let (right, left) = beside(*right, *left, width, schema)?;
                    (left, right)
                }
                _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            };
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
        }
        Expr::InList(InList { expr, list, negated }) => match width(&expr, schema) {
            Some(width) => {
                let list = list.into_iter().map(|e| id_literal(e, width)).collect::<Result<Vec<_>>>()?;
                Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })))
            }
            None => Ok(Transformed::no(Expr::InList(InList { expr, list, negated }))),
        },
        Expr::Like(like) if width(&like.expr, schema).is_some() => {
            Ok(Transformed::yes(Expr::Like(Like { expr: Box::new(hex(*like.expr)), ..like })))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn width(expr: &Expr, schema: &DFSchema) -> Option<i32> {
    match expr.get_type(schema) {
        Ok(DataType::FixedSizeBinary(width)) => Some(width),
        _ => None,
    }
}

/// An id beside something that is not one.
fn beside(id: Expr, other: Expr, width: i32, schema: &DFSchema) -> Result<(Expr, Expr)> {
    if matches!(other, Expr::Literal(..)) {
        let literal = id_literal(other, width)?;
        return Ok((id, literal));
    }
    let is_text = matches!(other.get_type(schema), Ok(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View));
    Ok(if is_text { (hex(id), other) } else { (id, other) })
}

fn hex(id: Expr) -> Expr {
    ScalarUDF::from(Hex::default()).call(vec![id])
}

/// Reads a hex literal; shorter ids are padded with zeros on the left, as Tempo and Jaeger do.
fn id_literal(expr: Expr, width: i32) -> Result<Expr> {
    let Expr::Literal(value, metadata) = &expr else { return Ok(expr) };
    let Some(Some(text)) = value.try_as_str() else { return Ok(expr) };
    let digits = width as usize * 2;
    let padded = format!("{:0>digits$}", text.trim());
    let mut bytes = vec![0; width as usize];
    hex::decode_to_slice(&padded, &mut bytes)
        .map_err(|_| DataFusionError::Plan(format!("'{text}' is not an id: expected up to {digits} hex digits")))?;
    Ok(Expr::Literal(ScalarValue::FixedSizeBinary(width, Some(bytes)), metadata.clone()))
}

/// `hex(id)`: an id as lower-case hex text.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Hex {
    signature: Signature,
}

impl Default for Hex {
    fn default() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Hex {
    fn name(&self) -> &'static str {
        "hex"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::FixedSizeBinary(_)] => Ok(DataType::Utf8),
            _ => Err(DataFusionError::Plan("hex takes a trace id or a span id".into())),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [ids] = take_function_args(self.name(), args.args)?;
        let ids = ids.into_array(rows)?;
        Ok(ColumnarValue::Array(Arc::new(hex_array(ids.as_ref())?)))
    }
}

fn hex_array(ids: &dyn Array) -> Result<StringArray> {
    let ids = ids
        .as_any()
        .downcast_ref::<FixedSizeBinaryArray>()
        .ok_or_else(|| DataFusionError::Execution("hex takes a trace id or a span id".into()))?;
    Ok(ids.iter().map(|id| id.map(hex::encode)).collect())
}
