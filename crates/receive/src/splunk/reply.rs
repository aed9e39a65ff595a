//! Answers in the form of the HTTP Event Collector.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::decode::Fault;
use crate::{Reason, ReceiveError, refusal};

pub(super) fn json_body(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

/// The answer to what was taken whole; with a number, where acknowledgements are asked for.
pub(super) fn success(ack: Option<u64>) -> Response<Body> {
    let mut body = json!({ "text": "Success", "code": 0 });
    if let Some(id) = ack {
        body["ackId"] = json!(id);
    }
    json_body(StatusCode::OK, &body)
}

/// The answer to a request of which events were left out; the others were kept.
pub(super) fn partial(number: u64, fault: Fault) -> Response<Body> {
    let (text, code) = match fault {
        Fault::Format => ("Invalid data format", 6),
        Fault::Missing => ("Event field is required", 12),
        Fault::Blank => ("Event field cannot be blank", 13),
        Fault::Fields => ("Error in handling indexed fields", 15),
    };
    json_body(StatusCode::BAD_REQUEST, &json!({ "text": text, "code": code, "invalid-event-number": number }))
}

/// The answer to a request without events.
pub(super) fn no_data() -> Response<Body> {
    json_body(StatusCode::BAD_REQUEST, &json!({ "text": "No data", "code": 5 }))
}

/// The answer to a question about acknowledgements that names no channel.
pub(super) fn no_channel() -> Response<Body> {
    json_body(StatusCode::BAD_REQUEST, &json!({ "text": "Data channel is missing", "code": 10 }))
}

/// The answer to a refused request. `with_token` says whether it brought one.
pub(super) fn refused(error: &ReceiveError, with_token: bool) -> Response<Body> {
    let (mut status, _) = refusal::statuses(error.reason());
    let (text, code) = match error.reason() {
        Reason::Unauthorized if with_token => ("Invalid token", 4),
        Reason::Unauthorized => ("Token is required", 2),
        Reason::Busy | Reason::Unavailable => {
            // What its clients repeat.
            status = StatusCode::SERVICE_UNAVAILABLE;
            ("Server is busy", 9)
        }
        Reason::BodyTooLarge | Reason::DecompressedTooLarge => ("Request entity too large", 27),
        Reason::Internal => ("Internal server error", 8),
        Reason::WrongPath => ("The requested URL was not found on this server.", 404),
        Reason::WrongMethod => ("Method not allowed", 405),
        _ => ("Invalid data format", 6),
    };
    let mut response = json_body(status, &json!({ "text": text, "code": code, "detail": error.to_string() }));
    refusal::advise(error, response.headers_mut());
    response
}
