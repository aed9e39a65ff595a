//! Elasticsearch: documents in bulk, and what its clients ask before they send them.

mod answers;
pub mod decode;
pub mod http;
mod reply;
mod version;

use luneta_model::Signal;

use crate::{Format, Protocol, Route};

/// Elasticsearch's bulk API.
pub static ELASTICSEARCH: Protocol = Protocol {
    name: "elasticsearch",
    doc: "Elasticsearch over HTTP: documents in bulk, of versions 7 to 9",
    port: 9200,
    routes: &[
        Route { path: "/_bulk", signal: Signal::Logs, formats: &[BULK] },
        Route { path: "/{index}/_bulk", signal: Signal::Logs, formats: &[BULK] },
    ],
};

const BULK: Format = Format { name: "bulk", content_type: "application/x-ndjson", decode: decode::bulk };

/// Resource attribute with the index or data stream a document was sent to.
pub const INDEX_ATTRIBUTE: &str = "elasticsearch.index";
