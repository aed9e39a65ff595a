//! Files that cannot be read are taken out of the lake, so that one of them does not spoil every
//! query.

use std::path::Path;

use luneta_model::{Signal, Tenant};
use luneta_store::Store;
use parquet::file::reader::SerializedFileReader;

use crate::error::QueryError;

/// Looks at the footers of all files of a tenant and puts those that cannot be read into
/// quarantine. Returns how many.
pub(super) async fn put_aside(store: &Store, tenant: &Tenant) -> Result<usize, QueryError> {
    let mut found = Vec::new();
    for signal in Signal::ALL {
        let files = store.snapshot(tenant, signal).await?.files;
        let lake_dir = store.lake_dir().to_owned();
        let look = move || -> Vec<(String, String)> {
            files.iter().filter_map(|f| Some((f.path.clone(), fault(&lake_dir.join(&f.path))?))).collect()
        };
        found.extend(tokio::task::spawn_blocking(look).await.map_err(|e| QueryError::Execution(e.to_string()))?);
    }
    for (path, reason) in &found {
        store.quarantine(path, reason).await?;
    }
    Ok(found.len())
}

/// Why a file is no Parquet file; `None` when its footer is good.
fn fault(path: &Path) -> Option<String> {
    match std::fs::File::open(path) {
        Ok(file) => SerializedFileReader::new(file).err().map(|e| e.to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(error.to_string()),
        // Too many open files, no permission: not the file's fault.
        Err(_) => None,
    }
}
