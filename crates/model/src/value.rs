//! Attribute values as text, without losing their OTLP type.
//!
//! A value in an overflow map is plain text a person can read, and one character beside it (its
//! [`TypeCode`]) says what it was. Strings are stored as they are. Numbers, booleans and bytes
//! (base64) have one canonical form. Arrays and maps are JSON, in which an integer has no point,
//! a double always has one (or an exponent), bytes are `{"$bytes":"…"}` and the three doubles
//! JSON cannot say are `{"$double":"NaN"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// One OTLP `AnyValue`, borrowed where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyValue {
    /// No value set.
    Null,
    /// `string_value`.
    String(String),
    /// `bool_value`.
    Bool(bool),
    /// `int_value`.
    Int(i64),
    /// `double_value`.
    Double(f64),
    /// `bytes_value`.
    Bytes(Vec<u8>),
    /// `array_value`.
    Array(Vec<AnyValue>),
    /// `kvlist_value`, in its order.
    Map(Vec<(String, AnyValue)>),
}

/// The one-character name of a value's OTLP type, as stored in `*_types` columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeCode {
    /// `n`: no value.
    Null,
    /// `s`.
    String,
    /// `b`.
    Bool,
    /// `i`.
    Int,
    /// `d`.
    Double,
    /// `x`.
    Bytes,
    /// `a`.
    Array,
    /// `m`.
    Map,
}

impl TypeCode {
    /// The character stored.
    pub const fn as_char(self) -> char {
        match self {
            TypeCode::Null => 'n',
            TypeCode::String => 's',
            TypeCode::Bool => 'b',
            TypeCode::Int => 'i',
            TypeCode::Double => 'd',
            TypeCode::Bytes => 'x',
            TypeCode::Array => 'a',
            TypeCode::Map => 'm',
        }
    }

    /// The inverse of [`TypeCode::as_char`]; unknown characters read as strings.
    pub const fn from_char(c: char) -> Self {
        match c {
            'n' => TypeCode::Null,
            'b' => TypeCode::Bool,
            'i' => TypeCode::Int,
            'd' => TypeCode::Double,
            'x' => TypeCode::Bytes,
            'a' => TypeCode::Array,
            'm' => TypeCode::Map,
            _ => TypeCode::String,
        }
    }
}

impl AnyValue {
    /// The type of this value.
    pub const fn type_code(&self) -> TypeCode {
        match self {
            AnyValue::Null => TypeCode::Null,
            AnyValue::String(_) => TypeCode::String,
            AnyValue::Bool(_) => TypeCode::Bool,
            AnyValue::Int(_) => TypeCode::Int,
            AnyValue::Double(_) => TypeCode::Double,
            AnyValue::Bytes(_) => TypeCode::Bytes,
            AnyValue::Array(_) => TypeCode::Array,
            AnyValue::Map(_) => TypeCode::Map,
        }
    }
}

/// Writes a value's text form behind what `out` holds.
pub fn encode_text(value: &AnyValue, out: &mut String) {
    match value {
        AnyValue::Null => {}
        AnyValue::String(s) => out.push_str(s),
        AnyValue::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        AnyValue::Int(i) => out.push_str(itoa::Buffer::new().format(*i)),
        AnyValue::Double(d) => push_double(*d, out),
        AnyValue::Bytes(b) => BASE64.encode_string(b, out),
        AnyValue::Array(_) | AnyValue::Map(_) => encode_json(value, out),
    }
}

/// The text of a double: shortest form that reads back to the same bits, `NaN`, `Infinity`.
pub(crate) fn push_double(d: f64, out: &mut String) {
    if d.is_nan() {
        out.push_str("NaN");
    } else if d.is_infinite() {
        out.push_str(if d > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        out.push_str(ryu::Buffer::new().format_finite(d));
    }
}

/// Writes a value as JSON (the form described at the top of this file).
pub fn encode_json(value: &AnyValue, out: &mut String) {
    match value {
        AnyValue::Null => out.push_str("null"),
        AnyValue::String(s) => push_json_string(s, out),
        AnyValue::Bool(_) | AnyValue::Int(_) => encode_text(value, out),
        AnyValue::Double(d) if d.is_finite() => push_double(*d, out),
        AnyValue::Double(d) => {
            out.push_str("{\"$double\":\"");
            push_double(*d, out);
            out.push_str("\"}");
        }
        AnyValue::Bytes(b) => {
            out.push_str("{\"$bytes\":\"");
            BASE64.encode_string(b, out);
            out.push_str("\"}");
        }
        AnyValue::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                encode_json(item, out);
            }
            out.push(']');
        }
        AnyValue::Map(entries) => {
            out.push('{');
            for (i, (key, item)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_json_string(key, out);
                out.push(':');
                encode_json(item, out);
            }
            out.push('}');
        }
    }
}

fn push_json_string(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    let digit = (c as u32 >> shift) & 0xf;
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads scalar text back into the value it was. Arrays and maps come back as their JSON text in a
/// [`AnyValue::String`]; text that does not fit its type is returned as a string.
pub fn decode_text(code: TypeCode, text: &str) -> AnyValue {
    let fallback = || AnyValue::String(text.to_owned());
    match code {
        TypeCode::Null => AnyValue::Null,
        TypeCode::String | TypeCode::Array | TypeCode::Map => fallback(),
        TypeCode::Bool => text.parse().map_or_else(|_| fallback(), AnyValue::Bool),
        TypeCode::Int => text.parse().map_or_else(|_| fallback(), AnyValue::Int),
        TypeCode::Double => text.parse().map_or_else(|_| fallback(), AnyValue::Double),
        TypeCode::Bytes => BASE64.decode(text).map_or_else(|_| fallback(), AnyValue::Bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &AnyValue, text: &str) {
        let mut out = String::new();
        encode_text(value, &mut out);
        assert_eq!(out, text);
    }

    #[test]
    fn text_forms() {
        check(&AnyValue::Int(i64::MIN), "-9223372036854775808");
        check(&AnyValue::Double(1.0), "1.0");
        check(&AnyValue::Double(f64::NEG_INFINITY), "-Infinity");
        check(&AnyValue::Bytes(vec![0, 255]), "AP8=");
        check(
            &AnyValue::Map(vec![
                ("a\"\u{1}".into(), AnyValue::Array(vec![AnyValue::Int(1), AnyValue::Double(1.0), AnyValue::Null])),
                ("b".into(), AnyValue::Bytes(vec![1])),
                ("c".into(), AnyValue::Double(f64::NAN)),
            ]),
            r#"{"a\"\u0001":[1,1.0,null],"b":{"$bytes":"AQ=="},"c":{"$double":"NaN"}}"#,
        );
    }

    proptest::proptest! {
        #[test]
        fn scalars_survive(i: i64, d: f64, b: bool, s: String, x: Vec<u8>) {
            for value in [AnyValue::Int(i), AnyValue::Double(d), AnyValue::Bool(b), AnyValue::String(s), AnyValue::Bytes(x)] {
                let mut text = String::new();
                encode_text(&value, &mut text);
                proptest::prop_assert_eq!(decode_text(value.type_code(), &text), value);
            }
        }
    }
}
