//! Files that cannot be read are taken out of the lake, so that one of them does not spoil every
//! query.

use std::sync::Arc;

use luneta_store::Store;

use super::catalog::LakeSchema;

/// Looks for a damaged file among those a failed query has read, and puts it into quarantine. Returns
/// what the answer must say about it.
pub(super) async fn put_aside(store: &Arc<Store>, lake: &LakeSchema) -> Option<String> {
    let inspected = store.inspect(&lake.opened().newest_first()).await;
    inspected.unwrap_or_else(|error| {
        tracing::warn!("cannot look for damaged files: {error}");
        None
    })
}
