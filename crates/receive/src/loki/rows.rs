//! Entries of streams into log records: labels become the resource, structured metadata attributes.

use std::borrow::Cow;

use luneta_model::Tenant;
use luneta_model::semconv::LOKI_SCOPE;

use super::labels::{self, Label};
use crate::otlp::value::Value;
use crate::record::{Ids, Record, Records, id_key, of_text};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Labels that name the service, the first there is, as Loki discovers it.
const SERVICE_LABELS: [&str; 14] = [
    "service_name",
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
];

/// Labels and metadata that tell the severity.
const SEVERITY_NAMES: [&str; 3] = ["level", "severity", "detected_level"];

/// The rows of one request.
pub(super) struct Rows<'o> {
    records: Records<'o>,
}

/// One stream: its origin, and the severity its labels tell.
pub(super) struct Stream<'a> {
    origin: u32,
    severity: Option<Cow<'a, str>>,
}

impl<'o> Rows<'o> {
    pub(super) fn new(options: &'o DecodeOptions) -> Self {
        Self { records: Records::new(options, LOKI_SCOPE) }
    }

    pub(super) fn warn(&mut self, reason: Reason) {
        self.records.context.tally.warn(reason);
    }

    pub(super) fn reject(&mut self, reason: Reason) {
        self.records.context.tally.reject(reason);
    }

    pub(super) fn text<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, str> {
        self.records.context.text(bytes)
    }

    pub(super) fn finish(self, tenant: Tenant) -> Result<Decoded, ReceiveError> {
        self.records.finish(tenant)
    }

    /// A stream by the text of its labels; `None` when that cannot be read.
    pub(super) fn stream_of<'a>(&mut self, text: &'a str) -> Result<Option<Stream<'a>>, ReceiveError> {
        labels::read(text).map(|labels| self.stream(labels)).transpose()
    }

    /// A stream by its labels. One named `service_name` is the resource's own.
    pub(super) fn stream<'a>(&mut self, mut labels: Vec<Label<'a>>) -> Result<Stream<'a>, ReceiveError> {
        // Maps come in any order; one stream is to be one origin.
        labels.sort_unstable();
        let find = |names: &[&str]| {
            let find = |name: &&str| labels.iter().find(|(key, value)| key == name && !value.is_empty());
            names.iter().find_map(find).map(|(_, value)| value.clone())
        };
        let (service, severity) = (find(&SERVICE_LABELS), find(&SEVERITY_NAMES));
        let own = labels.into_iter().filter(|(key, _)| key != "service_name").map(|(key, value)| (key, Value::Text(value)));
        let mut resource: Vec<(Cow<'a, str>, Value<'a>)> = Vec::new();
        resource.extend(service.map(|name| ("service.name".into(), Value::Text(name))));
        resource.extend(own);
        Ok(Stream { origin: self.records.origin(&resource)?, severity })
    }

    /// Adds an entry, its time in nanoseconds since 1970.
    pub(super) fn entry<'a>(
        &mut self,
        stream: &Stream<'_>,
        time: i128,
        line: Cow<'a, str>,
        metadata: &[Label<'a>],
    ) -> Result<(), ReceiveError> {
        self.records.spend_row()?;
        let mut record = Record { time: Some(time), body: Some(line), ..Record::default() };
        if let Some(level) = &stream.severity {
            record.severity_text = Cow::Borrowed(level);
        }
        // The level of an entry is nearer to it than that of its stream.
        let of_entry = |name: &&str| metadata.iter().find(|(key, value)| key == name && !value.is_empty());
        if let Some((_, level)) = SEVERITY_NAMES.iter().find_map(of_entry) {
            record.severity_text = Cow::Borrowed(level);
        }
        record.severity_number = of_text(&record.severity_text);
        let mut ids = Ids::default();
        for (key, value) in metadata {
            if !id_key(key).is_some_and(|key| ids.take(key, value)) {
                self.records.attribute(key, value);
            }
        }
        (record.trace_id, record.span_id, record.flags) = (ids.trace_id, ids.span_id, ids.flags);
        self.records.end(stream.origin, &record)
    }
}
