//! Targets from files in JSON and YAML, read again when they change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Update, read_groups};
use crate::config::matching;
use crate::config::raw::RawGroup;
use crate::relabel::Labels;

/// How often files are looked at for changes.
const LOOK: Duration = Duration::from_secs(2);
/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Time of the last change and size.
type Stamp = (Option<SystemTime>, u64);

pub(super) async fn run(
    source: String,
    folder: PathBuf,
    patterns: Vec<String>,
    refresh: Duration,
    updates: mpsc::Sender<Update>,
) {
    let mut known: BTreeMap<PathBuf, Stamp> = BTreeMap::new();
    let mut read_all = Instant::now();
    let mut first = true;
    loop {
        let all = first || Instant::now() >= read_all;
        if all {
            read_all = Instant::now() + refresh;
        }
        for update in look(&source, &folder, &patterns, &mut known, all) {
            if updates.send(update).await.is_err() {
                return;
            }
        }
        if std::mem::take(&mut first) && known.is_empty() {
            // That there is nothing is news too.
            let _ = updates.send(Update { source: source.clone(), targets: Vec::new() }).await;
        }
        tokio::time::sleep(LOOK.min(refresh)).await;
    }
}

/// What changed since the last look. A broken file keeps the targets it had.
fn look(source: &str, folder: &Path, patterns: &[String], known: &mut BTreeMap<PathBuf, Stamp>, all: bool) -> Vec<Update> {
    let mut found = BTreeMap::new();
    for pattern in patterns {
        for path in matching(folder, pattern).unwrap_or_default() {
            if let Ok(about) = std::fs::metadata(&path) {
                found.insert(path, (about.modified().ok(), about.len()));
            }
        }
    }
    let name = |path: &Path| format!("{source}:{}", path.display());
    let gone = known.keys().filter(|path| !found.contains_key(*path));
    let mut updates: Vec<Update> = gone.map(|path| Update { source: name(path), targets: Vec::new() }).collect();
    for (path, stamp) in &found {
        if !all && known.get(path) == Some(stamp) {
            continue;
        }
        match read(path) {
            Ok(targets) => updates.push(Update { source: name(path), targets }),
            Err(reason) => tracing::warn!(file = %path.display(), reason, "targets of a file were not read"),
        }
    }
    *known = found;
    updates
}

/// Reads a file of targets.
///
/// # Errors
/// What is wrong with it.
pub fn read(path: &Path) -> Result<Vec<Labels>, String> {
    let size = std::fs::metadata(path).map_err(|e| e.to_string())?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{size} bytes, more than {FILE_BYTES_MAX}"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let groups: Vec<RawGroup> = if json {
        serde_json::from_str(&text).map_err(|e| e.to_string())?
    } else {
        let groups: Option<_> = serde_yaml_ng::from_str(&text).map_err(|e| e.to_string())?;
        groups.unwrap_or_default()
    };
    read_groups(&groups, ("__meta_filepath", &path.display().to_string()))
}
