//! [`Memory`]: what is remembered from one request to the next.

use std::sync::atomic::{AtomicU64, Ordering};

use luneta_model::{MetricsBuilder, Tenant};

use super::PrometheusConfig;
use super::known::KnownSeries;
use super::last::{ByKey, LastSample, LastSamples};
use super::metadata::MetadataMemory;

/// What is remembered from one request to the next. Lost with a restart, after which senders tell
/// metadata again within a minute.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) last: LastSamples,
    pub(super) metadata: MetadataMemory,
    pub(super) series: KnownSeries,
    requests: AtomicU64,
}

impl Memory {
    pub(crate) fn new(config: &PrometheusConfig) -> Self {
        Self {
            last: LastSamples::new(config.last_samples_max),
            metadata: MetadataMemory::new(config.metadata_max),
            series: KnownSeries::new(config.told_series_max),
            requests: AtomicU64::new(1),
        }
    }

    /// What keys of series are combined with, so that those of tenants stay apart.
    pub(super) fn seed(tenant: &Tenant) -> u64 {
        MetricsBuilder::hash_str("tenant", tenant.as_str())
    }

    /// A number no other request has.
    pub(super) fn request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Remembers samples that were stored.
    pub(super) fn commit(&self, last: ByKey<LastSample>) {
        for (key, sample) in last {
            self.last.set(key, sample);
        }
    }
}
