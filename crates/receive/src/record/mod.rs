//! Log records as the intakes of logs build them: fields into their places, resources told apart, times
//! and bodies within bounds.

mod correlate;
mod fields;
mod fold;
mod moment;
mod settings;
mod severity;

use std::borrow::Cow;
use std::collections::HashMap;

use luneta_model::semconv::{BODY_SENT_BYTES, TIME_SENT};
use luneta_model::{LogRow, LogsBuilder, Tenant};
use xxhash_rust::xxh3::Xxh3;

use crate::context::{Context, refusal};
use crate::otlp::value::Value;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

pub(crate) use correlate::{Ids, id_key, ids_in};
pub(crate) use fields::{Fields, Key, Members, MembersSeed, read, read_list, text};
pub(crate) use fold::fold;
pub(crate) use moment::{any, epoch, iso, without_year};
pub use settings::{FluentSettings, GelfSettings, LogSettings, SyslogSettings, TimeBounds};
pub(crate) use severity::{of_syslog, of_text};

/// Bytes a record's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;
/// Bytes an origin takes besides what was sent for it.
const ORIGIN_BYTES: usize = 256;

/// One record, as it is kept.
#[derive(Default)]
pub(crate) struct Record<'a> {
    /// Nanoseconds since 1970; `None` is the time of arrival.
    pub(crate) time: Option<i128>,
    pub(crate) body: Option<Cow<'a, str>>,
    /// Bytes of the body as it was sent, where it was cut already.
    pub(crate) body_bytes: usize,
    pub(crate) severity_number: i32,
    pub(crate) severity_text: Cow<'a, str>,
    pub(crate) event_name: Cow<'a, str>,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) flags: u32,
    pub(crate) resource: Vec<(Cow<'a, str>, Value<'a>)>,
    pub(crate) attributes: Vec<(Cow<'a, str>, Value<'a>)>,
    /// Fields over the limit.
    pub(crate) dropped: u32,
}

impl<'a> Record<'a> {
    /// Trace and span: those it says it has, else those its attributes or its body tell of.
    pub(crate) fn ids(&self) -> Ids {
        let mut ids = Ids { trace_id: self.trace_id, span_id: self.span_id, flags: self.flags };
        if ids.found() {
            return ids;
        }
        for (key, value) in &self.attributes {
            if let (Some(key), Value::Text(text)) = (id_key(key), value) {
                ids.take(key, text);
            }
        }
        if !ids.found()
            && let Some(found) = self.body.as_deref().and_then(ids_in)
        {
            return found;
        }
        ids
    }

    pub(crate) fn has_resource(&self, key: &str) -> bool {
        self.resource.iter().any(|(k, _)| k == key)
    }

    /// The text of the first of those keys the resource has.
    pub(crate) fn resource_text(&self, keys: &[&str]) -> Option<Cow<'a, str>> {
        keys.iter().find_map(|key| {
            self.resource.iter().find_map(|(k, value)| match value {
                Value::Text(text) if k == key && !text.is_empty() => Some(text.clone()),
                _ => None,
            })
        })
    }
}

/// The rows of one request, as they grow.
pub(crate) struct Records<'o> {
    pub(crate) context: Context<'o>,
    logs: LogsBuilder,
    scope: &'static str,
    /// Origins by a digest of what is said of them.
    origins: HashMap<u128, u32>,
    /// The one of the record before, most often that of the next.
    last: Option<(u128, u32)>,
}

impl<'o> Records<'o> {
    /// No rows yet; `scope` names the scope of all.
    pub(crate) fn new(options: &'o DecodeOptions, scope: &'static str) -> Self {
        let (context, logs) = (Context::new(options), LogsBuilder::new(options.limits));
        Self { context, logs, scope, origins: HashMap::new(), last: None }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &Record<'_>) -> Result<(), ReceiveError> {
        let origin = self.origin(&record.resource)?;
        self.spend(ROW_BYTES)?;
        for (key, value) in &record.attributes {
            push(&mut self.logs, key, value);
        }
        self.end(origin, record)
    }

