//! Splunk's HTTP Event Collector: events as JSON objects, or lines as they are.

mod ack;
pub mod decode;
pub mod http;
mod reply;

pub(crate) use ack::Acks;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// The HTTP Event Collector.
pub static SPLUNK: Protocol = Protocol {
    name: "splunk_hec",
    doc: "Splunk's HTTP Event Collector: events and raw lines, with acknowledgements",
    port: 8088,
    routes: &[
        Route { path: "/services/collector", signal: Signal::Logs, formats: &[EVENTS] },
        Route { path: "/services/collector/event", signal: Signal::Logs, formats: &[EVENTS] },
        Route { path: "/services/collector/event/1.0", signal: Signal::Logs, formats: &[EVENTS] },
        Route { path: "/services/collector/raw", signal: Signal::Logs, formats: &[RAW] },
        Route { path: "/services/collector/raw/1.0", signal: Signal::Logs, formats: &[RAW] },
    ],
};

const EVENTS: Format = Format { name: "hec", content_type: "application/json", decode: decode::events };
const RAW: Format = Format { name: "hec_raw", content_type: "text/plain", decode: decode::raw };

/// Resource attributes of an event's metadata, as the Collector names them.
pub const SOURCE_ATTRIBUTE: &str = "com.splunk.source";
/// The same of its kind.
pub const SOURCETYPE_ATTRIBUTE: &str = "com.splunk.sourcetype";
/// The same of the index it is for.
pub const INDEX_ATTRIBUTE: &str = "com.splunk.index";
