//! Functions of text that take ids.
//!
//! The engine checks the types of arguments while it plans, before any rule of ours can turn an id
//! into text. So its functions are planned under a cover that accepts ids; [`super::ids::HexIds`]
//! then takes the cover off.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::execution::SessionStateDefaults;
use datafusion::functions::unicode;
use datafusion::functions_nested::make_array::make_array_udf;
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature,
};

use super::ids::{hex, is_id_type as is_id, is_text};

/// The engine's functions, so that ids may be their arguments.
pub fn functions() -> Vec<Arc<ScalarUDF>> {
    static FUNCTIONS: LazyLock<Vec<Arc<ScalarUDF>>> =
        LazyLock::new(|| SessionStateDefaults::default_scalar_functions().into_iter().map(covered).collect());
    FUNCTIONS.clone()
}

fn covered(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    if function.signature().type_signature == TypeSignature::Nullary {
        return function;
    }
    Arc::new(ScalarUDF::from(IdsAsText::new(function)))
}

/// A function of the engine that takes the text of ids where it cannot take their bytes.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IdsAsText {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl IdsAsText {
    fn new(inner: Arc<ScalarUDF>) -> Self {
        let mut signature = Signature::user_defined(inner.signature().volatility);
        signature.parameter_names.clone_from(&inner.signature().parameter_names);
        Self { inner, signature }
    }

    /// The engine's function.
    pub fn inner(&self) -> &Arc<ScalarUDF> {
        &self.inner
    }

    /// Whether ids among arguments of these types must become text: the function does not take
    /// bytes, or would only by reading the text beside them as bytes.
    pub fn wants_text(&self, types: &[DataType]) -> bool {
        if !types.iter().any(is_id) {
            return false;
        }
        let Ok(coerced) = self.coerced(types) else { return true };
        types.iter().zip(&coerced).any(|(from, to)| (is_id(from) && !is_bytes(to)) || (is_text(from) && !is_text(to)))
    }

    /// What the engine makes of the arguments once ids are text.
    fn coerced_texts(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let texts: Vec<DataType> = types.iter().map(|t| if is_id(t) { DataType::Utf8 } else { t.clone() }).collect();
        self.coerced(&texts)
    }

    fn coerced(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(fields_with_udf(&fields, self.inner.as_ref())?.iter().map(|f| f.data_type().clone()).collect())
    }
}

fn is_bytes(data_type: &DataType) -> bool {
    is_id(data_type) || matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

impl ScalarUDFImpl for IdsAsText {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if !self.wants_text(types) {
            return self.coerced(types);
        }
        // The engine refuses to turn ids into text itself, so they are left as they are until the
        // cover is taken off.
        self.coerced_texts(types)?;
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        if !self.wants_text(&types) {
            return self.inner.return_field_from_args(args);
        }
        let fields = args.arg_fields.iter().zip(self.coerced_texts(&types)?);
        let fields: Vec<FieldRef> = fields.map(|(field, t)| Arc::new(field.as_ref().clone().with_data_type(t))).collect();
        self.inner.return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments: args.scalar_arguments })
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.inner().with_updated_config(config)?;
        Some(ScalarUDF::from(Self::new(Arc::new(inner))))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// Operators and special forms of text that take ids.
#[derive(Debug)]
pub struct IdPlanner;

impl ExprPlanner for IdPlanner {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = expr;
        let (l, r) = (left.get_type(schema).ok(), right.get_type(schema).ok());
        let ids = [&l, &r].map(|t| t.as_ref().is_some_and(is_id));
        let as_text = is_of_text(&op) || (ids == [true, true] && l != r);
        let text = |side: Expr, id: bool| if as_text && id { hex(side) } else { side };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left: text(left, ids[0]), right: text(right, ids[1]) }))
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(call(unicode::substr(), args)))
    }

    fn plan_position(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(call(unicode::strpos(), args)))
    }

    fn plan_array_literal(&self, exprs: Vec<Expr>, _: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(call(make_array_udf(), exprs)))
    }

    fn plan_aggregate(&self, mut expr: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        // The one aggregate of text. Its argument's type is not known here; a cast is right for all.
        if expr.func.name() == "string_agg"
            && let Some(arg) = expr.args.first_mut()
        {
            *arg = Expr::Cast(Cast::new(Box::new(std::mem::take(arg)), DataType::Utf8));
        }
        Ok(PlannerResult::Original(expr))
    }
}

fn call(function: Arc<ScalarUDF>, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(covered(function), args))
}

fn is_of_text(op: &BinaryOperator) -> bool {
    use BinaryOperator::{
        PGILikeMatch, PGLikeMatch, PGNotILikeMatch, PGNotLikeMatch, PGRegexIMatch, PGRegexMatch, PGRegexNotIMatch,
        PGRegexNotMatch, StringConcat,
    };
    matches!(
        op,
        StringConcat
            | PGRegexMatch
            | PGRegexIMatch
            | PGRegexNotMatch
            | PGRegexNotIMatch
            | PGLikeMatch
            | PGILikeMatch
            | PGNotLikeMatch
            | PGNotILikeMatch
    )
}
