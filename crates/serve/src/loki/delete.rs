//! `delete`: requests to delete log records, as Loki's compactor takes them.

use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::http::StatusCode;
use luneta_query::QueryError;
use luneta_query::logql::{Cancelled, DeleteError, DeleteStatus};
use serde_json::{Value, json};

use super::parameters::{duration_of, time};
use super::reply::Failure;
use super::request::{Asked, is_foreign};
use crate::ServeState;
use crate::names::now_ns;
use crate::parameters::Parameters;

/// Requests of a tenant: those to come, and those of a month.
pub async fn list(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let requests = state.deletion().requests(&asked.tenant).await.map_err(QueryError::Store)?;
    let told = requests.iter().map(|(request, status)| {
        json!({
            "request_id": request.id,
            "start_time": seconds(request.start_ns.div_euclid(1_000_000)),
            "end_time": seconds(request.end_ns.div_euclid(1_000_000)),
            "query": request.query,
            "status": match status {
                DeleteStatus::Received => "received".to_owned(),
                DeleteStatus::Running(percent) => format!("{percent}% Complete"),
                DeleteStatus::Processed => "processed".to_owned(),
            },
            "created_at": seconds(request.created_ms),
        })
    });
    Ok(Json(told.collect()))
}

/// Takes a request.
pub async fn add(State(state): State<ServeState>, request: Request) -> Result<StatusCode, Failure> {
    let asked = of_own_page(request, &state).await?;
    let parameters = &asked.parameters;
    let Some(query) = parameters.first("query").filter(|query| !query.is_empty()) else {
        return Err(Failure::invalid("query not set"));
    };
    let times = times(parameters)?;
    state.deletion().request(&asked.tenant, query, times).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a request that is not processed yet.
pub async fn cancel(State(state): State<ServeState>, request: Request) -> Result<StatusCode, Failure> {
    let asked = of_own_page(request, &state).await?;
    let id = asked.parameters.first("request_id").unwrap_or_default();
    match state.deletion().cancel(&asked.tenant, id).await.map_err(QueryError::Store)? {
        Cancelled::Yes => Ok(StatusCode::NO_CONTENT),
        Cancelled::Unknown => Err(Failure::not_found("could not find delete request with given id")),
        Cancelled::TooLate => {
            Err(Failure::invalid("deletion of request which is in process or already processed is not allowed"))
        }
    }
}

/// Any page can make a browser send a request; one from elsewhere must not delete anything.
async fn of_own_page(request: Request, state: &ServeState) -> Result<Asked, Failure> {
    if is_foreign(request.headers()) {
        let message = "pages of other origins may not delete".to_owned();
        return Err(Failure { status: StatusCode::FORBIDDEN, message });
    }
    Asked::from_request(request, state).await
}

/// `start` and `end`, which is now unless it is told.
fn times(parameters: &Parameters) -> Result<[i64; 2], Failure> {
    let read = |name: &str| {
        let text = parameters.first(name).filter(|text| !text.is_empty());
        let wrong = || Failure::invalid(format!("invalid {name} time: require unix seconds or RFC3339 format"));
        text.map(|text| time(text).ok_or_else(wrong)).transpose()
    };
    let start = read("start")?.ok_or_else(|| Failure::invalid("start time not set"))?;
    let now = now_ns();
    let end = read("end")?.unwrap_or(now);
    if end > now {
        return Err(Failure::invalid("deletes in the future are not allowed"));
    }
    if start > end {
        return Err(Failure::invalid("start time can't be greater than end time"));
    }
    // Loki cuts long requests into such pieces; here a request is one whatever its length.
    if duration_of(parameters, "max_interval")?.is_some_and(|longest| longest <= 0) {
        return Err(Failure::invalid("invalid max_interval: valid time units are 's', 'm', 'h'"));
    }
    Ok([start, end])
}

/// Seconds as Loki writes them, without a fraction where there is none.
fn seconds(milliseconds: i64) -> Value {
    if milliseconds % 1000 == 0 { json!(milliseconds / 1000) } else { json!(milliseconds as f64 / 1000.0) }
}

impl From<DeleteError> for Failure {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Query(error) => error.into(),
            DeleteError::TooMany => Self { status: StatusCode::TOO_MANY_REQUESTS, message: error.to_string() },
            DeleteError::Store(error) => QueryError::Store(error).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_request() {
        let cases = [
            ("start=1&end=2.5", Ok([1_000_000_000, 2_500_000_000])),
            ("start=1700000000&end=1700000000", Ok([1_700_000_000_000_000_000; 2])),
            ("end=2", Err("start time not set")),
            ("start=", Err("start time not set")),
            ("start=x", Err("invalid start time: require unix seconds or RFC3339 format")),
            ("start=1&end=x", Err("invalid end time: require unix seconds or RFC3339 format")),
            ("start=1&end=4000000000", Err("deletes in the future are not allowed")),
            ("start=3&end=2", Err("start time can't be greater than end time")),
            ("start=1&end=2&max_interval=1h", Ok([1_000_000_000, 2_000_000_000])),
            ("start=1&end=2&max_interval=0s", Err("invalid max_interval: valid time units are 's', 'm', 'h'")),
        ];
        for (text, wanted) in cases {
            let found = times(&Parameters::of(text)).map_err(|failure| failure.message);
            assert_eq!(found, wanted.map_err(str::to_owned), "{text}");
        }
        assert!(times(&Parameters::of("start=1")).is_ok_and(|[start, end]| start < end));
        assert_eq!((seconds(1000), seconds(1500)), (json!(1), json!(1.5)));
    }
}
