//! Which files a query has begun to read: when it fails by a file, that is one of the newest.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use parquet::arrow::async_reader::AsyncFileReader;

/// Paths of files, in the order they were opened.
#[derive(Debug, Default)]
pub struct Opened(Mutex<Vec<String>>);

impl Opened {
    /// Notes a file.
    pub fn note(&self, path: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }

    /// The paths, each once, the newest first.
    pub fn newest_first(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        all.iter().rev().filter(|path| seen.insert(path.as_str())).cloned().collect()
    }
}

/// Makes readers of files and notes which.
#[derive(Debug)]
pub(super) struct NotingReaderFactory {
    readers: CachedParquetFileReaderFactory,
    opened: Arc<Opened>,
}

impl NotingReaderFactory {
    pub(super) fn new(readers: CachedParquetFileReaderFactory, opened: Arc<Opened>) -> Self {
        Self { readers, opened }
    }
}

impl ParquetFileReaderFactory for NotingReaderFactory {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        self.opened.note(file.object_meta.location.as_ref());
        self.readers.create_reader(partition_index, file, metadata_size_hint, metrics)
    }
}
