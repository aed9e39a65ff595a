//! Marks in what a child prints: a line that has one was exported by the child's own logging.

/// A control sequence that no terminal knows, and no program writes.
pub const MARK: &[u8] = b"\x1b]7741;exported\x07";

/// Bytes that come through a pipe as they were written, or not at all (`PIPE_BUF` of Linux).
const ATOMIC_BYTES: usize = 4096;

/// Takes marks out of a stream of bytes.
#[derive(Debug, Default)]
pub struct Unmarked {
    /// The beginning of what may be a mark.
    held: Vec<u8>,
}

/// Bytes as they are to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Without marks.
    pub bytes: Vec<u8>,
    /// Where in them the marks were.
    pub marked_at: Vec<usize>,
}

impl Unmarked {
    /// Takes bytes; what may be the beginning of a mark waits for the next ones.
    pub fn push(&mut self, bytes: &[u8]) -> Shown {
        let mut shown = Shown::default();
        let joined;
        let mut rest = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            joined.as_slice()
        };
        while let Some(at) = rest.iter().position(|byte| *byte == MARK[0]) {
            shown.bytes.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            if let Some(behind) = rest.strip_prefix(MARK) {
                shown.marked_at.push(shown.bytes.len());
                rest = behind;
            // A lone escape behind few bytes is all that was written, and is shown at once.
            } else if (rest.len() > 1 || bytes.len() >= ATOMIC_BYTES) && MARK.starts_with(rest) {
                self.held = rest.to_vec();
                return shown;
            } else {
                shown.bytes.push(rest[0]);
                rest = &rest[1..];
            }
        }
        shown.bytes.extend_from_slice(rest);
        shown
    }

    /// What waited, when no more comes.
    pub fn finish(self) -> Vec<u8> {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_out() {
        let mark = std::str::from_utf8(MARK).unwrap();
        let cases: [(&[&str], &str, &[usize]); 6] = [
            (&["plain\n"], "plain\n", &[]),
            (&[&format!("a\n{mark}b\nc\n")], "a\nb\nc\n", &[2]),
            (&[&format!("{mark}a\n{mark}b")], "a\nb", &[0, 2]),
            (&["\u{1b}[32mgreen\u{1b}[0m"], "\u{1b}[32mgreen\u{1b}[0m", &[]),
            (&["a\u{1b}]77", "41;other\u{7}b"], "a\u{1b}]7741;other\u{7}b", &[]),
            (&["a\u{1b}]77", "41;exported\u{7}b"], "ab", &[1]),
        ];
        for (parts, expected, marked) in cases {
            let mut unmarked = Unmarked::default();
            let mut shown = Shown::default();
            for part in parts {
                let more = unmarked.push(part.as_bytes());
                shown.marked_at.extend(more.marked_at.iter().map(|at| at + shown.bytes.len()));
                shown.bytes.extend(more.bytes);
            }
            shown.bytes.extend(unmarked.finish());
            assert_eq!((String::from_utf8_lossy(&shown.bytes), &*shown.marked_at), (expected.into(), marked), "{parts:?}");
        }
    }
}
