//! A streaming visitor that writes wire form while serde_json parses.

use std::fmt::{self, Write as _};

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::scalar::{self, Scalar};
use super::schema::{Field, Kind, Shape};

/// Rewrites a request. On failure the message names path, line and column.
///
/// Values nested deeper than `depth_max` are left empty, as the wire walker leaves them.
pub(in crate::otlp) fn to_wire(json: &[u8], shape: &'static Shape, depth_max: usize) -> Result<Vec<u8>, String> {
    let mut writer = Writer { out: Vec::with_capacity(json.len() / 2), path: Vec::new(), depth: 0, depth_max: depth_max + 1 };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    // Depth is bounded by the writer; what it does not know is skipped without recursion.
    deserializer.disable_recursion_limit();
    let parsed = deserializer.deserialize_map(Object { shape, writer: &mut writer }).and_then(|()| deserializer.end());
    match parsed {
        Ok(()) => Ok(writer.out),
        Err(error) => Err(format!("malformed JSON{}: {error}", writer.location())),
    }
}

struct Writer {
    out: Vec<u8>,
    /// Where parsing is; it stays as it is when parsing fails.
    path: Vec<Step>,
    /// How many values the current one is nested in.
    depth: usize,
    depth_max: usize,
}

enum Step {
    Field(&'static Field),
    Index(usize),
}

impl Writer {
    fn location(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Field(field) => {
                    out.push_str(if out.is_empty() { " in " } else { "." });
                    out.push_str(&field.camel_name());
                }
                Step::Index(index) => {
                    let _ = write!(out, "[{index}]");
                }
            }
        }
        out
    }
}

/// The inside of an object.
struct Object<'w> {
    shape: &'static Shape,
    writer: &'w mut Writer,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Key(self.shape))? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.writer.path.push(Step::Field(field));
            map.next_value_seed(Content { field, element: false, writer: self.writer })?;
            self.writer.path.pop();
        }
        Ok(())
    }
}

/// A key; `None` when no field has its name.
struct Key(&'static Shape);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Field>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.fields.iter().find(|field| field.is_named(key)))
    }
}

/// The content of a field, or one element of a repeated one.
struct Content<'w> {
    field: &'static Field,
    element: bool,
    writer: &'w mut Writer,
}

impl Content<'_> {
    fn scalar<E: serde::de::Error>(self, value: Scalar<'_>) -> Result<(), E> {
        if self.field.repeated && !self.element {
            return Err(E::custom("expected an array"));
        }
        scalar::write(&mut self.writer.out, self.field.number, self.field.kind, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Content<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Content<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.field.kind {
            _ if self.field.repeated && !self.element => "an array",
            Kind::Message(_) => "an object",
            Kind::Text | Kind::Bytes | Kind::Id => "text",
            Kind::Bool => "true or false",
            Kind::Enum(_) => "a number or a name",
            _ => "a number",
        })
    }

    /// `null` is a field not given.
    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        if self.element { Err(E::custom("null stands where an element should")) } else { Ok(()) }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::Uint(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Double(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Content { field, element, writer } = self;
        if element || !field.repeated {
            return Err(A::Error::custom("did not expect an array"));
        }
        for index in 0.. {
            writer.path.push(Step::Index(index));
            let more = elements.next_element_seed(Content { field, element: true, writer })?;
            writer.path.pop();
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Content { field, element, writer } = self;
        let Kind::Message(shape) = field.kind else { return Err(A::Error::custom("did not expect an object")) };
        if field.repeated && !element {
            return Err(A::Error::custom("expected an array"));
        }
        let start = scalar::begin_message(&mut writer.out, field.number);
        writer.depth += usize::from(shape.recursive);
        if writer.depth > writer.depth_max {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        } else {
            Object { shape, writer }.visit_map(map)?;
        }
        writer.depth -= usize::from(shape.recursive);
        scalar::end_message(&mut writer.out, start);
        Ok(())
    }
}
