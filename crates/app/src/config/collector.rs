//! The sections of a Collector's file that are not ours: what each component means here.
//!
//! Telemetry always goes to the lake. A component whose work the server does by itself, or that
//! would send telemetry elsewhere, is accepted with a note; one whose absence would change the
//! telemetry is refused.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_yaml_ng::Value;

/// Components of one section by id, with settings that only they understand.
pub type Components = BTreeMap<String, Value>;

/// Kinds of components that are known, and what to say of them.
type Known = &'static [(&'static [&'static str], &'static str)];

const PROCESSORS: Known = &[
    (&["batch"], "the server makes batches by itself (luneta.flush)"),
    (&["memory_limiter"], "memory is always bounded (luneta.limits.memory_bytes_max)"),
];
const EXPORTERS: Known = &[
    (&["luneta"], ""),
    (&["debug", "logging"], "look with `luneta tail`"),
    (
        &[
            "otlp",
            "otlp_grpc",
            "otlphttp",
            "otlp_http",
            "loki",
            "prometheus",
            "prometheusremotewrite",
            "zipkin",
            "jaeger",
            "file",
            "elasticsearch",
            "nop",
        ],
        "nothing is sent on: telemetry is kept here",
    ),
];
const EXTENSIONS: Known = &[
    (&["health_check", "healthcheckv2"], "ask /-/healthy and /-/ready on luneta.listen"),
    (&["pprof", "zpages"], "see /metrics on luneta.listen"),
];

/// The section `service`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawService {
    extensions: Vec<String>,
    telemetry: Option<Value>,
    pipelines: BTreeMap<String, Option<RawPipeline>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPipeline {
    receivers: Vec<String>,
    processors: Vec<String>,
    exporters: Vec<String>,
}

/// A Collector's file without its receivers.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The receivers the file defines.
    pub receivers: Vec<String>,
    /// The section `processors`.
    pub processors: &'a Components,
    /// The section `exporters`.
    pub exporters: &'a Components,
    /// The section `extensions`.
    pub extensions: &'a Components,
    /// The section `service`.
    pub service: &'a RawService,
}

impl Parts<'_> {
    /// Whether every component is known, and defined where it is named. Returns what has no effect.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for (section, components, known) in [
            ("processors", self.processors, PROCESSORS),
            ("exporters", self.exporters, EXPORTERS),
            ("extensions", self.extensions, EXTENSIONS),
        ] {
            for id in components.keys() {
                match known.iter().find(|(kinds, _)| kinds.contains(&kind(id))) {
                    Some((_, "")) => {}
                    Some((_, note)) => notes.push(format!("{section}.{id}: {note}")),
                    None => bail!("{section}.{id}: not known here; these are: {}", names(known)),
                }
            }
        }
        if let Some(id) = self.service.extensions.iter().find(|id| !self.extensions.contains_key(*id)) {
            bail!("service.extensions: `{id}` is not defined under extensions");
        }
        if self.service.telemetry.is_some() {
            notes.push("service.telemetry: the server's own metrics are at /metrics, its log level is set with -v".to_owned());
        }
        for (id, pipeline) in &self.service.pipelines {
            self.check_pipeline(id, pipeline.as_ref().unwrap_or(&RawPipeline::default()))?;
        }
        Ok(notes)
    }

    fn check_pipeline(&self, id: &str, parts: &RawPipeline) -> Result<()> {
        if !matches!(kind(id), "traces" | "logs" | "metrics") {
            bail!("service.pipelines.{id}: pipelines are traces, logs or metrics");
        }
        let receiver = |id: &str| self.receivers.iter().any(|defined| defined == id);
        let exporter = |id: &str| id == "luneta" || self.exporters.contains_key(id);
        if let Some(name) = parts.receivers.iter().find(|n| !receiver(n)) {
            bail!("service.pipelines.{id}.receivers: `{name}` is not defined under receivers");
        }
        if let Some(name) = parts.processors.iter().find(|n| !self.processors.contains_key(*n)) {
            bail!("service.pipelines.{id}.processors: `{name}` is not defined under processors");
        }
        if let Some(name) = parts.exporters.iter().find(|n| !exporter(n)) {
            bail!("service.pipelines.{id}.exporters: `{name}` is not defined under exporters");
        }
        Ok(())
    }
}

/// The type in a component's id, `type/name`.
pub fn kind(id: &str) -> &str {
    id.split('/').next().unwrap_or(id)
}

fn names(known: Known) -> String {
    known.iter().flat_map(|(kinds, _)| *kinds).copied().collect::<Vec<_>>().join(", ")
}
