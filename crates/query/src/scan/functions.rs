//! The scalar functions scans are made of. People write `attributes['http.route']`; the planner
//! turns that into [`AttributeGet`], and the adapter of each file into what the file can answer.

mod tagged;

use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, MapArray, MapBuilder, MapFieldNames, StringArray,
    StringBuilder, TimestampNanosecondArray,
};
use arrow::compute;
use arrow::datatypes::{DataType, Field, FieldRef, TimestampNanosecondType};
use datafusion::common::ScalarValue;
use datafusion::common::utils::take_function_args;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use luneta_model::{AttributeScope, AttributeType, TypeCode, schema::map_type};

pub use tagged::TaggedAttribute;

/// The key of the last entry of a merged map: the type codes of the entries before it. Only there
/// when one of them is not a string, or has this very key; answers never show it.
pub const TYPES_KEY: &str = "\0types";

/// One `attribute(column, key, type)` call.
#[derive(Debug)]
pub struct AttributeAccess<'a> {
    /// Which of the three maps.
    pub scope: AttributeScope,
    /// The key.
    pub key: &'a str,
    form: Form,
}

/// What an access gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Values that read as the type; all others are null.
    Typed(AttributeType),
    /// Every value as text, behind the letter of its type.
    Tagged,
}

impl Form {
    const TAGGED: &'static str = "t";

    fn of_code(code: &str) -> Self {
        if code == Self::TAGGED { Form::Tagged } else { Form::Typed(type_of_code(code)) }
    }

    const fn code(self) -> &'static str {
        match self {
            Form::Typed(kind) => code_of_type(kind),
            Form::Tagged => Self::TAGGED,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Form::Typed(kind) => kind.data_type(),
            Form::Tagged => DataType::Utf8,
        }
    }
}

impl<'a> AttributeAccess<'a> {
    /// The access an expression is, when it is one on a table's own column.
    pub fn of_expr(expr: &'a Expr) -> Option<Self> {
        let Expr::ScalarFunction(call) = expr else { return None };
        if call.func.name() != AttributeGet::NAME {
            return None;
        }
        let [Expr::Column(column), Expr::Literal(key, _), Expr::Literal(kind, _)] = call.args.as_slice() else { return None };
        Self::new(&column.name, key, kind)
    }

    /// The same for a physical expression.
    pub fn of_physical(expr: &'a Arc<dyn PhysicalExpr>) -> Option<Self> {
        let call = expr.downcast_ref::<ScalarFunctionExpr>()?;
        if call.fun().name() != AttributeGet::NAME {
            return None;
        }
        let [column, key, kind] = call.args() else { return None };
        let column = column.downcast_ref::<Column>()?;
        Self::new(column.name(), key.downcast_ref::<Literal>()?.value(), kind.downcast_ref::<Literal>()?.value())
    }

    fn new(column: &str, key: &'a ScalarValue, kind: &'a ScalarValue) -> Option<Self> {
        let scope = AttributeScope::ALL.into_iter().find(|s| s.column() == column)?;
        let key = key.try_as_str().flatten()?;
        let form = Form::of_code(kind.try_as_str().flatten()?);
        Some(Self { scope, key, form })
    }

    /// The Arrow type of the access.
    pub fn data_type(&self) -> DataType {
        self.form.data_type()
    }

    /// Whether it gives every value with the letter of its type.
    pub fn is_tagged(&self) -> bool {
        self.form == Form::Tagged
    }

    /// The third argument of the call.
    pub fn type_code(&self) -> &'static str {
        self.form.code()
    }
}

/// The letter that names an attribute type in calls.
pub const fn code_of_type(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::Text => "s",
        AttributeType::Int => "i",
        AttributeType::Double => "d",
        AttributeType::Bool => "b",
    }
}

fn type_of_code(code: &str) -> AttributeType {
    match code {
        "i" => AttributeType::Int,
        "d" => AttributeType::Double,
        "b" => AttributeType::Bool,
        _ => AttributeType::Text,
    }
}

