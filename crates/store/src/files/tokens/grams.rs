//! Which three letters in a row occur inside tokens that are not in the vocabulary.

/// Letters told apart: a to z, `_`, and all others together.
const LETTERS: usize = 28;
const GRAMS: usize = LETTERS * LETTERS * LETTERS;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grams {
    bits: Vec<u64>,
    count: usize,
}

impl Default for Grams {
    fn default() -> Self {
        Self { bits: vec![0; GRAMS.div_ceil(64)], count: 0 }
    }
}

fn letter(byte: u8) -> Option<usize> {
    match byte {
        b'a'..=b'z' => Some(usize::from(byte - b'a')),
        b'_' => Some(26),
        0x80.. => Some(27),
        _ => None,
    }
}

/// Calls `each` with every three letters that follow one another.
fn walk(token: &[u8], mut each: impl FnMut(usize) -> bool) -> bool {
    let (mut gram, mut run) = (0, 0);
    token.iter().all(|byte| {
        let Some(letter) = letter(*byte) else {
            run = 0;
            return true;
        };
        gram = (gram * LETTERS + letter) % GRAMS;
        run += 1;
        run < 3 || each(gram)
    })
}

impl Grams {
    pub(super) fn add(&mut self, token: &[u8]) {
        walk(token, |gram| {
            let bit = 1 << (gram % 64);
            self.count += usize::from(self.bits[gram / 64] & bit == 0);
            self.bits[gram / 64] |= bit;
            true
        });
    }

    /// Whether a token may hold this part.
    pub(super) fn may_hold(&self, part: &[u8]) -> bool {
        walk(part, |gram| self.bits[gram / 64] & (1 << (gram % 64)) != 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..GRAMS).filter(|gram| self.bits[gram / 64] & (1 << (gram % 64)) != 0)
    }

    /// Distances between them.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        super::write_varint(out, self.count as u64);
        let mut last = 0;
        for gram in self.iter() {
            super::write_varint(out, (gram - last) as u64);
            last = gram;
        }
    }

    pub(super) fn decode(rest: &mut &[u8]) -> Option<Self> {
        let mut out = Self { count: super::read_varint(rest)? as usize, ..Self::default() };
        let mut last = 0usize;
        for _ in 0..out.count {
            last = last.checked_add(super::read_varint(rest)? as usize).filter(|gram| *gram < GRAMS)?;
            out.bits[last / 64] |= 1 << (last % 64);
        }
        Some(out)
    }
}
