//! Lines into rows: points of their numbers, a log record of their texts.

use std::collections::HashMap;
use std::fmt::Write as _;

use luneta_model::{
    AnyValue, LogRow, LogsBuilder, MetricIdentity, MetricRow, MetricsBuilder, Number, OriginsBuilder, PointValue, Tenant,
};

use super::decode::{BrokenLine, Written};
use super::line::{FieldValue, Line};
use super::{DATABASE_ATTRIBUTE, HOST_TAG};
use crate::context::{Context, refusal};
use crate::{DecodeOptions, ReceiveError};

/// Bytes a row's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;
/// Bytes an origin takes besides its host.
const ORIGIN_BYTES: usize = 256;

/// The rows of one request, as they grow.
pub(super) struct Rows<'o> {
    pub(super) context: Context<'o>,
    database: &'o str,
    metrics: MetricsBuilder,
    logs: LogsBuilder,
    metric_hosts: Hosts,
    log_hosts: Hosts,
    name: String,
}

/// Origins by host.
#[derive(Default)]
struct Hosts {
    /// The host of the line before, most often that of the next.
    last: Option<(String, u32)>,
    all: HashMap<String, u32>,
}

impl Hosts {
    fn origin(&mut self, host: &str, origins: &mut OriginsBuilder) -> (u32, usize) {
        if let Some((last, origin)) = &self.last
            && last == host
        {
            return (*origin, 0);
        }
        let (origin, bytes) = if let Some(origin) = self.all.get(host) {
            (*origin, 0)
        } else {
            origins.begin();
            if !host.is_empty() {
                origins.resource_str("host.name", host);
            }
            let origin = origins.end();
            self.all.insert(host.to_owned(), origin);
            (origin, ORIGIN_BYTES + 2 * host.len())
        };
        self.last = Some((host.to_owned(), origin));
        (origin, bytes)
    }
}

impl<'o> Rows<'o> {
    pub(super) fn new(options: &'o DecodeOptions, database: &'o str) -> Self {
        Self {
            context: Context::new(options),
            database,
            metrics: MetricsBuilder::new(options.limits),
            logs: LogsBuilder::new(options.limits),
            metric_hosts: Hosts::default(),
            log_hosts: Hosts::default(),
            name: String::new(),
        }
    }

    /// Adds a line's rows.
    pub(super) fn add(&mut self, line: &Line<'_>, time: i64) -> Result<(), ReceiveError> {
        let texts = line.fields.iter().filter(|(_, value)| matches!(value, FieldValue::Text(_))).count();
        if texts < line.fields.len() {
            self.points(line, time)?;
        }
        if texts > 0 {
            self.record(line, time)?;
        }
        Ok(())
    }

    /// Takes memory from the budget of the request.
    fn spend(&mut self, bytes: usize) -> Result<(), ReceiveError> {
        let options = self.context.options;
        self.context.spend(bytes).map_err(|fault| refusal(&fault, options))
    }

    fn points(&mut self, line: &Line<'_>, time: i64) -> Result<(), ReceiveError> {
        let (origin, bytes) = self.metric_hosts.origin(host(line), &mut self.metrics.origins);
        let row_bytes = ROW_BYTES + line.measurement.len() + tag_bytes(line) + self.database.len();
        let mut spent = bytes;
        for (key, value) in &line.fields {
            let Some(number) = number(value) else { continue };
            spent += row_bytes + key.len();
            self.spend(std::mem::take(&mut spent))?;
            for (tag, value) in &line.tags {
                self.metrics.push_str(tag, value);
            }
            if names_database(line, self.database) {
                self.metrics.push_str(DATABASE_ATTRIBUTE, self.database);
            }
            self.name.clear();
            let _ = write!(self.name, "{}_{key}", line.measurement);
            let metric = MetricIdentity { name: &self.name, ..MetricIdentity::default() };
            let row = MetricRow { time, start_time: 0, flags: 0, value: PointValue::Gauge(Some(number)) };
            self.metrics.end_point(origin, &metric, &row);
        }
        Ok(())
    }

    fn record(&mut self, line: &Line<'_>, time: i64) -> Result<(), ReceiveError> {
        let (origin, bytes) = self.log_hosts.origin(host(line), &mut self.logs.origins);
        let mut texts = Vec::new();
        for (key, value) in &line.fields {
            if let FieldValue::Text(text) = value {
                texts.push((key.to_string(), AnyValue::String(text.to_string())));
            }
        }
        let text_bytes: usize = texts.iter().map(|(key, value)| 2 * key.len() + 2 * text_len(value)).sum();
        self.spend(bytes + ROW_BYTES + line.measurement.len() + tag_bytes(line) + text_bytes)?;
        for (tag, value) in &line.tags {
            self.logs.attributes.push_str(tag, value);
        }
        if names_database(line, self.database) {
            self.logs.attributes.push_str(DATABASE_ATTRIBUTE, self.database);
        }
        // A tag of the same name comes first and wins; the body has both.
        for (key, value) in &texts {
            self.logs.attributes.push(key, value);
        }
        self.logs.body(&AnyValue::Map(texts));
        let row = LogRow { time, observed_time: self.context.options.now, event_name: &line.measurement, ..LogRow::default() };
        self.logs.end_record(origin, &row).map_err(|e| ReceiveError::Internal(e.to_string()))
    }

    pub(super) fn finish(self, tenant: Tenant, broken: Vec<BrokenLine>) -> Result<Written, ReceiveError> {
        let internal = |e: arrow::error::ArrowError| ReceiveError::Internal(e.to_string());
        Ok(Written {
            metrics: self.metrics.finish(tenant.clone()).map_err(internal)?,
            logs: self.logs.finish(tenant).map_err(internal)?,
            broken,
            tally: self.context.tally,
        })
    }
}

/// A boolean is 1 or 0; a whole number that does not fit 63 bits becomes a double.
fn number(value: &FieldValue<'_>) -> Option<Number> {
    Some(match value {
        FieldValue::Float(number) => Number::Double(*number),
        FieldValue::Integer(number) => Number::Int(*number),
        FieldValue::Unsigned(number) => i64::try_from(*number).map_or(Number::Double(*number as f64), Number::Int),
        FieldValue::Boolean(is) => Number::Int(i64::from(*is)),
        FieldValue::Text(_) => return None,
    })
}

fn host<'l>(line: &'l Line<'_>) -> &'l str {
    line.tags.iter().find(|(key, _)| key == HOST_TAG).map_or("", |(_, value)| value)
}

/// Whether the attribute is to be added: a tag of that name wins.
fn names_database(line: &Line<'_>, database: &str) -> bool {
    !database.is_empty() && !line.tags.iter().any(|(key, _)| key == DATABASE_ATTRIBUTE)
}

fn tag_bytes(line: &Line<'_>) -> usize {
    line.tags.iter().map(|(key, value)| key.len() + value.len() + 8).sum()
}

fn text_len(value: &AnyValue) -> usize {
    match value {
        AnyValue::String(text) => text.len(),
        _ => 0,
    }
}
