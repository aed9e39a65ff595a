//! [`Store::settle_calls`]: ends of calls that waited in files are paired, or given up.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType};
use luneta_model::Table;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Derived;
use super::edges::{Edges, Half};
use crate::catalog::{Change, Kind};
use crate::files::PreparedTable;
use crate::flush::{blocking, remove_files};
use crate::{LakeFile, Store, StoreError, TableKey, now_ms};

/// Files of halves that are worth a look.
const FILES_MIN: usize = 6;
/// Rows settled at once, at most.
const ROWS_MAX: u64 = 2_000_000;

impl Store {
    /// Pairs the halves of calls in files, and gives up those that waited for longer than
    /// [`call_wait_max`](crate::StoreConfig::call_wait_max).
    pub(crate) async fn settle_calls(self: &Arc<Self>) -> Result<(), StoreError> {
        let _one = self.merging.lock().await;
        let lake = self.state.view().lake.clone();
        for (key, table) in &lake.tables {
            if key.table != Table::EdgeHalves || !self.is_worth_settling(&table.files) {
                continue;
            }
            if let Err(error) = self.settle(key, &table.files).await {
                let paths: Vec<String> = table.files.iter().map(|file| file.path.clone()).collect();
                // The next time, the others are settled without it.
                if self.find_damaged(&paths).await?.is_none() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether there are many files, or some that waited for twice as long as they must.
    fn is_worth_settling(&self, files: &[Arc<LakeFile>]) -> bool {
        let old = now_ms().saturating_sub(2 * self.config.call_wait_max.as_millis() as i64);
        files.len() >= FILES_MIN || files.iter().any(|f| f.created_ms < old)
    }

    async fn settle(&self, key: &TableKey, files: &[Arc<LakeFile>]) -> Result<(), StoreError> {
        let mut rows = 0;
        let mut within = |file: &LakeFile| {
            let first = rows == 0;
            rows += file.live_rows();
            first || rows <= ROWS_MAX
        };
        let files: Vec<Arc<LakeFile>> = files.iter().take_while(|f| within(f)).cloned().collect();
        let limit_ms = now_ms().saturating_sub(self.config.call_wait_max.as_millis() as i64);
        let (lake_dir, input) = (self.lake_dir.clone(), files.clone());
        let derived = blocking(move || settled(&lake_dir, &input, limit_ms.saturating_mul(1_000_000))).await?;
        let prepared: Vec<PreparedTable> = derived
            .into_tables()
            .into_iter()
            .map(|(table, rows)| PreparedTable::of_rows(TableKey { tenant: key.tenant.clone(), table }, &rows))
            .collect();
        let (add, paths) = self.write_prepared(prepared).await?;
        let remove = files.into_iter().map(|file| (key.clone(), file)).collect();
        let mut catalog = self.catalog.lock().await;
        match catalog.commit(Change { kind: Kind::Move, add, remove, log_position: None }).await {
            Ok(lake) => self.state.publish(lake, None),
            Err(error) => {
                remove_files(&paths);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// What is left of the halves in files, and the calls found.
fn settled(lake_dir: &Path, files: &[Arc<LakeFile>], limit: i64) -> Result<Derived, StoreError> {
    let mut batches = Vec::new();
    for file in files {
        let path = lake_dir.join(&file.path);
        let open = File::open(&path).map_err(StoreError::io(&path))?;
        for batch in ParquetRecordBatchReaderBuilder::try_new(open)?.build()? {
            batches.push(batch?);
        }
    }
    let mut edges = Edges::default();
    for batch in &batches {
        let halves = Halves::of(batch).ok_or_else(|| StoreError::CatalogContent("halves of calls lack a column".into()))?;
        halves.add_to(&mut edges);
    }
    edges.pair();
    edges.give_up(limit);
    let mut derived = Derived::default();
    edges.finish(&mut derived)?;
    Ok(derived)
}

/// The columns of a batch of halves.
struct Halves<'a> {
    time: &'a [i64],
    arrived: &'a [i64],
    service: &'a arrow::array::StringArray,
    trace: &'a FixedSizeBinaryArray,
    span: &'a FixedSizeBinaryArray,
    is_client: &'a BooleanArray,
    is_messaging: &'a BooleanArray,
    answered: &'a BooleanArray,
    failed: &'a BooleanArray,
    duration: &'a [i64],
    weight: &'a [f64],
    peer: Option<&'a arrow::array::StringArray>,
}

impl<'a> Halves<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let time = |name| Some(batch.column_by_name(name)?.as_primitive_opt::<TimestampNanosecondType>()?.values().as_ref());
        let flag = |name| batch.column_by_name(name)?.as_boolean_opt();
        let id = |name| batch.column_by_name(name)?.as_fixed_size_binary_opt();
        Some(Self {
            time: time("time")?,
            arrived: time("arrived")?,
            service: batch.column_by_name("service_name")?.as_string_opt()?,
            trace: id("trace_id")?,
            span: id("span_id")?,
            is_client: flag("is_client")?,
            is_messaging: flag("is_messaging")?,
            answered: flag("answered")?,
            failed: flag("failed")?,
            duration: batch.column_by_name("duration_ns")?.as_primitive_opt::<Int64Type>()?.values(),
            weight: batch.column_by_name("weight")?.as_primitive_opt::<Float64Type>()?.values(),
            peer: batch.column_by_name("peer").and_then(|c| c.as_string_opt()),
        })
    }

    fn add_to(&self, edges: &mut Edges<'a>) {
        for row in 0..self.time.len() {
            let trace = self.trace.value(row).try_into().unwrap_or_default();
            let span = self.span.value(row).try_into().unwrap_or_default();
            let half = Half {
                call: (trace, span),
                service: self.service.value(row),
                time: self.time[row],
                arrived: self.arrived[row],
                duration: self.duration[row],
                weight: self.weight[row],
                failed: self.failed.value(row),
                is_messaging: self.is_messaging.value(row),
                peer: self.peer.filter(|p| p.is_valid(row)).map(|p| p.value(row)),
                answered: self.answered.value(row),
            };
            if self.is_client.value(row) { edges.client(half) } else { edges.server(half) }
        }
    }
}
