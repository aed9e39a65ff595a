//! Payloads: batches as Arrow IPC, with their schemas written once per segment.
//!
//! ```text
//! payload = 1 schema-id:u32 schema-message                         (what later records refer to)
//!         | 2 signal:u8 tenant-len:u8 tenant part(rows) part(origins)
//!         | 3 series-id:u32 part(series)                            (what later records refer to)
//!         | 4 signal:u8 tenant-len:u8 tenant part(rows) count:u32 series-id:u32* count:u32 place*
//! part    = schema-id:u32 message-len:u32 body-len:u32 message body
//! place   = nth-series-id:u32 row:u32
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::root_as_message;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions};
use luneta_model::{Batch, SeriesPart, Signal, Tenant, Told};

use super::segment::{self, FRAME_LEN, u32_at};

const SCHEMA: u8 = 1;
const BATCH: u8 = 2;
const SERIES: u8 = 3;
const POINTS: u8 = 4;
/// Distinct schemas remembered; there are as many as sets of attribute keys that come together.
const SCHEMAS_MAX: usize = 8192;
/// A payload's length must fit its frame with room to spare.
const PAYLOAD_MAX: usize = 1 << 30;

/// A batch ready to be written: a sealed record and the schemas it refers to.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The record, frame included.
    pub(super) record: Vec<u8>,
    /// Schemas of rows and origins.
    pub(super) schemas: Vec<Arc<EncodedSchema>>,
    /// The series it refers to, with their schemas and numbers.
    pub(super) series: Vec<EncodedSeries>,
}

/// Series that stand once in each segment that refers to them.
#[derive(Debug)]
pub(super) struct EncodedSeries {
    pub(super) id: u32,
    pub(super) schema: Arc<EncodedSchema>,
    part: Arc<SeriesPart>,
}

impl EncodedSeries {
    /// The sealed record.
    pub(super) fn record(&self) -> Result<Vec<u8>, ArrowError> {
        let mut record = vec![0; FRAME_LEN];
        record.push(SERIES);
        record.extend_from_slice(&self.id.to_le_bytes());
        push_part(&mut record, self.schema.id, self.part.rows())?;
        segment::seal(&mut record);
        Ok(record)
    }
}

/// A schema and its number, as a sealed record.
#[derive(Debug)]
pub(super) struct EncodedSchema {
    pub(super) id: u32,
    pub(super) record: Vec<u8>,
}

/// Turns batches into records. Shared by all who accept batches.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    next_id: u32,
    by_schema: HashMap<SchemaRef, Arc<EncodedSchema>, foldhash::fast::RandomState>,
}

impl Encoder {
    /// The record of a batch.
    pub(crate) fn encode(&self, batch: &Batch) -> Result<Encoded, ArrowError> {
        let mut schemas = vec![self.schema(batch.rows.schema_ref())?];
        let mut series = Vec::new();
        let tenant = batch.tenant.as_str().as_bytes();
        let mut record = Vec::with_capacity(256 + batch.rows.get_array_memory_size() / 2);
        record.resize(FRAME_LEN, 0);
        let kind = if batch.told.is_some() { POINTS } else { BATCH };
        record.extend_from_slice(&[kind, batch.signal.code(), tenant.len() as u8]);
        record.extend_from_slice(tenant);
        push_part(&mut record, schemas[0].id, &batch.rows)?;
        if let Some(told) = &batch.told {
            for part in &told.parts {
                let id = u32::try_from(part.number()).map_err(|_| fault("log series are used up"))?;
                series.push(EncodedSeries { id, schema: self.schema(part.rows().schema_ref())?, part: part.clone() });
            }
            push_told(&mut record, told, &series);
        } else {
            schemas.push(self.schema(batch.origins.schema_ref())?);
            push_part(&mut record, schemas[1].id, &batch.origins)?;
        }
        if record.len() > PAYLOAD_MAX {
            return Err(ArrowError::IpcError(format!("batch of {} bytes is too large for the log", record.len())));
        }
        segment::seal(&mut record);
        Ok(Encoded { record, schemas, series })
    }

    fn schema(&self, schema: &SchemaRef) -> Result<Arc<EncodedSchema>, ArrowError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.by_schema.get(schema) {
            return Ok(found.clone());
        }
        if known.by_schema.len() >= SCHEMAS_MAX {
            known.by_schema.clear();
        }
        let id = known.next_id;
        known.next_id = id.checked_add(1).ok_or_else(|| ArrowError::IpcError("log schemas are used up".into()))?;
        let mut record = vec![0; FRAME_LEN];
        record.push(SCHEMA);
        record.extend_from_slice(&id.to_le_bytes());
        let mut dictionaries = DictionaryTracker::new(false);
        let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(schema, &mut dictionaries, &options()?);
        record.extend_from_slice(&message.ipc_message);
        segment::seal(&mut record);
        let encoded = Arc::new(EncodedSchema { id, record });
        known.by_schema.insert(schema.clone(), encoded.clone());
        Ok(encoded)
    }
}

fn options() -> Result<IpcWriteOptions, ArrowError> {
    IpcWriteOptions::try_new(8, false, arrow::ipc::MetadataVersion::V5)
}

