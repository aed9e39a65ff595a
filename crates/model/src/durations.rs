//! Buckets durations are counted in, so that counts of several places add up to what counting all
//! durations at once gives.
//!
//! Queries that see single spans count in fine ones, 32 to each power of two: a duration read back is
//! off by at most one part in 64. Tables that keep counts have those of OpenTelemetry's exponential
//! histograms at [`SCALE`], which are Prometheus's native ones as well: off by at most 4.4 %.

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

/// The scale of exponential histograms: 2^3 buckets to each power of two.
pub const SCALE: u32 = 3;
/// Lower bounds of the buckets from 1 to 2: powers of the eighth root of 2.
const BOUNDS: [f64; 1 << SCALE] = [
    1.0,
    1.090_507_732_665_257_7,
    1.189_207_115_002_721,
    1.296_839_554_651_009_6,
    std::f64::consts::SQRT_2,
    1.542_210_825_407_940_7,
    1.681_792_830_507_429,
    1.834_008_086_409_342_4,
];

/// The index of a duration's bucket at [`SCALE`]: bucket *i* holds what is above 2^(i/8) and at most
/// 2^((i+1)/8) nanoseconds. No time and less counts as one nanosecond.
pub fn index_of(nanoseconds: i64) -> i32 {
    let value = nanoseconds.max(1) as f64;
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | 1.0f64.to_bits());
    let below = BOUNDS.iter().filter(|bound| **bound < mantissa).count() as i32;
    (exponent << SCALE) + below - 1
}

/// A duration in the middle of a bucket at [`SCALE`], in nanoseconds.
pub fn duration_at(index: i32) -> i64 {
    let middle = ((f64::from(index) + 0.5) / f64::from(1 << SCALE)).exp2();
    // Numbers too large read as the longest duration.
    middle.round() as i64
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
    #[test]
    fn exponential_buckets_hold_their_values() {
        for (nanoseconds, index) in [(-5, -1), (0, -1), (1, -1), (2, 7), (3, 12), (4, 15), (5, 18), (1024, 79), (1025, 80)] {
            assert_eq!(index_of(nanoseconds), index, "{nanoseconds}");
        }
        for nanoseconds in [1, 7, 1000, 20_000, 123_456_789, 3_600_000_000_000, i64::MAX / 2] {
            let index = index_of(nanoseconds);
            let (low, high) = ((f64::from(index) / 8.0).exp2(), (f64::from(index + 1) / 8.0).exp2());
            let value = nanoseconds as f64;
            assert!(low < value * (1.0 + 1e-12) && value <= high * (1.0 + 1e-12), "{low} < {nanoseconds} <= {high}");
            assert!((duration_at(index) as f64 / value - 1.0).abs() < 0.045 || nanoseconds < 20, "{nanoseconds}");
        }
        assert_eq!(duration_at(i32::MAX), i64::MAX);
    }
}
