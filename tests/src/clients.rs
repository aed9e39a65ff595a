//! Runs real clients: programs that use the SDKs people use.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::server::clean;

const PREPARED: &str = "run `cargo xtask test`, which prepares it";

/// Python packages that can be installed together.
#[derive(Debug)]
pub struct Packages {
    /// The variable that names a Python that has them.
    variable: &'static str,
    /// The file in `python/` that lists them.
    requirements: &'static str,
}

/// The OpenTelemetry SDK with OTLP, and DuckDB.
pub const SDK: Packages = Packages { variable: "LUNETA_TEST_PYTHON", requirements: "requirements.txt" };
/// Jaeger's client, and exporters for Jaeger.
pub const JAEGER: Packages = Packages { variable: "LUNETA_TEST_PYTHON_JAEGER", requirements: "requirements-jaeger.txt" };
/// Zipkin's client, and the exporter of JSON for Zipkin.
pub const ZIPKIN: Packages = Packages { variable: "LUNETA_TEST_PYTHON_ZIPKIN", requirements: "requirements-zipkin.txt" };
/// The exporter of protobuf for Zipkin.
pub const ZIPKIN_PROTOBUF: Packages =
    Packages { variable: "LUNETA_TEST_PYTHON_ZIPKIN_PROTOBUF", requirements: "requirements-zipkin-protobuf.txt" };
/// Clients of StatsD, DogStatsD, Graphite and InfluxDB.
pub const LINES: Packages = Packages { variable: "LUNETA_TEST_PYTHON_LINES", requirements: "requirements-lines.txt" };
/// Clients of Loki, Fluent, GELF, syslog, Splunk and Elasticsearch 9.
pub const LOGS: Packages = Packages { variable: "LUNETA_TEST_PYTHON_LOGS", requirements: "requirements-logs.txt" };
/// Loggers whose lines are read from files.
pub const FILES: Packages = Packages { variable: "LUNETA_TEST_PYTHON_FILES", requirements: "requirements-files.txt" };
/// The client of Elasticsearch 8.
pub const ELASTICSEARCH_8: Packages =
    Packages { variable: "LUNETA_TEST_PYTHON_ELASTICSEARCH_8", requirements: "requirements-elasticsearch-8.txt" };
/// The client of Elasticsearch 7.
pub const ELASTICSEARCH_7: Packages =
    Packages { variable: "LUNETA_TEST_PYTHON_ELASTICSEARCH_7", requirements: "requirements-elasticsearch-7.txt" };

/// A Python that has the packages installed.
///
/// # Panics
/// When none is named.
pub fn python(packages: &Packages) -> PathBuf {
    let Packages { variable, requirements } = packages;
    let path = std::env::var_os(variable).map(PathBuf::from);
    path.unwrap_or_else(|| panic!("{variable} names no Python with tests/python/{requirements} installed: {PREPARED}"))
}

/// A folder that has `node_modules` as `node/package.json` wants them.
///
/// # Panics
/// When none is named.
pub fn node_modules() -> PathBuf {
    let path = std::env::var_os("LUNETA_TEST_NODE").map(PathBuf::from);
    let path = path.unwrap_or_else(|| panic!("LUNETA_TEST_NODE names no folder with node_modules: {PREPARED}"));
    path.join("node_modules")
}

/// Prometheus's tool.
///
/// # Panics
/// When none is named.
pub fn promtool() -> PathBuf {
    let path = std::env::var_os("LUNETA_TEST_PROMTOOL").map(PathBuf::from);
    path.unwrap_or_else(|| panic!("LUNETA_TEST_PROMTOOL names no promtool: {PREPARED}"))
}

/// A file of this package.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a program to its end and returns what it printed.
///
/// # Panics
/// When it fails; shows what it printed.
pub fn run(command: &mut Command) -> String {
    let output = clean(command).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let Output { status, stdout, stderr } = output;
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{out}\n{err}");
    out.into_owned()
}
