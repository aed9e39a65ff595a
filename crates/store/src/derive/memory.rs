//! [`InMemory`]: derived rows of what is not in a file yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use luneta_model::{Signal, Tenant};

use super::{Bounds, Derived, derive};
use crate::flush::blocking;
use crate::state::{Moment, Stamp};
use crate::{StoreError, now_ms};

/// Tenants remembered; others are derived again when they ask.
const TENANTS_MAX: usize = 256;

/// By tenant and the signal they come from.
type DerivedRows = HashMap<(Tenant, Signal), (Stamp, Arc<Derived>)>;

/// The derived rows of the moment somebody asked for last.
#[derive(Debug, Default)]
pub(crate) struct InMemory(Mutex<DerivedRows>);

impl InMemory {
    /// The derived rows of a moment that holds the tenant's rows of a signal.
    pub(crate) async fn of(
        &self,
        tenant: &Tenant,
        signal: Signal,
        moment: &Moment,
        bounds: Bounds,
    ) -> Result<Arc<Derived>, StoreError> {
        let key = (tenant.clone(), signal);
        if let Some((stamp, derived)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
            && *stamp == moment.stamp
        {
            return Ok(derived.clone());
        }
        let rows = moment.memory.iter().filter(|(of, ..)| *of == signal);
        let rows: Vec<_> = rows.map(|(_, rows, origins)| (rows.clone(), origins.clone())).collect();
        let work = move || Ok(derive(signal, &rows, now_ms().saturating_mul(1_000_000), bounds)?);
        let derived = Arc::new(blocking(work).await?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS_MAX && !known.contains_key(&key) {
            known.clear();
        }
        known.insert(key, (moment.stamp, derived.clone()));
        Ok(derived)
    }
}
