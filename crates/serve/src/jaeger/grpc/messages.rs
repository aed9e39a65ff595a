//! Messages of Jaeger's `query.proto`, `query_service.proto` and `model.proto`. Both versions share
//! those that look the same on the wire.

use std::collections::BTreeMap;

/// Seconds and nanoseconds: `Timestamp` and `Duration` of protobuf.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Moment {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// `GetTraceRequest` of version 2.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetTraceById {
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    #[prost(bool, tag = "4")]
    pub raw_traces: bool,
}

/// `GetTraceRequest` of version 3.
#[derive(Clone, PartialEq, prost::Message)]
pub struct GetTraceByText {
    #[prost(string, tag = "1")]
    pub trace_id: String,
}

/// `FindTracesRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FindTracesRequest {
    #[prost(message, optional, tag = "1")]
    pub query: Option<TraceQuery>,
}

/// `TraceQueryParameters`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TraceQuery {
    #[prost(string, tag = "1")]
    pub service_name: String,
    #[prost(string, tag = "2")]
    pub operation_name: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub tags: BTreeMap<String, String>,
    #[prost(message, optional, tag = "4")]
    pub start_time_min: Option<Moment>,
    #[prost(message, optional, tag = "5")]
    pub start_time_max: Option<Moment>,
    #[prost(message, optional, tag = "6")]
    pub duration_min: Option<Moment>,
    #[prost(message, optional, tag = "7")]
    pub duration_max: Option<Moment>,
    #[prost(int32, tag = "8")]
    pub search_depth: i32,
    #[prost(bool, tag = "9")]
    pub raw_traces: bool,
}

/// `GetServicesResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Services {
    #[prost(string, repeated, tag = "1")]
    pub services: Vec<String>,
}

/// `GetOperationsRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperationsRequest {
    #[prost(string, tag = "1")]
    pub service: String,
    #[prost(string, tag = "2")]
    pub span_kind: String,
}

/// `Operation`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Operation {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub span_kind: String,
}

/// `GetOperationsResponse` of version 2.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperationsV2 {
    #[prost(string, repeated, tag = "1")]
    pub operation_names: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub operations: Vec<Operation>,
}

/// `GetOperationsResponse` of version 3.
#[derive(Clone, PartialEq, prost::Message)]
pub struct OperationsV3 {
    #[prost(message, repeated, tag = "1")]
    pub operations: Vec<Operation>,
}

/// `GetDependenciesRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DependenciesRequest {
    #[prost(message, optional, tag = "1")]
    pub start_time: Option<Moment>,
    #[prost(message, optional, tag = "2")]
    pub end_time: Option<Moment>,
}

/// `GetDependenciesResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dependencies {
    #[prost(message, repeated, tag = "1")]
    pub dependencies: Vec<Dependency>,
}

/// `DependencyLink`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dependency {
    #[prost(string, tag = "1")]
    pub parent: String,
    #[prost(string, tag = "2")]
    pub child: String,
    #[prost(uint64, tag = "3")]
    pub call_count: u64,
}

/// `SpansResponseChunk`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Chunk {
    #[prost(message, repeated, tag = "1")]
    pub spans: Vec<Span>,
}

/// `Span`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Span {
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub id: Vec<u8>,
    #[prost(string, tag = "3")]
    pub operation_name: String,
    #[prost(message, repeated, tag = "4")]
    pub references: Vec<Reference>,
    #[prost(uint32, tag = "5")]
    pub flags: u32,
    #[prost(message, optional, tag = "6")]
    pub start_time: Option<Moment>,
    #[prost(message, optional, tag = "7")]
    pub duration: Option<Moment>,
    #[prost(message, repeated, tag = "8")]
    pub tags: Vec<Tag>,
    #[prost(message, repeated, tag = "9")]
    pub logs: Vec<Log>,
    #[prost(message, optional, tag = "10")]
    pub process: Option<Process>,
    #[prost(string, tag = "11")]
    pub process_id: String,
    #[prost(string, repeated, tag = "12")]
    pub warnings: Vec<String>,
}

/// `SpanRef`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Reference {
    #[prost(bytes = "vec", tag = "1")]
    pub trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub span_id: Vec<u8>,
    /// 0 for a child, 1 for one that follows.
    #[prost(int32, tag = "3")]
    pub ref_type: i32,
}

/// `KeyValue`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Tag {
    #[prost(string, tag = "1")]
    pub key: String,
    /// 0 to 4: text, flag, whole number, number, bytes.
    #[prost(int32, tag = "2")]
    pub v_type: i32,
    #[prost(string, tag = "3")]
    pub v_str: String,
    #[prost(bool, tag = "4")]
    pub v_bool: bool,
    #[prost(int64, tag = "5")]
    pub v_int64: i64,
    #[prost(double, tag = "6")]
    pub v_float64: f64,
    #[prost(bytes = "vec", tag = "7")]
    pub v_binary: Vec<u8>,
}

/// `Log`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Log {
    #[prost(message, optional, tag = "1")]
    pub timestamp: Option<Moment>,
    #[prost(message, repeated, tag = "2")]
    pub fields: Vec<Tag>,
}

/// `Process`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Process {
    #[prost(string, tag = "1")]
    pub service_name: String,
    #[prost(message, repeated, tag = "2")]
    pub tags: Vec<Tag>,
}
