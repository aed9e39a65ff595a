//! [`Tokens`]: access tokens by the client credentials of OAuth 2.0 (RFC 6749, section 4.4).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::client::{self, chain};
use crate::config::{HttpConfig, OAuth2Config};
use crate::error::ScrapeError;

/// Bytes of an answer with a token.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// A token is not used so shortly before its end.
const MARGIN: Duration = Duration::from_secs(10);

/// The token of one configuration, got when it is needed and kept until it ends.
#[derive(Debug)]
pub struct Tokens {
    config: OAuth2Config,
    http: HttpConfig,
    client: reqwest::Client,
    held: Mutex<Option<Token>>,
    /// Whether the server wants the credentials in the body, not in a header.
    in_body: AtomicBool,
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    /// What it was got with.
    secret: String,
    end: Option<Instant>,
}

/// What servers answer, as far as it is needed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: serde_json::Value,
    error: String,
}

impl Tokens {
    /// No token yet.
    ///
    /// # Errors
    /// When a certificate or a key cannot be used.
    pub fn new(config: &OAuth2Config, http: &HttpConfig) -> Result<Self, String> {
        let client = client::connections(http, true)?;
        let (config, http) = (config.clone(), http.clone());
        Ok(Self { config, http, client, held: Mutex::default(), in_body: AtomicBool::new(false) })
    }

    /// The header `Authorization` now. Those who ask at once wait for the same token.
    ///
    /// # Errors
    /// When the secret cannot be read, or the server gives no token.
    pub async fn authorization(&self) -> Result<HeaderValue, ScrapeError> {
        let secret = self.config.client_secret.read()?;
        let mut held = self.held.lock().await;
        let is_good = |token: &&Token| token.secret == secret && token.end.is_none_or(|end| Instant::now() < end);
        if let Some(token) = held.as_ref().filter(is_good) {
            return Ok(token.header.clone());
        }
        *held = None;
        let token = self.get(secret).await?;
        let header = token.header.clone();
        *held = Some(token);
        Ok(header)
    }

    /// Forgets the token, which the target did not take.
    pub async fn forget(&self) {
        *self.held.lock().await = None;
    }

    /// Servers take the credentials in a header or in the body; which, only trying tells.
    async fn get(&self, secret: String) -> Result<Token, ScrapeError> {
        let in_body = self.in_body.load(Ordering::Relaxed);
        let first = self.request(&secret, in_body).await;
        if in_body || first.is_ok() {
            return first;
        }
        let Ok(token) = self.request(&secret, true).await else { return first };
        self.in_body.store(true, Ordering::Relaxed);
        Ok(token)
    }

    async fn request(&self, secret: &str, in_body: bool) -> Result<Token, ScrapeError> {
        let failed = |reason: String| ScrapeError::Token(reason);
        let url = Url::parse(&self.config.token_url).map_err(|error| failed(error.to_string()))?;
        let id = self.config.client_id.as_str();
        let mut fields: Vec<(&str, &str)> = vec![("grant_type", "client_credentials")];
        let scopes = self.config.scopes.join(" ");
        if !scopes.is_empty() {
            fields.push(("scope", &scopes));
        }
        fields.extend(self.config.endpoint_params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if in_body {
            fields.extend([("client_id", id), ("client_secret", secret)]);
        }
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form(&fields));
        request = client::with_headers(request, &self.http)?;
        if !in_body {
            let pair = STANDARD.encode(format!("{}:{}", form_text(id), form_text(secret)));
            request = request.header(AUTHORIZATION, sensitive(&format!("Basic {pair}"))?);
        }
        let mut response = request.send().await.map_err(|error| failed(chain(&error.without_url())))?;
        let (status, mut bytes) = (response.status(), Vec::new());
        let is_json = !response.headers().get(CONTENT_TYPE).is_some_and(|kind| is_form(kind.as_bytes()));
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(chain(&error.without_url())))? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(failed(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Answer::read(&bytes, is_json).token(status, secret)
    }
}

impl Answer {
    /// An answer that cannot be read says nothing.
    fn read(bytes: &[u8], is_json: bool) -> Self {
        if is_json {
            return serde_json::from_slice(bytes).unwrap_or_default();
        }
        let mut url = Url::parse("form:/").ok();
        if let Some(url) = &mut url {
            url.set_query(std::str::from_utf8(bytes).ok());
        }
        let mut answer = Self::default();
        for (name, value) in url.iter().flat_map(Url::query_pairs) {
            match &*name {
                "access_token" => answer.access_token = value.into_owned(),
                "token_type" => answer.token_type = value.into_owned(),
                "expires_in" => answer.expires_in = value.into_owned().into(),
                "error" => answer.error = value.into_owned(),
                _ => {}
            }
        }
        answer
    }

