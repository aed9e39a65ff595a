//! Acknowledgements: what was answered is durable, so all that was answered is acknowledged.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers of requests that were answered.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    next: AtomicU64,
}

impl Acks {
    /// The number of a request that is answered now.
    pub(super) fn issue(&self) -> u64 {
        self.next.fetch_add(1, Relaxed)
    }

    /// Whether a request of that number was answered.
    pub(super) fn issued(&self, id: u64) -> bool {
        id < self.next.load(Relaxed)
    }
}
