//! InfluxDB: the line protocol over HTTP, as all three versions of the server take it.

pub mod decode;
pub mod http;
pub mod line;
mod precision;
mod reply;
mod rows;

pub use precision::Precision;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// The attribute that holds the name of the database or bucket.
pub const DATABASE_ATTRIBUTE: &str = "db";
/// The tag that is also the host of the resource.
pub const HOST_TAG: &str = "host";

/// InfluxDB over HTTP. What is number becomes points, what is text log records.
pub static INFLUX: Protocol = Protocol {
    name: "influxdb",
    doc: "InfluxDB over HTTP: line protocol as versions 1, 2 and 3 take it",
    port: 8086,
    routes: &[
        Route { path: "/write", signal: Signal::Metrics, formats: &[METRICS] },
        Route { path: "/write", signal: Signal::Logs, formats: &[LOGS] },
        Route { path: "/api/v2/write", signal: Signal::Metrics, formats: &[METRICS] },
        Route { path: "/api/v2/write", signal: Signal::Logs, formats: &[LOGS] },
        Route { path: "/api/v3/write_lp", signal: Signal::Metrics, formats: &[METRICS] },
        Route { path: "/api/v3/write_lp", signal: Signal::Logs, formats: &[LOGS] },
    ],
};

const METRICS: Format = Format { name: "lp", content_type: "text/plain", decode: decode::metrics };
const LOGS: Format = Format { name: "lp", content_type: "text/plain", decode: decode::logs };
