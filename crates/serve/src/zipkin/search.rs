//! What is asked of Zipkin's API, from the parameters of a request.

use luneta_query::TraceSearch;
use luneta_query::traceql::ast::Scope;

use crate::conditions::{self, TAGS_MAX, any, field, same_in_any_case};
use crate::names::Window;
use crate::parameters::Parameters;

/// Traces an answer holds when the request names no number.
const TRACES_DEFAULT: i64 = 10;
/// Traces an answer holds at most.
pub const TRACES_MAX: usize = 1000;
/// Traces one request may name by their ids.
pub const IDS_MAX: usize = 100;
/// How far back a request looks that does not say, in milliseconds.
const LOOKBACK_MS: i64 = 24 * 3600 * 1000;
/// What UIs send for a span of any name.
const ANY_NAME: &str = "all";
/// Attributes that name the other side of a call, the best first. All but the first are of clients.
pub const REMOTE_NAMES: [&str; 3] = ["peer.service", "server.address", "net.peer.name"];

/// What traces must be like. Each condition may hold for another span, of the service if one is named.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Name of the service in small letters.
    pub service: Option<String>,
    /// What one span or another must be like, in TraceQL.
    pub conditions: Vec<String>,
    /// When spans start.
    pub window: Window,
    /// Most traces wanted.
    pub limit: usize,
}

impl Wanted {
    /// The search of the lake. `spellings` are the names that read as the service's in small letters.
    pub fn search(&self, spellings: &[String]) -> TraceSearch {
        let service = (!spellings.is_empty()).then(|| {
            let spellings: Vec<String> = spellings.iter().map(|name| conditions::service_is(name)).collect();
            any(&spellings)
        });
        let spanset = |condition: Option<&String>| {
            let all: Vec<String> = service.iter().chain(condition).cloned().collect();
            conditions::spanset(&all)
        };
        let query = match &self.conditions[..] {
            [] => spanset(None),
            conditions => conditions.iter().map(|c| spanset(Some(c))).collect::<Vec<_>>().join(" && "),
        };
        TraceSearch { query, start_ns: self.window.start_ns, end_ns: self.window.end_ns, limit: self.limit }
    }
}

/// Reads the parameters of `/api/v2/traces`.
///
/// # Errors
/// The message of a request that is wrong.
pub fn wanted(parameters: &Parameters, now_ns: i64) -> Result<Wanted, String> {
    let end_ms = number(parameters, "endTs")?.unwrap_or(now_ns / 1_000_000);
    let lookback_ms = number(parameters, "lookback")?.unwrap_or(LOOKBACK_MS);
    let limit = number(parameters, "limit")?.unwrap_or(TRACES_DEFAULT);
    let duration_min = number(parameters, "minDuration")?;
    let duration_max = number(parameters, "maxDuration")?;
    for (name, value) in [("endTs", end_ms), ("limit", limit), ("lookback", lookback_ms)] {
        if value <= 0 {
            return Err(format!("{name} <= 0"));
        }
    }
    let mut conditions = Vec::new();
    conditions.extend(name(parameters, "spanName").filter(|n| n != ANY_NAME).map(|n| same_in_any_case("name", &n)));
    conditions.extend(name(parameters, "remoteServiceName").map(|n| remote_is(&n)));
    conditions.extend(duration(duration_min, duration_max)?);
    conditions.extend(annotations(parameters.first("annotationQuery").unwrap_or_default())?);
    Ok(Wanted {
        service: name(parameters, "serviceName"),
        conditions,
        window: before(end_ms, lookback_ms),
        limit: usize::try_from(limit).unwrap_or(TRACES_MAX).min(TRACES_MAX),
    })
}

/// The time of `/api/v2/dependencies`.
///
/// # Errors
/// The message of a request that is wrong.
pub fn window(parameters: &Parameters) -> Result<Window, String> {
    let end_ms = number(parameters, "endTs")?.ok_or("endTs is required")?;
    let lookback_ms = number(parameters, "lookback")?.unwrap_or(LOOKBACK_MS);
    for (name, value) in [("endTs", end_ms), ("lookback", lookback_ms)] {
        if value <= 0 {
            return Err(format!("{name} <= 0"));
        }
    }
    Ok(before(end_ms, lookback_ms))
}