    /// The origin of records with a resource like that.
    pub(crate) fn origin(&mut self, resource: &[(Cow<'_, str>, Value<'_>)]) -> Result<u32, ReceiveError> {
        let (digest, bytes) = digest(resource);
        if let Some((last, origin)) = self.last
            && last == digest
        {
            return Ok(origin);
        }
        if let Some(origin) = self.origins.get(&digest) {
            self.last = Some((digest, *origin));
            return Ok(*origin);
        }
        self.spend(ORIGIN_BYTES + 2 * bytes)?;
        let origins = &mut self.logs.origins;
        origins.begin();
        for (key, value) in resource {
            match value {
                Value::Text(text) => origins.resource_str(key, text),
                other => origins.resource_attribute(key, &other.clone().into_any()),
            }
        }
        if !self.scope.is_empty() {
            origins.scope_facts(self.scope, "", "", 0);
        }
        let origin = origins.end();
        self.origins.insert(digest, origin);
        self.last = Some((digest, origin));
        Ok(origin)
    }

    /// Adds an attribute to the record that is closed next.
    pub(crate) fn attribute(&mut self, key: &str, text: &str) {
        self.logs.attributes.push_str(key, text);
    }

    /// Takes memory for a record from the budget of the request.
    pub(crate) fn spend_row(&mut self) -> Result<(), ReceiveError> {
        self.spend(ROW_BYTES)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ReceiveError> {
        let options = self.context.options;
        self.context.spend(bytes).map_err(|fault| refusal(&fault, options))
    }

    /// Closes a record whose attributes were added.
    pub(crate) fn end(&mut self, origin: u32, record: &Record<'_>) -> Result<(), ReceiveError> {
        let options = self.context.options;
        let time = match record.time {
            None => options.now,
            Some(nanos) => options.times.admit(nanos, options.now).unwrap_or_else(|| {
                self.context.tally.warn(Reason::TimeOutOfBounds);
                self.logs.attributes.push_str(TIME_SENT, &nanos.to_string());
                options.now
            }),
        };
        if let Some(body) = &record.body {
            let sent = record.body_bytes.max(body.len());
            if sent > options.limits.body_bytes_max.min(body.len()) {
                self.context.tally.warn(Reason::BodyCut);
                self.logs.attributes.push_int(BODY_SENT_BYTES, sent as i64);
            }
            self.logs.body_str(body);
        }
        let ids = record.ids();
        let row = LogRow {
            time,
            observed_time: options.now,
            severity_number: record.severity_number,
            severity_text: &record.severity_text,
            event_name: &record.event_name,
            trace_id: ids.trace_id,
            span_id: ids.span_id,
            flags: ids.flags,
            dropped_attributes_count: record.dropped,
        };
        self.logs.end_record(origin, &row).map_err(|e| ReceiveError::Internal(e.to_string()))
    }

    /// The batch.
    pub(crate) fn finish(self, tenant: Tenant) -> Result<Decoded, ReceiveError> {
        let batch = self.logs.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
        Ok(Decoded { batch, tally: self.context.tally })
    }
}

fn push(logs: &mut LogsBuilder, key: &str, value: &Value<'_>) {
    match value {
        Value::Text(text) => logs.attributes.push_str(key, text),
        Value::Bool(is) => logs.attributes.push_bool(key, *is),
        Value::Int(number) => logs.attributes.push_int(key, *number),
        Value::Double(number) => logs.attributes.push_double(key, *number),
        Value::Other(value) => logs.attributes.push(key, value),
    }
}

/// A digest of a resource, and the bytes of what is said.
fn digest(resource: &[(Cow<'_, str>, Value<'_>)]) -> (u128, usize) {
    let mut hasher = Xxh3::new();
    let mut bytes = 0;
    let mut add = |part: &[u8]| {
        bytes += part.len();
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    };
    for (key, value) in resource {
        add(key.as_bytes());
        match value {
            Value::Text(text) => add(text.as_bytes()),
            other => {
                let value = other.clone().into_any();
                let mut text = String::new();
                luneta_model::encode_text(&value, &mut text);
                add(&[value.type_code().as_char() as u8]);
                add(text.as_bytes());
            }
        }
    }
    (hasher.digest128(), bytes)
}
