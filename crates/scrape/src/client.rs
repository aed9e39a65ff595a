//! Requests: one client per job, its credentials, and bodies within bounds.

use std::sync::Arc;
use std::time::Duration;

use luneta_receive::prometheus::exposition::ExpositionFormat;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy, Url, redirect, tls};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::value::show_duration;
use crate::config::{HttpConfig, JobConfig, TlsVersion};
use crate::error::ScrapeError;
use crate::oauth2::Tokens;
use crate::protocols::accept;
use crate::target::Target;

/// Who asks, to the target.
const USER_AGENT: &str = concat!("Luneta/", env!("CARGO_PKG_VERSION"));
/// Redirects that are followed.
const REDIRECTS_MAX: usize = 10;
/// Connections to a target that are kept open between scrapes.
const IDLE_PER_HOST_MAX: usize = 2;
/// How long they are kept: longer than usual intervals.
const IDLE: Duration = Duration::from_mins(5);

/// Connections, and the token they need.
#[derive(Debug, Clone)]
pub struct Client {
    connections: reqwest::Client,
    tokens: Option<Arc<Tokens>>,
}

/// A client as the configuration wants it.
///
/// # Errors
/// When a certificate or a key cannot be used.
pub fn build(http: &HttpConfig, compressed: bool) -> Result<Client, String> {
    let tokens = http.oauth2.as_ref().map(|oauth2| Tokens::new(oauth2, &oauth2.http));
    let tokens = tokens.transpose().map_err(|reason| format!("oauth2: {reason}"))?.map(Arc::new);
    Ok(Client { connections: connections(http, compressed)?, tokens })
}

/// Connections as the configuration wants them.
///
/// # Errors
/// When a certificate or a key cannot be used.
pub fn connections(http: &HttpConfig, compressed: bool) -> Result<reqwest::Client, String> {
    // Another part of the process may have set one before; all are the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .gzip(compressed)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .referer(false)
        .redirect(if http.follow_redirects { redirect::Policy::limited(REDIRECTS_MAX) } else { redirect::Policy::none() });
    if !http.enable_http2 {
        builder = builder.http1_only();
    }
    builder = with_proxy(builder, http)?;
    with_tls(builder, http)?.build().map_err(|error| chain(&error))
}

fn with_proxy(builder: ClientBuilder, http: &HttpConfig) -> Result<ClientBuilder, String> {
    if http.proxy_from_environment {
        return Ok(builder);
    }
    let Some(url) = &http.proxy_url else { return Ok(builder.no_proxy()) };
    let proxy = Proxy::all(url).map_err(|error| chain(&error))?;
    let except = http.no_proxy.as_deref().and_then(NoProxy::from_string);
    Ok(builder.proxy(proxy.no_proxy(except)))
}

fn with_tls(mut builder: ClientBuilder, http: &HttpConfig) -> Result<ClientBuilder, String> {
    let config = &http.tls;
    builder = builder.tls_danger_accept_invalid_certs(config.insecure_skip_verify);
    if let Some(pem) = &config.ca {
        let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|e| format!("tls_config.ca: {}", chain(&e)))?;
        if certificates.is_empty() {
            return Err("tls_config.ca: there is no certificate in it".to_owned());
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(pem) = &config.identity {
        let identity = Identity::from_pem(pem.0.as_bytes()).map_err(|e| format!("tls_config.cert: {}", chain(&e)))?;
        builder = builder.identity(identity);
    }
    let version = |version: TlsVersion| match version {
        TlsVersion::Tls12 => tls::Version::TLS_1_2,
        TlsVersion::Tls13 => tls::Version::TLS_1_3,
    };
    if let Some(min) = config.versions[0] {
        builder = builder.tls_version_min(version(min));
    }
    if let Some(max) = config.versions[1] {
        builder = builder.tls_version_max(version(max));
    }
    Ok(builder)
}

/// An error and its causes, without what the URL might hold.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}

/// Memory for bodies of all targets together.
#[derive(Debug, Clone)]
pub struct BodyMemory(Arc<Semaphore>);

/// Bytes a permit stands for.
const PERMIT_BYTES: usize = 64 * 1024;

impl BodyMemory {
    /// Memory of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / PERMIT_BYTES).clamp(1, Semaphore::MAX_PERMITS))))
    }

    fn take(&self, permits: u32) -> Result<OwnedSemaphorePermit, ScrapeError> {
        Arc::clone(&self.0).try_acquire_many_owned(permits).map_err(|_| ScrapeError::Memory)
    }
}

