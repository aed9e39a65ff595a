//! [`Spans`]: the columns of a batch that derived rows come from.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType};

use super::sampling;
use crate::memtable::{MemoryBatch, OriginColumns};

/// The id of a trace and of a span in it.
pub(super) type SpanKey = ([u8; 16], [u8; 8]);

/// Spans of one batch.
pub(super) struct Spans<'a> {
    origin: &'a [u32],
    services: Option<&'a StringArray>,
    versions: Option<&'a StringArray>,
    start: &'a [i64],
    duration: &'a [i64],
    trace: &'a FixedSizeBinaryArray,
    span: &'a FixedSizeBinaryArray,
    parent: Option<&'a FixedSizeBinaryArray>,
    name: &'a StringArray,
    kind: &'a StringArray,
    status: &'a StringArray,
    trace_state: Option<&'a StringArray>,
    sample_rate: Option<&'a Int64Array>,
    sampler: Option<(&'a StringArray, &'a Float64Array)>,
    peers: [Option<&'a StringArray>; 3],
    databases: [Option<&'a StringArray>; 2],
    messaging: Option<&'a StringArray>,
    shared: Option<&'a BooleanArray>,
}

impl<'a> Spans<'a> {
    /// The spans of a batch; `None` when a column is missing, which [`check`](crate::memtable::check)
    /// rules out.
    pub(super) fn of(batch: &'a MemoryBatch, origins: &'a OriginColumns) -> Option<Self> {
        let rows = &batch.rows;
        let of_origins = |name: &str| {
            let at = origins.fields.iter().position(|field| field.name() == name)?;
            origins.arrays[at].as_string_opt()
        };
        let item = |key: &str| text(rows, &format!("attributes.{key}"));
        let sampler = item("sampler.type").zip(double(rows, "attributes.sampler.param"));
        Some(Self {
            origin: &batch.origin,
            services: of_origins("service_name"),
            versions: of_origins("resource.service.version"),
            start: column(rows, "start_time")?.as_primitive_opt::<TimestampNanosecondType>()?.values(),
            duration: column(rows, "duration_ns")?.as_primitive_opt::<Int64Type>()?.values(),
            trace: id(rows, "trace_id")?,
            span: id(rows, "span_id")?,
            parent: id(rows, "parent_span_id"),
            name: text(rows, "name")?,
            kind: text(rows, "kind")?,
            status: text(rows, "status_code")?,
            trace_state: text(rows, "trace_state"),
            sample_rate: column(rows, "attributes.SampleRate").and_then(|c| c.as_primitive_opt()),
            sampler,
            peers: ["peer.service", "server.address", "net.peer.name"].map(item),
            databases: ["db.system.name", "db.system"].map(item),
            messaging: item("messaging.system"),
            shared: column(rows, "attributes.zipkin.shared").and_then(|c| c.as_boolean_opt()),
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.start.len()
    }

    /// The service; `None` where the resource names none.
    pub(super) fn service(&self, row: usize) -> Option<&'a str> {
        value(self.services, self.origin[row] as usize)
    }

    /// The version of the service.
    pub(super) fn version(&self, row: usize) -> Option<&'a str> {
        value(self.versions, self.origin[row] as usize)
    }

    /// Nanoseconds since 1970.
    pub(super) fn start(&self, row: usize) -> i64 {
        self.start[row]
    }

    /// Nanoseconds.
    pub(super) fn duration(&self, row: usize) -> i64 {
        self.duration[row]
    }

    pub(super) fn name(&self, row: usize) -> &'a str {
        self.name.value(row)
    }

    pub(super) fn kind(&self, row: usize) -> &'a str {
        self.kind.value(row)
    }

    pub(super) fn status(&self, row: usize) -> &'a str {
        self.status.value(row)
    }

    /// Whether the span ended in an error.
    pub(super) fn failed(&self, row: usize) -> bool {
        self.status.value(row) == "ERROR"
    }

    pub(super) fn key(&self, row: usize) -> SpanKey {
        (bytes(self.trace, row), bytes(self.span, row))
    }

    /// The client span a server's span answers: its parent, or itself where both share an id.
    pub(super) fn caller(&self, row: usize) -> Option<SpanKey> {
        if self.shared.is_some_and(|s| s.is_valid(row) && s.value(row)) {
            return Some(self.key(row));
        }
        let parent = self.parent.filter(|p| p.is_valid(row))?;
        Some((bytes(self.trace, row), bytes(parent, row)))
    }

    /// What a client says of whom it asks.
    pub(super) fn peer(&self, row: usize) -> Option<&'a str> {
        first(&self.peers, row)
    }

    /// The database system a client asks.
    pub(super) fn database(&self, row: usize) -> Option<&'a str> {
        first(&self.databases, row)
    }

    /// The messaging system the span speaks to.
    pub(super) fn messaging(&self, row: usize) -> Option<&'a str> {
        value(self.messaging, row)
    }

    /// How many spans this one stands for: sampling let through one in so many.
    pub(super) fn weight(&self, row: usize) -> f64 {
        if let Some(weight) = value(self.trace_state, row).and_then(sampling::weight_of) {
            return weight;
        }
        if let Some(rate) = self.sample_rate.filter(|r| r.is_valid(row)).map(|r| r.value(row)).filter(|rate| *rate > 1) {
            return rate as f64;
        }
        match self.sampler {
            Some((kind, parameter)) if kind.is_valid(row) && parameter.is_valid(row) && kind.value(row) == "probabilistic" => {
                sampling::weight_at(parameter.value(row))
            }
            _ => 1.0,
        }
    }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a ArrayRef> {
    rows.column_by_name(name)
}

fn text<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    column(rows, name)?.as_string_opt()
}

fn double<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a Float64Array> {
    column(rows, name)?.as_primitive_opt::<Float64Type>()
}

fn id<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a FixedSizeBinaryArray> {
    column(rows, name)?.as_fixed_size_binary_opt()
}

fn value(texts: Option<&StringArray>, row: usize) -> Option<&str> {
    texts.filter(|t| t.is_valid(row)).map(|t| t.value(row)).filter(|t| !t.is_empty())
}

fn first<'a>(columns: &[Option<&'a StringArray>], row: usize) -> Option<&'a str> {
    columns.iter().find_map(|column| value(*column, row))
}

/// An id of the width its column has.
fn bytes<const N: usize>(ids: &FixedSizeBinaryArray, row: usize) -> [u8; N] {
    ids.value(row).try_into().unwrap_or([0; N])
}
