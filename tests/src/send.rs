//! Sends OTLP over every transport the server has.

use std::fmt::Write as _;
use std::io::Write as _;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message as _;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use crate::server::{Reply, Server};

pub use opentelemetry_proto::tonic::collector::{logs, metrics, trace};
pub use opentelemetry_proto::tonic::trace::v1 as span;
pub use opentelemetry_proto::tonic::{common::v1 as common, logs::v1 as log, metrics::v1 as metric, resource::v1 as resource};

/// The content type of OTLP as protobuf.
pub const PROTOBUF: &str = "application/x-protobuf";
/// The content type of OTLP as JSON.
pub const JSON: &str = "application/json";

/// One request of any signal.
#[derive(Debug, Clone)]
pub enum Export {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Log records.
    Logs(ExportLogsServiceRequest),
    /// Metric points.
    Metrics(ExportMetricsServiceRequest),
}

/// What the server said about items it left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partial {
    /// Items left out.
    pub rejected: i64,
    /// Why.
    pub message: String,
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip.
    Gzip,
    /// zlib, which HTTP calls deflate.
    Deflate,
    /// zstd.
    Zstd,
}

impl Packing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Gzip, Self::Deflate, Self::Zstd];

    /// The value of `content-encoding`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    /// Packs a body.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn pack(self, body: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::default();
        match self {
            Self::Plain => body.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Self::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(body).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(body, 3).unwrap(),
        }
    }
}

impl Export {
    /// The path of OTLP over HTTP.
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Traces(_) => "/v1/traces",
            Self::Logs(_) => "/v1/logs",
            Self::Metrics(_) => "/v1/metrics",
        }
    }

    /// The table its items go to.
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Traces(_) => "spans",
            Self::Logs(_) => "logs",
            Self::Metrics(_) => "metrics",
        }
    }

    /// As protobuf.
    pub fn protobuf(&self) -> Vec<u8> {
        match self {
            Self::Traces(r) => r.encode_to_vec(),
            Self::Logs(r) => r.encode_to_vec(),
            Self::Metrics(r) => r.encode_to_vec(),
        }
    }

    /// As JSON.
    ///
    /// # Panics
    /// Never: these messages always have a JSON form.
    pub fn json(&self) -> Vec<u8> {
        match self {
            Self::Traces(r) => serde_json::to_vec(r),
            Self::Logs(r) => serde_json::to_vec(r),
            Self::Metrics(r) => serde_json::to_vec(r),
        }
        .unwrap()
    }

    fn partial(&self, body: &[u8]) -> Partial {
        let found = match self {
            Self::Traces(_) => {
                ExportTraceServiceResponse::decode(body).unwrap().partial_success.map(|p| (p.rejected_spans, p.error_message))
            }
            Self::Logs(_) => ExportLogsServiceResponse::decode(body)
                .unwrap()
                .partial_success
                .map(|p| (p.rejected_log_records, p.error_message)),
            Self::Metrics(_) => ExportMetricsServiceResponse::decode(body)
                .unwrap()
                .partial_success
                .map(|p| (p.rejected_data_points, p.error_message)),
        };
        found.map(|(rejected, message)| Partial { rejected, message }).unwrap_or_default()
    }

    /// Sends over HTTP as protobuf.
    pub fn post(&self, server: &Server) -> Reply {
        self.post_packed(server, Packing::Plain)
    }

    /// Sends over HTTP as protobuf, packed.
    pub fn post_packed(&self, server: &Server, packing: Packing) -> Reply {
        let url = format!("{}{}", server.otlp_http(), self.path());
        let mut headers = vec![("content-type", PROTOBUF)];
        if packing != Packing::Plain {
            headers.push(("content-encoding", packing.name()));
        }
        server.post(&url, &headers, &packing.pack(&self.protobuf()))
    }

    /// Sends over HTTP as protobuf; the server must take everything.
    ///
    /// # Panics
    /// When it does not.
    pub fn accepted(&self, server: &Server) {
        let partial = self.kept(server);
        assert_eq!(partial, Partial::default());
    }

    /// Sends over HTTP as protobuf; the server must answer 200. Says what was left out.
    ///
    /// # Panics
    /// When it does not.
    pub fn kept(&self, server: &Server) -> Partial {
        let reply = self.post(server);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.headers.get("content-type").map(String::as_str), Some(PROTOBUF));
        self.partial(&reply.body)
    }

    /// Sends over HTTP as JSON.
    pub fn post_json(&self, server: &Server) -> Reply {
        let url = format!("{}{}", server.otlp_http(), self.path());
        server.post(&url, &[("content-type", JSON)], &self.json())
    }

    /// Sends over gRPC.
    ///
    /// # Errors
    /// The status the server answered.
    pub fn grpc(&self, server: &Server, packing: Option<CompressionEncoding>) -> Result<Partial, Box<tonic::Status>> {
        grpc(self, server.otlp_grpc().to_owned(), packing).map_err(Box::new)
    }
}

