//! When groups are evaluated.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

/// The times of a group: its own place within the interval, the same after each restart, so that groups
/// do not all run at once and their samples stand at even distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    interval_ms: i64,
    offset_ms: i64,
}

impl Clock {
    /// The clock of a group.
    pub fn new(file: &str, group: &str, interval: Duration) -> Self {
        let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let hash = xxh3_64(format!("{file};{group}").as_bytes());
        Self { interval_ms, offset_ms: (hash % interval_ms.unsigned_abs()) as i64 }
    }

    /// The last time at or before `now_ms`.
    pub fn at_or_before(self, now_ms: i64) -> i64 {
        let since = now_ms.saturating_sub(self.offset_ms);
        since - since.rem_euclid(self.interval_ms) + self.offset_ms
    }

    /// The first time after `now_ms`.
    pub fn after(self, now_ms: i64) -> i64 {
        self.at_or_before(now_ms).saturating_add(self.interval_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_even_and_stay() {
        let clock = Clock { interval_ms: 60_000, offset_ms: 7_000 };
        for (now, before, after) in
            [(7_000, 7_000, 67_000), (66_999, 7_000, 67_000), (67_000, 67_000, 127_000), (0, -53_000, 7_000)]
        {
            assert_eq!((clock.at_or_before(now), clock.after(now)), (before, after), "{now}");
        }
        let one = Clock::new("f", "g", Duration::from_mins(1));
        assert_eq!(one, Clock::new("f", "g", Duration::from_mins(1)));
        assert_ne!(one, Clock::new("f", "h", Duration::from_mins(1)));
    }
}