fn push_part(record: &mut Vec<u8>, schema_id: u32, batch: &RecordBatch) -> Result<(), ArrowError> {
    let mut dictionaries = DictionaryTracker::new(false);
    let (with_dictionaries, data) =
        IpcDataGenerator::default().encode(batch, &mut dictionaries, &options()?, &mut IpcWriteContext::default())?;
    if !with_dictionaries.is_empty() {
        return Err(ArrowError::IpcError("batches hold no dictionaries".into()));
    }
    record.extend_from_slice(&schema_id.to_le_bytes());
    record.extend_from_slice(&(data.ipc_message.len() as u32).to_le_bytes());
    record.extend_from_slice(&(data.arrow_data.len() as u32).to_le_bytes());
    record.extend_from_slice(&data.ipc_message);
    record.extend_from_slice(&data.arrow_data);
    Ok(())
}

fn push_told(record: &mut Vec<u8>, told: &Told, series: &[EncodedSeries]) {
    record.extend_from_slice(&(series.len() as u32).to_le_bytes());
    for series in series {
        record.extend_from_slice(&series.id.to_le_bytes());
    }
    record.extend_from_slice(&(told.places.len() as u32).to_le_bytes());
    for (part, row) in &told.places {
        record.extend_from_slice(&part.to_le_bytes());
        record.extend_from_slice(&row.to_le_bytes());
    }
}

/// Turns the payloads of one segment back into batches.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    schemas: HashMap<u32, SchemaRef>,
    series: HashMap<u32, Arc<SeriesPart>>,
}

impl Decoder {
    /// The batch in a payload, `None` when it holds a schema.
    pub(super) fn decode(&mut self, payload: &[u8]) -> Result<Option<Batch>, ArrowError> {
        let (kind, rest) = payload.split_first().ok_or_else(|| fault("empty record"))?;
        match *kind {
            SCHEMA if rest.len() >= 4 => {
                let message = root_as_message(&rest[4..]).map_err(|e| fault(&e.to_string()))?;
                let schema = message.header_as_schema().ok_or_else(|| fault("record without schema"))?;
                let schema: Schema = fb_to_schema(schema);
                self.schemas.insert(u32_at(rest, 0), Arc::new(schema));
                Ok(None)
            }
            SERIES if rest.len() >= 4 => {
                let (rows, _) = self.part(rest, 4)?;
                self.series.insert(u32_at(rest, 0), Arc::new(SeriesPart::from_rows(rows)));
                Ok(None)
            }
            BATCH | POINTS if rest.len() >= 2 => self.batch(rest, *kind == POINTS).map(Some),
            other => Err(fault(&format!("record of unknown kind {other}"))),
        }
    }

    fn batch(&self, rest: &[u8], told: bool) -> Result<Batch, ArrowError> {
        let signal = Signal::from_code(rest[0]).ok_or_else(|| fault("unknown signal"))?;
        let tenant_end = 2 + rest[1] as usize;
        let tenant = rest.get(2..tenant_end).and_then(|t| std::str::from_utf8(t).ok()).ok_or_else(|| fault("bad tenant"))?;
        let tenant = Tenant::new(tenant).map_err(|e| fault(&e.to_string()))?;
        let (rows, next) = self.part(rest, tenant_end)?;
        if told {
            return Ok(Batch { signal, ..Batch::of_told(tenant, rows, self.told(rest, next)?) });
        }
        let (origins, _) = self.part(rest, next)?;
        Ok(Batch { tenant, signal, rows, origins, told: None })
    }

    fn told(&self, bytes: &[u8], at: usize) -> Result<Told, ArrowError> {
        let mut numbers = bytes.get(at..).unwrap_or_default().chunks_exact(4).map(|number| u32_at(number, 0));
        let mut next = || numbers.next().ok_or_else(|| fault("places are cut off"));
        let mut told = Told::default();
        for _ in 0..next()? {
            let part = self.series.get(&next()?).ok_or_else(|| fault("series are missing"))?;
            told.parts.push(part.clone());
        }
        for _ in 0..next()? {
            told.places.push((next()?, next()?));
        }
        Ok(told)
    }

    fn part(&self, bytes: &[u8], at: usize) -> Result<(RecordBatch, usize), ArrowError> {
        let head = bytes.get(at..at + 12).ok_or_else(|| fault("part is cut off"))?;
        let schema = self.schemas.get(&u32_at(head, 0)).ok_or_else(|| fault("schema is missing"))?;
        let body_at = at + 12 + u32_at(head, 4) as usize;
        let end = body_at + u32_at(head, 8) as usize;
        let message = bytes.get(at + 12..body_at).ok_or_else(|| fault("message is cut off"))?;
        let body = bytes.get(body_at..end).ok_or_else(|| fault("body is cut off"))?;
        // Copied, because the message may stand at any address and readers want it aligned.
        let message = message.to_vec();
        let message = root_as_message(&message).map_err(|e| fault(&e.to_string()))?;
        let header = message.header_as_record_batch().ok_or_else(|| fault("record without batch"))?;
        let body = Buffer::from(body);
        let batch = read_record_batch(&body, header, schema.clone(), &HashMap::new(), None, &message.version())?;
        Ok((batch, end))
    }
}

fn fault(reason: &str) -> ArrowError {
    ArrowError::IpcError(reason.to_owned())
}
