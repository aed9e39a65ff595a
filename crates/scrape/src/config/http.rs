//! How requests are made: credentials, TLS, proxies and headers.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderName, HeaderValue};

use super::raw::{RawHttp, RawOAuth2, RawTls};
use super::value::Secret;
use crate::error::{ConfigError, ScrapeError};

/// Bytes of a file with a secret.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// A secret, or the file it is read from with every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The secret itself.
    Inline(Secret),
    /// A file; space around the secret is no part of it.
    File(PathBuf),
}

impl SecretSource {
    /// The secret now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<String, ScrapeError> {
        match self {
            SecretSource::Inline(secret) => Ok(secret.0.clone()),
            SecretSource::File(path) => {
                let failed = |e: &dyn std::fmt::Display| ScrapeError::Credentials(format!("{}: {e}", path.display()));
                let size = std::fs::metadata(path).map_err(|e| failed(&e))?.len();
                if size > SECRET_BYTES_MAX {
                    return Err(failed(&"the file is too large for a secret"));
                }
                let text = std::fs::read_to_string(path).map_err(|e| failed(&e))?;
                Ok(text.trim().to_owned())
            }
        }
    }

    fn of(
        inline: Option<&Secret>,
        file: Option<&String>,
        folder: &Path,
        path: &str,
        keys: [&str; 2],
    ) -> Result<Option<Self>, ConfigError> {
        match (inline, file) {
            (Some(_), Some(_)) => {
                Err(ConfigError::key(format!("{path}.{}", keys[1]), format!("cannot be there together with {}", keys[0])))
            }
            (Some(secret), None) => Ok(Some(Self::Inline(secret.clone()))),
            (None, Some(file)) => Ok(Some(Self::File(folder.join(file)))),
            (None, None) => Ok(None),
        }
    }
}

/// What the header `Authorization` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// A name and a password.
    Basic {
        /// The name.
        username: SecretSource,
        /// The password.
        password: SecretSource,
    },
    /// A word such as `Bearer`, and credentials.
    Token {
        /// The word.
        kind: String,
        /// The credentials.
        credentials: SecretSource,
    },
}

/// TLS of a client. Files are read when the configuration is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsConfig {
    /// Certificates to trust instead of the system's, as PEM.
    pub ca: Option<String>,
    /// Own certificate and key, as PEM.
    pub identity: Option<Secret>,
    /// Trust whoever answers.
    pub insecure_skip_verify: bool,
    /// Lowest and highest version, as `TLS12`.
    pub versions: [Option<TlsVersion>; 2],
}

/// Versions of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// Where access tokens come from: the client credentials of OAuth 2.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2Config {
    /// Who asks.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretSource,
    /// Where.
    pub token_url: String,
    /// What the token is to be good for.
    pub scopes: Vec<String>,
    /// Further fields of the request.
    pub endpoint_params: Vec<(String, String)>,
    /// How it is made.
    pub http: Box<HttpConfig>,
}

/// How requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Credentials.
    pub authorization: Option<Authorization>,
    /// Where the credentials come from instead.
    pub oauth2: Option<OAuth2Config>,
    /// TLS.
    pub tls: TlsConfig,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether HTTP/2 may be negotiated.
    pub enable_http2: bool,
    /// Headers to add.
    pub headers: Vec<(HeaderName, SecretSource)>,
    /// The proxy.
    pub proxy_url: Option<String>,
    /// Hosts that are asked without the proxy.
    pub no_proxy: Option<String>,
    /// Take the proxy from the environment.
    pub proxy_from_environment: bool,
}

impl HttpConfig {
    pub(super) fn resolve(raw: &RawHttp, folder: &Path, path: &str) -> Result<Self, ConfigError> {
        let unsupported = [
            ("sigv4", raw.sigv4.is_some(), "not supported"),
            ("proxy_connect_header", raw.proxy_connect_header.is_some(), "not supported"),
        ];
        if let Some((key, _, reason)) = unsupported.iter().find(|(_, is, _)| *is) {
            return Err(ConfigError::key(format!("{path}.{key}"), *reason));
        }
        if raw.proxy_from_environment && (raw.proxy_url.is_some() || raw.no_proxy.is_some()) {
            let reason = "cannot be there together with proxy_url or no_proxy";
            return Err(ConfigError::key(format!("{path}.proxy_from_environment"), reason));
        }
        if raw.no_proxy.is_some() && raw.proxy_url.is_none() {
            return Err(ConfigError::key(format!("{path}.no_proxy"), "needs proxy_url"));
        }
        if let Some(url) = &raw.proxy_url
            && let Err(error) = reqwest::Proxy::all(url)
        {
            return Err(ConfigError::key(format!("{path}.proxy_url"), error.to_string()));
        }
        Ok(Self {
            authorization: authorization(raw, folder, path)?,
            oauth2: raw.oauth2.as_ref().map(|oauth2| OAuth2Config::resolve(oauth2, folder, path)).transpose()?,
            tls: raw.tls_config.as_ref().map_or(Ok(TlsConfig::default()), |tls| resolve_tls(tls, folder, path))?,
            follow_redirects: raw.follow_redirects.unwrap_or(true),
            enable_http2: raw.enable_http2.unwrap_or(true),
            headers: headers(raw, folder, path)?,
            proxy_url: raw.proxy_url.clone(),
            no_proxy: raw.no_proxy.clone(),
            proxy_from_environment: raw.proxy_from_environment,
        })
    }

