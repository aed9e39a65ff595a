//! A filter of hashes: three-wise binary fuse (Graf and Lemire, *Binary Fuse Filters: Fast and Smaller Than Xor
//! Filters*, 2022), with fingerprints of a few bits.

/// Bits of a fingerprint: of what was not put in, one in 64 seems to be in.
pub(super) const BITS: u32 = 6;
/// Attempts to find a seed; each fails rarely.
const SEEDS_MAX: u32 = 64;
const SEGMENT_BITS_MAX: u32 = 18;

/// The shape of a filter, without its fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    pub(super) seed: u32,
    /// Segments in which a first position may lie; two more follow.
    pub(super) segments: u32,
    pub(super) segment_bits: u32,
}

impl Shape {
    fn for_keys(count: usize) -> Self {
        let keys = count.max(2) as f64;
        let segment_bits = ((keys.ln() / 3.33f64.ln() + 2.25).floor() as u32).clamp(2, SEGMENT_BITS_MAX);
        let factor = (0.875 + 0.25 * 1e6f64.ln() / keys.ln()).max(1.125);
        let slots = (keys * factor).round() as u32;
        let segments = slots.div_ceil(1 << segment_bits).saturating_sub(2).max(1);
        Self { seed: 0, segments, segment_bits }
    }

    fn slots(self) -> usize {
        (self.segments as usize + 2) << self.segment_bits
    }

    /// Bytes of the fingerprints; `None` when there cannot be such a filter.
    pub(super) fn bytes(self) -> Option<usize> {
        let fits = self.segments > 0 && self.segments < 1 << 24 && self.segment_bits <= SEGMENT_BITS_MAX;
        fits.then(|| (self.slots() * BITS as usize).div_ceil(8))
    }

    fn hash(self, key: u64) -> u64 {
        let mut h = key.wrapping_add(u64::from(self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h = (h ^ (h >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }

    fn places(self, hash: u64) -> [usize; 3] {
        let range = u64::from(self.segments) << self.segment_bits;
        let first = ((u128::from(hash) * u128::from(range)) >> 64) as usize;
        let (length, mask) = (1usize << self.segment_bits, (1usize << self.segment_bits) - 1);
        [first, (first + length) ^ ((hash >> 18) as usize & mask), (first + 2 * length) ^ (hash as usize & mask)]
    }
}

fn fingerprint(hash: u64) -> u8 {
    ((hash ^ (hash >> 32)) & ((1 << BITS) - 1)) as u8
}

/// Makes a filter of distinct keys and adds its bytes to `out`. `None` when no seed is found.
pub(super) fn build(keys: &[u64], out: &mut Vec<u8>) -> Option<Shape> {
    let shape = Shape::for_keys(keys.len());
    (0..SEEDS_MAX).find_map(|seed| {
        let shape = Shape { seed, ..shape };
        let order = peel(keys, shape)?;
        let mut prints = vec![0u8; shape.slots()];
        for (hash, place) in order.into_iter().rev() {
            let [a, b, c] = shape.places(hash);
            // The place itself is still zero.
            prints[place as usize] = fingerprint(hash) ^ prints[a] ^ prints[b] ^ prints[c];
        }
        pack(&prints, out);
        Some(shape)
    })
}

/// The hashes in an order in which each has a place that none before it shares; `None` when there is none.
fn peel(keys: &[u64], shape: Shape) -> Option<Vec<(u64, u32)>> {
    // How many hashes lie at a place, and all of them together.
    let mut counts = vec![0u8; shape.slots()];
    let mut joined = vec![0u64; shape.slots()];
    for key in keys {
        let hash = shape.hash(*key);
        for place in shape.places(hash) {
            counts[place] = counts[place].checked_add(1)?;
            joined[place] ^= hash;
        }
    }
    let mut alone: Vec<u32> = (0..).zip(&counts).filter(|(_, count)| **count == 1).map(|(place, _)| place).collect();
    let mut order = Vec::with_capacity(keys.len());
    while let Some(place) = alone.pop() {
        if counts[place as usize] != 1 {
            continue;
        }
        let hash = joined[place as usize];
        order.push((hash, place));
        for other in shape.places(hash) {
            counts[other] -= 1;
            joined[other] ^= hash;
            if counts[other] == 1 {
                alone.push(other as u32);
            }
        }
    }
    (order.len() == keys.len()).then_some(order)
}

fn pack(prints: &[u8], out: &mut Vec<u8>) {
    let (mut bits, mut held) = (0u32, 0);
    for print in prints {
        bits |= u32::from(*print) << held;
        held += BITS;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        out.push(bits as u8);
    }
}

fn unpack(bytes: &[u8], place: usize) -> u8 {
    let bit = place * BITS as usize;
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0));
    let window = byte(bit / 8) | byte(bit / 8 + 1) << 8;
    (window >> (bit % 8)) as u8 & ((1 << BITS) - 1)
}

/// Whether a key may have been put in.
pub(super) fn may_hold(shape: Shape, bytes: &[u8], key: u64) -> bool {
    let hash = shape.hash(key);
    let found = shape.places(hash).into_iter().fold(0, |all, place| all ^ unpack(bytes, place));
    found == fingerprint(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    #[test]
    fn what_was_put_in_is_found_and_little_else() {
        let key = |n: u64| xxh3_64(&n.to_le_bytes());
        for count in [1u64, 2, 3, 10, 100, 1000, 40_000, 200_000] {
            let keys: Vec<u64> = (0..count).map(key).collect();
            let mut bytes = Vec::new();
            let shape = build(&keys, &mut bytes).unwrap();
            assert_eq!(shape.bytes(), Some(bytes.len()));
            assert!(keys.iter().all(|key| may_hold(shape, &bytes, *key)), "{count} keys");
            let wrong = (0..100_000).filter(|n| may_hold(shape, &bytes, key(n + (1 << 40)))).count();
            assert!(wrong < 2_200, "{count} keys: {wrong} of 100,000 others");
            if count >= 40_000 {
                let bits = bytes.len() as f64 * 8.0 / count as f64;
                assert!(bits < 7.5, "{count} keys: {bits} bits a key");
            }
        }
    }
}