    fn token(self, status: StatusCode, secret: &str) -> Result<Token, ScrapeError> {
        if !status.is_success() || self.access_token.is_empty() {
            let told = if self.error.is_empty() { "without a token" } else { luneta_model::Limits::cut(&self.error, 256) };
            return Err(ScrapeError::Token(format!("status {status}, {told}")));
        }
        let kind = match self.token_type.to_ascii_lowercase().as_str() {
            "" | "bearer" => "Bearer",
            "mac" => "MAC",
            "basic" => "Basic",
            _ => &self.token_type,
        };
        let seconds = match &self.expires_in {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        // One that does not say lasts until a target refuses it.
        let lasts = seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let end = lasts.and_then(|lasts| Instant::now().checked_add(lasts.saturating_sub(MARGIN)));
        let header = sensitive(&format!("{kind} {}", self.access_token))?;
        Ok(Token { header, secret: secret.to_owned(), end })
    }
}

fn is_form(content_type: &[u8]) -> bool {
    let media = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    media.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") || media.eq_ignore_ascii_case(b"text/plain")
}

fn sensitive(text: &str) -> Result<HeaderValue, ScrapeError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ScrapeError::Token("a header cannot hold it".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Names and values as a form.
fn form(fields: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("form:/") else { return String::new() };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// A text as it stands in a form.
fn form_text(text: &str) -> String {
    form(&[("", text)]).trim_start_matches('=').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_written_and_read() {
        assert_eq!(form(&[("a", "b c"), ("d", "ä&=")]), "a=b+c&d=%C3%A4%26%3D");
        assert_eq!(form_text("=s:1 "), "%3Ds%3A1+");
    }

    #[test]
    fn answers_become_headers() {
        // Body, whether it is JSON, status, header or fault, seconds it lasts.
        let ok = StatusCode::OK;
        let cases = [
            (r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#, true, ok, Ok("Bearer t"), Some(3590)),
            (r#"{"access_token":"t","expires_in":"60"}"#, true, ok, Ok("Bearer t"), Some(50)),
            (r#"{"access_token":"t","token_type":"X","expires_in":0}"#, true, ok, Ok("X t"), None),
            ("access_token=t%2B&token_type=mac&expires_in=20", false, ok, Ok("MAC t+"), Some(10)),
            (r#"{"token_type":"bearer"}"#, true, ok, Err("status 200 OK, without a token"), None),
            (
                r#"{"error":"invalid_client"}"#,
                true,
                StatusCode::UNAUTHORIZED,
                Err("status 401 Unauthorized, invalid_client"),
                None,
            ),
            ("<html>", true, StatusCode::BAD_GATEWAY, Err("status 502 Bad Gateway, without a token"), None),
        ];
        for (body, is_json, status, expected, lasts) in cases {
            match (Answer::read(body.as_bytes(), is_json).token(status, "s"), expected) {
                (Ok(token), Ok(header)) => {
                    assert_eq!(token.header, header, "{body}");
                    let left = token.end.map(|end| end.duration_since(Instant::now()).as_secs_f64().ceil() as u64);
                    assert_eq!(left, lasts, "{body}");
                }
                (Err(fault), Err(words)) => assert!(fault.to_string().contains(words), "{fault}"),
                (found, expected) => panic!("{body}: {found:?}, not {expected:?}"),
            }
        }
    }
}