/// A body, unpacked.
#[derive(Debug)]
pub struct Body {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Its format.
    pub format: ExpositionFormat,
    _memory: Option<OwnedSemaphorePermit>,
}

impl Body {
    /// A body that was not asked for over HTTP.
    pub fn text(text: String) -> Self {
        Self { bytes: text.into_bytes(), format: ExpositionFormat::Text, _memory: None }
    }
}

/// Asks a target, within its timeout.
///
/// # Errors
/// [`ScrapeError`].
pub async fn fetch(
    client: &Client,
    job: &JobConfig,
    target: &Target,
    body_bytes_max: u64,
    memory: &BodyMemory,
) -> Result<Body, ScrapeError> {
    let asked = ask(client, job, target, body_bytes_max, memory);
    let result = tokio::time::timeout(target.timeout, asked).await;
    result.unwrap_or_else(|_| Err(ScrapeError::Timeout(show_duration(target.timeout))))
}

async fn ask(
    client: &Client,
    job: &JobConfig,
    target: &Target,
    body_bytes_max: u64,
    memory: &BodyMemory,
) -> Result<Body, ScrapeError> {
    let mut request = request(client, &job.http, target.url.clone())
        .await?
        .header(ACCEPT, accept(&job.protocols, &job.escaping))
        .header("X-Prometheus-Scrape-Timeout-Seconds", target.timeout.as_secs_f64().to_string());
    if !job.enable_compression {
        request = request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    let mut response = request.send().await.map_err(|error| ScrapeError::Request(chain(&error.without_url())))?;
    if response.status() != reqwest::StatusCode::OK {
        client.refused(response.status()).await;
        return Err(ScrapeError::Status(response.status().to_string()));
    }
    let content_type = response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let format = format(content_type.as_deref(), job)?;
    let max = if job.limits.body_bytes > 0 { job.limits.body_bytes.min(body_bytes_max) } else { body_bytes_max };
    let mut held = memory.take(1)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| ScrapeError::Request(chain(&error.without_url())))? {
        let total = bytes.len() + chunk.len();
        if total as u64 > max {
            return Err(ScrapeError::BodyTooLarge(max));
        }
        let wanted = total.div_ceil(PERMIT_BYTES).max(1);
        if wanted > held.num_permits() {
            held.merge(memory.take((wanted - held.num_permits()) as u32)?);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Body { bytes, format, _memory: Some(held) })
}

/// A request with the credentials and headers of the configuration.
///
/// # Errors
/// When a secret cannot be read, or there is no token.
pub async fn request(client: &Client, http: &HttpConfig, url: Url) -> Result<reqwest::RequestBuilder, ScrapeError> {
    let authorization = match &client.tokens {
        Some(tokens) => Some(tokens.authorization().await?),
        None => http.authorization()?,
    };
    let mut request = client.connections.get(url);
    if let Some(value) = authorization {
        request = request.header(AUTHORIZATION, value);
    }
    with_headers(request, http)
}

impl Client {
    /// Takes note that a request was not answered with what it asked for: its token may have been revoked.
    pub async fn refused(&self, status: reqwest::StatusCode) {
        if let Some(tokens) = self.tokens.as_ref().filter(|_| status == reqwest::StatusCode::UNAUTHORIZED) {
            tokens.forget().await;
        }
    }
}

/// A request with the headers of the configuration.
///
/// # Errors
/// When a secret cannot be read.
pub fn with_headers(mut request: reqwest::RequestBuilder, http: &HttpConfig) -> Result<reqwest::RequestBuilder, ScrapeError> {
    for (name, source) in &http.headers {
        let mut value = HeaderValue::from_str(&source.read()?)
            .map_err(|_| ScrapeError::Credentials(format!("the value of the header {name}: a header cannot hold it")))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    Ok(request)
}

fn format(content_type: Option<&str>, job: &JobConfig) -> Result<ExpositionFormat, ScrapeError> {
    let told = content_type.and_then(ExpositionFormat::from_content_type);
    told.or(job.fallback.map(crate::protocols::ScrapeProtocol::format)).ok_or_else(|| {
        ScrapeError::ContentType(match content_type {
            None | Some("") => "no content type".to_owned(),
            Some(other) => format!("the content type {other:?}"),
        })
    })
}
