//! A path of the server's API, asked of the server, or of the lake itself when none runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use luneta_query::{QueryConfig, QueryEngine};
use luneta_receive::{Cardinality, SeriesLimits};
use luneta_serve::{ServeState, ServerInfo};
use tower::ServiceExt as _;

use crate::cli::QueryArgs;
use crate::client::Client;
use crate::query::open_lake;

/// Status and body of an answer.
///
/// # Errors
/// When the server does not answer, or there is neither server nor lake.
pub async fn ask(
    path: &str,
    parameters: &[(&str, String)],
    headers: &'static [(&'static str, &'static str)],
    args: &QueryArgs,
) -> Result<(u16, Vec<u8>)> {
    let mut text = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
    for (name, value) in parameters {
        text.append_pair(name, value);
    }
    let (path, timeout) = (text.finish(), Duration::from_secs(args.timeout));
    match Client::find(&args.target).await? {
        Some(client) => client.ask(&path, headers, timeout + Duration::from_secs(5)).await,
        None => of_lake(&path, headers, timeout, args).await,
    }
}

/// The routes of a server that listens nowhere.
async fn of_lake(
    path: &str,
    headers: &[(&'static str, &'static str)],
    timeout: Duration,
    args: &QueryArgs,
) -> Result<(u16, Vec<u8>)> {
    let store = open_lake(args).await?;
    let engine = QueryEngine::new(Arc::clone(&store), QueryConfig { timeout, ..QueryConfig::default() })?;
    let info = ServerInfo {
        version: env!("CARGO_PKG_VERSION"),
        started_at: SystemTime::now(),
        data_dir: store.lake_dir().to_owned(),
        addresses: BTreeMap::default(),
        retention: [Duration::MAX; 3],
        memory_bytes_max: 0,
        udp_buffers: BTreeMap::default(),
    };
    let cardinality = Arc::new(Cardinality::new(SeriesLimits::default()));
    let state = ServeState::new(Arc::new(engine), Arc::default(), cardinality, info);
    let mut request = Request::get(path).header("X-Scope-OrgID", &args.target.tenant);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = luneta_serve::router(state).oneshot(request.body(Body::empty())?).await?;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await;
    store.shutdown().await?;
    Ok((status, bytes?.to_vec()))
}
