//! [`Memory`]: what is remembered from one request to the next.

use luneta_model::{MetricsBuilder, Tenant};

use super::PrometheusConfig;
use super::last::{ByKey, LastSample, LastSamples};
use super::metadata::MetadataMemory;

/// What is remembered from one request to the next. Lost with a restart, after which senders tell
/// metadata again within a minute.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(super) last: LastSamples,
    pub(super) metadata: MetadataMemory,
}

impl Memory {
    pub(crate) fn new(config: &PrometheusConfig) -> Self {
        Self { last: LastSamples::new(config.last_samples_max), metadata: MetadataMemory::new(config.metadata_max) }
    }

    /// What keys of series are combined with, so that those of tenants stay apart.
    pub(super) fn seed(tenant: &Tenant) -> u64 {
        MetricsBuilder::hash_str("tenant", tenant.as_str())
    }

    /// Remembers samples that were stored.
    pub(super) fn commit(&self, last: ByKey<LastSample>) {
        for (key, sample) in last {
            self.last.set(key, sample);
        }
    }
}
