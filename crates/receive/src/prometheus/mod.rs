//! Prometheus: samples that are pushed by remote write, and what its clients expose.

pub mod decode;
pub mod exposition;
mod histogram;
pub mod http;
mod known;
mod last;
mod memory;
mod metadata;
mod native;
pub mod pushgateway;
mod rows;
pub mod scraped;
mod told;
mod v1;
mod v2;
mod write;

use luneta_model::Signal;

pub(crate) use memory::Memory;
pub use pushgateway::PushgatewayConfig;

use crate::{Format, Protocol, Route};

/// Remote write.
pub static PROMETHEUS: Protocol = Protocol {
    name: "prometheus",
    doc: "Prometheus remote write 1.0 and 2.0 over HTTP",
    port: 9090,
    routes: &[
        Route { path: "/api/v1/write", signal: Signal::Metrics, formats: &[V1, V2] },
        Route { path: "/prometheus/api/v1/write", signal: Signal::Metrics, formats: &[V1, V2] },
    ],
};

const V1: Format = Format { name: "remote_write_v1", content_type: "application/x-protobuf", decode: decode::remote_write_v1 };
const V2: Format = Format {
    name: "remote_write_v2",
    content_type: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    decode: decode::remote_write_v2,
};

/// Settings of remote write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrometheusConfig {
    /// Series whose last sample is remembered, so that one sent again is not stored again and one
    /// of another value is refused; 0 remembers none. Memory is taken as they come, about 60 bytes
    /// each.
    pub last_samples_max: usize,
    /// Metric families whose type, help and unit are remembered, of all tenants together.
    pub metadata_max: usize,
    /// Series whose labels are remembered with all they were stored as, so that their next samples refer to them
    /// and are not read again; 0 remembers none. Memory is taken as they come, about
    /// 500 bytes each; labels of at most as many KiB are remembered.
    pub told_series_max: usize,
}

impl Default for PrometheusConfig {
    fn default() -> Self {
        Self { last_samples_max: 200_000, metadata_max: 50_000, told_series_max: 1_000_000 }
    }
}
