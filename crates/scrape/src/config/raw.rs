//! The configuration as written: everything optional, unknown keys refused.

// Fields are keys of Prometheus's configuration, and documented there.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml_ng::Value;

use super::value::{Secret, Size, Text, Time};

/// A file of Prometheus, or the part of one that a Collector's receiver takes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFile {
    pub global: Option<RawGlobal>,
    pub scrape_configs: Option<Vec<RawJob>>,
    pub scrape_config_files: Option<Vec<String>>,
    // What follows has no effect here.
    pub runtime: Option<Value>,
    pub rule_files: Option<Value>,
    pub alerting: Option<Value>,
    pub remote_write: Option<Value>,
    pub remote_read: Option<Value>,
    pub storage: Option<Value>,
    pub tracing: Option<Value>,
    pub otlp: Option<Value>,
}

#[derive(Debug, Default, Deserialize, Clone)]
#[serde(deny_unknown_fields, default)]
pub struct RawGlobal {
    pub scrape_interval: Option<Time>,
    pub scrape_timeout: Option<Time>,
    pub scrape_protocols: Option<Vec<String>>,
    pub evaluation_interval: Option<Time>,
    pub rule_query_offset: Option<Time>,
    pub external_labels: Option<BTreeMap<String, Text>>,
    pub query_log_file: Option<String>,
    pub scrape_failure_log_file: Option<String>,
    pub body_size_limit: Option<Size>,
    pub sample_limit: Option<u64>,
    pub label_limit: Option<u64>,
    pub label_name_length_limit: Option<u64>,
    pub label_value_length_limit: Option<u64>,
    pub target_limit: Option<u64>,
    pub keep_dropped_targets: Option<u64>,
    pub metric_name_validation_scheme: Option<String>,
    pub metric_name_escaping_scheme: Option<String>,
    pub scrape_native_histograms: Option<bool>,
    pub convert_classic_histograms_to_nhcb: Option<bool>,
    pub always_scrape_classic_histograms: Option<bool>,
    pub extra_scrape_metrics: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawJob {
    pub job_name: Option<Text>,
    pub scrape_interval: Option<Time>,
    pub scrape_timeout: Option<Time>,
    pub scrape_protocols: Option<Vec<String>>,
    pub fallback_scrape_protocol: Option<String>,
    pub metrics_path: Option<String>,
    pub honor_labels: bool,
    pub honor_timestamps: Option<bool>,
    pub track_timestamps_staleness: bool,
    pub scheme: Option<String>,
    pub params: BTreeMap<String, Vec<Text>>,
    pub enable_compression: Option<bool>,
    pub scrape_failure_log_file: Option<String>,
    pub static_configs: Vec<RawGroup>,
    pub file_sd_configs: Vec<RawFiles>,
    pub dns_sd_configs: Vec<RawDns>,
    pub http_sd_configs: Vec<RawHttpDiscovery>,
    pub relabel_configs: Vec<RawRelabel>,
    pub metric_relabel_configs: Vec<RawRelabel>,
    pub body_size_limit: Option<Size>,
    pub sample_limit: Option<u64>,
    pub label_limit: Option<u64>,
    pub label_name_length_limit: Option<u64>,
    pub label_value_length_limit: Option<u64>,
    pub target_limit: Option<u64>,
    pub keep_dropped_targets: Option<u64>,
    pub metric_name_validation_scheme: Option<String>,
    pub metric_name_escaping_scheme: Option<String>,
    pub native_histogram_bucket_limit: Option<u64>,
    pub native_histogram_min_bucket_factor: Option<f64>,
    pub scrape_native_histograms: Option<bool>,
    pub convert_classic_histograms_to_nhcb: Option<bool>,
    pub always_scrape_classic_histograms: Option<bool>,
    /// The name it had in Prometheus 2.
    pub scrape_classic_histograms: Option<bool>,
    pub extra_scrape_metrics: Option<bool>,
    /// Put together from keys of the job, see [`HTTP_KEYS`].
    pub http_config: RawHttp,
}

/// Keys about requests, which stand among the others.
pub const HTTP_KEYS: [&str; 14] = [
    "basic_auth",
    "authorization",
    "bearer_token",
    "bearer_token_file",
    "oauth2",
    "tls_config",
    "follow_redirects",
    "enable_http2",
    "http_headers",
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "sigv4",
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawHttp {
    pub basic_auth: Option<RawBasicAuth>,
    pub authorization: Option<RawAuthorization>,
    pub bearer_token: Option<Secret>,
    pub bearer_token_file: Option<String>,
    pub oauth2: Option<RawOAuth2>,
    pub tls_config: Option<RawTls>,
    pub follow_redirects: Option<bool>,
    pub enable_http2: Option<bool>,
    pub http_headers: BTreeMap<String, RawHeader>,
    pub proxy_url: Option<String>,
    pub no_proxy: Option<String>,
    pub proxy_from_environment: bool,
    pub proxy_connect_header: Option<Value>,
    pub sigv4: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawBasicAuth {
    pub username: Option<Text>,
    pub username_file: Option<String>,
    pub password: Option<Secret>,
    pub password_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAuthorization {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub credentials: Option<Secret>,
    pub credentials_file: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawOAuth2 {
    pub client_id: Option<Text>,
    pub client_secret: Option<Secret>,
    pub client_secret_file: Option<String>,
    pub scopes: Vec<String>,
    pub token_url: Option<String>,
    pub endpoint_params: BTreeMap<String, Text>,
    pub tls_config: Option<RawTls>,
    pub http_headers: BTreeMap<String, RawHeader>,
    pub proxy_url: Option<String>,
    pub no_proxy: Option<String>,
    pub proxy_from_environment: bool,
    pub proxy_connect_header: Option<Value>,
    // Ways that are not supported, by a signed assertion.
    pub client_secret_ref: Option<Value>,
    pub grant_type: Option<String>,
    pub client_certificate_key_id: Option<Value>,
    pub client_certificate_key: Option<Value>,
    pub client_certificate_key_file: Option<Value>,
    pub client_certificate_key_ref: Option<Value>,
    pub signature_algorithm: Option<Value>,
    pub iss: Option<Value>,
    pub audience: Option<Value>,
    pub claims: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    pub ca: Option<String>,
    pub ca_file: Option<String>,
    pub cert: Option<String>,
    pub cert_file: Option<String>,
    pub key: Option<Secret>,
    pub key_file: Option<String>,
    pub server_name: Option<String>,
    pub insecure_skip_verify: bool,
    pub min_version: Option<String>,
    pub max_version: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawHeader {
    pub values: Vec<Text>,
    pub secrets: Vec<Secret>,
    pub files: Vec<String>,
}

/// A list of targets; also what files and HTTP discovery hold.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawGroup {
    pub targets: Vec<Text>,
    pub labels: BTreeMap<String, Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFiles {
    pub files: Vec<String>,
    pub refresh_interval: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDns {
    pub names: Vec<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub port: Option<u16>,
    pub refresh_interval: Option<Time>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawHttpDiscovery {
    pub url: Option<String>,
    pub refresh_interval: Option<Time>,
    pub http_config: RawHttp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRelabel {
    pub source_labels: Option<Vec<String>>,
    pub separator: Option<Text>,
    pub target_label: Option<String>,
    pub regex: Option<Text>,
    pub modulus: Option<u64>,
    pub replacement: Option<Text>,
    pub action: Option<String>,
}
