//! Values of Zipkin's JSON, read as generously as its server does: numbers may be text, `null` is a
//! field not sent, the value of a tag may be a number or a bool.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::zipkin::span::{Endpoint, Entries, Tag};

/// Text; empty when not sent.
#[derive(Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The value of a tag, as text; `None` for `null`.
#[derive(Default)]
pub(super) struct TagValue<'a>(pub(super) Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for TagValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TagValue<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number or a bool")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TagValue(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TagValue(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(TagValue(Some(if value { "true" } else { "false" }.into())))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(TagValue(Some(value.to_string().into())))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(TagValue(Some(value.to_string().into())))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(TagValue(Some(value.to_string().into())))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(TagValue(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A number that is not negative; 0 when not sent. A negative one counts as not sent.
#[derive(Default)]
pub(super) struct Natural(pub(super) u64);

impl<'de> Deserialize<'de> for Natural {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Natural;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Natural, E> {
                Ok(Natural(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Natural, E> {
                Ok(Natural(u64::try_from(value).unwrap_or_default()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Natural, E> {
                // `as` goes to the nearest that fits; what is too late is refused with its span.
                Ok(Natural(value as u64))
            }

            fn visit_str<E: Error>(self, digits: &str) -> Result<Natural, E> {
                match digits.parse::<i128>() {
                    Ok(value) => Ok(Natural(value.clamp(0, u64::MAX.into()) as u64)),
                    Err(_) if digits.is_empty() => Ok(Natural(0)),
                    Err(_) => Err(E::custom("expected a number")),
                }
            }

            fn visit_unit<E: Error>(self) -> Result<Natural, E> {
                Ok(Natural(0))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A flag; false when not sent.
#[derive(Default)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Flag, E> {
                text.parse().map(Flag).map_err(|_| E::custom("expected true or false"))
            }

            fn visit_unit<E: Error>(self) -> Result<Flag, E> {
                Ok(Flag(false))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A list whose entries are bounded while they are read; empty when not sent. An entry that is
/// `null` is left out.
pub(super) struct List<T>(pub(super) Entries<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Entries::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = List::default();
                while let Some(entry) = seq.next_element::<Option<T>>()? {
                    if let Some(entry) = entry {
                        list.0.push(entry);
                    }
                }
                Ok(list)
            }

            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
        }
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// The tags of a span; a tag that is `null` is left out.
#[derive(Default)]
pub(super) struct Tags<'a>(pub(super) Entries<Tag<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Tags<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Tags<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags<'de>, A::Error> {
                let mut tags = Tags::default();
                while let Some((key, value)) = map.next_entry::<Text<'de>, TagValue<'de>>()? {
                    if let Some(value) = value.0 {
                        tags.0.push((key.0, value));
                    }
                }
                Ok(tags)
            }

            fn visit_unit<E: Error>(self) -> Result<Tags<'de>, E> {
                Ok(Tags::default())
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// An endpoint as both versions write it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonEndpoint<'a> {
    #[serde(default, borrow)]
    service_name: Text<'a>,
    #[serde(default, borrow)]
    ipv4: Text<'a>,
    #[serde(default, borrow)]
    ipv6: Text<'a>,
    #[serde(default)]
    port: Natural,
}

impl<'a> JsonEndpoint<'a> {
    /// The endpoint, unless nothing is said of it.
    pub(super) fn take(self) -> Option<Endpoint<'a>> {
        let port = u16::try_from(self.port.0).unwrap_or_default();
        Endpoint { service: self.service_name.0, ipv4: self.ipv4.0, ipv6: self.ipv6.0, port }.unless_empty()
    }
}
