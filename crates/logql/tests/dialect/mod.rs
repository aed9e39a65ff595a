//! A test language, sister to Prometheus's: streams are loaded, queries are evaluated and compared.
//!
//! ```text
//! load
//!   {app="a"}
//!     1s line of text
//!     2s [trace_id="x", n="1"] line with structured metadata
//!
//! eval [forward] [limit N] [categorize] RANGE QUERY          a log query
//! eval instant at T QUERY
//! eval range from T to T step T QUERY
//! fail T… MESSAGE
//! ```
//!
//! Every query is also printed and read again, asked with its filters pushed down, and folded to counts where
//! its plan offers that; all of these must give the same.

mod run;
mod script;

pub use run::{Record, Store, answer, check, shown};
