//! From spans and processes to rows.

use std::borrow::Cow;
use std::collections::HashMap;

use luneta_model::{AnyValue, EventRow, LinkRow, SpansBuilder, Tenant};

use super::span::{Identity, Process, Span, Tags};
use super::status::{self, KINDS};
use crate::context::Context;
use crate::otlp::value::Value;
use crate::wire::Walk;
use crate::{DecodeOptions, Decoded, ReceiveError};

/// Bytes a span's fixed columns take, and those of promoted attributes it does not have.
const ROW_BYTES: usize = 256;
/// Bytes an origin takes besides what was sent for it.
const ORIGIN_BYTES: usize = 256;

/// The rows of one request, as they grow.
pub(super) struct Rows<'a, 'o> {
    pub(super) context: Context<'o>,
    builder: SpansBuilder,
    /// Origins built: a process and a scope each.
    origins: HashMap<(Identity<'a>, Scope<'a>), u32>,
}

/// Name and version of the instrumentation.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Scope<'a> {
    name: Cow<'a, str>,
    version: Cow<'a, str>,
}

impl<'a, 'o> Rows<'a, 'o> {
    pub(super) fn new(options: &'o DecodeOptions) -> Self {
        let builder = SpansBuilder::new(options.limits);
        Self { context: Context::new(options), builder, origins: HashMap::new() }
    }

    pub(super) fn finish(self, tenant: Tenant) -> Result<Decoded, ReceiveError> {
        let batch = self.builder.finish(tenant).map_err(|e| ReceiveError::Internal(e.to_string()))?;
        Ok(Decoded { batch, tally: self.context.tally })
    }

    /// Adds a span, or counts why it is left out.
    pub(super) fn push(&mut self, mut span: Span<'a>, process: &Process<'a>) -> Walk<()> {
        let mut row = match span.row() {
            Ok(row) => row,
            Err(reason) => {
                self.context.tally.reject(reason);
                return Ok(());
            }
        };
        self.context.spend(ROW_BYTES)?;
        let scope = Scope::take(&mut span.tags);
        let origin = self.origin(process, scope)?;
        row.kind = take_kind(&mut span.tags);
        let (status_code, status_message) = status::take(&mut span.tags, row.kind);
        let trace_state = span.tags.take_text("w3c.tracestate").unwrap_or_default();
        for tag in span.tags.drain() {
            tag.value.push_to(&mut self.builder.attributes, &tag.key);
        }
        for log in &mut span.logs {
            let name = log.fields.take_text("event").or_else(|| log.fields.take_text("message")).unwrap_or_default();
            let event = EventRow { time: log.time, name: &name, dropped_attributes_count: log.fields.dropped };
            self.builder.event(&event, log.fields.attributes());
        }
        for reference in span.links(row.parent_span_id) {
            let link = LinkRow { trace_id: reference.trace_id, span_id: reference.span_id, ..LinkRow::default() };
            let kind = if reference.follows { "follows_from" } else { "child_of" };
            self.builder.link(&link, [("opentracing.ref_type", AnyValue::String(kind.to_owned()))])?;
        }
        row.name = &span.name;
        row.trace_state = &trace_state;
        row.status_code = status_code;
        row.status_message = &status_message;
        self.builder.end_span(origin, &row)?;
        Ok(())
    }

    fn origin(&mut self, process: &Process<'a>, scope: Scope<'a>) -> Walk<u32> {
        let key = (process.identity, scope);
        if let Some(index) = self.origins.get(&key) {
            return Ok(*index);
        }
        let scope = &key.1;
        self.context.spend(ORIGIN_BYTES + process.bytes + scope.name.len() + scope.version.len())?;
        let origins = &mut self.builder.origins;
        origins.begin();
        if !process.service_name.is_empty() {
            origins.resource_str("service.name", &process.service_name);
        }
        for tag in process.tags.iter() {
            match &tag.value {
                Value::Text(text) => origins.resource_str(&tag.key, text),
                other => origins.resource_attribute(&tag.key, &other.clone().into_any()),
            }
        }
        origins.resource_facts("", process.tags.dropped);
        origins.scope_facts(&scope.name, &scope.version, "", 0);
        let index = origins.end();
        self.origins.insert(key, index);
        Ok(index)
    }
}

fn take_kind(tags: &mut Tags<'_>) -> i32 {
    let Some(named) = tags.text("span.kind") else { return 0 };
    let Some((_, kind)) = KINDS.iter().find(|(name, _)| **name == **named) else { return 0 };
    tags.take_text("span.kind");
    *kind
}

impl<'a> Scope<'a> {
    /// Takes the scope out of a span's tags. OpenTelemetry's exporters name it twice, the second
    /// time as they did before scopes were called scopes.
    fn take(tags: &mut Tags<'a>) -> Self {
        let mut take = |new: &str, old: &str| {
            let current = tags.take_text(new);
            let former = tags.take_if(old, |value| match (value, &current) {
                (Value::Text(text), Some(current)) => text == current,
                (Value::Text(_), None) => true,
                _ => false,
            });
            match (current, former) {
                (Some(text), _) | (None, Some(Value::Text(text))) => text,
                _ => Cow::Borrowed(""),
            }
        };
        Self { name: take("otel.scope.name", "otel.library.name"), version: take("otel.scope.version", "otel.library.version") }
    }
}