    /// The header `Authorization` now.
    ///
    /// # Errors
    /// When a file with credentials cannot be read, or holds what no header can.
    pub fn authorization(&self) -> Result<Option<HeaderValue>, ScrapeError> {
        let text = match &self.authorization {
            None => return Ok(None),
            Some(Authorization::Basic { username, password }) => {
                let pair = format!("{}:{}", username.read()?, password.read()?);
                format!("Basic {}", STANDARD.encode(pair))
            }
            Some(Authorization::Token { kind, credentials }) => format!("{kind} {}", credentials.read()?),
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| ScrapeError::Credentials("the credentials: a header cannot hold them".to_owned()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl OAuth2Config {
    fn resolve(raw: &RawOAuth2, folder: &Path, path: &str) -> Result<Self, ConfigError> {
        let path = format!("{path}.oauth2");
        if let Some(key) = raw.unsupported() {
            return Err(ConfigError::key(
                format!("{path}.{key}"),
                "not supported; tokens are got by client_id and client_secret",
            ));
        }
        let needed = |key: &str, text: Option<&str>| {
            let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
            text.ok_or_else(|| ConfigError::key(format!("{path}.{key}"), "is missing"))
        };
        let token_url = needed("token_url", raw.token_url.as_deref())?;
        if let Err(error) = reqwest::Url::parse(&token_url) {
            return Err(ConfigError::key(format!("{path}.token_url"), error.to_string()));
        }
        let (secret, file) = (raw.client_secret.as_ref(), raw.client_secret_file.as_ref());
        let secret = SecretSource::of(secret, file, folder, &path, ["client_secret", "client_secret_file"])?;
        let http = RawHttp {
            tls_config: raw.tls_config.clone(),
            http_headers: raw.http_headers.clone(),
            proxy_url: raw.proxy_url.clone(),
            no_proxy: raw.no_proxy.clone(),
            proxy_from_environment: raw.proxy_from_environment,
            proxy_connect_header: raw.proxy_connect_header.clone(),
            ..RawHttp::default()
        };
        Ok(Self {
            client_id: needed("client_id", raw.client_id.as_ref().map(|id| id.0.as_str()))?,
            client_secret: secret.unwrap_or_else(|| SecretSource::Inline(Secret::default())),
            token_url,
            scopes: raw.scopes.clone(),
            endpoint_params: raw.endpoint_params.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
            http: Box::new(HttpConfig::resolve(&http, folder, &path)?),
        })
    }
}

impl RawOAuth2 {
    /// The name of a key that asks for another way.
    fn unsupported(&self) -> Option<&'static str> {
        let other_grant = self.grant_type.as_deref().is_some_and(|grant| !matches!(grant, "" | "client_credentials"));
        let keys = [
            ("grant_type", other_grant),
            ("client_secret_ref", self.client_secret_ref.is_some()),
            ("client_certificate_key_id", self.client_certificate_key_id.is_some()),
            ("client_certificate_key", self.client_certificate_key.is_some()),
            ("client_certificate_key_file", self.client_certificate_key_file.is_some()),
            ("client_certificate_key_ref", self.client_certificate_key_ref.is_some()),
            ("signature_algorithm", self.signature_algorithm.is_some()),
            ("iss", self.iss.is_some()),
            ("audience", self.audience.is_some()),
            ("claims", self.claims.is_some()),
        ];
        keys.into_iter().find(|(_, is)| *is).map(|(key, _)| key)
    }
}

fn authorization(raw: &RawHttp, folder: &Path, path: &str) -> Result<Option<Authorization>, ConfigError> {
    let bearer_keys = ["bearer_token", "bearer_token_file"];
    let bearer = SecretSource::of(raw.bearer_token.as_ref(), raw.bearer_token_file.as_ref(), folder, path, bearer_keys)?;
    let ways = [raw.basic_auth.is_some(), raw.authorization.is_some(), raw.oauth2.is_some(), bearer.is_some()];
    if ways.iter().filter(|is| **is).count() > 1 {
        return Err(ConfigError::key(path, "at most one of basic_auth, authorization, oauth2 and bearer_token can be there"));
    }
    if let Some(basic) = &raw.basic_auth {
        let path = format!("{path}.basic_auth");
        let username = basic.username.as_ref().map(|name| Secret(name.0.clone()));
        let username =
            SecretSource::of(username.as_ref(), basic.username_file.as_ref(), folder, &path, ["username", "username_file"])?;
        let password = SecretSource::of(
            basic.password.as_ref(),
            basic.password_file.as_ref(),
            folder,
            &path,
            ["password", "password_file"],
        )?;
        let empty = || SecretSource::Inline(Secret::default());
        let (username, password) = (username.unwrap_or_else(empty), password.unwrap_or_else(empty));
        return Ok(Some(Authorization::Basic { username, password }));
    }
    if let Some(raw) = &raw.authorization {
        let path = format!("{path}.authorization");
        let kind = raw.kind.clone().map(|kind| kind.trim().to_owned()).filter(|kind| !kind.is_empty());
        let kind = kind.unwrap_or_else(|| "Bearer".to_owned());
        if kind.eq_ignore_ascii_case("basic") {
            return Err(ConfigError::key(format!("{path}.type"), "for Basic use basic_auth"));
        }
        let keys = ["credentials", "credentials_file"];
        let credentials = SecretSource::of(raw.credentials.as_ref(), raw.credentials_file.as_ref(), folder, &path, keys)?;
        return Ok(credentials.map(|credentials| Authorization::Token { kind, credentials }));
    }
    Ok(bearer.map(|credentials| Authorization::Token { kind: "Bearer".to_owned(), credentials }))
}

fn headers(raw: &RawHttp, folder: &Path, path: &str) -> Result<Vec<(HeaderName, SecretSource)>, ConfigError> {
    const RESERVED: [&str; 12] = [
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "transfer-encoding",
        "user-agent",
        "x-prometheus-scrape-timeout-seconds",
    ];
    let mut headers = Vec::new();
    for (name, header) in &raw.http_headers {
        let path = format!("{path}.http_headers.{name}");
        if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(ConfigError::key(path, "this header is set by the server itself"));
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ConfigError::key(path, "no name of a header"))?;
        let inline = header.values.iter().map(|value| Secret(value.0.clone())).chain(header.secrets.iter().cloned());
        headers.extend(inline.map(|secret| (name.clone(), SecretSource::Inline(secret))));
        headers.extend(header.files.iter().map(|file| (name.clone(), SecretSource::File(folder.join(file)))));
    }
    Ok(headers)
}

fn resolve_tls(raw: &RawTls, folder: &Path, path: &str) -> Result<TlsConfig, ConfigError> {
    let path = format!("{path}.tls_config");
    if raw.server_name.is_some() {
        let reason = "not supported; name the target as its certificate does, or set insecure_skip_verify";
        return Err(ConfigError::key(format!("{path}.server_name"), reason));
    }
    let pem = |inline: Option<&String>, file: Option<&String>, keys: [&str; 2]| match (inline, file) {
        (Some(_), Some(_)) => {
            Err(ConfigError::key(format!("{path}.{}", keys[1]), format!("cannot be there together with {}", keys[0])))
        }
        (Some(text), None) => Ok(Some(text.clone())),
        (None, Some(file)) => std::fs::read_to_string(folder.join(file))
            .map(Some)
            .map_err(|e| ConfigError::key(format!("{path}.{}", keys[1]), format!("cannot read {file}: {e}"))),
        (None, None) => Ok(None),
    };
    let ca = pem(raw.ca.as_ref(), raw.ca_file.as_ref(), ["ca", "ca_file"])?;
    let cert = pem(raw.cert.as_ref(), raw.cert_file.as_ref(), ["cert", "cert_file"])?;
    let key = pem(raw.key.as_ref().map(|key| &key.0), raw.key_file.as_ref(), ["key", "key_file"])?;
    let identity = match (cert, key) {
        (Some(cert), Some(key)) => Some(Secret(format!("{cert}\n{key}"))),
        (None, None) => None,
        (Some(_), None) => return Err(ConfigError::key(path, "a certificate needs its key")),
        (None, Some(_)) => return Err(ConfigError::key(path, "a key needs its certificate")),
    };
    let version = |key: &str, text: Option<&String>| match text.map(String::as_str) {
        None => Ok(None),
        Some("TLS12") => Ok(Some(TlsVersion::Tls12)),
        Some("TLS13") => Ok(Some(TlsVersion::Tls13)),
        Some(other) => Err(ConfigError::key(format!("{path}.{key}"), format!("`{other}` is none of TLS12 and TLS13"))),
    };
    let versions = [version("min_version", raw.min_version.as_ref())?, version("max_version", raw.max_version.as_ref())?];
    if matches!(versions, [Some(min), Some(max)] if min > max) {
        return Err(ConfigError::key(format!("{path}.max_version"), "is lower than min_version"));
    }
    Ok(TlsConfig { ca, identity, insecure_skip_verify: raw.insecure_skip_verify, versions })
}
