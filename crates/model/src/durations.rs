//! Buckets durations are counted in: 32 to each power of two.
//!
//! A value read back from its bucket is off by at most one part in 64, and counts of several places
//! add up to what counting all values at once gives.

/// Buckets of each power of two, as a power of two.
const FINE_BITS: u32 = 5;
const FINE: u64 = 1 << FINE_BITS;

/// The bucket of a duration in nanoseconds. Negative durations come from clocks that disagree and
/// count as none.
pub fn bucket_of(nanoseconds: i64) -> usize {
    let value = nanoseconds.max(0) as u64;
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(FINE_BITS + 1);
    (u64::from(shift) * FINE + (value >> shift)) as usize
}

/// The middle of a bucket's durations, in nanoseconds. Numbers that are of no bucket read as the
/// last one.
pub fn middle_of(bucket: usize) -> i64 {
    let bucket = (bucket as u64).min(bucket_of(i64::MAX) as u64);
    let shift = (bucket / FINE).saturating_sub(1);
    let low = (bucket - shift * FINE) << shift;
    (low + ((1 << shift) - 1) / 2) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_values() {
        for value in [0, 1, 31, 32, 63, 64, 65, 1000, 123_456_789, 3_600_000_000_000, i64::MAX] {
            let shown = middle_of(bucket_of(value));
            assert!(shown.abs_diff(value) <= value as u64 / 64, "{value} reads as {shown}");
        }
        assert_eq!(middle_of(bucket_of(-5)), 0);
        assert_eq!(middle_of(usize::MAX), middle_of(bucket_of(i64::MAX)));
        let mut last = 0;
        for value in 0..100_000 {
            assert!((last..=last + 1).contains(&bucket_of(value)), "{value}");
            last = bucket_of(value);
        }
    }
}