/// `attribute(map, key, type)`: one value of an attribute map, null where the key is missing or
/// its value does not read as the type.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct AttributeGet {
    signature: Signature,
}

impl Default for AttributeGet {
    fn default() -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl AttributeGet {
    /// The name in plans.
    pub const NAME: &'static str = "attribute";
}

impl ScalarUDFImpl for AttributeGet {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let shown = |e: &Expr| match e {
            Expr::Literal(value, _) => value.to_string(),
            Expr::Column(c) => c.name.clone(),
            other => other.to_string(),
        };
        let known = AttributeAccess::new(&shown(&args[0]), literal(&args[1]), literal(&args[2]))
            .is_none_or(|a| a.scope.known().iter().find(|(k, _)| *k == a.key).is_none_or(|(_, t)| Form::Typed(*t) == a.form));
        let plain = format!("{}['{}']", shown(&args[0]), shown(&args[1]));
        let kind = shown(&args[2]);
        Ok(if known && !["d", "b", Form::TAGGED].contains(&kind.as_str()) { plain } else { format!("{plain}::{kind}") })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let code = args.scalar_arguments.get(2).copied().flatten().and_then(|v| v.try_as_str().flatten()).unwrap_or("s");
        Ok(Arc::new(Field::new(self.name(), Form::of_code(code).data_type(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [map, key, code] = take_function_args(self.name(), args.args)?;
        let (ColumnarValue::Scalar(key), ColumnarValue::Scalar(code)) = (&key, &code) else {
            return Err(DataFusionError::Plan("the key of an attribute must be a text literal".into()));
        };
        let form = Form::of_code(code.try_as_str().flatten().unwrap_or("s"));
        let Some(key) = key.try_as_str().flatten() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(form.data_type())?));
        };
        let map = map.into_array(rows)?;
        Ok(ColumnarValue::Array(match form {
            Form::Typed(kind) => get(&map, key, kind)?,
            Form::Tagged => Arc::new(tagged::of_map(&unpack(map)?, None, key)),
        }))
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        match args.first() {
            Some(ExpressionPlacement::Column) => ExpressionPlacement::MoveTowardsLeafNodes,
            _ => ExpressionPlacement::KeepInPlace,
        }
    }
}

fn literal(expr: &Expr) -> &ScalarValue {
    static NULL: ScalarValue = ScalarValue::Null;
    if let Expr::Literal(value, _) = expr { value } else { &NULL }
}

fn get(map: &ArrayRef, key: &str, kind: AttributeType) -> Result<ArrayRef> {
    if let Some(dictionary) = map.as_any_dictionary_opt() {
        let values = get(dictionary.values(), key, kind)?;
        return Ok(compute::take(&values, dictionary.keys(), None)?);
    }
    let Some(map) = map.as_map_opt() else {
        return Ok(arrow::array::new_null_array(&kind.data_type(), map.len()));
    };
    let keys = map.keys().as_string::<i32>();
    let values = map.values().as_string::<i32>();
    let offsets = map.value_offsets();
    let at = |row: usize| -> Option<&str> {
        if map.is_null(row) {
            return None;
        }
        let (from, to) = (offsets[row] as usize, offsets[row + 1] as usize);
        (from..to).find(|&i| keys.value(i) == key).and_then(|i| values.is_valid(i).then(|| values.value(i)))
    };
    let found = (0..map.len()).map(at);
    Ok(match kind {
        AttributeType::Text => Arc::new(found.collect::<StringArray>()),
        AttributeType::Int => Arc::new(found.map(parsed).collect::<Int64Array>()),
        AttributeType::Double => Arc::new(found.map(parsed).collect::<Float64Array>()),
        AttributeType::Bool => Arc::new(found.map(parsed).collect::<BooleanArray>()),
    })
}

fn parsed<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// `end_time(start_time, duration_ns)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EndTime {
    signature: Signature,
}

