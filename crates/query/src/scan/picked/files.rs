//! [`KnownFiles`]: schemas of files that were read before.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::error::Result;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaData;

/// Files whose schema is remembered. It takes as long to make as some of their columns to read.
const FILES_MAX: usize = 512;

/// What was made of the footers of files, the latest of them; files never change.
#[derive(Debug, Default)]
pub struct KnownFiles(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_path: HashMap<String, ArrowReaderMetadata>,
    order: VecDeque<String>,
}

impl KnownFiles {
    /// The footer of a file, ready for readers.
    pub fn of(&self, path: &str, footer: Arc<ParquetMetaData>) -> Result<ArrowReaderMetadata> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).by_path.get(path).cloned();
        // A footer that was loaded again may hold more than the one before: a page index.
        if let Some(known) = known.filter(|known| Arc::ptr_eq(known.metadata(), &footer)) {
            return Ok(known);
        }
        let made = ArrowReaderMetadata::try_new(footer, ArrowReaderOptions::new())?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.by_path.insert(path.to_owned(), made.clone()).is_none() {
            known.order.push_back(path.to_owned());
        }
        while known.order.len() > FILES_MAX {
            let oldest = known.order.pop_front();
            oldest.and_then(|path| known.by_path.remove(&path));
        }
        Ok(made)
    }
}
