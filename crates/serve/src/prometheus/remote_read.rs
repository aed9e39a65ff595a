//! Remote read: raw samples of series for another Prometheus, in its protocol buffers, packed by snappy.
//! Answers are of the type `SAMPLES`.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use luneta_promql::{MatchOp, Matcher};
use luneta_query::MetricSamples;
use prost::Message as _;

use super::messages::{
    LabelMatcher, QueryResult, ReadRequest, ReadResponse, RemoteQuery, SAMPLES, STREAMED_XOR_CHUNKS, TimeSeries,
};
use super::reply::{ErrorType, Failure};
use crate::ServeState;
use crate::tenant::RequestTenant;

/// Bytes of a request, packed.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a request, unpacked.
const UNPACKED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Queries of one request.
const QUERIES_MAX: usize = 100;

/// Answers `POST /api/v1/read`.
pub async fn read(State(state): State<ServeState>, request: Request) -> Response {
    match answer(&state, request).await {
        Ok(packed) => {
            let headers = [(header::CONTENT_TYPE, "application/x-protobuf"), (header::CONTENT_ENCODING, "snappy")];
            (headers, Body::from(packed)).into_response()
        }
        Err(failure) => (failure.status(), format!("{}\n", failure.message)).into_response(),
    }
}

async fn answer(state: &ServeState, request: Request) -> Result<Vec<u8>, Failure> {
    let (mut parts, body) = request.into_parts();
    let tenant = RequestTenant::from_request_parts(&mut parts, state).await;
    let RequestTenant(tenant) = tenant.map_err(|error| Failure::bad_data(error.message()))?;
    let packed = to_bytes(body, REQUEST_BYTES_MAX).await;
    let asked = unpacked(&packed.map_err(|error| Failure::bad_data(error.to_string()))?)?;
    let config = state.engine().config();
    let read = async {
        let (mut results, mut left) = (Vec::new(), config.promql.clone());
        for query in asked.queries {
            let matchers: Vec<Matcher> = query.matchers.iter().map(matcher).collect::<Result<_, _>>()?;
            // Both ends belong to the range.
            let window = (query.start_timestamp_ms.saturating_sub(1), query.end_timestamp_ms);
            let MetricSamples { series, .. } = state.engine().metric_samples(&tenant, matchers, window, &left).await?;
            let timeseries: Vec<TimeSeries> = series.iter().filter_map(|s| TimeSeries::of(s, window)).collect();
            let read: usize = timeseries.iter().map(TimeSeries::len).sum();
            let remaining = left.samples_max.checked_sub(read);
            left.samples_max =
                remaining.ok_or_else(|| Failure::bad_data(format!("exceeded sample limit ({})", config.promql.samples_max)))?;
            results.push(QueryResult { timeseries });
        }
        Ok::<_, Failure>(results)
    };
    let results = tokio::time::timeout(config.timeout, read).await.map_err(|_| Failure::timeout("remote read"))??;
    let pack = move || snap::raw::Encoder::new().compress_vec(&ReadResponse { results }.encode_to_vec());
    let packed = tokio::task::spawn_blocking(pack).await.map_err(|e| Failure::new(ErrorType::Internal, e.to_string()))?;
    packed.map_err(|e| Failure::new(ErrorType::Internal, e.to_string()))
}

/// Reads a request.
fn unpacked(packed: &[u8]) -> Result<ReadRequest, Failure> {
    let fault = |message: String| Failure::bad_data(format!("the request cannot be read: {message}"));
    let length = snap::raw::decompress_len(packed).map_err(|e| fault(e.to_string()))?;
    if length > UNPACKED_BYTES_MAX {
        return Err(fault(format!("{length} bytes, more than {UNPACKED_BYTES_MAX}")));
    }
    let bytes = snap::raw::Decoder::new().decompress_vec(packed).map_err(|e| fault(e.to_string()))?;
    let request = ReadRequest::decode(&bytes[..]).map_err(|e| fault(e.to_string()))?;
    let accepted = &request.accepted_response_types;
    if !accepted.is_empty() && !accepted.contains(&SAMPLES) {
        let known = if accepted.contains(&STREAMED_XOR_CHUNKS) { "streamed chunks" } else { "none of the types" };
        return Err(fault(format!("answers are samples; the client accepts {known} only")));
    }
    if request.queries.len() > QUERIES_MAX {
        return Err(fault(format!("{} queries, more than {QUERIES_MAX}", request.queries.len())));
    }
    let backwards = |query: &RemoteQuery| query.end_timestamp_ms < query.start_timestamp_ms;
    if request.queries.iter().any(backwards) {
        return Err(fault("the end of a query is before its start".to_owned()));
    }
    Ok(request)
}

fn matcher(asked: &LabelMatcher) -> Result<Matcher, Failure> {
    let op = match asked.r#type {
        0 => MatchOp::Equal,
        1 => MatchOp::NotEqual,
        2 => MatchOp::Regex,
        3 => MatchOp::NotRegex,
        other => return Err(Failure::bad_data(format!("a matcher of an unknown type: {other}"))),
    };
    Matcher::new(&*asked.name, op, &*asked.value)
        .map_err(|fault| Failure::bad_data(format!("invalid regular expression: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(request: &ReadRequest) -> Vec<u8> {
        snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).expect("packs")
    }

    #[test]
    fn requests_are_read_or_refused() {
        let query = RemoteQuery { start_timestamp_ms: 1, end_timestamp_ms: 2, matchers: Vec::new() };
        let with = |queries: Vec<RemoteQuery>, types: Vec<i32>| ReadRequest { queries, accepted_response_types: types };
        let sound = with(vec![query.clone()], vec![STREAMED_XOR_CHUNKS, SAMPLES]);
        assert_eq!(unpacked(&packed(&sound)), Ok(sound));
        let backwards = RemoteQuery { end_timestamp_ms: 0, ..query.clone() };
        for (body, words) in [
            (packed(&with(Vec::new(), vec![STREAMED_XOR_CHUNKS])), "streamed chunks only"),
            (packed(&with(Vec::new(), vec![7])), "none of the types only"),
            (packed(&with(vec![query; 101], Vec::new())), "101 queries"),
            (packed(&with(vec![backwards], Vec::new())), "before its start"),
            (vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0], "more than 8388608"),
            (vec![5, 0, 0], "cannot be read"),
            (Vec::new(), "cannot be read"),
        ] {
            let failure = unpacked(&body).expect_err(words);
            assert!(failure.class == ErrorType::BadData && failure.message.contains(words), "{failure:?}");
        }
        let regex = LabelMatcher { r#type: 2, name: "a".into(), value: "(".into() };
        assert!(matcher(&regex).expect_err("no regex").message.starts_with("invalid regular expression: "));
        let odd = LabelMatcher { r#type: 9, name: "a".into(), value: "b".into() };
        assert!(matcher(&odd).is_err());
    }
}
