//! Bytes of requests that are being read and decoded.
//!
//! A tenant takes no more than some times what is free, so that one that floods leaves room for the others. A request
//! that is alone may take all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use luneta_model::Tenant;

use crate::ReceiveError;

/// How many times what is free one tenant may hold.
const SHARES_OF_FREE: usize = 3;

/// The bytes of all requests.
#[derive(Debug)]
pub(crate) struct InFlight {
    max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    used: usize,
    by_tenant: HashMap<Tenant, usize>,
}

impl InFlight {
    /// At most `max`.
    pub(crate) fn new(max: usize) -> Self {
        Self { max, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that could still be taken.
    pub(crate) fn free(&self) -> usize {
        self.max.saturating_sub(self.held().used)
    }

    /// A share for a request of a tenant, of nothing yet.
    pub(crate) fn reservation(self: &Arc<Self>, tenant: &Tenant) -> Reservation {
        Reservation { of: Arc::clone(self), tenant: tenant.clone(), bytes: 0 }
    }
}

/// A share of the bytes in flight, given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    of: Arc<InFlight>,
    tenant: Tenant,
    bytes: usize,
}

impl Reservation {
    /// Makes the share at least `bytes` large.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), ReceiveError> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        let mut held = self.of.held();
        let free = self.of.max.saturating_sub(held.used);
        let own = held.by_tenant.get(&self.tenant).copied().unwrap_or(0);
        let is_alone = held.used == self.bytes;
        if more > free || !(is_alone || own + more <= free.saturating_mul(SHARES_OF_FREE)) {
            return Err(ReceiveError::Busy);
        }
        held.used += more;
        *held.by_tenant.entry(self.tenant.clone()).or_default() += more;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut held = self.of.held();
        held.used = held.used.saturating_sub(self.bytes);
        if let Some(own) = held.by_tenant.get_mut(&self.tenant) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                held.by_tenant.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Tenant {
        Tenant::new(name).unwrap()
    }

    #[test]
    fn one_that_floods_leaves_room() {
        let all = Arc::new(InFlight::new(1000));
        let mut shares: Vec<Reservation> = Vec::new();
        loop {
            let mut share = all.reservation(&tenant("floods"));
            if share.grow_to(50).is_err() {
                break;
            }
            shares.push(share);
        }
        assert_eq!(shares.len(), 15);
        let mut other = all.reservation(&tenant("other"));
        assert!(other.grow_to(100).is_ok() && other.grow_to(200).is_ok() && other.grow_to(300).is_err());
        shares.clear();
        assert_eq!(all.free(), 800);
        drop(other);
        assert_eq!((all.free(), all.held().by_tenant.len()), (1000, 0));
    }

    #[test]
    fn a_request_that_is_alone_may_take_all() {
        let all = Arc::new(InFlight::new(1000));
        let mut share = all.reservation(&tenant("a"));
        assert!(share.grow_to(600).is_ok() && share.grow_to(1000).is_ok() && share.grow_to(1001).is_err());
        assert!(all.reservation(&tenant("b")).grow_to(1).is_err());
    }
}
