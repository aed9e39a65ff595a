//! What is asked of Jaeger's API, from the parameters of a request.

use std::collections::BTreeMap;
use std::time::Duration;

use luneta_query::TraceSearch;

use super::go;
use crate::conditions::{self, TAGS_MAX};
use crate::names::Window;
use crate::parameters::Parameters;

/// Traces an answer holds when the request names no number.
pub const TRACES_DEFAULT: usize = 100;
/// Traces an answer holds at most, which is the most that Jaeger's UI asks for.
pub const TRACES_MAX: usize = 1500;
/// Traces one request may name by their ids.
pub const IDS_MAX: usize = 100;
/// How far back a search looks that does not say.
pub const SEARCH_LOOKBACK: Duration = Duration::from_hours(48);
/// The same for calls between services.
const CALLS_LOOKBACK_MS: i64 = 24 * 3600 * 1000;

/// Which traces are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// These.
    Ids(Vec<u128>),
    /// Those that match.
    Matching(Matching),
}

/// What traces must be like. All of it must hold for one span of theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matching {
    /// Name of the service.
    pub service: Option<String>,
    /// Name of the span.
    pub operation: Option<String>,
    /// Tags of span, process or logs.
    pub tags: BTreeMap<String, String>,
    /// Nanoseconds the span takes at least.
    pub duration_ns_min: Option<i64>,
    /// Nanoseconds the span takes at most.
    pub duration_ns_max: Option<i64>,
    /// When the span starts, in nanoseconds since 1970: the earliest.
    pub start_ns: i64,
    /// The latest.
    pub end_ns: i64,
    /// Most traces wanted.
    pub limit: usize,
}

impl Matching {
    /// The search of the lake.
    pub fn search(&self) -> TraceSearch {
        let mut all = Vec::new();
        all.extend(self.service.as_deref().map(conditions::service_is));
        all.extend(self.operation.as_deref().map(|name| format!("name = {}", conditions::quoted(name))));
        all.extend(self.duration_ns_min.map(conditions::lasts_at_least));
        all.extend(self.duration_ns_max.map(conditions::lasts_at_most));
        all.extend(self.tags.iter().map(|(key, value)| conditions::tag_is(key, value)));
        let query = conditions::spanset(&all);
        TraceSearch { query, start_ns: self.start_ns, end_ns: self.end_ns, limit: self.limit }
    }
}

/// Reads the parameters of `/api/traces`.
///
/// # Errors
/// The message of a request that is wrong.
pub fn wanted(parameters: &Parameters, now_ns: i64) -> Result<Wanted, String> {
    let end_ns = micros(parameters, "end")?.unwrap_or(now_ns);
    let start_ns = match micros(parameters, "start")? {
        Some(start_ns) => start_ns,
        None => Window::before(end_ns, lookback(parameters)).start_ns,
    };
    let tags = tags(parameters)?;
    let limit = match parameters.first("limit") {
        Some(text) => limit(go::int(text).map_err(|e| fault("limit", &e))?)?,
        None => TRACES_DEFAULT,
    };
    let duration_ns_min = duration(parameters, "minDuration")?;
    let duration_ns_max = duration(parameters, "maxDuration")?;
    let ids = parameters.all("traceID").map(|id| trace_id(id).map_err(|e| format!("cannot parse traceID param: {e}")));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let service = parameters.first("service").map(str::to_owned);
    if ids.len() > IDS_MAX {
        return Err(format!("parameter 'traceID' may be given {IDS_MAX} times, not {}", ids.len()));
    }
    if ids.is_empty() && service.is_none() {
        return Err("parameter 'service' is required".to_owned());
    }
    if let (Some(min), Some(max)) = (duration_ns_min, duration_ns_max)
        && max < min
    {
        return Err("'maxDuration' should be greater than 'minDuration'".to_owned());
    }
    if !ids.is_empty() {
        return Ok(Wanted::Ids(ids));
    }
    let operation = parameters.first("operation").map(str::to_owned);
    Ok(Wanted::Matching(Matching { service, operation, tags, duration_ns_min, duration_ns_max, start_ns, end_ns, limit }))
}

