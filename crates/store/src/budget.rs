//! Bytes of rows in memory, and who waits for room.
//!
//! A sender takes no more than some times what is free, so that one that floods leaves room for all others: alone it
//! takes three quarters, two of them take three sevenths each. (Dynamic thresholds, as switches share their buffers:
//! Choudhury and Hahne, 1998.)

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::{Array as _, AsArray};
use arrow::datatypes::UInt32Type;
use luneta_model::Batch;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many times what is free one sender may hold.
const SHARES_OF_FREE: usize = 3;

/// Who sent rows: a service of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Sender(u64);

impl Sender {
    /// The sender of a batch; of one with rows of several services it is the first.
    pub(crate) fn of(batch: &Batch) -> Self {
        let mut hasher = DefaultHasher::new();
        batch.tenant.as_str().hash(&mut hasher);
        service(batch).hash(&mut hasher);
        Self(hasher.finish())
    }
}

fn service(batch: &Batch) -> Option<&str> {
    let origins = match &batch.told {
        Some(told) => told.parts.first()?.rows(),
        None => &batch.origins,
    };
    let column = origins.column_by_name("service_name")?;
    if let Some(texts) = column.as_dictionary_opt::<UInt32Type>() {
        let key = texts.keys().iter().next()??;
        return texts.values().as_string_opt::<i32>().map(|values| values.value(key as usize));
    }
    let texts = column.as_string_opt::<i32>()?;
    (!texts.is_empty() && texts.is_valid(0)).then(|| texts.value(0))
}

/// Bytes by sender.
pub(crate) type BySender = HashMap<Sender, usize>;

/// Bytes of rows in memory and those who wait for room.
#[derive(Debug, Default)]
pub(crate) struct MemoryBudget {
    held: Mutex<Held>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    used: usize,
    by_sender: BySender,
}

impl Held {
    fn take(&mut self, sender: Sender, bytes: usize) {
        self.used += bytes;
        *self.by_sender.entry(sender).or_default() += bytes;
    }

    fn fits(&self, sender: Sender, bytes: usize, max: usize) -> bool {
        let own = self.by_sender.get(&sender).copied().unwrap_or(0);
        let free = max.saturating_sub(self.used);
        self.used == 0 || (bytes <= free && own + bytes <= free.saturating_mul(SHARES_OF_FREE))
    }

    fn release(&mut self, sender: Sender, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
        if let Some(own) = self.by_sender.get_mut(&sender) {
            *own = own.saturating_sub(bytes);
            if *own == 0 {
                self.by_sender.remove(&sender);
            }
        }
    }
}

impl MemoryBudget {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `bytes` whatever the bound.
    pub(crate) fn take(&self, sender: Sender, bytes: usize) {
        self.held().take(sender, bytes);
    }

    /// Takes `bytes` when there is room for this sender within `wait`. A batch larger than the bound gets in alone.
    pub(crate) async fn reserve(&self, sender: Sender, bytes: usize, max: usize, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        loop {
            let freed = self.freed.notified();
            {
                let mut held = self.held();
                if held.fits(sender, bytes, max) {
                    held.take(sender, bytes);
                    return true;
                }
            }
            if tokio::time::timeout_at(deadline, freed).await.is_err() {
                return false;
            }
        }
    }

    /// Gives `bytes` back.
    pub(crate) fn release(&self, sender: Sender, bytes: usize) {
        if bytes > 0 {
            self.held().release(sender, bytes);
            self.freed.notify_waiters();
        }
    }

    /// Gives back what several senders have.
    pub(crate) fn release_all(&self, bytes: &BySender) {
        let mut held = self.held();
        for (sender, bytes) in bytes {
            held.release(*sender, *bytes);
        }
        drop(held);
        self.freed.notify_waiters();
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.held().used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 840;
    const FLOODS: Sender = Sender(1);

    /// Takes what fits, ten bytes at a time; how much a sender has then.
    fn flood(held: &mut Held, sender: Sender) -> usize {
        while held.fits(sender, 10, MAX) {
            held.take(sender, 10);
        }
        held.by_sender[&sender]
    }

    #[test]
    fn one_that_floods_leaves_room() {
        let mut held = Held::default();
        assert_eq!(flood(&mut held, FLOODS), 630);
        assert!(held.fits(Sender(2), 150, MAX), "another gets in");
        assert!(!held.fits(FLOODS, 1, MAX));
        let second = flood(&mut held, Sender(2));
        assert!((100..210).contains(&second), "{second}");
        assert!(held.fits(Sender(3), 10, MAX), "and there is room for a third");
        held.release(FLOODS, 630);
        assert!(flood(&mut held, Sender(2)) > 400);
        assert!(!held.by_sender.contains_key(&FLOODS));
    }

    #[test]
    fn a_batch_beyond_the_bound_gets_in_alone() {
        let mut held = Held::default();
        assert!(held.fits(FLOODS, MAX * 2, MAX));
        held.take(FLOODS, MAX * 2);
        assert!(!held.fits(Sender(2), 1, MAX));
        held.release(FLOODS, MAX * 2);
        assert_eq!((held.used, held.by_sender.len()), (0, 0));
    }

    #[tokio::test]
    async fn who_waits_gets_in_when_there_is_room() {
        let budget = MemoryBudget::default();
        assert!(budget.reserve(FLOODS, MAX, MAX, Duration::ZERO).await);
        assert!(!budget.reserve(Sender(2), 1, MAX, Duration::from_millis(5)).await);
        let (waited, ()) = tokio::join!(budget.reserve(Sender(2), 1, MAX, Duration::from_secs(10)), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            budget.release_all(&BySender::from([(FLOODS, MAX)]));
        });
        assert!(waited && budget.used() == 1);
    }
}
