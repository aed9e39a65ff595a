//! [`Gateway`]: the groups, and their rows.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use luneta_model::Tenant;
use serde::{Deserialize, Serialize};

use super::PushgatewayConfig;
use super::group::{Families, Family, Group, Labels, PUSH_FAILURE_TIME, PUSH_TIME, PushError, Sample};
use crate::context::refusal;
use crate::prometheus::exposition::MetricType;
use crate::prometheus::native::NativeHistogram;
use crate::prometheus::rows::{Description, Label, METRIC_NAME, STALE_BITS, Series, SeriesRows, nanos};
use crate::prometheus::scraped::sparse;
use crate::wire::Walk;
use crate::{DecodeOptions, Decoded, ReceiveError};

/// Ended series that wait for their stale marker.
const ENDED_MAX: usize = 100_000;

/// The groups of all tenants.
#[derive(Debug)]
pub(crate) struct Gateway {
    groups_max: usize,
    bytes_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    groups: BTreeMap<(Tenant, Labels), Group>,
    /// What the groups are reckoned at.
    bytes: usize,
    /// Series that were deleted or replaced.
    ended: Vec<Ended>,
    /// How many pushes there were.
    pushes: u64,
    /// The last push whose exemplars are stored: they are stored once, samples again and again.
    exemplars_stored: BTreeMap<Tenant, u64>,
    /// Since the file was written.
    changed: bool,
}

/// A series that is pushed no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    tenant: Tenant,
    name: String,
    labels: Labels,
}

/// Whether a push takes the place of the whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    /// `PUT`: the group has nothing else afterwards.
    Replace,
    /// `POST`: families of other names stay.
    Merge,
}

/// A group in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    tenant: String,
    group: Group,
}

/// The rows of one tenant, and the ended series among them.
pub(super) struct TenantRows {
    pub(super) decoded: Decoded,
    pub(super) ended: Vec<Ended>,
    pub(super) tenant: Tenant,
    /// The last push whose exemplars are among the rows.
    pub(super) pushes: u64,
}

impl Gateway {
    pub(crate) fn new(config: &PushgatewayConfig) -> Self {
        Self { groups_max: config.groups_max, bytes_max: config.bytes_max, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was read for a group, or notes that it could not be.
    pub(super) fn push(
        &self,
        tenant: &Tenant,
        labels: &Labels,
        push: Push,
        read: Result<Families, PushError>,
        now: i64,
    ) -> Result<(), PushError> {
        let inner = &mut *self.lock();
        let taken = read.and_then(|families| inner.take(tenant, labels, push, families, now, self));
        let key = (tenant.clone(), labels.clone());
        let has_room = inner.groups.len() < self.groups_max && inner.bytes < self.bytes_max;
        if taken.is_err() && (has_room || inner.groups.contains_key(&key)) {
            let before = inner.groups.get(&key).cloned().unwrap_or_default();
            inner.put(key, Group { labels: labels.clone(), push_failure_time: now, ..before });
        }
        taken
    }

    /// Forgets a group. One that is not there is no fault.
    pub(super) fn delete(&self, tenant: &Tenant, labels: &Labels) {
        let inner = &mut *self.lock();
        if let Some(group) = inner.groups.remove(&(tenant.clone(), labels.clone())) {
            inner.end(tenant, group.series());
            inner.bytes -= group.bytes();
            inner.changed = true;
        }
    }

    /// The groups of one tenant.
    pub(super) fn groups(&self, tenant: &Tenant) -> Vec<Group> {
        let inner = self.lock();
        inner.groups.iter().filter(|((of, _), _)| of == tenant).map(|(_, group)| group.clone()).collect()
    }

    /// All groups as samples of now, by tenant.
    pub(super) fn rows(&self, options: &DecodeOptions) -> Vec<Result<TenantRows, ReceiveError>> {
        let inner = &mut *self.lock();
        let ended = std::mem::take(&mut inner.ended);
        let mut tenants: Vec<&Tenant> =
            inner.groups.keys().map(|(tenant, _)| tenant).chain(ended.iter().map(|e| &e.tenant)).collect();
        tenants.sort_unstable();
        tenants.dedup();
        let of = |tenant: &Tenant| {
            let groups = inner.groups.iter().filter(|((of, _), _)| of == tenant).map(|(_, group)| group);
            let ended: Vec<Ended> = ended.iter().filter(|ended| ended.tenant == *tenant).cloned().collect();
            let mut rows = SeriesRows::new(options);
            let stored = inner.exemplars_stored.get(tenant).copied().unwrap_or(0);
            add_all(&mut rows, groups, &ended, options.now, stored).map_err(|fault| refusal(&fault, options))?;
            let decoded = rows.finish(tenant.clone())?;
            Ok(TenantRows { decoded, ended, tenant: tenant.clone(), pushes: inner.pushes })
        };
        tenants.into_iter().map(of).collect()
    }

    /// Takes note that exemplars are stored, those of the push `pushes` being the last.
    pub(super) fn exemplars_stored(&self, tenant: Tenant, pushes: u64) {
        self.lock().exemplars_stored.insert(tenant, pushes);
    }

    /// Takes back series whose markers were not stored.
    pub(super) fn end_later(&self, ended: Vec<Ended>) {
        let inner = &mut *self.lock();
        let room = ENDED_MAX.saturating_sub(inner.ended.len());
        inner.ended.extend(ended.into_iter().take(room));
    }

    /// Writes the groups to a file, when they have changed, by way of a second one beside it.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let stored: Vec<Stored> = {
            let inner = &mut *self.lock();
            if !std::mem::take(&mut inner.changed) {
                return Ok(());
            }
            let groups = inner.groups.iter();
            groups.map(|((tenant, _), group)| Stored { tenant: tenant.as_str().to_owned(), group: group.clone() }).collect()
        };
        let saved = write_file(path, &stored);
        self.lock().changed |= saved.is_err();
        saved
    }

