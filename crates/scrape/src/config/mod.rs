//! Configuration in Prometheus's own schema: `global` and `scrape_configs`.
//!
//! What is written is [`raw`]; what the scraper runs on is [`ScrapeConfig`].

mod http;
mod job;
pub mod raw;
pub mod value;

use std::path::{Path, PathBuf};

use serde_yaml_ng::{Mapping, Value};

pub use http::{Authorization, HttpConfig, OAuth2Config, SecretSource, TlsConfig, TlsVersion};
pub(crate) use job::check_group;
pub use job::{DiscoveryConfig, DnsKind, JobConfig, ScrapeLimits};

use crate::error::ConfigError;
use raw::{HTTP_KEYS, RawFile, RawGlobal, RawJob};

/// Jobs there may be.
const JOBS_MAX: usize = 10_000;

/// Where a part of the configuration comes from.
#[derive(Debug, Clone)]
pub enum ConfigSource {
    /// A file as Prometheus reads it; read again with every reload.
    File(PathBuf),
    /// The section of another file: its path in there, such as `luneta`, the section, and the folder
    /// that relative paths start from.
    Section(String, Value, PathBuf),
}

/// What the scraper runs on.
#[derive(Debug, Default)]
pub struct ScrapeConfig {
    /// The jobs, no name twice.
    pub jobs: Vec<JobConfig>,
    /// What is there and has no effect, and what to do instead.
    pub notes: Vec<String>,
    /// The configuration as YAML, with `<secret>` for what is secret.
    pub shown: String,
}

impl ScrapeConfig {
    /// Reads and checks all sources; a file's settings under `global` are for its own jobs.
    ///
    /// # Errors
    /// Names the file and the path of the fault.
    pub fn load(sources: &[ConfigSource]) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut documents = Vec::new();
        for source in sources {
            match source {
                ConfigSource::File(path) => {
                    let shown = path.display().to_string();
                    let value = read_yaml(path)?;
                    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
                    let within = |e| within(e, &format!("{shown}: "));
                    documents.push(config.add(value, &folder).map_err(within)?);
                }
                ConfigSource::Section(place, value, folder) => {
                    documents.push(config.add(value.clone(), folder).map_err(|e| within(e, &format!("{place}.")))?);
                }
            }
        }
        for (i, job) in config.jobs.iter().enumerate() {
            if config.jobs[..i].iter().any(|other| other.name == job.name) {
                return Err(ConfigError::key("scrape_configs", format!("the job_name `{}` is there twice", job.name)));
            }
        }
        if config.jobs.len() > JOBS_MAX {
            return Err(ConfigError::key("scrape_configs", format!("there are more than {JOBS_MAX} jobs")));
        }
        config.shown = documents.into_iter().map(show).collect::<Vec<_>>().join("---\n");
        Ok(config)
    }

    /// Adds the jobs of a document; yields it with those of the files it names.
    fn add(&mut self, mut value: Value, folder: &Path) -> Result<Value, ConfigError> {
        if value.is_null() {
            value = Value::Mapping(Mapping::new());
        }
        let raw = parse(value.clone())?;
        self.notes.extend(notes(&raw));
        let global = raw.global.unwrap_or_default();
        let mut jobs = raw.scrape_configs.unwrap_or_default();
        self.take(&global, &jobs, sequence(&value), folder, "")?;
        for pattern in raw.scrape_config_files.unwrap_or_default() {
            for path in matching(folder, &pattern).map_err(|e| ConfigError::key("scrape_config_files", e))? {
                let more = read_yaml(&path)?;
                let shown = path.display().to_string();
                let raw = parse(more.clone()).map_err(|e| within(e, &format!("{shown}: ")))?;
                let more_jobs = raw.scrape_configs.unwrap_or_default();
                let place = path.parent().map(Path::to_path_buf).unwrap_or_default();
                self.take(&global, &more_jobs, sequence(&more), &place, &shown)?;
                jobs.extend(more_jobs);
                append(&mut value, &more);
            }
        }
        Ok(value)
    }

    fn take(
        &mut self,
        global: &RawGlobal,
        jobs: &[RawJob],
        values: &[Value],
        folder: &Path,
        place: &str,
    ) -> Result<(), ConfigError> {
        let settings = format!("{global:?}");
        for (i, job) in jobs.iter().enumerate() {
            let path = format!("scrape_configs[{i}]");
            let resolved = JobConfig::resolve(job, global, folder, &path);
            let mut resolved = resolved.map_err(|e| if place.is_empty() { e } else { within(e, &format!("{place}: ")) })?;
            let written = values.get(i).map(|value| serde_yaml_ng::to_string(value).unwrap_or_default());
            resolved.written = format!("{settings}{}", written.unwrap_or_default());
            self.jobs.push(resolved);
        }
        Ok(())
    }
}

/// The jobs of a document as written.
fn sequence(document: &Value) -> &[Value] {
    document.get("scrape_configs").and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

fn append(document: &mut Value, more: &Value) {
    let Some(into) = document.as_mapping_mut() else { return };
    let into = into.entry("scrape_configs".into()).or_insert_with(|| Value::Sequence(Vec::new()));
    if let Some(into) = into.as_sequence_mut() {
        into.extend(sequence(more).iter().cloned());
    }
}

fn within(error: ConfigError, place: &str) -> ConfigError {
    match error {
        ConfigError::Key { path, reason } if path.is_empty() => {
            ConfigError::Key { path: place.trim_end_matches([':', ' ', '.']).to_owned(), reason }
        }
        ConfigError::Key { path, reason } => ConfigError::Key { path: format!("{place}{path}"), reason },
        other => other,
    }
}

fn read_yaml(path: &Path) -> Result<Value, ConfigError> {
    let shown = || path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| ConfigError::Unreadable { path: shown(), reason: e.to_string() })?;
    serde_yaml_ng::from_str(&text).map_err(|e| ConfigError::NotYaml { path: shown(), reason: e.to_string() })
}