/// The number of traces wanted, within bounds; 0 stands for the default.
pub fn limit(wanted: i64) -> Result<usize, String> {
    match usize::try_from(wanted) {
        Ok(0) => Ok(TRACES_DEFAULT),
        Ok(limit) => Ok(limit.min(TRACES_MAX)),
        Err(_) => Err(format!("the number of traces must not be negative, but is {wanted}")),
    }
}

/// Tags as text; the object under `tags` wins over single ones.
fn tags(parameters: &Parameters) -> Result<BTreeMap<String, String>, String> {
    let mut tags = BTreeMap::new();
    for tag in parameters.all("tag") {
        let (key, value) =
            tag.split_once(':').ok_or_else(|| format!("malformed 'tag' parameter, expecting key:value, received: {tag}"))?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    for object in parameters.all("tags").filter(|object| !object.is_empty()) {
        let object: BTreeMap<String, String> =
            serde_json::from_str(object).map_err(|e| format!("malformed 'tags' parameter, cannot unmarshal JSON: {e}"))?;
        tags.extend(object);
    }
    few(&tags).map(|()| tags)
}

/// Refuses more tags than a search may have.
pub fn few(tags: &BTreeMap<String, String>) -> Result<(), String> {
    let count = tags.len();
    if count > TAGS_MAX { Err(format!("a search may name {TAGS_MAX} tags, not {count}")) } else { Ok(()) }
}

/// Jaeger's UI names a stretch such as `2d` here. It sends times too, other clients do not.
fn lookback(parameters: &Parameters) -> Duration {
    let Some(text) = parameters.first("lookback") else { return SEARCH_LOOKBACK };
    let days = |unit: char, days: i64| Some(text.strip_suffix(unit)?.parse::<i64>().ok()?.saturating_mul(days * 24));
    let nanos = match days('d', 1).or_else(|| days('w', 7)) {
        Some(hours) => Some(hours.saturating_mul(3_600_000_000_000)),
        None => go::duration(text).ok(),
    };
    nanos.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).map_or(SEARCH_LOOKBACK, Duration::from_nanos)
}

/// The time and the service of `/api/dependencies`.
///
/// # Errors
/// The message of a request that is wrong.
pub fn calls(parameters: &Parameters, now_ns: i64) -> Result<Window, String> {
    let millis = |name: &str| parameters.first(name).map(|text| go::int(text).map_err(|e| fault(name, &e))).transpose();
    let end_ns = millis("endTs")?.map_or(now_ns, |ms| ms.saturating_mul(1_000_000));
    let lookback_ms = millis("lookback")?.unwrap_or(CALLS_LOOKBACK_MS);
    Ok(Window { start_ns: end_ns.saturating_sub(lookback_ms.saturating_mul(1_000_000)), end_ns })
}

/// Whether a trace is wanted as it is, from the parameters of `/api/traces/{id}`; its times are
/// checked and of no use, since a trace is found without them.
///
/// # Errors
/// The message of a request that is wrong.
pub fn raw(parameters: &Parameters) -> Result<bool, String> {
    micros(parameters, "start")?;
    micros(parameters, "end")?;
    parameters.first("raw").map_or(Ok(false), |text| go::flag(text).map_err(|e| fault("raw", &e)))
}

/// A trace id of up to 32 hex digits.
///
/// # Errors
/// What is wrong with it, as Jaeger says it.
pub fn trace_id(text: &str) -> Result<u128, String> {
    if text.len() > 32 {
        return Err(format!("TraceID cannot be longer than 32 hex characters: {text}"));
    }
    let id = u128::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|b| b.is_ascii_hexdigit()));
    id.ok_or_else(|| format!("strconv.ParseUint: parsing {text:?}: invalid syntax"))
}

fn micros(parameters: &Parameters, name: &str) -> Result<Option<i64>, String> {
    let Some(text) = parameters.first(name) else { return Ok(None) };
    let micros = go::int(text).map_err(|e| fault(name, &e))?;
    Ok(Some(micros.saturating_mul(1000)))
}

/// A duration; 0 is none.
fn duration(parameters: &Parameters, name: &str) -> Result<Option<i64>, String> {
    let Some(text) = parameters.first(name) else { return Ok(None) };
    go::duration(text).map(|nanos| Some(nanos).filter(|n| *n != 0)).map_err(|e| fault(name, &e))
}

fn fault(name: &str, what: &str) -> String {
    format!("unable to parse param '{name}': {what}")
}
