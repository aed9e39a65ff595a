//! Cuts a stream of bytes into messages. A message over the limit keeps its beginning.

/// How messages are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Each ends with a NUL, as those of GELF do.
    Nul,
    /// RFC 6587: each begins with its length, or ends with a newline. A NUL ends one too, as
    /// Python's handler has it.
    Syslog,
}

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its bytes, without what frames it.
    pub bytes: Vec<u8>,
    /// How many bytes it had as sent, where some were cut; else 0.
    pub bytes_sent: usize,
}

/// Digits of a length.
const DIGITS_MAX: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// A message, or the rest of its length.
    Start,
    /// So many more bytes.
    Counted(usize),
    /// All up to an end.
    End,
}

/// Cuts a stream at the ends of messages.
#[derive(Debug)]
pub(crate) struct Splitter {
    framing: Framing,
    /// Bytes of a message kept.
    max: usize,
    expects: Expects,
    held: Vec<u8>,
    /// Bytes of the message so far, the ones left out too.
    seen: usize,
}

impl Splitter {
    pub(crate) fn new(framing: Framing, max: usize) -> Self {
        Self { framing, max, expects: Expects::Start, held: Vec::new(), seen: 0 }
    }

    /// Takes bytes; returns the messages that are whole.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(first) = bytes.first() {
            match self.expects {
                Expects::Start => {
                    bytes = bytes.get(1..).unwrap_or_default();
                    self.start(*first, &mut frames);
                }
                Expects::Counted(left) => {
                    let (part, rest) = bytes.split_at(left.min(bytes.len()));
                    self.hold(part);
                    bytes = rest;
                    self.expects = Expects::Counted(left - part.len());
                    if left == part.len() {
                        frames.push(self.frame());
                    }
                }
                Expects::End => {
                    let end = match self.framing {
                        Framing::Nul => memchr::memchr(0, bytes),
                        Framing::Syslog => memchr::memchr2(b'\n', 0, bytes),
                    };
                    self.hold(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
                    bytes = end.and_then(|end| bytes.get(end + 1..)).unwrap_or_default();
                    if end.is_some() {
                        frames.push(self.frame());
                    }
                }
            }
        }
        frames
    }

    /// The last message, which had no end.
    pub(crate) fn finish(&mut self) -> Option<Frame> {
        (!self.held.is_empty()).then(|| self.frame())
    }

    /// Decides by its first bytes how a message ends.
    fn start(&mut self, byte: u8, frames: &mut Vec<Frame>) {
        let ends = byte == 0 || byte == b'\n' && self.framing == Framing::Syslog;
        if ends {
            // The NUL or newline some senders add to what has a length.
            if !self.held.is_empty() {
                frames.push(self.frame());
            }
            return;
        }
        if self.framing == Framing::Nul {
            self.hold(&[byte]);
            self.expects = Expects::End;
            return;
        }
        let length = self.held.strip_suffix(b" ");
        match (byte, length) {
            (b'<', Some(digits)) => {
                let length = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
                self.held.clear();
                self.seen = 0;
                self.hold(b"<");
                // No length is 0: the first digit is not.
                self.expects = Expects::Counted(length.unwrap_or(1).saturating_sub(1));
                if self.expects == Expects::Counted(0) {
                    frames.push(self.frame());
                }
            }
            (b' ', None) if !self.held.is_empty() => self.hold(b" "),
            (b'1'..=b'9', None) if self.held.len() < DIGITS_MAX => self.hold(&[byte]),
            (b'0', None) if !self.held.is_empty() && self.held.len() < DIGITS_MAX => self.hold(b"0"),
            _ => {
                self.hold(&[byte]);
                self.expects = Expects::End;
            }
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.seen = self.seen.saturating_add(bytes.len());
        let room = self.max.saturating_sub(self.held.len());
        self.held.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    fn frame(&mut self) -> Frame {
        let bytes = std::mem::take(&mut self.held);
        let bytes_sent = if self.seen > bytes.len() { self.seen } else { 0 };
        self.seen = 0;
        self.expects = Expects::Start;
        Frame { bytes, bytes_sent }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(framing: Framing, max: usize, parts: &[&[u8]]) -> Vec<(String, usize)> {
        let mut splitter = Splitter::new(framing, max);
        let mut frames: Vec<_> = parts.iter().flat_map(|part| splitter.push(part)).collect();
        frames.extend(splitter.finish());
        frames.into_iter().map(|f| (String::from_utf8(f.bytes).unwrap(), f.bytes_sent)).collect()
    }

    #[test]
    fn streams_are_cut() {
        use Framing::{Nul, Syslog};
        type Case<'a> = (Framing, &'a [u8], &'a [(&'a str, usize)]);
        let cases: [Case<'_>; 16] = [
            (Syslog, b"<1>a\n<2>b\n", &[("<1>a", 0), ("<2>b", 0)]),
            (Syslog, b"<1>a\0<2>b\0", &[("<1>a", 0), ("<2>b", 0)]),
            (Syslog, b"<1>a\n\n\0<2>b", &[("<1>a", 0), ("<2>b", 0)]),
            (Syslog, b"5 <1>a\n6 <2>b\nc", &[("<1>a\n", 0), ("<2>b\nc", 0)]),
            (Syslog, b"4 <1>a\n<2>b\n", &[("<1>a", 0), ("<2>b", 0)]),
            (Syslog, b"1 <<2>b\n", &[("<", 0), ("<2>b", 0)]),
            (Syslog, b"200 OK\n12\n404 <not> one\n", &[("200 OK", 0), ("12", 0), ("<not> one\n", 0)]),
            (Syslog, b"0 <1>a\nplain\n", &[("0 <1>a", 0), ("plain", 0)]),
            (Syslog, b"99999999999999 <1>a\n", &[("9999999999", 19)]),
            (Syslog, b"20 <1>short", &[("<1>short", 0)]),
            (Syslog, b"<1>0123456789012345\n<2>b\n", &[("<1>0123456", 19), ("<2>b", 0)]),
            (Syslog, b"19 <1>0123456789012345<2>b\n", &[("<1>0123456", 19), ("<2>b", 0)]),
            (Syslog, b"", &[]),
            (Nul, b"{a}\0{b\n}\0\0", &[("{a}", 0), ("{b\n}", 0)]),
            (Nul, b"{a}", &[("{a}", 0)]),
            (Nul, b"01234567890123\0b\0", &[("0123456789", 14), ("b", 0)]),
        ];
        for (framing, bytes, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(text, sent)| ((*text).to_owned(), *sent)).collect();
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(split(framing, 10, &[bytes]), expected, "{text:?}");
            let singly: Vec<_> = bytes.chunks(1).collect();
            assert_eq!(split(framing, 10, &singly), expected, "{text:?} byte by byte");
        }
    }

    proptest! {
        #[test]
        fn messages_come_back(messages in prop::collection::vec("<[0-9]>[a-z\n\0 0-9]{0,30}", 0..8), cuts in prop::collection::vec(1..40_usize, 1..20)) {
            let stream: Vec<u8> = messages.iter().flat_map(|m| format!("{} {m}", m.len()).into_bytes()).collect();
            let (mut rest, mut parts) = (&stream[..], Vec::new());
            for cut in cuts.iter().cycle().take(stream.len()) {
                let (part, more) = rest.split_at((*cut).min(rest.len()));
                parts.push(part);
                rest = more;
            }
            let got: Vec<_> = split(Framing::Syslog, 100, &parts).into_iter().map(|(text, _)| text).collect();
            prop_assert_eq!(got, messages);
        }
    }
}
