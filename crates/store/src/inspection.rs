//! Inspection: files that a reader complained about are decoded whole. What cannot be decoded leaves
//! the lake; what the system merely refuses to read stays.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};

use crate::files::DeletedRows;
use crate::flush::blocking;
use crate::{LakeFile, Store, StoreError, recovery};

/// A file found good is not decoded again for this long, however many queries fail.
const GOOD_FOR: Duration = Duration::from_mins(1);
/// Rows decoded at once.
const BATCH_ROWS: usize = 8192;

impl Store {
    /// See [`Store::inspect`]. One inspection runs at a time.
    pub(crate) async fn find_damaged(self: &Arc<Self>, paths: &[String]) -> Result<Option<String>, StoreError> {
        let mut good = self.inspecting.lock().await;
        good.retain(|_, found| found.elapsed() < GOOD_FOR);
        for path in paths.iter().filter(|p| !good.contains_key(*p)).collect::<Vec<_>>() {
            let lake = self.state.view().lake.clone();
            let left = || Some(format!("file {path} has left the lake"));
            let Some((_, file)) = recovery::find(&lake, path) else { return Ok(left()) };
            let lake_dir = self.lake_dir.clone();
            let Some(reason) = blocking(move || Ok(fault(&lake_dir, &file))).await? else {
                good.insert(path.clone(), Instant::now());
                continue;
            };
            // In a task of its own: whoever asked may go away between commit and move.
            let (store, path) = (self.clone(), path.clone());
            let moved = tokio::spawn(async move { store.set_aside(&path, &reason).await }).await;
            return Ok(moved.map_err(|_| StoreError::Stopped("quarantine"))??.or_else(left));
        }
        Ok(None)
    }
}

/// Why a file or the list of its deleted rows cannot be decoded. `None` when they can, or when the
/// system refuses to read them.
fn fault(lake_dir: &Path, file: &LakeFile) -> Option<String> {
    let rows = |content: Content| decode(&content).and_then(|found| expect_rows(found, file.rows));
    let data = fault_of(&lake_dir.join(&file.path), rows);
    data.or_else(|| {
        let deletes = file.deletes.as_ref().filter(|d| d.readable)?;
        let read = |content| DeletedRows::read(deletes, content).map(|_| ());
        let fault = fault_of(&lake_dir.join(&deletes.path), read)?;
        Some(format!("the list of its deleted rows, {}: {fault}", deletes.path))
    })
}

fn fault_of(path: &Path, read: impl FnOnce(Content) -> Result<(), StoreError>) -> Option<String> {
    let refused = Arc::new(AtomicBool::new(false));
    let content = match Content::open(path, refused.clone()) {
        Ok(content) => content,
        Err(e) => return (e.kind() == io::ErrorKind::NotFound).then(|| e.to_string()),
    };
    // Readers of Parquet panic on some damaged files.
    let outcome = catch_unwind(AssertUnwindSafe(|| read(content)));
    if refused.load(Ordering::Relaxed) {
        return None;
    }
    match outcome {
        Ok(result) => result.err().map(|e| e.to_string()),
        Err(_) => Some("its lengths make no sense".to_owned()),
    }
}

/// Decodes what queries read: page indexes, bloom filters, and every page of every column. Returns
/// how many rows there are.
fn decode(content: &Content) -> Result<u64, StoreError> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(content.clone(), options)?;
    for column in builder.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns) {
        Sbbf::read_from_column_chunk(column, content)?;
    }
    let mut rows = 0;
    for batch in builder.with_batch_size(BATCH_ROWS).build()? {
        rows += batch?.num_rows() as u64;
    }
    Ok(rows)
}

fn expect_rows(found: u64, wanted: u64) -> Result<(), StoreError> {
    let fault = || ParquetError::General(format!("it holds {found} rows instead of {wanted}"));
    (found == wanted).then_some(()).ok_or_else(|| fault().into())
}

/// The bytes of a file, and whether the system refused to read some: errors of readers do not tell
/// that from bytes that make no sense.
#[derive(Debug, Clone)]
struct Content {
    file: Arc<File>,
    len: u64,
    at: u64,
    refused: Arc<AtomicBool>,
}

impl Content {
    fn open(path: &Path, refused: Arc<AtomicBool>) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self { len: file.metadata()?.len(), file: Arc::new(file), at: 0, refused })
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.at);
        match &read {
            Ok(bytes) => self.at += *bytes as u64,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.refused.store(true, Ordering::Relaxed),
        }
        read
    }
}

impl Length for Content {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Content {
    type T = BufReader<Content>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Self { at: start, ..self.clone() }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        // A wild length must not become a reservation of memory.
        if start.checked_add(length as u64).is_none_or(|end| end > self.len) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.len)));
        }
        let mut out = vec![0; length];
        Self { at: start, ..self.clone() }.read_exact(&mut out)?;
        Ok(out.into())
    }
}
