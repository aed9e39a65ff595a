//! [`InMemory`]: derived rows of spans that are not in a file yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use luneta_model::{Signal, Tenant};

use super::{Derived, derive};
use crate::flush::blocking;
use crate::state::{Moment, Stamp};
use crate::{StoreError, now_ms};

/// Tenants remembered; others are derived again when they ask.
const TENANTS_MAX: usize = 256;

/// The derived rows of the moment somebody asked for last, by tenant.
#[derive(Debug, Default)]
pub(crate) struct InMemory(Mutex<HashMap<Tenant, (Stamp, Arc<Derived>)>>);

impl InMemory {
    /// The derived rows of a moment that holds the tenant's spans.
    pub(crate) async fn of(&self, tenant: &Tenant, moment: &Moment, operations_max: usize) -> Result<Arc<Derived>, StoreError> {
        if let Some((stamp, derived)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(tenant)
            && *stamp == moment.stamp
        {
            return Ok(derived.clone());
        }
        let spans = moment.memory.iter().filter(|(signal, ..)| *signal == Signal::Spans);
        let spans: Vec<_> = spans.map(|(_, rows, origins)| (rows.clone(), origins.clone())).collect();
        let work = move || Ok(derive(&spans, now_ms().saturating_mul(1_000_000), operations_max)?);
        let derived = Arc::new(blocking(work).await?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS_MAX && !known.contains_key(tenant) {
            known.clear();
        }
        known.insert(tenant.clone(), (moment.stamp, derived.clone()));
        Ok(derived)
    }
}