/// Files that match a pattern, in order.
pub(crate) fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let whole = folder.join(pattern);
    let whole = whole.to_str().ok_or_else(|| format!("`{pattern}` is not UTF-8"))?;
    let found = glob::glob(whole).map_err(|e| format!("`{pattern}` is no pattern of files: {e}"))?;
    Ok(found.filter_map(Result::ok).collect())
}

fn parse(mut value: Value) -> Result<RawFile, ConfigError> {
    for key in ["global", "scrape_configs", "scrape_config_files"] {
        // A key with nothing behind it is no key.
        if value.get(key).is_some_and(Value::is_null)
            && let Some(map) = value.as_mapping_mut()
        {
            map.remove(key);
        }
    }
    if let Some(jobs) = value.get_mut("scrape_configs").and_then(Value::as_sequence_mut) {
        for (i, job) in jobs.iter_mut().enumerate() {
            prepare_job(job, &format!("scrape_configs[{i}]"))?;
        }
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string().replace(".http_config", "");
        ConfigError::key(if path == "." { String::new() } else { path }, error.into_inner().to_string())
    })
}

/// Refuses discoveries that are not supported, and puts keys about requests into a map of their own.
fn prepare_job(job: &mut Value, path: &str) -> Result<(), ConfigError> {
    let Some(map) = job.as_mapping_mut() else { return Ok(()) };
    for key in map.keys().filter_map(Value::as_str) {
        if key.ends_with("_sd_configs") && !matches!(key, "file_sd_configs" | "dns_sd_configs" | "http_sd_configs") {
            let supported = "static_configs, file_sd_configs, dns_sd_configs and http_sd_configs";
            return Err(ConfigError::key(format!("{path}.{key}"), format!("not supported; targets are found by {supported}")));
        }
    }
    gather_http(map, path)?;
    let Some(discoveries) = map.get_mut("http_sd_configs").and_then(Value::as_sequence_mut) else { return Ok(()) };
    for (i, discovery) in discoveries.iter_mut().enumerate() {
        if let Some(map) = discovery.as_mapping_mut() {
            gather_http(map, &format!("{path}.http_sd_configs[{i}]"))?;
        }
    }
    Ok(())
}

fn gather_http(map: &mut Mapping, path: &str) -> Result<(), ConfigError> {
    if map.contains_key("http_config") {
        return Err(ConfigError::key(format!("{path}.http_config"), "unknown field"));
    }
    let mut http = Mapping::new();
    for key in HTTP_KEYS {
        if let Some(mut value) = map.remove(key) {
            if key == "http_headers" {
                spell_headers(&mut value);
            }
            http.insert(key.into(), value);
        }
    }
    map.insert("http_config".into(), Value::Mapping(http));
    Ok(())
}

/// A header with nothing behind its name has no values.
fn spell_headers(headers: &mut Value) {
    for header in headers.as_mapping_mut().into_iter().flat_map(Mapping::values_mut) {
        if header.is_null() {
            *header = Value::Mapping(Mapping::new());
        }
    }
}

fn notes(raw: &RawFile) -> Vec<String> {
    let sections = [
        ("rule_files", raw.rule_files.is_some(), "rules are not read from here"),
        ("alerting", raw.alerting.is_some(), "alerts are not sent from here"),
        ("remote_write", raw.remote_write.is_some(), "samples are kept here and not sent on"),
        ("remote_read", raw.remote_read.is_some(), "samples are read from here only"),
        ("storage", raw.storage.is_some(), "the lake is set up under luneta"),
        ("tracing", raw.tracing.is_some(), "the server sends no traces"),
        ("otlp", raw.otlp.is_some(), "OTLP is kept as it was sent"),
        ("runtime", raw.runtime.is_some(), "there is no garbage collector to tune"),
    ];
    let mut notes: Vec<String> =
        sections.iter().filter(|(_, is, _)| *is).map(|(key, _, note)| format!("{key}: {note}")).collect();
    let labels = raw.global.as_ref().and_then(|global| global.external_labels.as_ref());
    if labels.is_some_and(|labels| !labels.is_empty()) {
        notes.push("global.external_labels: they are for other systems and are not stored, as in Prometheus".to_owned());
    }
    notes
}

/// Writes a document with its secrets covered.
fn show(mut document: Value) -> String {
    cover(&mut document);
    serde_yaml_ng::to_string(&document).unwrap_or_default()
}

fn cover(value: &mut Value) {
    const SECRETS: [&str; 9] = [
        "password",
        "credentials",
        "bearer_token",
        "client_secret",
        "key",
        "secrets",
        "secret_key",
        "proxy_connect_header",
        "client_certificate_key",
    ];
    match value {
        Value::Mapping(map) => {
            for (key, value) in map.iter_mut() {
                let key = key.as_str().unwrap_or_default();
                match value {
                    Value::String(_) | Value::Number(_) if SECRETS.contains(&key) => *value = "<secret>".into(),
                    Value::Sequence(items) if SECRETS.contains(&key) => items.fill("<secret>".into()),
                    Value::String(text) if text.contains("://") && text.contains('@') => *text = cover_url(text),
                    other => cover(other),
                }
            }
        }
        Value::Sequence(items) => items.iter_mut().for_each(cover),
        _ => {}
    }
}

/// A URL without its password.
pub(crate) fn cover_url(text: &str) -> String {
    match reqwest::Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            // Refused for URLs that cannot have a password, which have none to cover.
            let _ = url.set_password(Some("xxxxx"));
            url.to_string()
        }
        _ => text.to_owned(),
    }
}
