//! [`MetadataMemory`]: what senders told of their metrics, for the samples that come later.
//!
//! The first version of remote write tells types, help and units once a minute, apart from samples.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use luneta_model::Tenant;

use super::exposition::MetricType;
use super::rows::Description;

/// What is known of one metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    kind: MetricType,
    help: String,
    unit: String,
}

impl Metadata {
    /// Texts are cut to a bound.
    pub(crate) fn new(kind: MetricType, help: &str, unit: &str) -> Self {
        let Description { help, unit, .. } = Description { kind: Some(kind), help, unit }.cut();
        Self { kind, help: help.to_owned(), unit: unit.to_owned() }
    }

    fn description(&self) -> Description<'_> {
        Description { kind: Some(self.kind), help: &self.help, unit: &self.unit }
    }
}

/// The metric families of one tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Families {
    by_name: HashMap<Arc<str>, Arc<Metadata>>,
    /// Another one whenever anything is told that was not known.
    version: u64,
}

impl Families {
    /// Two that differ have different ones.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// What is known of a series by the name of its metric, which is that of its family or has a
    /// suffix more.
    pub(crate) fn describe(&self, name: &str) -> Description<'_> {
        if self.by_name.is_empty() {
            return Description::default();
        }
        if let Some(metadata) = self.by_name.get(name) {
            return metadata.description();
        }
        let parts = SUFFIXES.iter().filter_map(|(suffix, kinds)| {
            let family = self.by_name.get(name.strip_suffix(suffix)?)?;
            kinds.contains(&family.kind).then(|| family.description())
        });
        parts.into_iter().next().unwrap_or_default()
    }
}

/// What stands behind the name of a family in names of its series, and the types that have it.
const SUFFIXES: &[(&str, &[MetricType])] = &[
    ("_total", &[MetricType::Counter]),
    ("_bucket", &[MetricType::Histogram, MetricType::GaugeHistogram]),
    ("_count", &[MetricType::Histogram, MetricType::Summary]),
    ("_sum", &[MetricType::Histogram, MetricType::Summary]),
    ("_created", &[MetricType::Counter, MetricType::Histogram, MetricType::Summary]),
    ("_gcount", &[MetricType::GaugeHistogram]),
    ("_gsum", &[MetricType::GaugeHistogram]),
    ("_info", &[MetricType::Info]),
];

/// Metric families by tenant.
#[derive(Debug)]
pub(crate) struct MetadataMemory {
    tenants: RwLock<HashMap<Tenant, Arc<Families>>>,
    families_max: usize,
    versions: AtomicU64,
}

impl MetadataMemory {
    /// Remembers at most so many families, of all tenants together.
    pub(crate) fn new(families_max: usize) -> Self {
        Self { tenants: RwLock::default(), families_max, versions: AtomicU64::default() }
    }

    /// What is known now.
    pub(crate) fn of(&self, tenant: &Tenant) -> Arc<Families> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned().unwrap_or_default()
    }

    /// Remembers what was told. Mostly it is known already, which costs nothing but a look.
    pub(crate) fn learn(&self, tenant: &Tenant, told: Vec<(&str, Metadata)>) {
        let known = self.of(tenant);
        let news = |(name, metadata): &(&str, Metadata)| known.by_name.get(*name).is_none_or(|old| **old != *metadata);
        let told: Vec<_> = told.into_iter().filter(news).take(self.families_max).collect();
        drop(known);
        if told.is_empty() {
            return;
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        let families: usize = tenants.values().map(|families| families.by_name.len()).sum();
        if families + told.len() > self.families_max {
            // Names that nobody sends any more would never leave; those in use are told again
            // within a minute.
            tenants.clear();
        }
        let families = Arc::make_mut(tenants.entry(tenant.clone()).or_default());
        families.version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
        families.by_name.extend(told.into_iter().map(|(name, metadata)| (Arc::from(name), Arc::new(metadata))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: MetricType) -> Metadata {
        Metadata::new(kind, "help", "seconds")
    }

    #[test]
    fn series_find_their_family() {
        let memory = MetadataMemory::new(100);
        let tenant = Tenant::default();
        let families = [
            ("requests", MetricType::Counter),
            ("jobs_total", MetricType::Counter),
            ("latency", MetricType::Histogram),
            ("size", MetricType::Summary),
            ("temperature", MetricType::Gauge),
            ("build", MetricType::Info),
        ];
        memory.learn(&tenant, families.map(|(name, kind)| (name, told(kind))).to_vec());
        let known = memory.of(&tenant);
        let cases = [
            ("requests_total", Some(MetricType::Counter)),
            ("requests_created", Some(MetricType::Counter)),
            ("jobs_total", Some(MetricType::Counter)),
            ("latency_bucket", Some(MetricType::Histogram)),
            ("latency_sum", Some(MetricType::Histogram)),
            ("size_count", Some(MetricType::Summary)),
            ("size", Some(MetricType::Summary)),
            ("size_bucket", None),
            ("temperature_total", None),
            ("build_info", Some(MetricType::Info)),
            ("other", None),
        ];
        for (name, kind) in cases {
            assert_eq!(known.describe(name).kind, kind, "{name}");
        }
        assert_eq!(memory.of(&Tenant::new("other").unwrap()).describe("jobs_total").kind, None);
    }

    #[test]
    fn the_bound_holds_and_the_newest_are_known() {
        let memory = MetadataMemory::new(3);
        let tenant = Tenant::default();
        for name in ["a", "b", "c", "d"] {
            memory.learn(&tenant, vec![(name, told(MetricType::Gauge))]);
        }
        let known = memory.of(&tenant);
        assert_eq!(known.by_name.len(), 1);
        assert_eq!(known.describe("d").kind, Some(MetricType::Gauge));
        let many = ["e", "f", "g", "h", "i"].map(|name| (name, told(MetricType::Gauge))).to_vec();
        memory.learn(&tenant, many);
        assert_eq!(memory.of(&tenant).by_name.len(), 3);
    }
}
