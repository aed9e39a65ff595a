//! Trace and span ids in SQL: stored as bytes, written and read as hex.
//!
//! Where bytes will do (grouping, ordering, comparing with an id or a hex literal) they stay bytes.
//! Everywhere else an id is its hex text.

use std::sync::Arc;

use arrow::array::{Array, FixedSizeBinaryArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::utils::take_function_args;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Between, BinaryExpr, Case, Cast, InList, InSubquery, Like, ScalarFunction, TryCast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Subquery, Union, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

use super::id_functions::IdsAsText;

/// Turns hex literals beside id columns into bytes, so that comparing prunes like bytes do, and ids
/// beside other text, or inside functions of text, into hex.
#[derive(Debug)]
pub struct HexIds;

impl AnalyzerRule for HexIds {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| {
            let schema = merge_schema(&node.inputs());
            let named = NamePreserver::new(&node);
            node.map_expressions(|expr| {
                let name = named.save(&expr);
                Ok(expr.transform_up(|e| rewrite(e, &schema))?.update_data(|e| name.restore(e)))
            })?
            .map_data(mixed_inputs)?
            // An id that became text changes the types of all above it.
            .map_data(LogicalPlan::recompute_schema)
        })
        .map(|t| t.data)
    }

    fn name(&self) -> &'static str {
        "hex_ids"
    }
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    Ok(match expr {
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
            Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
        }
        Expr::InList(InList { expr, list, negated }) => match width(&expr, schema) {
            Some(width) => {
                let list = list.into_iter().map(|e| id_literal(e, width)).collect::<Result<Vec<_>>>()?;
                Transformed::yes(Expr::InList(InList { expr, list, negated }))
            }
            None => Transformed::no(Expr::InList(InList { expr, list, negated })),
        },
        Expr::Between(Between { expr, negated, low, high }) => match width(&expr, schema) {
            Some(width) => {
                let (low, high) = (Box::new(id_literal(*low, width)?), Box::new(id_literal(*high, width)?));
                Transformed::yes(Expr::Between(Between { expr, negated, low, high }))
            }
            None => Transformed::no(Expr::Between(Between { expr, negated, low, high })),
        },
        Expr::Like(like) if is_id(&like.expr, schema) => {
            Transformed::yes(Expr::Like(Like { expr: Box::new(hex(*like.expr)), ..like }))
        }
        Expr::SimilarTo(like) if is_id(&like.expr, schema) => {
            Transformed::yes(Expr::SimilarTo(Like { expr: Box::new(hex(*like.expr)), ..like }))
        }
        Expr::Cast(cast) if is_id(&cast.expr, schema) && is_text(cast.field.data_type()) => {
            Transformed::yes(Expr::Cast(Cast { expr: Box::new(hex(*cast.expr)), ..cast }))
        }
        Expr::TryCast(cast) if is_id(&cast.expr, schema) && is_text(cast.field.data_type()) => {
            Transformed::yes(Expr::TryCast(TryCast { expr: Box::new(hex(*cast.expr)), ..cast }))
        }
        Expr::Case(case) => Transformed::yes(Expr::Case(branches(case, schema)?)),
        Expr::InSubquery(list) => Transformed::yes(Expr::InSubquery(in_subquery(list, schema)?)),
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<IdsAsText>() {
            Some(function) => Transformed::yes(Expr::ScalarFunction(function_call(function, call.args, schema))),
            None => Transformed::no(Expr::ScalarFunction(call)),
        },
        other => Transformed::no(other),
    })
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

fn is_id(expr: &Expr, schema: &DFSchema) -> bool {
    width(expr, schema).is_some()
}

pub(super) const fn is_id_type(data_type: &DataType) -> bool {
    matches!(data_type, DataType::FixedSizeBinary(_))
}

pub(super) const fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// An id beside something that is not one.
fn beside(id: Expr, other: Expr, width: i32, schema: &DFSchema) -> Result<(Expr, Expr)> {
    if matches!(other, Expr::Literal(..)) {
        let literal = id_literal(other, width)?;
        return Ok((id, literal));
    }
    let text = other.get_type(schema).is_ok_and(|t| is_text(&t));
    Ok(if text { (hex(id), other) } else { (id, other) })
}

