//! Targets from a URL that answers with lists of them in JSON.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};
use tokio::sync::mpsc;

use super::{Update, read_groups};
use crate::client::{self, Client};
use crate::config::raw::RawGroup;
use crate::config::{HttpConfig, cover_url};
use crate::relabel::Labels;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest time of a request.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn run(source: String, url: String, refresh: Duration, http: Box<HttpConfig>, updates: mpsc::Sender<Update>) {
    let shown = cover_url(&url);
    let client = match client::build(&http, true) {
        Ok(client) => client,
        Err(reason) => return tracing::error!(url = shown, reason, "targets cannot be asked for"),
    };
    loop {
        let answer =
            tokio::time::timeout(TIMEOUT.min(refresh.max(Duration::from_secs(5))), ask(&client, &http, &url, &shown, refresh));
        match answer.await.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(targets) => {
                if updates.send(Update { source: source.clone(), targets }).await.is_err() {
                    return;
                }
            }
            Err(reason) => tracing::warn!(url = shown, reason, "targets were not got"),
        }
        tokio::time::sleep(refresh).await;
    }
}

async fn ask(client: &Client, http: &HttpConfig, url: &str, shown: &str, refresh: Duration) -> Result<Vec<Labels>, String> {
    let parsed = Url::parse(url).map_err(|e| e.to_string())?;
    let request = client::request(client, http, parsed).await.map_err(|e| e.to_string())?;
    let seconds = refresh.as_secs_f64().to_string();
    let request = request
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .header("X-Prometheus-Refresh-Interval-Seconds", seconds);
    let mut response = request.send().await.map_err(|e| client::chain(&e.without_url()))?;
    if response.status() != StatusCode::OK {
        client.refused(response.status()).await;
        return Err(format!("status {}", response.status()));
    }
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.to_ascii_lowercase().starts_with("application/json") {
        return Err(format!("content type {content_type:?}, not application/json"));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| client::chain(&e.without_url()))? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("more than {ANSWER_BYTES_MAX} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    let groups: Vec<RawGroup> = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    read_groups(&groups, ("__meta_url", shown))
}
