//! Prometheus's test language: series are loaded, queries are evaluated and compared.

mod run;
mod script;
mod values;

pub use run::check;
