//! Scalars of protobuf's JSON: numbers may be text, enums may be names, ids are hex.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::schema::Kind;

/// A JSON scalar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(&'a str),
}

/// Both alphabets and any padding are read.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;
const FIXED32: u32 = 5;

/// Writes a scalar field in wire form, or says what was expected.
pub(super) fn write(out: &mut Vec<u8>, number: u32, kind: Kind, value: Scalar<'_>) -> Result<(), String> {
    match kind {
        Kind::Message(_) => return Err("expected an object".into()),
        Kind::Text => put_delimited(out, number, text(value)?.as_bytes()),
        Kind::Bytes => put_delimited(out, number, &base64(text(value)?)?),
        Kind::Id => put_delimited(out, number, &hex(text(value)?)),
        Kind::Bool => put_varint(out, number, u64::from(boolean(value)?)),
        Kind::Int64 => put_varint(out, number, narrow::<i64>(integer(value)?)? as u64),
        Kind::Uint32 => put_varint(out, number, u64::from(narrow::<u32>(integer(value)?)?)),
        Kind::Uint64 => put_varint(out, number, narrow::<u64>(integer(value)?)?),
        Kind::Sint32 => {
            let v = narrow::<i32>(integer(value)?)?;
            put_varint(out, number, u64::from((v << 1 ^ v >> 31) as u32));
        }
        Kind::Enum(names) => put_varint(out, number, i64::from(enumeration(names, value)?) as u64),
        Kind::Fixed32 => {
            put_tag(out, number, FIXED32);
            out.extend_from_slice(&narrow::<u32>(integer(value)?)?.to_le_bytes());
        }
        Kind::Fixed64 => put_fixed64(out, number, narrow::<u64>(integer(value)?)?),
        Kind::Sfixed64 => put_fixed64(out, number, narrow::<i64>(integer(value)?)? as u64),
        Kind::Double => put_fixed64(out, number, double(value)?.to_bits()),
    }
    Ok(())
}

/// Starts a message field and returns where it starts; close it with [`end_message`].
pub(super) fn begin_message(out: &mut Vec<u8>, number: u32) -> usize {
    put_tag(out, number, DELIMITED);
    out.extend_from_slice(&[0x80, 0x80, 0x80, 0x80, 0]);
    out.len()
}

/// Puts the length of a message that started at `start` before it, in its full width.
pub(super) fn end_message(out: &mut [u8], start: usize) {
    let mut len = out.len() - start;
    for byte in &mut out[start - 5..start] {
        *byte = (*byte & 0x80) | (len & 0x7f) as u8;
        len >>= 7;
    }
}

fn text(value: Scalar<'_>) -> Result<&str, String> {
    match value {
        Scalar::Text(text) => Ok(text),
        other => Err(format!("expected text, found {}", describe(other))),
    }
}

fn boolean(value: Scalar<'_>) -> Result<bool, String> {
    match value {
        Scalar::Bool(b) => Ok(b),
        Scalar::Text("true") => Ok(true),
        Scalar::Text("false") => Ok(false),
        other => Err(format!("expected true or false, found {}", describe(other))),
    }
}

fn integer(value: Scalar<'_>) -> Result<i128, String> {
    match value {
        Scalar::Int(i) => Ok(i128::from(i)),
        Scalar::Uint(u) => Ok(i128::from(u)),
        Scalar::Double(d) if d.fract() == 0.0 && d.abs() < 2e19 => Ok(d as i128),
        Scalar::Text(digits) => match digits.parse::<i128>() {
            Ok(i) => Ok(i),
            Err(_) => match digits.parse::<f64>() {
                Ok(d) if d.fract() == 0.0 && d.abs() < 2e19 => Ok(d as i128),
                _ => Err(format!("expected an integer, found {}", describe(value))),
            },
        },
        other => Err(format!("expected an integer, found {}", describe(other))),
    }
}

fn narrow<T: TryFrom<i128>>(value: i128) -> Result<T, String> {
    T::try_from(value).map_err(|_| format!("{value} is out of range for {}", std::any::type_name::<T>()))
}

fn double(value: Scalar<'_>) -> Result<f64, String> {
    match value {
        Scalar::Double(d) => Ok(d),
        Scalar::Int(i) => Ok(i as f64),
        Scalar::Uint(u) => Ok(u as f64),
        Scalar::Text("NaN") => Ok(f64::NAN),
        Scalar::Text("Infinity") => Ok(f64::INFINITY),
        Scalar::Text("-Infinity") => Ok(f64::NEG_INFINITY),
        Scalar::Text(digits) if digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) => {
            digits.parse().map_err(|_| format!("expected a number, found {}", describe(value)))
        }
        other => Err(format!("expected a number, found {}", describe(other))),
    }
}

fn enumeration(names: &[(&str, i32)], value: Scalar<'_>) -> Result<i32, String> {
    if let Scalar::Text(name) = value {
        if let Some((_, number)) = names.iter().find(|(n, _)| *n == name) {
            return Ok(*number);
        }
        if !name.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            let known: Vec<_> = names.iter().map(|(n, _)| *n).take(6).collect();
            return Err(format!("unknown name {}, expected a number or one of {}", describe(value), known.join(", ")));
        }
    }
    narrow(integer(value)?)
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    let standard = text.replace('-', "+").replace('_', "/");
    BASE64.decode(standard).map_err(|e| format!("expected base64: {e}"))
}

/// Text that is not hex becomes an id of a width no id has, so that only its item is refused.
fn hex(text: &str) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) if rest.is_empty() => bytes,
        _ => vec![0],
    }
}

fn describe(value: Scalar<'_>) -> String {
    match value {
        Scalar::Bool(b) => b.to_string(),
        Scalar::Int(i) => i.to_string(),
        Scalar::Uint(u) => u.to_string(),
        Scalar::Double(d) => d.to_string(),
        Scalar::Text(text) => format!("{:?}", luneta_model::Limits::cut(text, 64)),
    }
}

fn put_tag(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_raw_varint(out, u64::from(number << 3 | wire_type));
}

fn put_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    put_tag(out, number, VARINT);
    put_raw_varint(out, value);
}

fn put_fixed64(out: &mut Vec<u8>, number: u32, bits: u64) {
    put_tag(out, number, FIXED64);
    out.extend_from_slice(&bits.to_le_bytes());
}

fn put_delimited(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_tag(out, number, DELIMITED);
    put_raw_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_raw_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
