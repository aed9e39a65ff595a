//! Which files are merged next.

use std::sync::Arc;

use crate::{CompactionConfig, LakeFile};

/// Each size class holds files up to this many times larger than the one before.
const TIER_FACTOR: u64 = 4;

/// Files of one size class worth merging, the oldest first; `None` when nothing is worth it.
///
/// A file is rewritten once per class on its way up, and never again from half the target size.
pub(super) fn pick(files: &[Arc<LakeFile>], config: &CompactionConfig) -> Option<Vec<Arc<LakeFile>>> {
    let mut tiers: Vec<Vec<Arc<LakeFile>>> = Vec::new();
    for file in files {
        // Rows that we cannot tell to be deleted must not come back: such files are left to others.
        let unknown = file.deletes.as_ref().is_some_and(|d| !d.readable);
        if unknown || file.size >= config.target_bytes / 2 {
            continue;
        }
        let tier = tier(file.size, config.small_file_bytes);
        if tiers.len() <= tier {
            tiers.resize_with(tier + 1, Vec::new);
        }
        tiers[tier].push(file.clone());
    }
    tiers.into_iter().find_map(|mut tier| {
        if tier.len() < config.files_min.max(2) {
            return None;
        }
        tier.sort_by_key(|f| f.data_file_id);
        let mut total = 0;
        let fits = |f: &&Arc<LakeFile>| {
            total += f.size;
            total <= config.target_bytes
        };
        let picked: Vec<_> = tier.iter().take(config.files_max.max(2)).take_while(fits).cloned().collect();
        (picked.len() >= 2).then_some(picked)
    })
}

fn tier(size: u64, small: u64) -> usize {
    let mut limit = small.max(1);
    let mut tier = 0;
    while size >= limit {
        limit = limit.saturating_mul(TIER_FACTOR);
        tier += 1;
    }
    tier
}
