//! Label sets: what a series is called.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::number::quote;

/// Label that holds the name of a metric.
pub const METRIC_NAME: &str = "__name__";
/// Label that holds the upper bound of a classic histogram's bucket.
pub const BUCKET_LABEL: &str = "le";

/// A set of labels, sorted by name, without empty values. Clones share one allocation, and the hash
/// is computed once.
#[derive(Clone)]
pub struct Labels(Arc<Inner>);

struct Inner {
    hash: u64,
    pairs: Box<[Pair]>,
}

type Pair = (Arc<str>, Arc<str>);

impl Labels {
    /// No labels.
    pub fn empty() -> Self {
        Self::from_sorted(Vec::new())
    }

    /// Labels of any order; of two with one name the last stays, empty values are left out.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut all: Vec<(Arc<str>, Arc<str>)> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        all.reverse();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|a, b| a.0 == b.0);
        all.retain(|(_, value)| !value.is_empty());
        Self::from_sorted(all)
    }

    fn from_sorted(pairs: Vec<(Arc<str>, Arc<str>)>) -> Self {
        let mut hasher = twox_hash::XxHash64::with_seed(0);
        for (name, value) in &pairs {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xff);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xff);
        }
        Self(Arc::new(Inner { hash: hasher.finish(), pairs: pairs.into() }))
    }

    /// Value of a label; an absent label reads as the empty text.
    pub fn get(&self, name: &str) -> &str {
        self.0.pairs.iter().find(|(n, _)| &**n == name).map_or("", |(_, value)| value)
    }

    /// Whether there is a label of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.pairs.iter().any(|(n, _)| &**n == name)
    }

    /// Name of the metric, or the empty text.
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }

    /// The labels whose names `keep` accepts.
    pub(crate) fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.pairs.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self::from_sorted(self.0.pairs.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// These labels without the name of the metric.
    #[must_use]
    pub fn without_name(&self) -> Self {
        self.filter(|name| name != METRIC_NAME)
    }

    /// These labels with one set, or removed when the value is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        if self.get(name) == value {
            return self.clone();
        }
        let mut pairs: Vec<_> = self.0.pairs.iter().filter(|(n, _)| &**n != name).cloned().collect();
        if !value.is_empty() {
            let at = pairs.partition_point(|(n, _)| &**n < name);
            pairs.insert(at, (name.into(), value.into()));
        }
        Self::from_sorted(pairs)
    }

    /// All labels in braces, the name among them, as messages about duplicates show series.
    pub(crate) fn braced(&self) -> String {
        let parts: Vec<String> = self
            .iter()
            .map(|(n, value)| {
                let shown = if is_legacy_label_name(n) { n.to_owned() } else { quote(n) };
                format!("{shown}={}", quote(value))
            })
            .collect();
        format!("{{{}}}", parts.join(", "))
    }

    /// Hash in the layout of Prometheus's default build (each text behind its length), which decides
    /// whom `limit_ratio` picks.
    pub(crate) fn sampling_hash(&self) -> u64 {
        let mut bytes = Vec::new();
        for text in self.0.pairs.iter().flat_map(|(name, value)| [name, value]) {
            let length = text.len();
            if length < 255 {
                bytes.push(length as u8);
            } else {
                bytes.extend([255, length as u8, (length >> 8) as u8, (length >> 16) as u8]);
            }
            bytes.extend(text.as_bytes());
        }
        twox_hash::XxHash64::oneshot(0, &bytes)
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.pairs == other.0.pairs)
    }
}

impl Eq for Labels {}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Pair by pair, as Prometheus sorts answers.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) {
            return Ordering::Equal;
        }
        let (ours, theirs) = (&self.0.pairs, &other.0.pairs);
        let differs = |pair: &(&Pair, &Pair)| text(&pair.0.0, &pair.1.0).then_with(|| text(&pair.0.1, &pair.1.1)).is_ne();
        let first = ours.iter().zip(theirs.iter()).find(differs);
        first.map_or_else(|| ours.len().cmp(&theirs.len()), |(ours, theirs)| ours.cmp(theirs))
    }
}

/// Series of one source share most of their texts.
fn text(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) { Ordering::Equal } else { a.cmp(b) }
}

/// `name{label="value"}`, or `{}`; names that need it are quoted.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        let quoted = !name.is_empty() && !is_legacy_metric_name(name);
        if !quoted {
            f.write_str(name)?;
        }
        let mut parts: Vec<String> = if quoted { vec![quote(name)] } else { Vec::new() };
        parts.extend(self.iter().filter(|(n, _)| *n != METRIC_NAME).map(|(n, value)| {
            let shown = if is_legacy_label_name(n) { n.to_owned() } else { quote(n) };
            format!("{shown}={}", quote(value))
        }));
        if parts.is_empty() && !name.is_empty() {
            return Ok(());
        }
        write!(f, "{{{}}}", parts.join(", "))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a name of a label needs no quotes.
pub(crate) fn is_legacy_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a name of a metric needs no quotes.
pub(crate) fn is_legacy_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_deduplicated_and_printed() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("b", "3"), ("c", ""), (METRIC_NAME, "up")]);
        assert_eq!(labels.to_string(), r#"up{a="1", b="3"}"#);
        assert_eq!(labels.without_name().to_string(), r#"{a="1", b="3"}"#);
        assert_eq!(labels.with("a", "").with("x.y", "z").to_string(), r#"up{b="3", "x.y"="z"}"#);
        assert_eq!(Labels::new([(METRIC_NAME, "my.up")]).to_string(), r#"{"my.up"}"#);
        assert_eq!(Labels::empty().to_string(), "{}");
        assert_eq!(Labels::new([("a", "1")]), Labels::empty().with("a", "1"));
    }
}