/// `CASE` whose branches are ids and texts gives texts; `CASE id WHEN '…'` compares bytes.
fn branches(case: Case, schema: &DFSchema) -> Result<Case> {
    let Case { expr, mut when_then_expr, mut else_expr } = case;
    if let Some(width) = expr.as_ref().and_then(|e| width(e, schema)) {
        for (when, _) in &mut when_then_expr {
            **when = id_literal(std::mem::take(&mut **when), width)?;
        }
    }
    let mut results: Vec<&mut Expr> = when_then_expr.iter_mut().map(|(_, then)| &mut **then).collect();
    results.extend(else_expr.as_deref_mut());
    if results.iter().any(|e| e.get_type(schema).is_ok_and(|t| is_text(&t))) {
        for id in results.into_iter().filter(|e| is_id(e, schema)) {
            *id = hex(std::mem::take(id));
        }
    }
    Ok(Case { expr, when_then_expr, else_expr })
}

/// `x IN (SELECT y …)` where one side is an id and the other text.
fn in_subquery(list: InSubquery, schema: &DFSchema) -> Result<InSubquery> {
    let InSubquery { expr, subquery, negated } = list;
    let inner = subquery.subquery.schema().field(0).data_type().clone();
    let outer = expr.get_type(schema)?;
    if is_id_type(&outer) && is_text(&inner) {
        return Ok(InSubquery { expr: Box::new(hex(*expr)), subquery, negated });
    }
    if !(is_text(&outer) && is_id_type(&inner)) {
        return Ok(InSubquery { expr, subquery, negated });
    }
    let column = Column::from(subquery.subquery.schema().qualified_field(0));
    let plan = LogicalPlanBuilder::from(subquery.subquery).project([hex(Expr::Column(column))])?.build()?;
    Ok(InSubquery { expr, subquery: Subquery { subquery: Arc::new(plan), ..subquery }, negated })
}

/// The call of the engine's own function behind one that took ids while the query was planned.
fn function_call(function: &IdsAsText, args: Vec<Expr>, schema: &DFSchema) -> ScalarFunction {
    let types: Vec<DataType> = args.iter().map(|a| a.get_type(schema).unwrap_or(DataType::Null)).collect();
    let as_text = function.wants_text(&types);
    let args = args.into_iter().map(|a| if as_text && is_id(&a, schema) { hex(a) } else { a }).collect();
    ScalarFunction::new_udf(Arc::clone(function.inner()), args)
}

/// Joins and unions of ids with texts compare and give texts.
fn mixed_inputs(plan: LogicalPlan) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Join(mut join) => {
            for (left, right) in &mut join.on {
                let types = (left.get_type(join.left.schema())?, right.get_type(join.right.schema())?);
                match (is_id_type(&types.0), is_id_type(&types.1)) {
                    (true, false) if is_text(&types.1) => *left = hex(std::mem::take(left)),
                    (false, true) if is_text(&types.0) => *right = hex(std::mem::take(right)),
                    _ => {}
                }
            }
            Ok(LogicalPlan::Join(join))
        }
        LogicalPlan::Union(union) => mixed_union(union),
        other => Ok(other),
    }
}

fn mixed_union(union: Union) -> Result<LogicalPlan> {
    let has_text = |i: usize| union.inputs.iter().any(|input| is_text(input.schema().field(i).data_type()));
    let has_id = |i: usize| union.inputs.iter().any(|input| is_id_type(input.schema().field(i).data_type()));
    let columns = union.inputs.iter().map(|input| input.schema().fields().len()).min().unwrap_or(0);
    let mixed: Vec<bool> = (0..columns).map(|i| has_text(i) && has_id(i)).collect();
    // A column of the union that was one of ids when it was planned, and whose inputs now are text.
    let stale = (0..columns).any(|i| has_text(i) && is_id_type(union.schema.field(i).data_type()));
    if !stale && !mixed.contains(&true) {
        return Ok(LogicalPlan::Union(union));
    }
    let inputs = union.inputs.into_iter().map(|input| {
        let columns = input.schema().iter().zip(&mixed).map(|((table, field), mixed)| {
            let column = Expr::Column(Column::from((table, field)));
            let wanted = *mixed && is_id_type(field.data_type());
            if wanted { hex(column).alias_qualified(table.cloned(), field.name()) } else { column }
        });
        let columns: Vec<Expr> = columns.collect();
        Ok(Arc::new(LogicalPlanBuilder::from(input).project(columns)?.build()?))
    });
    Ok(LogicalPlan::Union(Union::try_new_with_loose_types(inputs.collect::<Result<_>>()?)?))
}

pub(super) fn hex(id: Expr) -> Expr {
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
