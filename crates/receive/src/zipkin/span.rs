//! A span as Zipkin's model has it, whichever format it came in.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use luneta_model::Limits;

/// Tags, and annotations, of one span that are held while it is read; more are only counted. Far
/// beyond what rows keep, it bounds the memory a body of nothing but small tags takes.
pub(super) const ENTRIES_MAX: usize = 65_536;

/// One side of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) ids: Ids,
    /// As sent; [`Kind::Unset`] in most local spans.
    pub(super) kind: Kind<'a>,
    pub(super) name: Cow<'a, str>,
    /// Microseconds since 1970, 0 when not sent.
    pub(super) timestamp: u64,
    /// Microseconds, 0 when not sent.
    pub(super) duration: u64,
    pub(super) local: Option<Endpoint<'a>>,
    pub(super) remote: Option<Endpoint<'a>>,
    pub(super) annotations: Entries<Annotation<'a>>,
    pub(super) tags: Entries<Tag<'a>>,
    pub(super) debug: bool,
    pub(super) shared: bool,
}

/// Trace, span and parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    /// All zero for a root span.
    pub(super) parent: [u8; 8],
}

/// Which part a span plays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    #[default]
    Unset,
    Client,
    Server,
    Producer,
    Consumer,
    /// A word Zipkin does not know.
    Other(Cow<'a, str>),
}

impl<'a> Kind<'a> {
    /// The kind of a word, in any case.
    pub(super) fn of(word: Cow<'a, str>) -> Self {
        const KNOWN: [(&str, Kind<'static>); 5] = [
            ("", Kind::Unset),
            ("CLIENT", Kind::Client),
            ("SERVER", Kind::Server),
            ("PRODUCER", Kind::Producer),
            ("CONSUMER", Kind::Consumer),
        ];
        match KNOWN.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(&word)) {
            Some((_, kind)) => kind,
            None => Kind::Other(word),
        }
    }
}

/// A service in the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    /// Empty when not sent.
    pub(super) service: Cow<'a, str>,
    /// Text, empty when not sent.
    pub(super) ipv4: Cow<'a, str>,
    /// Text, empty when not sent.
    pub(super) ipv6: Cow<'a, str>,
    /// 0 when not sent.
    pub(super) port: u16,
}

impl Endpoint<'_> {
    /// Cuts texts, as rows will.
    pub(super) fn shorten(&mut self, max: usize) {
        for text in [&mut self.service, &mut self.ipv4, &mut self.ipv6] {
            shorten(text, max);
        }
    }

    /// The endpoint, unless nothing is said of it.
    pub(super) fn unless_empty(self) -> Option<Self> {
        (self != Endpoint::default()).then_some(self)
    }

    /// Sets the address from its four bytes; another number of bytes is none.
    pub(super) fn set_ipv4(&mut self, bytes: &[u8]) {
        self.ipv4 = <[u8; 4]>::try_from(bytes).map_or_else(|_| "".into(), |b| Ipv4Addr::from(b).to_string().into());
    }

    /// Sets the address from its sixteen bytes; another number of bytes is none.
    pub(super) fn set_ipv6(&mut self, bytes: &[u8]) {
        self.ipv6 = <[u8; 16]>::try_from(bytes).map_or_else(|_| "".into(), |b| Ipv6Addr::from(b).to_string().into());
    }
}

/// A moment within a span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Annotation<'a> {
    /// Microseconds since 1970, 0 when not sent.
    pub(super) timestamp: u64,
    pub(super) value: Cow<'a, str>,
}

/// Key and value of a tag.
pub(super) type Tag<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Entries up to [`ENTRIES_MAX`], and how many there were beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entries<T> {
    pub(super) kept: Vec<T>,
    pub(super) dropped: u32,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), dropped: 0 }
    }
}

impl<T> Entries<T> {
    pub(super) fn push(&mut self, entry: T) {
        if self.kept.len() < ENTRIES_MAX {
            self.kept.push(entry);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub(super) fn map<U>(self, each: impl FnMut(T) -> U) -> Entries<U> {
        Entries { kept: self.kept.into_iter().map(each).collect(), dropped: self.dropped }
    }
}

/// Cuts text at a character border.
pub(super) fn shorten(text: &mut Cow<'_, str>, max: usize) {
    let end = Limits::cut(text, max).len();
    match text {
        Cow::Borrowed(text) => *text = &text[..end],
        Cow::Owned(text) => text.truncate(end),
    }
}

/// An id of `N` bytes from hex digits of either case. Fewer digits stand for leading zeros, as
/// Zipkin reads them.
pub(crate) fn hex_id<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let count = digits.len();
    if count == 0 || count > 2 * N {
        return None;
    }
    let mut id = [0; N];
    for (i, byte) in digits.bytes().rev().enumerate() {
        let digit = char::from(byte).to_digit(16)? as u8;
        id[N - 1 - i / 2] |= digit << (4 * (i % 2));
    }
    (id != [0; N]).then_some(id)
}

/// The same from bytes.
pub(super) fn byte_id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let start = N.checked_sub(bytes.len())?;
    let mut id = [0; N];
    id[start..].copy_from_slice(bytes);
    (id != [0; N]).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_padded() {
        assert_eq!(hex_id::<8>("48485A3953bb6124"), Some([0x48, 0x48, 0x5a, 0x39, 0x53, 0xbb, 0x61, 0x24]));
        assert_eq!(hex_id::<16>("0abc").map(|id| (id[13], id[14], id[15])), Some((0, 0x0a, 0xbc)));
        for wrong in ["", "0000000000000000", "00000000000000001", "g", "ä", "-1"] {
            assert_eq!(hex_id::<8>(wrong), None, "{wrong}");
        }
        assert_eq!(byte_id::<8>(&[1; 9]), None);
        assert_eq!(byte_id::<8>(&[]), None);
        assert_eq!(byte_id::<4>(&[7, 9]), Some([0, 0, 7, 9]));
    }
}
