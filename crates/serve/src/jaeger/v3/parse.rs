//! The parameters of the third version. Each has a name in camel case and an older one.

use super::super::{go, search};
use crate::names::Window;
use crate::parameters::Parameters;
use search::Matching;

/// Reads the parameters of `/api/v3/traces`.
///
/// # Errors
/// The message of a request that is wrong.
pub(in crate::jaeger) fn matching(parameters: &Parameters) -> Result<Matching, String> {
    if let Some(name) = ["query.filter", "query.pagination.pageToken"].into_iter().find(|name| parameters.first(name).is_some()) {
        return Err(malformed(name, "this server does not know it"));
    }
    let time = |names: [&'static str; 2]| {
        let (name, text) = parameters.first_of(&names).ok_or("query.start_time_min and query.start_time_max are required")?;
        go::time(text).map_err(|e| malformed(name, &e))
    };
    let start_ns = time(["query.startTimeMin", "query.start_time_min"])?;
    let end_ns = time(["query.startTimeMax", "query.start_time_max"])?;
    let depth =
        parameters.first_of(&["query.searchDepth", "query.search_depth", "query.num_traces", "query.pagination.pageSize"]);
    let limit = match depth {
        Some((name, text)) => go::int(text).and_then(search::limit).map_err(|e| malformed(name, &e))?,
        None => search::TRACES_DEFAULT,
    };
    let duration = |names: [&'static str; 2]| match parameters.first_of(&names) {
        Some((name, text)) => go::duration(text).map(|n| Some(n).filter(|n| *n != 0)).map_err(|e| malformed(name, &e)),
        None => Ok(None),
    };
    let duration_ns_min = duration(["query.durationMin", "query.duration_min"])?;
    let duration_ns_max = duration(["query.durationMax", "query.duration_max"])?;
    check_flag(parameters, ["query.rawTraces", "query.raw_traces"])?;
    let attributes = parameters.first("query.attributes").map(serde_json::from_str).transpose();
    let tags = attributes.map_err(|e| malformed("query.attributes", &e.to_string()))?.unwrap_or_default();
    search::few(&tags)?;
    let text = |names: [&'static str; 2]| parameters.first_of(&names).map(|(_, text)| text.to_owned());
    Ok(Matching {
        service: text(["query.serviceName", "query.service_name"]),
        operation: text(["query.operationName", "query.operation_name"]),
        tags,
        duration_ns_min,
        duration_ns_max,
        start_ns,
        end_ns,
        limit,
    })
}

/// Checks the parameters of a trace by its id. They make no difference: a trace is found without
/// its time, and OTLP is given as it came.
///
/// # Errors
/// The message of a request that is wrong.
pub(super) fn check_trace(parameters: &Parameters) -> Result<(), String> {
    for names in [["startTime", "start_time"], ["endTime", "end_time"]] {
        if let Some((name, text)) = parameters.first_of(&names) {
            go::time(text).map_err(|e| malformed(name, &e))?;
        }
    }
    check_flag(parameters, ["rawTraces", "raw_traces"])
}

/// The time of `/api/v3/dependencies`.
///
/// # Errors
/// The message of a request that is wrong.
pub(in crate::jaeger) fn window(parameters: &Parameters) -> Result<Window, String> {
    let time = |names: [&'static str; 2]| {
        let (_, text) = parameters.first_of(&names).ok_or_else(|| malformed(names[0], "it is required"))?;
        go::time(text).map_err(|e| malformed(names[0], &e))
    };
    let start_ns = time(["startTime", "start_time"])?;
    let end_ns = time(["endTime", "end_time"])?;
    if end_ns <= start_ns {
        return Err(malformed("endTime", "it must be after startTime"));
    }
    Ok(Window { start_ns, end_ns })
}

fn check_flag(parameters: &Parameters, names: [&'static str; 2]) -> Result<(), String> {
    match parameters.first_of(&names) {
        Some((name, text)) => go::flag(text).map(drop).map_err(|e| malformed(name, &e)),
        None => Ok(()),
    }
}

/// The message of a parameter that cannot be read.
pub(super) fn malformed(name: &str, what: &str) -> String {
    format!("malformed parameter {name}: {what}")
}
