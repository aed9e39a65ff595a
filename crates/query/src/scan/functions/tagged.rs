//! Attribute values of any type in one column: text behind the letter of its type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::{TYPES_KEY, as_text, code_of, unpack};

/// `tagged_attribute(column, map, types)`: the value of a key that has a column, may be in the
/// overflow map, or both. What is missing is null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct TaggedAttribute {
    key: String,
    signature: Signature,
}

impl TaggedAttribute {
    /// For one key.
    pub fn new(key: &str) -> Self {
        Self { key: key.to_owned(), signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TaggedAttribute {
    fn name(&self) -> &'static str {
        "tagged_attribute"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.into_iter().map(|a| unpack(a.into_array(rows)?)).collect::<Result<Vec<_>>>()?;
        let [column, map, types] = arrays.as_slice() else { return Ok(ColumnarValue::Array(Arc::new(nothing(rows)))) };
        let overflow = of_map(map, types.as_string_opt::<i32>(), &self.key);
        if *column.data_type() == DataType::Null {
            return Ok(ColumnarValue::Array(Arc::new(overflow)));
        }
        let (letter, texts) = (code_of(column.data_type()), as_text(column)?);
        let mut out = StringBuilder::new();
        let mut text = String::new();
        for row in 0..rows {
            if texts.is_valid(row) {
                text.clear();
                text.push(letter);
                text.push_str(texts.value(row));
                out.append_value(&text);
            } else {
                out.append_option(overflow.is_valid(row).then(|| overflow.value(row)));
            }
        }
        Ok(ColumnarValue::Array(Arc::new(out.finish())))
    }
}

fn nothing(rows: usize) -> StringArray {
    StringArray::new_null(rows)
}

/// The values of a key in a map. Their types stand in `types`, else in the map's own last entry.
pub(super) fn of_map(map: &ArrayRef, types: Option<&StringArray>, key: &str) -> StringArray {
    let Some(map) = map.as_map_opt() else { return nothing(map.len()) };
    (0..map.len()).map(|row| of_row(map, types, key, row)).collect()
}

fn of_row(map: &MapArray, types: Option<&StringArray>, key: &str, row: usize) -> Option<String> {
    if map.is_null(row) {
        return None;
    }
    let (keys, values) = (map.keys().as_string_opt::<i32>()?, map.values().as_string_opt::<i32>()?);
    let offsets = map.value_offsets();
    let (start, end) = (offsets[row] as usize, offsets[row + 1] as usize);
    let at = (start..end).find(|at| keys.value(*at) == key)?;
    let own = (end > start && keys.value(end - 1) == TYPES_KEY).then(|| values.value(end - 1));
    let letters = types.filter(|t| t.is_valid(row)).map(|t| t.value(row)).or(own).unwrap_or_default();
    let letter = letters.chars().nth(at - start).unwrap_or('s');
    if values.is_null(at) {
        return None;
    }
    Some(format!("{letter}{}", values.value(at)))
}
