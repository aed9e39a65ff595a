//! Where targets come from: the configuration itself, files, DNS and HTTP.
//!
//! Each source runs by itself and sends what it finds; what it cannot find now stays as it was.

mod dns;
mod files;
mod http;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::config::raw::RawGroup;
use crate::config::{DiscoveryConfig, JobConfig};
use crate::relabel::Labels;

/// Targets one source may yield.
const TARGETS_MAX: usize = 100_000;

/// What a source has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Which source, and which part of it.
    pub source: String,
    /// Labels of its targets, `__address__` among them; none when it has ended.
    pub targets: Vec<Labels>,
}

/// Starts all sources of a job. They end with the set.
pub fn start(job: &Arc<JobConfig>, updates: &mpsc::Sender<Update>, tasks: &mut JoinSet<()>) {
    for (i, config) in job.discovery.iter().enumerate() {
        let (config, updates, source) = (config.clone(), updates.clone(), i.to_string());
        match config {
            DiscoveryConfig::Static(groups) => {
                tasks.spawn(async move {
                    let targets = groups.iter().flat_map(targets).collect();
                    // Nobody listens once the job has ended.
                    let _ = updates.send(Update { source, targets }).await;
                });
            }
            DiscoveryConfig::Files { folder, patterns, refresh } => {
                tasks.spawn(files::run(source, folder, patterns, refresh, updates));
            }
            DiscoveryConfig::Dns { names, kind, port, refresh } => {
                tasks.spawn(dns::run(source, names, kind, port, refresh, updates));
            }
            DiscoveryConfig::Http { url, refresh, http } => {
                tasks.spawn(http::run(source, url, refresh, http, updates));
            }
        }
    }
}

/// The targets of a list.
fn targets(group: &RawGroup) -> impl Iterator<Item = Labels> {
    group.targets.iter().map(|target| {
        let labels = group.labels.iter().filter(|(_, value)| !value.0.is_empty());
        let mut labels: Labels = labels.map(|(name, value)| (name.clone(), value.0.clone())).collect();
        labels.insert("__address__".to_owned(), target.0.clone());
        labels
    })
}

/// Checks lists that came from elsewhere, and adds a label that says from where.
fn read_groups(groups: &[RawGroup], meta: (&str, &str)) -> Result<Vec<Labels>, String> {
    let count: usize = groups.iter().map(|group| group.targets.len()).sum();
    if count > TARGETS_MAX {
        return Err(format!("{count} targets, more than {TARGETS_MAX}"));
    }
    let mut all = Vec::with_capacity(count);
    for (i, group) in groups.iter().enumerate() {
        crate::config::check_group(group).map_err(|reason| format!("[{i}].{reason}"))?;
        for mut labels in targets(group) {
            labels.insert(meta.0.to_owned(), meta.1.to_owned());
            all.push(labels);
        }
    }
    Ok(all)
}
