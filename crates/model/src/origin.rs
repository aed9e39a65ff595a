//! [`OriginsBuilder`]: the distinct (resource, scope) pairs of a batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryBuilder, RecordBatch, StringBuilder, UInt32Builder};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use xxhash_rust::xxh3::xxh3_128;

use crate::attributes::{AttributeScope, AttributesBuilder};
use crate::value::{AnyValue, encode_json, encode_text};
use crate::{Limits, Number};

/// Builds `Batch::origins`. Call [`OriginsBuilder::begin`], add what the resource and the scope
/// have, then [`OriginsBuilder::end`]; the number it returns goes into the `origin` column.
#[derive(Debug)]
pub struct OriginsBuilder {
    limits: Limits,
    resource: AttributesBuilder,
    scope: AttributesBuilder,
    service_name: StringBuilder,
    resource_schema_url: StringBuilder,
    resource_entity_refs: StringBuilder,
    resource_dropped: UInt32Builder,
    scope_name: StringBuilder,
    scope_version: StringBuilder,
    scope_schema_url: StringBuilder,
    scope_dropped: UInt32Builder,
    fingerprints: Vec<u128>,
    current: Current,
}

#[derive(Debug, Default)]
struct Current {
    service_name: Option<String>,
    resource_schema_url: String,
    resource_entity_refs: String,
    resource_dropped: u32,
    scope_name: String,
    scope_version: String,
    scope_schema_url: String,
    scope_dropped: u32,
    /// Everything said about the origin, in a form where different origins differ.
    identity: Vec<u8>,
}

impl Current {
    fn note(&mut self, part: u8, key: &str, value: &[u8]) {
        self.identity.push(part);
        self.identity.extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.identity.extend_from_slice(key.as_bytes());
        self.identity.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.identity.extend_from_slice(value);
    }
}