/// A trace id of up to 32 hex digits in small letters.
///
/// # Errors
/// What is wrong with it, as Zipkin says it.
pub fn trace_id(text: &str) -> Result<u128, String> {
    match text.len() {
        0 => return Err("traceId is empty".to_owned()),
        1..=32 => {}
        _ => return Err("traceId.length > 32".to_owned()),
    }
    if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(format!("{text} should be lower-hex encoded with no prefix"));
    }
    match u128::from_str_radix(text, 16) {
        Ok(0) | Err(_) => Err("traceId is all zeros".to_owned()),
        Ok(id) => Ok(id),
    }
}

/// The trace ids of `/api/v2/traceMany`.
///
/// # Errors
/// The message of a request that is wrong.
pub fn trace_ids(parameters: &Parameters) -> Result<Vec<u128>, String> {
    let text = parameters.first("traceIds").ok_or("traceIds parameter is empty")?;
    let mut ids = Vec::new();
    for part in text.split(',') {
        let id = trace_id(part)?;
        if ids.contains(&id) {
            return Err(format!("redundant traceId: {part}"));
        }
        if ids.len() == IDS_MAX {
            return Err(format!("traceIds holds more than {IDS_MAX} ids"));
        }
        ids.push(id);
    }
    if ids.len() == 1 {
        return Err("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace".to_owned());
    }
    Ok(ids)
}

/// A name in small letters, as Zipkin compares names.
pub fn name(parameters: &Parameters, parameter: &str) -> Option<String> {
    parameters.first(parameter).map(str::to_lowercase)
}

fn remote_is(name: &str) -> String {
    let conditions = REMOTE_NAMES.map(|key| same_in_any_case(&field(Scope::Span, key), name));
    any(&conditions)
}

/// Microseconds; the longest holds all that is shown as this many.
fn duration(min: Option<i64>, max: Option<i64>) -> Result<Option<String>, String> {
    let nanos = |micros: i64, more: i64| micros.saturating_mul(1000).saturating_add(more);
    match (min, max) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("maxDuration is only valid with minDuration".to_owned()),
        (Some(min), _) if min <= 0 => Err("minDuration <= 0".to_owned()),
        (Some(min), None) => Ok(Some(conditions::lasts_at_least(nanos(min, 0)))),
        (Some(min), Some(max)) if max < min => Err("maxDuration < minDuration".to_owned()),
        (Some(min), Some(max)) => {
            let bounds = [conditions::lasts_at_least(nanos(min, 0)), conditions::lasts_at_most(nanos(max, 999))];
            Ok(Some(bounds.join(" && ")))
        }
    }
}

/// Conditions such as `error and http.method=GET`: of equal keys the last value counts.
fn annotations(text: &str) -> Result<Vec<String>, String> {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for part in text.split(" and ") {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim(), value.trim());
        match wanted.iter_mut().find(|(known, _)| *known == key) {
            Some(known) if part.contains('=') => known.1 = value,
            Some(_) => {}
            None if key.is_empty() => {}
            None => wanted.push((key, value)),
        }
    }
    if wanted.len() > TAGS_MAX {
        return Err(format!("annotationQuery may have {TAGS_MAX} conditions, not {}", wanted.len()));
    }
    let condition = |(key, value): (&str, &str)| match value {
        "" => conditions::tag_or_event_is_there(key),
        value => conditions::tag_is(key, value),
    };
    Ok(wanted.into_iter().map(condition).collect())
}

fn number(parameters: &Parameters, name: &str) -> Result<Option<i64>, String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{name} is not a whole number: {text}"));
    parameters.first(name).map(number).transpose()
}

fn before(end_ms: i64, lookback_ms: i64) -> Window {
    let nanos = |millis: i64| millis.saturating_mul(1_000_000);
    // The last millisecond belongs to it.
    Window { start_ns: nanos(end_ms.saturating_sub(lookback_ms)), end_ns: nanos(end_ms).saturating_add(999_999) }
}
