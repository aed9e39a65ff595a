//! What templates compute with.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::time::{Duration, Time};

/// A value in a template. Texts are borrowed wherever they can be.
#[derive(Clone, Debug, Default)]
pub enum Value<'a> {
    /// Nothing. Printed as `<no value>`.
    #[default]
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A text marked as HTML that needs no escaping; a text in all else.
    Safe(Cow<'a, str>),
    /// A point in time.
    Time(Time),
    /// A length of time.
    Duration(Duration),
    /// A number with a name, such as a month.
    Named(i64, &'static str),
    /// A list.
    List(Arc<[Value<'a>]>),
    /// A map, or a structure with fields.
    Map(Arc<Map<'a>>),
    /// A map of texts that belongs to the caller, such as the labels of a log line.
    Texts(&'a (dyn TextMap + 'a)),
}

/// A map of texts which templates read without copying it.
pub trait TextMap: Sync {
    /// The text under a key.
    fn get(&self, key: &str) -> Option<&str>;
    /// All keys and texts, in any order.
    fn entries(&self) -> Vec<(&str, &str)>;
}

impl fmt::Debug for dyn TextMap + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

impl TextMap for std::collections::BTreeMap<String, String> {
    fn get(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }

    fn entries(&self) -> Vec<(&str, &str)> {
        self.iter().map(|(key, text)| (key.as_str(), text.as_str())).collect()
    }
}

impl<K: AsRef<str> + Sync, V: AsRef<str> + Sync> TextMap for Vec<(K, V)> {
    fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| k.as_ref() == key).map(|(_, text)| text.as_ref())
    }

    fn entries(&self) -> Vec<(&str, &str)> {
        self.iter().map(|(key, text)| (key.as_ref(), text.as_ref())).collect()
    }
}

/// What a [`Map`] is, which decides what a key that it lacks gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// A map of texts: an empty text.
    Texts,
    /// A map of anything: nothing.
    Values,
    /// A structure with fields: an error.
    Fields,
}

/// A map from texts to values. Keys of maps are sorted; fields of structures stay in their order.
#[derive(Clone, Debug)]
pub struct Map<'a> {
    kind: MapKind,
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Map<'a> {
    /// A map of these entries; of keys that occur twice the last counts.
    pub fn new(kind: MapKind, mut entries: Vec<(Cow<'a, str>, Value<'a>)>) -> Self {
        if kind != MapKind::Fields {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.reverse();
            entries.dedup_by(|later, kept| later.0 == kept.0);
            entries.reverse();
        }
        Self { kind, entries }
    }

    /// What it is.
    pub fn kind(&self) -> MapKind {
        self.kind
    }

    /// The entries, sorted by key unless it is a structure.
    pub fn entries(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        &self.entries
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        if self.kind == MapKind::Fields || self.entries.len() < 8 {
            return self.entries.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        }
        let found = self.entries.binary_search_by(|(name, _)| name.as_ref().cmp(key)).ok()?;
        self.entries.get(found).map(|(_, value)| value)
    }
}

impl<'a> Value<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A map of texts.
    pub fn texts<K: Into<Cow<'a, str>>, V: Into<Cow<'a, str>>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter().map(|(key, text)| (key.into(), Self::Text(text.into()))).collect();
        Self::Map(Arc::new(Map::new(MapKind::Texts, entries)))
    }

    /// A map of anything.
    pub fn map<K: Into<Cow<'a, str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Self::Map(Arc::new(Map::new(MapKind::Values, entries)))
    }

    /// A structure with these fields.
    pub fn fields<K: Into<Cow<'a, str>>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self::Map(Arc::new(Map::new(MapKind::Fields, fields)))
    }

    /// A sample as Prometheus's function `query` gives them: a structure of `Labels` and `Value`.
    pub fn sample<K: Into<Cow<'a, str>>, V: Into<Cow<'a, str>>>(labels: impl IntoIterator<Item = (K, V)>, value: f64) -> Self {
        Self::fields([("Labels", Self::texts(labels)), ("Value", Self::Float(value))])
    }

    /// What the templates of an alerting rule of Prometheus see: `.Labels`, `.ExternalLabels`,
    /// `.ExternalURL` and `.Value`, to go with [`crate::Functions::prometheus`].
    pub fn alert(labels: Self, external_labels: Self, external_url: &'a str, value: f64) -> Self {
        Self::fields([
            ("Labels", labels),
            ("ExternalLabels", external_labels),
            ("ExternalURL", Self::text(external_url)),
            ("Value", Self::Float(value)),
        ])
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Whether `if` takes it for true: not false, zero, empty or nothing.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) | Self::Named(number, _) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) | Self::Safe(text) => !text.is_empty(),
            Self::Time(_) => true,
            Self::Duration(duration) => duration.nanoseconds() != 0,
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => map.kind() == MapKind::Fields || !map.entries().is_empty(),
            Self::Texts(texts) => !texts.entries().is_empty(),
        }
    }

    /// What Go calls its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Safe(_) => "template.HTML",
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Named(..) => "time.Month",
            Self::List(_) => "[]interface {}",
            Self::Texts(_) => "map[string]string",
            Self::Map(map) => match map.kind() {
                MapKind::Texts => "map[string]string",
                MapKind::Values => "map[string]interface {}",
                MapKind::Fields => "struct",
            },
        }
    }

    /// The text of it, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Safe(text) => Some(text),
            _ => None,
        }
    }

    /// How many entries it has, if it has entries. Of a text: bytes.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Text(text) | Self::Safe(text) => Some(text.len()),
            Self::List(items) => Some(items.len()),
            Self::Map(map) if map.kind() != MapKind::Fields => Some(map.entries().len()),
            Self::Texts(texts) => Some(texts.entries().len()),
            _ => None,
        }
    }

    /// A rough count of what handling it costs.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) | Self::Safe(text) => text.len() / 64,
            Self::List(items) => items.len() / 8,
            Self::Map(map) => map.entries().len() / 8,
            _ => 0,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
