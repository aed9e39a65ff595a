//! The decoder of this protocol, as a function of bytes and options.

use std::borrow::Cow;
use std::fmt::Write as _;

use luneta_model::{Limits, Tenant};
use serde_json::json;

use super::INDEX_ATTRIBUTE;
use crate::otlp::value::Value;
use crate::record::{self, Fields, Record, Records, fold};
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Bytes an item of the answer takes besides its names.
const ITEM_BYTES: usize = 256;
/// Parameters of an action that are looked at.
const PARAMETERS_MAX: usize = 64;
/// Bytes of a reason told to the sender.
const REASON_BYTES_MAX: usize = 256;

/// What became of a body.
#[derive(Debug)]
pub struct Written {
    /// The rows kept.
    pub decoded: Decoded,
    /// An object for each action, as Elasticsearch answers, with commas between.
    pub items: String,
    /// Whether an action failed.
    pub errors: bool,
}

/// The only document of a request.
#[derive(Debug)]
pub struct Single {
    /// The row.
    pub decoded: Decoded,
    /// Its id, given or made.
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create,
    Index,
    Update,
    Delete,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "create" => Kind::Create,
            "index" => Kind::Index,
            "update" => Kind::Update,
            "delete" => Kind::Delete,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Kind::Create => "create",
            Kind::Index => "index",
            Kind::Update => "update",
            Kind::Delete => "delete",
        }
    }
}

/// A line that says what is done with the document of the next.
struct Action<'a> {
    kind: Kind,
    index: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
}

/// How an action failed: status, type and reason.
type Failure = (u16, &'static str, String);

/// Actions and documents, one on each line.
pub fn bulk(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    Ok(bulk_for("", bytes, tenant, options)?.decoded)
}

/// The same; actions that name no index are for `index`, unless that is empty.
pub fn bulk_for(index: &str, bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Written, ReceiveError> {
    let malformed = |message: &str| ReceiveError::Malformed(message.to_owned());
    if bytes.trim_ascii().is_empty() {
        return Err(malformed("request body is required"));
    }
    if !bytes.ends_with(b"\n") {
        return Err(malformed("The bulk request must be terminated by a newline [\\n]"));
    }
    let text = String::from_utf8_lossy(bytes);
    let mut bulk = Bulk { records: Records::new(options, ""), items: String::new(), errors: false, made: 0 };
    if matches!(text, Cow::Owned(_)) {
        bulk.records.context.tally.warn(Reason::InvalidUtf8);
    }
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let action =
            action(line, index).map_err(|why| malformed(&format!("Malformed action/metadata line [{}], {why}", number + 1)))?;
        let document = match action.kind {
            Kind::Delete => "",
            _ => lines.next().map(|(_, line)| line).ok_or_else(|| malformed("the last action has no document"))?,
        };
        bulk.apply(&action, document)?;
    }
    Ok(Written { decoded: bulk.records.finish(tenant)?, items: bulk.items, errors: bulk.errors })
}

/// One document, for an index.
pub fn single(
    index: &str,
    id: Option<&str>,
    bytes: &[u8],
    tenant: Tenant,
    options: &DecodeOptions,
) -> Result<Single, ReceiveError> {
    let text = String::from_utf8_lossy(bytes);
    let mut records = Records::new(options, "");
    if matches!(text, Cow::Owned(_)) {
        records.context.tally.warn(Reason::InvalidUtf8);
    }
    let added = document(&mut records, index, id, &text)?;
    added.map_err(|(_, _, reason)| ReceiveError::Malformed(reason))?;
    let id = id.map_or_else(|| format!("{:x}", options.now), ToOwned::to_owned);
    Ok(Single { decoded: records.finish(tenant)?, id })
}

fn action<'a>(line: &'a str, index: &str) -> Result<Action<'a>, String> {
    let members = record::read(line, 2).map_err(|e| format!("expected an object: {e}"))?;
    let [(name, parameters)] = &members.kept[..] else { return Err("expected one action".to_owned()) };
    let kind = Kind::named(name)
        .ok_or_else(|| format!("expected field [create], [delete], [index] or [update] but found [{}]", Limits::cut(name, 64)))?;
    let parameters = record::read(parameters.get(), PARAMETERS_MAX).map_err(|e| format!("expected an object: {e}"))?;
    let mut found = Action { kind, index: Cow::Owned(index.to_owned()), id: None };
    for (key, raw) in parameters.kept {
        let raw = raw.get();
        if !raw.starts_with('"') {
            continue;
        }
        match &*key {
            "_index" => found.index = record::text(raw),
            "_id" => found.id = Some(record::text(raw)),
            _ => {}
        }
    }
    Ok(found)
}