macro_rules! call {
    ($client:ident, $channel:expr, $packing:expr, $request:expr) => {{
        let mut client = $client::new($channel);
        if let Some(packing) = $packing {
            client = client.send_compressed(packing);
        }
        client.export($request.clone()).await?.into_inner().partial_success
    }};
}

fn grpc(export: &Export, url: String, packing: Option<CompressionEncoding>) -> Result<Partial, tonic::Status> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let channel =
            Channel::from_shared(url).unwrap().connect().await.map_err(|e| tonic::Status::unavailable(e.to_string()))?;
        let found = match export {
            Export::Traces(r) => call!(TraceServiceClient, channel, packing, r).map(|p| (p.rejected_spans, p.error_message)),
            Export::Logs(r) => call!(LogsServiceClient, channel, packing, r).map(|p| (p.rejected_log_records, p.error_message)),
            Export::Metrics(r) => {
                call!(MetricsServiceClient, channel, packing, r).map(|p| (p.rejected_data_points, p.error_message))
            }
        };
        Ok(found.map(|(rejected, message)| Partial { rejected, message }).unwrap_or_default())
    })
}

/// An attribute.
pub fn attribute(key: &str, value: impl Into<common::any_value::Value>) -> common::KeyValue {
    common::KeyValue { key: key.into(), value: Some(common::AnyValue { value: Some(value.into()) }), ..Default::default() }
}

/// A string value.
pub fn text(s: impl Into<String>) -> common::any_value::Value {
    common::any_value::Value::StringValue(s.into())
}

/// An integer value.
pub const fn int(i: i64) -> common::any_value::Value {
    common::any_value::Value::IntValue(i)
}

/// A resource with a service name.
pub fn service(name: &str) -> Option<resource::Resource> {
    Some(resource::Resource { attributes: vec![attribute("service.name", text(name))], ..Default::default() })
}

/// Spans of one service.
pub fn spans(service_name: &str, spans: Vec<span::Span>) -> Export {
    let scope_spans = vec![span::ScopeSpans { spans, ..Default::default() }];
    let resource_spans = vec![span::ResourceSpans { resource: service(service_name), scope_spans, ..Default::default() }];
    Export::Traces(ExportTraceServiceRequest { resource_spans })
}

/// Log records of one service.
pub fn log_records(service_name: &str, log_records: Vec<log::LogRecord>) -> Export {
    let scope_logs = vec![log::ScopeLogs { log_records, ..Default::default() }];
    let resource_logs = vec![log::ResourceLogs { resource: service(service_name), scope_logs, ..Default::default() }];
    Export::Logs(ExportLogsServiceRequest { resource_logs })
}

/// Metrics of one service.
pub fn metric_list(service_name: &str, metrics: Vec<metric::Metric>) -> Export {
    let scope_metrics = vec![metric::ScopeMetrics { metrics, ..Default::default() }];
    let resource_metrics = vec![metric::ResourceMetrics { resource: service(service_name), scope_metrics, ..Default::default() }];
    Export::Metrics(ExportMetricsServiceRequest { resource_metrics })
}

/// A gauge with one point.
pub fn gauge(name: &str, time: u64, value: f64) -> metric::Metric {
    let point = metric::NumberDataPoint {
        time_unix_nano: time,
        value: Some(metric::number_data_point::Value::AsDouble(value)),
        ..Default::default()
    };
    let data = metric::metric::Data::Gauge(metric::Gauge { data_points: vec![point] });
    metric::Metric { name: name.into(), data: Some(data), ..Default::default() }
}

/// A span whose ids are made from a number, which must not be zero.
pub fn numbered_span(number: u64, time: u64) -> span::Span {
    let mut trace_id = vec![0x5a; 8];
    trace_id.extend_from_slice(&number.to_be_bytes());
    span::Span {
        trace_id,
        span_id: number.to_be_bytes().to_vec(),
        name: format!("span {number}"),
        kind: 1 + (number % 5) as i32,
        start_time_unix_nano: time,
        end_time_unix_nano: time + number,
        attributes: vec![attribute("n", int(number as i64))],
        ..Default::default()
    }
}

/// A log record whose attribute `n` is a number.
pub fn numbered_log(number: u64, time: u64) -> log::LogRecord {
    log::LogRecord {
        time_unix_nano: time,
        severity_number: 1 + (number % 24) as i32,
        body: Some(common::AnyValue { value: Some(text(format!("record {number}"))) }),
        attributes: vec![attribute("n", int(number as i64))],
        ..Default::default()
    }
}

/// Nanoseconds since 1970, now.
///
/// # Panics
/// When the clock is before 1970.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    written(bytes, |out, byte| write!(out, "{byte:02x}"))
}

/// A text as a part of an address.
pub fn percent_encoded(text: &str) -> String {
    written(text.as_bytes(), |out, byte| write!(out, "%{byte:02X}"))
}

fn written(bytes: &[u8], write: impl Fn(&mut String, u8) -> std::fmt::Result) -> String {
    let mut out = String::new();
    for byte in bytes {
        write(&mut out, *byte).expect("strings take everything");
    }
    out
}
