//! Answers: `Export*ServiceResponse` and `google.rpc.Status`, as protobuf and as JSON.

use std::time::Duration;

use luneta_model::Signal;

use crate::refusal::statuses;
use crate::{ReceiveError, Tally};

/// `Export*ServiceResponse` as protobuf; empty for full success.
pub(super) fn export_protobuf(signal: Signal, tally: &Tally) -> Vec<u8> {
    let Some(message) = tally.message(item_name(signal)) else { return Vec::new() };
    let mut partial = Vec::new();
    let rejected = tally.rejected_total();
    if rejected > 0 {
        put_tag(&mut partial, 1, 0);
        put_varint(&mut partial, rejected);
    }
    put_bytes(&mut partial, 2, message.as_bytes());
    let mut out = Vec::new();
    put_bytes(&mut out, 1, &partial);
    out
}

/// `Export*ServiceResponse` as JSON; `{}` for full success.
pub(super) fn export_json(signal: Signal, tally: &Tally) -> Vec<u8> {
    let Some(message) = tally.message(item_name(signal)) else { return b"{}".to_vec() };
    let rejected = match signal {
        Signal::Spans => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    };
    let mut partial = serde_json::Map::new();
    // 64-bit integers are text in protobuf's JSON.
    partial.insert(rejected.into(), tally.rejected_total().to_string().into());
    partial.insert("errorMessage".into(), message.into());
    serde_json::json!({ "partialSuccess": partial }).to_string().into_bytes()
}

/// `google.rpc.Status` as protobuf, with `RetryInfo` when a repetition may succeed.
pub(super) fn status_protobuf(error: &ReceiveError) -> Vec<u8> {
    let (_, code) = statuses(error.reason());
    let mut out = Vec::new();
    put_tag(&mut out, 1, 0);
    put_varint(&mut out, code as u64);
    put_bytes(&mut out, 2, error.to_string().as_bytes());
    if let Some(delay) = error.retry_after() {
        put_bytes(&mut out, 3, &retry_info(delay));
    }
    out
}

/// `google.rpc.Status` as JSON.
pub(super) fn status_json(error: &ReceiveError) -> Vec<u8> {
    let (_, code) = statuses(error.reason());
    let mut status = serde_json::json!({ "code": code as i32, "message": error.to_string() });
    if let Some(delay) = error.retry_after() {
        let seconds = format!("{}.{:03}s", delay.as_secs(), delay.subsec_millis());
        status["details"] = serde_json::json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds }]);
    }
    status.to_string().into_bytes()
}

/// `google.protobuf.Any` around `google.rpc.RetryInfo`.
fn retry_info(delay: Duration) -> Vec<u8> {
    let mut duration = Vec::new();
    put_tag(&mut duration, 1, 0);
    put_varint(&mut duration, delay.as_secs());
    put_tag(&mut duration, 2, 0);
    put_varint(&mut duration, u64::from(delay.subsec_nanos()));
    let mut info = Vec::new();
    put_bytes(&mut info, 1, &duration);
    let mut any = Vec::new();
    put_bytes(&mut any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
    put_bytes(&mut any, 2, &info);
    any
}

/// What the items of a signal are called in messages.
const fn item_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Spans => "spans",
        Signal::Logs => "log records",
        Signal::Metrics => "data points",
    }
}

fn put_tag(out: &mut Vec<u8>, field: u32, wire_type: u32) {
    put_varint(out, u64::from(field << 3 | wire_type));
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_tag(out, field, 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