impl Default for EndTime {
    fn default() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for EndTime {
    fn name(&self) -> &'static str {
        "end_time"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [start, duration] = take_function_args(self.name(), args.args)?;
        let (start, duration) = (start.into_array(rows)?, duration.into_array(rows)?);
        let start = start.as_primitive::<TimestampNanosecondType>();
        let duration: &Int64Array = duration.as_primitive();
        let end: TimestampNanosecondArray = compute::binary(start, duration, i64::saturating_add)?;
        Ok(ColumnarValue::Array(Arc::new(end)))
    }
}

/// `merge_attributes(overflow, types, columns…)`: the whole attribute map of each row.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct MergeAttributes {
    keys: Vec<String>,
    signature: Signature,
}

impl MergeAttributes {
    /// For promoted columns with these keys, in the order of the arguments behind the second.
    pub fn new(keys: Vec<String>) -> Self {
        Self { keys, signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MergeAttributes {
    fn name(&self) -> &'static str {
        "merge_attributes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(map_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.into_iter().map(|a| unpack(a.into_array(rows)?)).collect::<Result<Vec<_>>>()?;
        let (fixed, columns) = arrays.split_at(2);
        let overflow = fixed[0].as_map_opt();
        let types = fixed[1].as_string_opt::<i32>();
        let merged = merge(rows, overflow, types, &self.keys, columns)?;
        Ok(ColumnarValue::Array(Arc::new(merged)))
    }
}

fn unpack(array: ArrayRef) -> Result<ArrayRef> {
    match array.as_any_dictionary_opt() {
        Some(dictionary) => Ok(compute::take(dictionary.values(), dictionary.keys(), None)?),
        None => Ok(array),
    }
}

fn merge(
    rows: usize,
    overflow: Option<&MapArray>,
    types: Option<&StringArray>,
    keys: &[String],
    columns: &[ArrayRef],
) -> Result<MapArray> {
    let texts = columns.iter().map(as_text).collect::<Result<Vec<_>>>()?;
    let codes: Vec<char> = columns.iter().map(|c| code_of(c.data_type())).collect();
    let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut out = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    let mut row_types = String::new();
    for row in 0..rows {
        row_types.clear();
        let mut has_mark = false;
        for ((key, text), code) in keys.iter().zip(&texts).zip(&codes) {
            if text.is_valid(row) {
                out.keys().append_value(key);
                out.values().append_value(text.value(row));
                row_types.push(*code);
            }
        }
        if let Some(map) = overflow.filter(|m| m.is_valid(row)) {
            let entries = map.value(row);
            let (k, v) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
            let mut codes = types.filter(|t| t.is_valid(row)).map_or("", |t| t.value(row)).chars();
            for i in 0..entries.len() {
                has_mark |= k.value(i) == TYPES_KEY;
                out.keys().append_value(k.value(i));
                out.values().append_option(v.is_valid(i).then(|| v.value(i)));
                row_types.push(codes.next().unwrap_or(TypeCode::String.as_char()));
            }
        }
        if has_mark || row_types.bytes().any(|b| b != b's') {
            out.keys().append_value(TYPES_KEY);
            out.values().append_value(&row_types);
        }
        out.append(true)?;
    }
    Ok(out.finish())
}

fn code_of(data_type: &DataType) -> char {
    AttributeType::from_data_type(data_type).map_or('s', |t| code_of_type(t).chars().next().unwrap_or('s'))
}

/// Attribute columns in the text form of [`luneta_model::encode_text`].
pub(crate) fn as_text(column: &ArrayRef) -> Result<StringArray> {
    if let Some(doubles) = column.as_primitive_opt::<arrow::datatypes::Float64Type>() {
        let text = |d: f64| {
            let mut out = String::new();
            luneta_model::encode_text(&luneta_model::AnyValue::Double(d), &mut out);
            out
        };
        return Ok(doubles.iter().map(|d| d.map(text)).collect());
    }
    Ok(compute::cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}
