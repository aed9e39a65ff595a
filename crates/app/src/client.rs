//! Talking to a running server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cli::TargetArgs;
use crate::config;

/// The file in the data folder that names the addresses of the server using it.
pub const ADDRESS_FILE: &str = "luneta.addresses.json";

/// A server's address and the tenant asked for.
#[derive(Debug, Clone)]
pub struct Client {
    /// Root of the HTTP API, without a slash at the end.
    pub url: String,
    tenant: String,
}

/// Addresses by name as a server wrote them.
pub fn addresses(data: &Path) -> Option<BTreeMap<String, String>> {
    serde_json::from_slice(&std::fs::read(data.join(ADDRESS_FILE)).ok()?).ok()
}

/// The data folder of a target.
///
/// # Errors
/// When none is given and the user has no home.
pub fn data_dir(target: &TargetArgs) -> Result<PathBuf> {
    target.data.clone().map_or_else(config::default_data_dir, Ok)
}

impl Client {
    /// The server of a target; `None` when no server answers and none was named.
    ///
    /// # Errors
    /// When a server was named and does not answer.
    pub async fn find(target: &TargetArgs) -> Result<Option<Self>> {
        let client = |url: &str| Self { url: url.trim_end_matches('/').to_owned(), tenant: target.tenant.clone() };
        if let Some(url) = &target.url {
            let named = client(url);
            if !named.alive().await {
                bail!("no Luneta answers at {url}; start one with `luneta`, or correct --url");
            }
            return Ok(Some(named));
        }
        let written = addresses(&data_dir(target)?).and_then(|a| a.get("http").cloned());
        let fallback = target.data.is_none().then(|| "http://127.0.0.1:4319".to_owned());
        for url in written.into_iter().chain(fallback) {
            let found = client(&url);
            if found.alive().await {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A server that is known to be there, and the usual tenant.
    pub fn at_url(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), tenant: "default".to_owned() }
    }

    /// The same tenant at another address.
    pub fn at(&self, url: String) -> Self {
        Self { url, tenant: self.tenant.clone() }
    }

    async fn alive(&self) -> bool {
        let url = format!("{}/-/healthy", self.url);
        let answer = blocking(move || agent(Duration::from_secs(2)).get(&url).call()?.into_body().read_to_string()).await;
        answer.is_ok_and(|text| text.starts_with("Luneta"))
    }

    /// Sends JSON and returns status and body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn post(&self, path: &str, body: Value, timeout: Duration) -> Result<(u16, Vec<u8>)> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            let mut answer = agent(timeout).post(&url).header("X-Scope-OrgID", &tenant).send_json(body)?;
            let bytes = answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
            Ok((answer.status().as_u16(), bytes))
        })
        .await
        .with_context(|| format!("the server at {} did not answer", self.url))
    }

    /// Sends bytes and returns status and body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn post_bytes(
        &self,
        path: &str,
        content_type: &'static str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<(u16, Vec<u8>)> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            let request = agent(timeout).post(&url).header("X-Scope-OrgID", &tenant).header("Content-Type", content_type);
            let mut answer = request.send(body.as_slice())?;
            Ok((answer.status().as_u16(), answer.body_mut().read_to_vec()?))
        })
        .await
        .with_context(|| format!("the server at {} did not answer", self.url))
    }

    /// Sends a form and returns status and body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn form(&self, path: &str, fields: Vec<(&'static str, String)>, timeout: Duration) -> Result<(u16, Vec<u8>)> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            let mut answer = agent(timeout).post(&url).header("X-Scope-OrgID", &tenant).send_form(fields)?;
            let bytes = answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
            Ok((answer.status().as_u16(), bytes))
        })
        .await
        .with_context(|| format!("the server at {} did not answer", self.url))
    }

    /// Asks with headers and returns status and body.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn ask(
        &self,
        path: &str,
        headers: &'static [(&'static str, &'static str)],
        timeout: Duration,
    ) -> Result<(u16, Vec<u8>)> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            let request = agent(timeout).get(&url).header("X-Scope-OrgID", &tenant);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let mut answer = request.call()?;
            let bytes = answer.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
            Ok((answer.status().as_u16(), bytes))
        })
        .await
        .with_context(|| format!("the server at {} did not answer", self.url))
    }

    /// Reads a JSON answer.
    ///
    /// # Errors
    /// When the server cannot be reached or answers otherwise.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            let mut answer = agent(Duration::from_secs(30)).get(&url).header("X-Scope-OrgID", &tenant).call()?;
            answer.body_mut().read_json()
        })
        .await
        .with_context(|| format!("the server at {} did not answer", self.url))
    }

    /// Opens a stream of server-sent events and calls `each` with the data of every event, until
    /// `each` returns false or the server closes.
    ///
    /// # Errors
    /// When the server cannot be reached or the connection breaks.
    pub async fn events(&self, path: &str, mut each: impl FnMut(&str) -> bool + Send + 'static) -> Result<()> {
        let (url, tenant) = (format!("{}{path}", self.url), self.tenant.clone());
        blocking(move || {
            use std::io::BufRead as _;
            let agent: ureq::Agent = ureq::Agent::config_builder().timeout_connect(Some(Duration::from_secs(5))).build().into();
            let answer = agent.get(&url).header("X-Scope-OrgID", &tenant).header("Accept", "text/event-stream").call()?;
            let reader = std::io::BufReader::new(answer.into_body().into_with_config().limit(u64::MAX).reader());
            for line in reader.lines() {
                let line = line?;
                if let Some(data) = line.strip_prefix("data:")
                    && !each(data.trim_start())
                {
                    break;
                }
            }
            Ok(())
        })
        .await
        .with_context(|| format!("the connection to {} broke", self.url))
    }
}

fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(timeout)).http_status_as_error(false).build().into()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ureq::Error> + Send + 'static) -> Result<T> {
    Ok(tokio::task::spawn_blocking(work).await.context("the request was interrupted")??)
}
