//! `tempopb.StreamingQuerier`: what Grafana asks over gRPC, on the port of the HTTP API. A stream ends when
//! all is found; it has one message, and more only where one would be too large for the usual client.

mod convert;
mod messages;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, post};
use luneta_query::traceql::eval::Value;
use prost::Message;

use super::metrics::series;
use super::tags::{flat, type_name};
use super::{TempoError, search};
use crate::ServeState;
use crate::frame::{Failure, frames, read, stream};
use crate::tenant::RequestTenant;
use messages::{
    MetadataMetrics, QueryInstantRequest, QueryRangeRequest, SearchRequest, SearchTagValuesRequest, SearchTagValuesResponse,
    SearchTagValuesV2Response, SearchTagsRequest, SearchTagsResponse, SearchTagsV2Response, TagValue, TagsScope,
};

/// Bytes of a message from which on what follows goes into the next one. Clients take 4 MiB unless told
/// otherwise; Tempo's packets have 2.
const PACKET_BYTES: usize = 2 * 1024 * 1024;

/// What is said of names and values, which are looked up at once.
const DONE: Option<MetadataMetrics> = Some(MetadataMetrics { total_jobs: 1, completed_jobs: 1 });

/// The routes, the same on every port where Tempo's API is.
pub(super) fn routes() -> Router<ServeState> {
    const OTHER: &str = "tempopb.StreamingQuerier has no such method here";
    let mut router = Router::new();
    for (method, handler) in [
        ("Search", post(traces)),
        ("SearchTags", post(names)),
        ("SearchTagsV2", post(names_v2)),
        ("SearchTagValues", post(values)),
        ("SearchTagValuesV2", post(values_v2)),
        ("MetricsQueryRange", post(range)),
        ("MetricsQueryInstant", post(instant)),
        ("{method}", any(async || Failure::Unimplemented(OTHER))),
    ] {
        router = router.route(&format!("/tempopb.StreamingQuerier/{method}"), handler);
    }
    router
}

/// Parts of an answer that fit into messages; at least one part.
fn packets<T: Message>(items: Vec<T>) -> Vec<Vec<T>> {
    packets_by(items, Message::encoded_len)
}

fn packets_by<T>(items: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let (mut out, mut bytes) = (vec![Vec::new()], 0);
    for item in items {
        let more = size(&item);
        if bytes > 0 && bytes + more > PACKET_BYTES {
            out.push(Vec::new());
            bytes = 0;
        }
        bytes += more;
        if let Some(last) = out.last_mut() {
            last.push(item);
        }
    }
    out
}

async fn traces(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: SearchRequest = read(body).await?;
    let spans = request.spans();
    let (plan, found) = search::found(&state, &tenant, &request.search().map_err(Failure::Invalid)?).await?;
    Ok(stream(frames(convert::search(&plan, &found, spans))))
}

async fn names(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: SearchTagsRequest = read(body).await?;
    let names = flat(request.names().map_err(Failure::Invalid)?.find(&state, &tenant).await?);
    let packets = packets_by(names, String::len).into_iter();
    Ok(stream(frames(packets.map(|tag_names| SearchTagsResponse { tag_names, metrics: DONE }))))
}

async fn names_v2(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: SearchTagsRequest = read(body).await?;
    let scopes = request.names().map_err(Failure::Invalid)?.find(&state, &tenant).await?;
    let parts = scopes.into_iter().flat_map(|(name, tags)| {
        packets_by(tags, String::len).into_iter().map(move |tags| TagsScope { name: name.to_owned(), tags })
    });
    Ok(stream(frames(packets(parts.collect()).into_iter().map(|scopes| SearchTagsV2Response { scopes, metrics: DONE }))))
}

async fn found_values(state: &ServeState, tenant: &RequestTenant, body: Body) -> Result<Vec<Value>, Failure> {
    let request: SearchTagValuesRequest = read(body).await?;
    let found = request.values().map_err(Failure::Invalid)?.find(state, tenant).await;
    found.map_err(<Failure as From<TempoError>>::from)
}

async fn values(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let texts = found_values(&state, &tenant, body).await?.iter().map(Value::text).collect();
    let packets = packets_by(texts, String::len).into_iter();
    Ok(stream(frames(packets.map(|tag_values| SearchTagValuesResponse { tag_values, metrics: DONE }))))
}

async fn values_v2(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let found = found_values(&state, &tenant, body).await?;
    let values = found.iter().map(|value| TagValue { kind: type_name(value).to_owned(), value: value.text() });
    Ok(stream(frames(
        packets(values.collect()).into_iter().map(|tag_values| SearchTagValuesV2Response { tag_values, metrics: DONE }),
    )))
}

async fn range(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: QueryRangeRequest = read(body).await?;
    let answer = series(&state, &tenant, &request.series().map_err(Failure::Invalid)?).await?;
    Ok(stream(frames(convert::range(&answer))))
}

async fn instant(State(state): State<ServeState>, tenant: RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: QueryInstantRequest = read(body).await?;
    let answer = series(&state, &tenant, &request.series().map_err(Failure::Invalid)?).await?;
    Ok(stream(frames(convert::instant(&answer))))
}

#[cfg(test)]
mod tests {
    use super::{PACKET_BYTES, packets_by};

    #[test]
    fn messages_are_bounded() {
        let half = PACKET_BYTES / 2;
        let cases: [(&[usize], &[usize]); 5] = [
            (&[], &[0]),
            (&[1, 2, 3], &[3]),
            (&[half, half, 1], &[2, 1]),
            (&[3 * PACKET_BYTES, 1], &[1, 1]),
            (&[1, 3 * PACKET_BYTES], &[1, 1]),
        ];
        for (sizes, expected) in cases {
            let found: Vec<usize> = packets_by(sizes.to_vec(), |size| *size).iter().map(Vec::len).collect();
            assert_eq!(found, expected, "{sizes:?}");
        }
    }
}