    /// Reads the groups of a file; one that is not there has none.
    pub(super) fn load(&self, path: &Path) -> std::io::Result<()> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let stored: Vec<Stored> = serde_json::from_slice(&bytes)?;
        let inner = &mut *self.lock();
        for Stored { tenant, group } in stored {
            let Ok(tenant) = Tenant::new(&tenant) else { continue };
            inner.put((tenant, group.labels.clone()), group);
        }
        inner.changed = false;
        Ok(())
    }
}

fn write_file(path: &Path, stored: &[Stored]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let file = std::fs::File::create(&beside)?;
    let mut writer = std::io::BufWriter::new(file);
    serde_json::to_writer(&mut writer, stored)?;
    writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(beside, path)
}

impl Inner {
    /// Puts a group in the place of the one before.
    fn put(&mut self, key: (Tenant, Labels), group: Group) {
        self.bytes += group.bytes();
        self.bytes -= self.groups.insert(key, group).map_or(0, |before| before.bytes());
        self.changed = true;
    }

    fn take(
        &mut self,
        tenant: &Tenant,
        labels: &Labels,
        push: Push,
        mut families: Families,
        now: i64,
        bounds: &Gateway,
    ) -> Result<(), PushError> {
        let key = (tenant.clone(), labels.clone());
        let others = self.groups.iter().filter(|((of, at), _)| of == tenant && at != labels);
        for (name, family) in others.flat_map(|(_, group)| &group.families) {
            if let Some(pushed) = families.get(name).filter(|pushed| pushed.kind() != family.kind()) {
                let (pushed, known) = (pushed.kind().as_str(), family.kind().as_str());
                return Err(PushError::Type { name: name.clone(), pushed, known });
            }
        }
        let before_bytes = self.groups.get(&key).map_or(0, Group::bytes);
        let before = self.groups.get(&key).cloned().unwrap_or_default();
        if before.labels.is_empty() && self.groups.len() >= bounds.groups_max {
            return Err(PushError::Full("groups"));
        }
        self.pushes += 1;
        for family in families.values_mut() {
            family.push = self.pushes;
        }
        let mut after = Group { labels: labels.clone(), push_time: now, families, ..before.clone() };
        if push == Push::Merge {
            for (name, family) in &before.families {
                after.families.entry(name.clone()).or_insert_with(|| family.clone());
            }
        }
        if self.bytes - before_bytes + after.bytes() > bounds.bytes_max {
            return Err(PushError::Full("samples"));
        }
        let kept: HashSet<_> = after.series().collect();
        self.end(tenant, before.series().filter(|(name, of)| !of.is_empty() && !kept.contains(&(*name, *of))));
        drop(kept);
        self.put(key, after);
        Ok(())
    }

