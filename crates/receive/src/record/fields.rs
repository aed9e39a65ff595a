//! JSON objects as flat fields: `{"a":{"b":1}}` is the field `a.b`.

use std::borrow::Cow;
use std::fmt;

use luneta_model::{AnyValue, Limits};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::otlp::value::Value;

/// Fields of one record, in their order. A null is no field.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    pub(crate) entries: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Those over the limit.
    pub(crate) dropped: u32,
}

impl<'a> Fields<'a> {
    /// Reads an object.
    pub(crate) fn json(text: &'a str, limits: &Limits) -> Result<Self, serde_json::Error> {
        let mut fields = Self::default();
        fields.add_json("", text, limits)?;
        Ok(fields)
    }

    /// Adds the members of an object, under a key unless that is empty.
    pub(crate) fn add_json(&mut self, key: &str, text: &'a str, limits: &Limits) -> Result<(), serde_json::Error> {
        self.members(key, read(text, limits.attributes_max)?, limits, 0);
        Ok(())
    }

    fn members(&mut self, prefix: &str, members: Members<'a>, limits: &Limits, depth: usize) {
        self.dropped = self.dropped.saturating_add(members.dropped);
        for (key, raw) in members.kept {
            let key = if prefix.is_empty() { key } else { Cow::Owned(format!("{prefix}.{key}")) };
            let raw = raw.get();
            if raw.starts_with('{') && depth < limits.depth_max {
                match read(raw, limits.attributes_max) {
                    // Keys of keys grow with the square of the depth.
                    Ok(inner) if !inner.kept.is_empty() && key.len() <= limits.key_bytes_max => {
                        self.members(&key, inner, limits, depth + 1);
                        continue;
                    }
                    _ => {}
                }
            }
            self.push(key, value(raw, limits), limits);
        }
    }

    /// Adds a field, unless it is null or there are enough.
    pub(crate) fn push(&mut self, key: Cow<'a, str>, value: Value<'a>, limits: &Limits) {
        if matches!(value, Value::Other(AnyValue::Null)) {
            return;
        }
        if self.entries.len() >= limits.attributes_max {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.entries.push((key, value));
    }
}

/// Text, a number, a boolean, or what holds many of them.
pub(crate) fn value<'a>(raw: &'a str, limits: &Limits) -> Value<'a> {
    match raw.as_bytes().first() {
        Some(b'"') => Value::Text(text(raw)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'[' | b'{') => {
            let mut nodes = limits.value_bytes_max;
            Value::Other(nested(raw, limits.depth_max, &mut nodes))
        }
        Some(b'-' | b'0'..=b'9') => number(raw),
        _ => Value::Other(AnyValue::Null),
    }
}

/// The text of a string, which `raw` is.
pub(crate) fn text(raw: &str) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    // Half a surrogate pair is no text: it stays as it was written.
    serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// A whole number beyond 64 bits stays text, as a double would be another one.
fn number(raw: &str) -> Value<'_> {
    if let Ok(whole) = raw.parse::<i64>() {
        return Value::Int(whole);
    }
    let whole = raw.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    match raw.parse::<f64>() {
        Ok(double) if !whole && double.is_finite() => Value::Double(double),
        _ => Value::Text(Cow::Borrowed(raw)),
    }
}

/// Elements beyond the depth bound are null, those beyond the node bound are left out.
fn nested(raw: &str, depth: usize, nodes: &mut usize) -> AnyValue {
    if depth == 0 {
        return AnyValue::Null;
    }
    if raw.starts_with('{') {
        let Ok(members) = read(raw, *nodes) else { return AnyValue::Null };
        *nodes -= members.kept.len();
        let entries = members.kept.into_iter();
        return AnyValue::Map(entries.map(|(key, raw)| (key.into_owned(), element(raw.get(), depth - 1, nodes))).collect());
    }
    let Ok(elements) = read_list(raw, *nodes) else { return AnyValue::Null };
    *nodes -= elements.len();
    AnyValue::Array(elements.into_iter().map(|raw| element(raw.get(), depth - 1, nodes)).collect())
}

