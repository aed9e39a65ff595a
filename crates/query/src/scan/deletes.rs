//! Rows that another writer has deleted are left out of scans.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::object_store::path::Path;
use datafusion::object_store::{ObjectStore, ObjectStoreExt as _};
use luneta_store::{DeletedRows, StoreError};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::errors::ParquetError;

use super::opened::Opened;
use super::traces::Picked;

/// The rows that are left of files with deleted ones, by the number of the data file. A scan that picks
/// rows of its own takes the intersection.
pub(super) type Selections = HashMap<i64, RowSelection>;

/// Reads the delete files of `files`.
pub(super) async fn selections(store: &Arc<dyn ObjectStore>, files: &[Picked], opened: &Opened) -> Result<Selections> {
    let mut out = Selections::new();
    for file in files.iter().map(|picked| &picked.file) {
        let Some(list) = file.deletes.clone() else { continue };
        opened.note(&file.path);
        let content = store.get(&Path::from(list.path.as_str())).await?.bytes().await?;
        let read = tokio::task::spawn_blocking(move || DeletedRows::read(&list, content));
        // Readers of Parquet panic on some damaged files.
        let deleted = read.await.unwrap_or(Err(StoreError::Stopped("reader of deleted rows"))).map_err(fault)?;
        out.insert(file.data_file_id, deleted.selection(0..file.rows));
    }
    Ok(out)
}

fn fault(error: StoreError) -> DataFusionError {
    match error {
        StoreError::Parquet(inner) => DataFusionError::ParquetError(Box::new(inner)),
        other => DataFusionError::ParquetError(Box::new(ParquetError::General(other.to_string()))),
    }
}