    fn end<'g>(&mut self, tenant: &Tenant, series: impl Iterator<Item = (&'g str, &'g Labels)>) {
        let room = ENDED_MAX.saturating_sub(self.ended.len());
        let ended = series.take(room);
        self.ended.extend(ended.map(|(name, labels)| Ended {
            tenant: tenant.clone(),
            name: name.to_owned(),
            labels: labels.clone(),
        }));
    }
}

const PUSH_TIME_HELP: &str = "Unix time of the last push to the group that was taken.";
const PUSH_FAILURE_TIME_HELP: &str = "Unix time of the last push to the group that was refused.";

/// What the gateway says of a group: name, description, seconds.
pub(super) fn own_samples(group: &Group) -> [(&'static str, &'static str, f64); 2] {
    let seconds = |nanos: i64| nanos as f64 / 1e9;
    [
        (PUSH_TIME, PUSH_TIME_HELP, seconds(group.push_time)),
        (PUSH_FAILURE_TIME, PUSH_FAILURE_TIME_HELP, seconds(group.push_failure_time)),
    ]
}

/// Adds samples of all groups, with the exemplars that came after the push `stored`, and ends series.
fn add_all<'g>(
    rows: &mut SeriesRows<'_>,
    groups: impl Iterator<Item = &'g Group>,
    ended: &[Ended],
    now: i64,
    stored: u64,
) -> Walk<()> {
    let mut native = NativeHistogram::default();
    let mut known = HashSet::new();
    for group in groups {
        for (name, help, value) in own_samples(group) {
            let description = Description { kind: Some(MetricType::Gauge), help, unit: "s" };
            add(rows, name, &group.labels, description, |series| series.sample(now, 0, value))?;
        }
        for family in group.families.values() {
            let Family { help, unit, .. } = family;
            let description = Description { kind: Some(family.kind()), help, unit };
            for sample in &family.samples {
                let has_exemplars = family.push > stored;
                add(rows, &sample.name, &sample.labels, description, |series| {
                    if has_exemplars {
                        add_exemplars(series, sample, group.push_time)?;
                    }
                    match sample.native().map(|histogram| native.read(&sparse(&histogram.exposed()))) {
                        // One that cannot be was refused when it was pushed.
                        Some(read) => read.map_or(Ok(()), |()| series.histogram(now, 0, &native)),
                        None => series.sample(now, 0, sample.value()),
                    }
                })?;
            }
        }
        known.extend(group.series());
    }
    for Ended { name, labels, .. } in ended {
        // It may have been pushed again since.
        if !known.contains(&(name.as_str(), labels)) {
            add(rows, name, labels, Description::default(), |series| series.sample(now, 0, f64::from_bits(STALE_BITS)))?;
        }
    }
    Ok(())
}

/// Adds a series; what cannot be one was refused when it was pushed.
fn add(
    rows: &mut SeriesRows<'_>,
    name: &str,
    labels: &Labels,
    description: Description<'_>,
    point: impl FnOnce(&mut Series<'_, '_, '_>) -> Walk<()>,
) -> Walk<()> {
    let all: Vec<Label<'_>> = std::iter::once((METRIC_NAME, name)).chain(pairs(labels)).collect();
    match rows.series(&all, description) {
        Ok(mut series) => point(&mut series),
        Err(_) => Ok(()),
    }
}

/// Adds the exemplars of a sample to its next point; those without a time are of the push.
fn add_exemplars(series: &mut Series<'_, '_, '_>, sample: &Sample, push_time: i64) -> Walk<()> {
    for exemplar in &sample.exemplars {
        let labels: Vec<Label<'_>> = pairs(&exemplar.labels).collect();
        series.exemplar(exemplar.time_ms.and_then(nanos).unwrap_or(push_time), exemplar.value(), &labels)?;
    }
    Ok(())
}

fn pairs(labels: &Labels) -> impl Iterator<Item = Label<'_>> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}
