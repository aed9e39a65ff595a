//! What the three requests share: resources hold scopes, scopes hold items.
//!
//! ```text
//! Export*ServiceRequest { 1: Resource* }
//! Resource*             { 1: Resource, 2: Scope*, 3: schema_url }
//! Scope*                { 1: InstrumentationScope, 2: item, 3: schema_url }
//! ```

use luneta_model::{AnyValue, OriginsBuilder};

use super::value::{Value, key_value};
use crate::context::Context;
use crate::wire::{Message, Walk, Within as _};

/// Bytes an origin takes besides what was sent for it.
const ORIGIN_BYTES: usize = 256;
/// The same of a reference to an entity, and of each of its keys.
const ENTITY_BYTES: usize = 256;
const ENTITY_KEY_BYTES: usize = 64;

/// One signal's items.
pub(super) trait Items {
    /// Names of the fields that lead to an item, for error messages.
    const PATH: [&'static str; 3];

    /// Takes the message at the end of the path: a span, a log record or a metric.
    fn item<'a>(&mut self, item: Message<'a>, origin: &mut Origin<'a, '_>, context: &mut Context<'_>) -> Walk<()>;
}

/// Walks a whole request.
pub(super) fn walk<I: Items>(items: &mut I, bytes: &[u8], context: &mut Context<'_>) -> Walk<()> {
    let [resources, scopes, leaves] = I::PATH;
    let mut request = Message::new(bytes);
    while let Some(field) = request.next()? {
        if field.number != 1 {
            continue;
        }
        let message = field.message().within(resources)?;
        let resource = Described::read(message).within(resources)?;
        let mut rest = message;
        while let Some(field) = rest.next().within(resources)? {
            if field.number == 2 {
                let scope = field.message().within(scopes).within(resources)?;
                walk_scope(items, scope, &resource, context, leaves).within(scopes).within(resources)?;
            }
        }
    }
    Ok(())
}

fn walk_scope<'a, I: Items>(
    items: &mut I,
    message: Message<'a>,
    resource: &Described<'a>,
    context: &mut Context<'_>,
    leaf: &'static str,
) -> Walk<()> {
    let scope = Described::read(message)?;
    let mut origin = Origin { resource, scope: &scope, index: None };
    let mut rest = message;
    while let Some(field) = rest.next()? {
        if field.number == 2 {
            items.item(field.message().within(leaf)?, &mut origin, context).within(leaf)?;
        }
    }
    Ok(())
}

/// The description of a resource or a scope. Protobuf lets one arrive in several parts, and after
/// the items it describes.
struct Described<'a> {
    first: Option<Message<'a>>,
    more: Vec<Message<'a>>,
    schema_url: &'a [u8],
}

impl<'a> Described<'a> {
    fn read(mut message: Message<'a>) -> Walk<Self> {
        let mut described = Described { first: None, more: Vec::new(), schema_url: &[] };
        while let Some(field) = message.next()? {
            match field.number {
                1 if described.first.is_none() => described.first = Some(field.message()?),
                1 => described.more.push(field.message()?),
                3 => described.schema_url = field.bytes().within("schema_url")?,
                _ => {}
            }
        }
        Ok(described)
    }

    fn parts(&self) -> impl Iterator<Item = Message<'a>> {
        self.first.into_iter().chain(self.more.iter().copied())
    }
}

/// The resource and scope of an item; it becomes a row of `origins` with the first item kept.
pub(super) struct Origin<'a, 'd> {
    resource: &'d Described<'a>,
    scope: &'d Described<'a>,
    index: Option<u32>,
}

impl Origin<'_, '_> {
    /// The index of the origin's row.
    #[inline]
    pub(super) fn index(&mut self, origins: &mut OriginsBuilder, context: &mut Context<'_>) -> Walk<u32> {
        if let Some(index) = self.index {
            return Ok(index);
        }
        let index = self.build(origins, context)?;
        self.index = Some(index);
        Ok(index)
    }

    fn build(&self, origins: &mut OriginsBuilder, context: &mut Context<'_>) -> Walk<u32> {
        let sent: usize = self.resource.parts().chain(self.scope.parts()).map(Message::len).sum();
        context.spend(ORIGIN_BYTES + sent + self.resource.schema_url.len() + self.scope.schema_url.len())?;
        origins.begin();
        self.build_resource(origins, context).within("resource")?;
        self.build_scope(origins, context).within("scope")?;
        Ok(origins.end())
    }

    fn build_resource(&self, origins: &mut OriginsBuilder, context: &mut Context<'_>) -> Walk<()> {
        let mut dropped = 0;
        let mut entities = Vec::new();
        for mut part in self.resource.parts() {
            while let Some(field) = part.next()? {
                match field.number {
                    1 => {
                        let message = field.message().within("attributes")?;
                        let (key, value) = key_value(message, context).within("attributes")?;
                        match value {
                            Value::Text(text) => origins.resource_str(&key, &text),
                            other => origins.resource_attribute(&key, &other.into_any()),
                        }
                    }
                    2 => dropped = field.varint().within("dropped_attributes_count")? as u32,
                    3 => entities.push(entity_ref(field.message().within("entity_refs")?, context).within("entity_refs")?),
                    _ => {}
                }
            }
        }
        let schema_url = context.text(self.resource.schema_url);
        origins.resource_facts(&schema_url, dropped);
        if !entities.is_empty() {
            origins.resource_entity_refs(entities);
        }
        Ok(())
    }

    fn build_scope(&self, origins: &mut OriginsBuilder, context: &mut Context<'_>) -> Walk<()> {
        let (mut name, mut version): (&[u8], &[u8]) = (&[], &[]);
        let mut dropped = 0;
        for mut part in self.scope.parts() {
            while let Some(field) = part.next()? {
                match field.number {
                    1 => name = field.bytes().within("name")?,
                    2 => version = field.bytes().within("version")?,
                    3 => {
                        let message = field.message().within("attributes")?;
                        let (key, value) = key_value(message, context).within("attributes")?;
                        origins.scope_attribute(&key, &value.into_any());
                    }
                    4 => dropped = field.varint().within("dropped_attributes_count")? as u32,
                    _ => {}
                }
            }
        }
        let (name, version) = (context.text(name), context.text(version));
        let schema_url = context.text(self.scope.schema_url);
        origins.scope_facts(&name, &version, &schema_url, dropped);
        Ok(())
    }
}

/// A reference to an entity, as a map of its four fields.
fn entity_ref(mut message: Message<'_>, context: &mut Context<'_>) -> Walk<AnyValue> {
    context.spend(ENTITY_BYTES)?;
    let (mut schema_url, mut kind) = (String::new(), String::new());
    let (mut id_keys, mut description_keys) = (Vec::new(), Vec::new());
    while let Some(field) = message.next()? {
        match field.number {
            1 => schema_url = context.text(field.bytes().within("schema_url")?).into_owned(),
            2 => kind = context.text(field.bytes().within("type")?).into_owned(),
            3 | 4 => {
                context.spend(ENTITY_KEY_BYTES)?;
                let (keys, name) =
                    if field.number == 3 { (&mut id_keys, "id_keys") } else { (&mut description_keys, "description_keys") };
                keys.push(AnyValue::String(context.text(field.bytes().within(name)?).into_owned()));
            }
            _ => {}
        }
    }
    Ok(AnyValue::Map(vec![
        ("schema_url".to_owned(), AnyValue::String(schema_url)),
        ("type".to_owned(), AnyValue::String(kind)),
        ("id_keys".to_owned(), AnyValue::Array(id_keys)),
        ("description_keys".to_owned(), AnyValue::Array(description_keys)),
    ]))
}