impl OriginsBuilder {
    /// An empty builder.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            resource: AttributesBuilder::new(AttributeScope::Resource, limits),
            scope: AttributesBuilder::new(AttributeScope::Scope, limits),
            service_name: StringBuilder::new(),
            resource_schema_url: StringBuilder::new(),
            resource_entity_refs: StringBuilder::new(),
            resource_dropped: UInt32Builder::new(),
            scope_name: StringBuilder::new(),
            scope_version: StringBuilder::new(),
            scope_schema_url: StringBuilder::new(),
            scope_dropped: UInt32Builder::new(),
            fingerprints: Vec::new(),
            current: Current::default(),
        }
    }

    /// Starts the next origin.
    pub fn begin(&mut self) {
        self.current = Current { identity: std::mem::take(&mut self.current.identity), ..Current::default() };
        self.current.identity.clear();
    }

    /// A string attribute of the resource.
    pub fn resource_str(&mut self, key: &str, value: &str) {
        self.current.note(1, key, value.as_bytes());
        if key == "service.name" && self.current.service_name.is_none() {
            self.current.service_name = Some(Limits::cut(value, self.limits.value_bytes_max).to_owned());
        } else {
            self.resource.push_str(key, value);
        }
    }

    /// An attribute of the resource.
    pub fn resource_attribute(&mut self, key: &str, value: &AnyValue) {
        if let AnyValue::String(s) = value {
            return self.resource_str(key, s);
        }
        let mut text = String::new();
        encode_text(value, &mut text);
        self.current.note(value.type_code().as_char() as u8, key, text.as_bytes());
        self.resource.push(key, value);
    }

    /// A numeric attribute of the resource.
    pub fn resource_number(&mut self, key: &str, value: Number) {
        self.resource_attribute(key, &value.into());
    }

    /// Schema URL and dropped attributes of the resource.
    pub fn resource_facts(&mut self, schema_url: &str, dropped_attributes_count: u32) {
        self.current.note(2, schema_url, &dropped_attributes_count.to_le_bytes());
        schema_url.clone_into(&mut self.current.resource_schema_url);
        self.current.resource_dropped = dropped_attributes_count;
    }

    /// The entities of a resource that has any, each as a map of its fields.
    pub fn resource_entity_refs(&mut self, entities: Vec<AnyValue>) {
        let mut text = String::new();
        encode_json(&AnyValue::Array(entities), &mut text);
        self.current.note(6, "", text.as_bytes());
        text.truncate(Limits::cut(&text, self.limits.value_bytes_max).len());
        self.current.resource_entity_refs = text;
    }

    /// An attribute of the scope.
    pub fn scope_attribute(&mut self, key: &str, value: &AnyValue) {
        let mut text = String::new();
        encode_text(value, &mut text);
        self.current.note(3, key, text.as_bytes());
        self.current.identity.push(value.type_code().as_char() as u8);
        self.scope.push(key, value);
    }

    /// Name, version, schema URL and dropped attributes of the scope.
    pub fn scope_facts(&mut self, name: &str, version: &str, schema_url: &str, dropped_attributes_count: u32) {
        self.current.note(4, name, version.as_bytes());
        self.current.note(5, schema_url, &dropped_attributes_count.to_le_bytes());
        let cut = |s: &str| Limits::cut(s, self.limits.value_bytes_max).to_owned();
        self.current.scope_name = cut(name);
        self.current.scope_version = cut(version);
        self.current.scope_schema_url = cut(schema_url);
        self.current.scope_dropped = dropped_attributes_count;
    }

    /// Closes the current origin and returns its index.
    pub fn end(&mut self) -> u32 {
        let c = &self.current;
        let dropped = self.resource.end_row();
        self.resource_dropped.append_value(c.resource_dropped.saturating_add(dropped));
        let dropped = self.scope.end_row();
        self.scope_dropped.append_value(c.scope_dropped.saturating_add(dropped));
        self.service_name.append_option(c.service_name.as_deref());
        append_unless_empty(&mut self.resource_schema_url, &c.resource_schema_url);
        append_unless_empty(&mut self.resource_entity_refs, &c.resource_entity_refs);
        append_unless_empty(&mut self.scope_name, &c.scope_name);
        append_unless_empty(&mut self.scope_version, &c.scope_version);
        append_unless_empty(&mut self.scope_schema_url, &c.scope_schema_url);
        self.fingerprints.push(xxh3_128(&c.identity));
        (self.fingerprints.len() - 1) as u32
    }

    /// The fingerprint of an origin already closed.
    pub fn fingerprint(&self, origin: u32) -> u128 {
        self.fingerprints.get(origin as usize).copied().unwrap_or_default()
    }

    /// How many origins were closed.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether no origin was closed.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// The `origins` batch.
    ///
    /// # Errors
    /// An Arrow error when columns disagree in length, which closing every origin rules out.
    pub fn finish(mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let mut fingerprint = FixedSizeBinaryBuilder::with_capacity(self.fingerprints.len(), 16);
        for f in &self.fingerprints {
            fingerprint.append_value(f.to_be_bytes())?;
        }
        let mut columns: Vec<(FieldRef, ArrayRef)> = vec![
            column("fingerprint", DataType::FixedSizeBinary(16), false, Arc::new(fingerprint.finish())),
            column("service_name", DataType::Utf8, true, Arc::new(self.service_name.finish())),
        ];
        columns.extend(self.resource.finish());
        columns.push(column("resource_schema_url", DataType::Utf8, true, Arc::new(self.resource_schema_url.finish())));
        columns.push(column("resource_entity_refs", DataType::Utf8, true, Arc::new(self.resource_entity_refs.finish())));
        columns.push(column(
            "resource_dropped_attributes_count",
            DataType::UInt32,
            true,
            Arc::new(self.resource_dropped.finish()),
        ));
        columns.push(column("scope_name", DataType::Utf8, true, Arc::new(self.scope_name.finish())));
        columns.push(column("scope_version", DataType::Utf8, true, Arc::new(self.scope_version.finish())));
        columns.extend(self.scope.finish());
        columns.push(column("scope_schema_url", DataType::Utf8, true, Arc::new(self.scope_schema_url.finish())));
        columns.push(column("scope_dropped_attributes_count", DataType::UInt32, true, Arc::new(self.scope_dropped.finish())));
        record_batch(columns)
    }
}

pub(crate) fn append_unless_empty(builder: &mut StringBuilder, text: &str) {
    if text.is_empty() { builder.append_null() } else { builder.append_value(text) }
}

pub(crate) fn column(name: &str, data_type: DataType, nullable: bool, array: ArrayRef) -> (FieldRef, ArrayRef) {
    (Arc::new(Field::new(name, data_type, nullable)), array)
}

/// Leaves out nullable columns without a value: rows in memory and in the log pay for what they hold.
pub(crate) fn with_values(mut columns: Vec<(FieldRef, ArrayRef)>) -> Vec<(FieldRef, ArrayRef)> {
    columns.retain(|(field, array)| !field.is_nullable() || array.null_count() < array.len());
    columns
}

pub(crate) fn record_batch(columns: Vec<(FieldRef, ArrayRef)>) -> Result<RecordBatch, arrow::error::ArrowError> {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}