fn element(raw: &str, depth: usize, nodes: &mut usize) -> AnyValue {
    match raw.as_bytes().first() {
        Some(b'"') => AnyValue::String(text(raw).into_owned()),
        Some(b't') => AnyValue::Bool(true),
        Some(b'f') => AnyValue::Bool(false),
        Some(b'[' | b'{') => nested(raw, depth, nodes),
        Some(b'-' | b'0'..=b'9') => number(raw).into_any(),
        _ => AnyValue::Null,
    }
}

/// Members of an object, unread.
pub(crate) struct Members<'a> {
    pub(crate) kept: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Those over the limit.
    pub(crate) dropped: u32,
}

/// The members of an object, at most so many.
pub(crate) fn read(text: &str, max: usize) -> Result<Members<'_>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let members = MembersSeed { max }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(members)
}

/// The elements of a list, unread, at most so many.
pub(crate) fn read_list(text: &str, max: usize) -> Result<Vec<&RawValue>, serde_json::Error> {
    ListSeed { max }.deserialize(&mut serde_json::Deserializer::from_str(text))
}

/// Reads an object in the middle of something else.
pub(crate) struct MembersSeed {
    /// Members kept.
    pub(crate) max: usize,
}

impl<'de> DeserializeSeed<'de> for MembersSeed {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members { kept: Vec::new(), dropped: 0 };
        while let Some(Key(key)) = map.next_key()? {
            if members.kept.len() < self.max {
                members.kept.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
                members.dropped = members.dropped.saturating_add(1);
            }
        }
        Ok(members)
    }
}

struct ListSeed {
    max: usize,
}

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = Vec<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < self.max
            && let Some(element) = seq.next_element()?
        {
            elements.push(element);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(elements)
    }
}

/// A key, borrowed unless it has escapes.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str, limits: &Limits) -> (Vec<String>, u32) {
        let fields = Fields::json(text, limits).unwrap();
        let entries = fields.entries.into_iter().map(|(key, value)| format!("{key}={:?}", value.into_any()));
        (entries.collect(), fields.dropped)
    }

    #[test]
    fn objects_become_fields() {
        let cases: [(&str, &[&str]); 9] = [
            (r#"{"a":"x","b":1,"c":1.5,"d":true}"#, &["a=String(\"x\")", "b=Int(1)", "c=Double(1.5)", "d=Bool(true)"]),
            (r#"{"a":{"b":{"c":"x"}},"d":{}}"#, &["a.b.c=String(\"x\")", "d=Map([])"]),
            (r#"{"a":null,"b":[1,null,"x",[true]]}"#, &["b=Array([Int(1), Null, String(\"x\"), Array([Bool(true)])])"]),
            (r#"{"a":[{"b":1}]}"#, &["a=Array([Map([(\"b\", Int(1))])])"]),
            (r#"{"a":"q\"\n\u00e4"}"#, &["a=String(\"q\\\"\\nä\")"]),
            (r#"{"a":"\ud800"}"#, &["a=String(\"\\\\ud800\")"]),
            (r#"{"a":18446744073709551616,"b":-0.5e3}"#, &["a=String(\"18446744073709551616\")", "b=Double(-500.0)"]),
            (r#"{"\u0061":1e999}"#, &["a=String(\"1e999\")"]),
            ("{}", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(flat(text, &Limits::default()), (expected.iter().map(ToString::to_string).collect(), 0), "{text}");
        }
    }

    #[test]
    fn bounds_hold() {
        let limits = Limits { attributes_max: 2, depth_max: 2, value_bytes_max: 3, ..Limits::default() };
        assert_eq!(flat(r#"{"a":1,"b":2,"c":3,"d":4}"#, &limits).1, 2);
        assert_eq!(flat(r#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#, &limits).0, [r#"a.b.c=Map([("d", Map([("e", Int(1))]))])"#]);
        assert_eq!(flat(r#"{"a":[1,2,3,4,5]}"#, &limits).0, ["a=Array([Int(1), Int(2), Int(3)])"]);
        assert_eq!(flat(r#"{"a":[[[1]]]}"#, &limits).0, ["a=Array([Array([Null])])"]);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(flat(&format!(r#"{{"a":{deep}}}"#), &limits).0.len(), 1);
        for broken in ["", "{", "[]", "1", r#"{"a":}"#, r#"{"a":1}x"#] {
            assert!(Fields::json(broken, &limits).is_err(), "{broken}");
        }
    }
}