/// A body as it is read.
struct Bulk<'o> {
    records: Records<'o>,
    items: String,
    errors: bool,
    /// Ids made for documents that had none.
    made: u64,
}

impl Bulk<'_> {
    fn apply(&mut self, action: &Action<'_>, source: &str) -> Result<(), ReceiveError> {
        let options = self.records.context.options;
        let names = action.index.len() + action.id.as_ref().map_or(0, |id| id.len());
        let spent = self.records.context.spend(ITEM_BYTES + names);
        spent.map_err(|fault| crate::context::refusal(&fault, options))?;
        let outcome = if action.index.is_empty() {
            Err((400, "action_request_validation_exception", "index is missing".to_owned()))
        } else {
            match action.kind {
                Kind::Create | Kind::Index => document(&mut self.records, &action.index, action.id.as_deref(), source)?,
                Kind::Update => match inserted(source) {
                    Ok(inner) => document(&mut self.records, &action.index, action.id.as_deref(), inner)?,
                    Err(failure) => Err(failure),
                },
                Kind::Delete => Ok(()),
            }
        };
        if let Err((status, ..)) = outcome {
            let reason = if status == 400 { Reason::Malformed } else { Reason::WrongMethod };
            self.records.context.tally.reject(reason);
        }
        self.told(action, outcome);
        Ok(())
    }

    /// Adds an item to the answer.
    fn told(&mut self, action: &Action<'_>, outcome: Result<(), Failure>) {
        if !self.items.is_empty() {
            self.items.push(',');
        }
        let id = action.id.as_ref().map_or_else(
            || {
                self.made += 1;
                format!("{:x}-{}", self.records.context.options.now, self.made)
            },
            ToString::to_string,
        );
        let (index, id) = (json!(action.index), json!(id));
        let _ = write!(self.items, "{{\"{}\":{{\"_index\":{index},\"_id\":{id},", action.kind.name());
        let _ = match outcome {
            Ok(()) if action.kind == Kind::Delete => {
                write!(self.items, "\"_version\":1,\"result\":\"not_found\",\"status\":404}}}}")
            }
            Ok(()) => write!(
                self.items,
                "\"_version\":1,\"result\":\"created\",\"_shards\":{{\"total\":1,\"successful\":1,\"failed\":0}},\"_seq_no\":0,\
                 \"_primary_term\":1,\"status\":201}}}}"
            ),
            Err((status, kind, reason)) => {
                self.errors = true;
                let error = json!({ "type": kind, "reason": reason });
                write!(self.items, "\"status\":{status},\"error\":{error}}}}}")
            }
        };
    }
}

/// What an update inserts when there is no document yet, as there never is.
fn inserted(source: &str) -> Result<&str, Failure> {
    let broken = |reason: String| (400, "document_parsing_exception", reason);
    let members = record::read(source, PARAMETERS_MAX).map_err(|e| broken(e.to_string()))?;
    let find = |name: &str| members.kept.iter().find(|(key, _)| key == name).map(|(_, raw)| raw.get());
    let whole = find("doc_as_upsert") == Some("true");
    match (find("upsert"), find("doc")) {
        (Some(document), _) => Ok(document),
        (None, Some(document)) if whole => Ok(document),
        _ => Err((404, "document_missing_exception", "documents are not changed once they are written".to_owned())),
    }
}

/// Adds a document as a record.
fn document(records: &mut Records<'_>, index: &str, id: Option<&str>, source: &str) -> Result<Result<(), Failure>, ReceiveError> {
    let limits = &records.context.options.limits;
    let fields = match Fields::json(source, limits) {
        Ok(fields) => fields,
        Err(error) => {
            let reason = format!("failed to parse: {error}");
            return Ok(Err((400, "document_parsing_exception", Limits::cut(&reason, REASON_BYTES_MAX).to_owned())));
        }
    };
    let mut record = Record::default();
    fold(fields, &mut record);
    record.resource.push((INDEX_ATTRIBUTE.into(), Value::Text(index.into())));
    if let Some(id) = id {
        record.attributes.push(("log.record.uid".into(), Value::Text(id.into())));
    }
    if record.body.is_none() {
        record.body = Some(source.trim_ascii().into());
    }
    records.add(&record)?;
    Ok(Ok(()))
}
