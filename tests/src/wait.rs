//! Waiting with a deadline instead of sleeping.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(20);

/// Waits until `ready` says so.
///
/// # Panics
/// With `what` when it does not within `limit`.
pub fn until(what: &str, limit: Duration, mut ready: impl FnMut() -> bool) {
    until_some(what, limit, || ready().then_some(()));
}

/// Waits until `find` finds something.
///
/// # Panics
/// With `what` when it does not within `limit`.
pub fn until_some<T>(what: &str, limit: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        std::thread::sleep(EVERY);
    }
}
