//! Prometheus: what its clients expose.

pub mod exposition;
