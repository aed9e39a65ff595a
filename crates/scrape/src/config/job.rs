//! [`JobConfig`]: one entry of `scrape_configs`, complete and valid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::http::HttpConfig;
use super::raw::{RawDns, RawFiles, RawGlobal, RawGroup, RawHttpDiscovery, RawJob, RawRelabel};
use super::value::{Text, Time, show_duration};
use crate::error::ConfigError;
use crate::protocols::ScrapeProtocol;
use crate::relabel::{Rules, is_label_name};

const INTERVAL: Duration = Duration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often files, names and URLs are looked at, unless the configuration says.
const FILES_REFRESH: Duration = Duration::from_mins(5);
const DNS_REFRESH: Duration = Duration::from_secs(30);
const HTTP_REFRESH: Duration = Duration::from_mins(1);

/// Bounds on a scrape; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScrapeLimits {
    /// Bytes of a body, unpacked.
    pub body_bytes: u64,
    /// Samples after relabelling.
    pub samples: u64,
    /// Labels of a sample, the name of the metric among them.
    pub labels: u64,
    /// Bytes of the name of a label.
    pub label_name_bytes: u64,
    /// Bytes of the value of a label.
    pub label_value_bytes: u64,
    /// Targets of the job.
    pub targets: u64,
    /// Dropped targets that are remembered.
    pub dropped_targets: u64,
}

/// Where targets come from.
#[derive(Debug, Clone)]
pub enum DiscoveryConfig {
    /// The configuration itself.
    Static(Vec<RawGroup>),
    /// Files in JSON or YAML, as patterns.
    Files {
        /// The folder that patterns start from.
        folder: PathBuf,
        /// The patterns.
        patterns: Vec<String>,
        /// How often all files are read, whether they seem changed or not.
        refresh: Duration,
    },
    /// Names of hosts or services.
    Dns {
        /// The names.
        names: Vec<String>,
        /// The kind of record.
        kind: DnsKind,
        /// The port, where the record tells none.
        port: u16,
        /// How often they are asked for.
        refresh: Duration,
    },
    /// A URL that answers with a list of targets.
    Http {
        /// The URL.
        url: String,
        /// How often it is asked.
        refresh: Duration,
        /// How it is asked.
        http: Box<HttpConfig>,
    },
}

/// Kinds of DNS records that targets are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsKind {
    /// Addresses of version 4.
    A,
    /// Addresses of version 6.
    Aaaa,
    /// Hosts and ports of a service.
    Srv,
    /// Mail servers.
    Mx,
    /// Name servers.
    Ns,
}

/// One job.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // as many switches as Prometheus has
pub struct JobConfig {
    /// Its name, which becomes the label `job`.
    pub name: String,
    /// Time between scrapes.
    pub interval: Duration,
    /// Longest time of a scrape.
    pub timeout: Duration,
    /// Path to ask for.
    pub metrics_path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Parameters of the URL.
    pub params: BTreeMap<String, Vec<String>>,
    /// Labels of samples win over those of the target.
    pub honor_labels: bool,
    /// Times of samples are taken over.
    pub honor_timestamps: bool,
    /// Series whose samples have times of their own end with a marker too.
    pub track_timestamps_staleness: bool,
    /// Ask for packed bodies.
    pub enable_compression: bool,
    /// Formats to ask for, the best first.
    pub protocols: Vec<ScrapeProtocol>,
    /// Format of answers that tell none.
    pub fallback: Option<ScrapeProtocol>,
    /// How requests are made.
    pub http: HttpConfig,
    /// Where targets come from.
    pub discovery: Vec<DiscoveryConfig>,
    /// Rules for targets.
    pub relabel: Rules,
    /// Rules for samples.
    pub metric_relabel: Rules,
    /// Bounds.
    pub limits: ScrapeLimits,
    /// Names must be of the old character set.
    pub legacy_names: bool,
    /// How targets are to escape other names.
    pub escaping: String,
    /// Take native histograms.
    pub native_histograms: bool,
    /// Take the classic part of native histograms too.
    pub always_classic_histograms: bool,
    /// Report bounds and sizes too.
    pub extra_metrics: bool,
    /// What was written, to tell whether a reload changes anything.
    pub written: String,
}

impl JobConfig {
    pub(super) fn resolve(raw: &RawJob, global: &RawGlobal, folder: &Path, path: &str) -> Result<Self, ConfigError> {
        let fault = |key: &str, reason: String| ConfigError::key(format!("{path}.{key}"), reason);
        refuse(raw, global, path)?;
        let name = raw.job_name.as_ref().map(|name| name.0.clone()).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| fault("job_name", "is missing".to_owned()))?;
        let (interval, timeout) = times(raw, global, path)?;
        let legacy_names = validation(raw, global, path)?;
        let rules = |key: &str, raw: &[RawRelabel]| {
            Rules::new(raw, legacy_names).map_err(|(i, reason)| {
                let (inner, reason) = reason.split_once(": ").unwrap_or(("", &reason));
                fault(&format!("{key}[{i}].{inner}"), reason.to_owned())
            })
        };
        let native = raw.scrape_native_histograms.or(global.scrape_native_histograms).unwrap_or(false);
        let classic = raw.always_scrape_classic_histograms.or(raw.scrape_classic_histograms);
        let scheme = raw.scheme.clone().unwrap_or_else(|| "http".to_owned());
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(fault("scheme", format!("`{scheme}` is none of http and https")));
        }
        let texts = |texts: &[Text]| texts.iter().map(|text| text.0.clone()).collect();
        Ok(Self {
            interval,
            timeout,
            metrics_path: raw.metrics_path.clone().unwrap_or_else(|| "/metrics".to_owned()),
            scheme,
            params: raw.params.iter().map(|(name, values)| (name.clone(), texts(values))).collect(),
            honor_labels: raw.honor_labels,
            honor_timestamps: raw.honor_timestamps.unwrap_or(true),
            track_timestamps_staleness: raw.track_timestamps_staleness,
            enable_compression: raw.enable_compression.unwrap_or(true),
            protocols: protocols(raw, global, native, path)?,
            fallback: raw
                .fallback_scrape_protocol
                .as_deref()
                .map(|word| protocol(word, path, "fallback_scrape_protocol"))
                .transpose()?,
            http: HttpConfig::resolve(&raw.http_config, folder, path)?,
            discovery: discovery(raw, folder, path)?,
            relabel: rules("relabel_configs", &raw.relabel_configs)?,
            metric_relabel: rules("metric_relabel_configs", &raw.metric_relabel_configs)?,
            limits: limits(raw, global),
            legacy_names,
            escaping: escaping(raw, global, legacy_names, path)?,
            native_histograms: native,
            always_classic_histograms: classic.or(global.always_scrape_classic_histograms).unwrap_or(false),
            extra_metrics: raw.extra_scrape_metrics.or(global.extra_scrape_metrics).unwrap_or(false),
            written: String::new(),
            name,
        })
    }
}

/// Refuses what is known to Prometheus and not done here.
fn refuse(raw: &RawJob, global: &RawGlobal, path: &str) -> Result<(), ConfigError> {
    let convert = [raw.convert_classic_histograms_to_nhcb, global.convert_classic_histograms_to_nhcb];
    let buckets = raw.native_histogram_bucket_limit.unwrap_or(0) > 0;
    let factor = raw.native_histogram_min_bucket_factor.unwrap_or(0.0) > 0.0;
    let log = raw.scrape_failure_log_file.is_some() || global.scrape_failure_log_file.is_some();
    let cases = [
        (
            "convert_classic_histograms_to_nhcb",
            convert.iter().flatten().next() == Some(&true),
            "histograms are kept as they are exposed",
        ),
        ("native_histogram_bucket_limit", buckets, "the resolution of native histograms is not reduced"),
        ("native_histogram_min_bucket_factor", factor, "the resolution of native histograms is not reduced"),
        ("scrape_failure_log_file", log, "failures are in the log of the server and in /api/v1/targets"),
    ];
    match cases.iter().find(|(_, is, _)| *is) {
        Some((key, _, reason)) => Err(ConfigError::key(format!("{path}.{key}"), format!("not supported; {reason}"))),
        None => Ok(()),
    }
}

fn times(raw: &RawJob, global: &RawGlobal, path: &str) -> Result<(Duration, Duration), ConfigError> {
    let time = |time: Option<Time>| time.map(|time| time.0).filter(|time| !time.is_zero());
    let interval = time(raw.scrape_interval).or(time(global.scrape_interval)).unwrap_or(INTERVAL);
    let global_timeout = time(global.scrape_timeout).unwrap_or(TIMEOUT).min(interval);
    let timeout = time(raw.scrape_timeout).unwrap_or(global_timeout);
    if timeout > interval {
        let (timeout, interval) = (show_duration(timeout), show_duration(interval));
        let reason = format!("{timeout} is longer than the scrape_interval of {interval}");
        return Err(ConfigError::key(format!("{path}.scrape_timeout"), reason));
    }
    Ok((interval, timeout))
}

fn validation(raw: &RawJob, global: &RawGlobal, path: &str) -> Result<bool, ConfigError> {
    let scheme = raw.metric_name_validation_scheme.as_ref().or(global.metric_name_validation_scheme.as_ref());
    match scheme.map_or("", String::as_str) {
        "" | "utf8" => Ok(false),
        "legacy" => Ok(true),
        other => {
            let reason = format!("`{other}` is none of utf8 and legacy");
            Err(ConfigError::key(format!("{path}.metric_name_validation_scheme"), reason))
        }
    }
}

fn escaping(raw: &RawJob, global: &RawGlobal, legacy: bool, path: &str) -> Result<String, ConfigError> {
    let scheme = raw.metric_name_escaping_scheme.as_ref().or(global.metric_name_escaping_scheme.as_ref());
    let key = || format!("{path}.metric_name_escaping_scheme");
    match scheme.map_or("", String::as_str) {
        "" => Ok(if legacy { "underscores" } else { "allow-utf-8" }.to_owned()),
        "allow-utf-8" if legacy => Err(ConfigError::key(key(), "`allow-utf-8` contradicts the validation scheme `legacy`")),
        known @ ("allow-utf-8" | "underscores" | "dots" | "values") => Ok(known.to_owned()),
        other => Err(ConfigError::key(key(), format!("`{other}` is none of allow-utf-8, underscores, dots and values"))),
    }
}

fn protocol(word: &str, path: &str, key: &str) -> Result<ScrapeProtocol, ConfigError> {
    ScrapeProtocol::from_name(word).ok_or_else(|| {
        let known = ScrapeProtocol::ALL.map(ScrapeProtocol::name).join(", ");
        ConfigError::key(format!("{path}.{key}"), format!("`{word}` is none of {known}"))
    })
}

fn protocols(raw: &RawJob, global: &RawGlobal, native: bool, path: &str) -> Result<Vec<ScrapeProtocol>, ConfigError> {
    let Some(words) = raw.scrape_protocols.as_ref().or(global.scrape_protocols.as_ref()) else {
        let all = ScrapeProtocol::ALL.into_iter();
        return Ok(all.filter(|protocol| native || *protocol != ScrapeProtocol::Protobuf).collect());
    };
    let mut protocols = Vec::new();
    for word in words {
        let protocol = protocol(word, path, "scrape_protocols")?;
        if protocols.contains(&protocol) {
            return Err(ConfigError::key(format!("{path}.scrape_protocols"), format!("`{word}` is there twice")));
        }
        protocols.push(protocol);
    }
    if protocols.is_empty() {
        return Err(ConfigError::key(format!("{path}.scrape_protocols"), "is empty"));
    }
    Ok(protocols)
}

fn limits(raw: &RawJob, global: &RawGlobal) -> ScrapeLimits {
    let bytes = raw.body_size_limit.or(global.body_size_limit).map_or(0, |size| size.0);
    ScrapeLimits {
        body_bytes: bytes,
        samples: raw.sample_limit.or(global.sample_limit).unwrap_or(0),
        labels: raw.label_limit.or(global.label_limit).unwrap_or(0),
        label_name_bytes: raw.label_name_length_limit.or(global.label_name_length_limit).unwrap_or(0),
        label_value_bytes: raw.label_value_length_limit.or(global.label_value_length_limit).unwrap_or(0),
        targets: raw.target_limit.or(global.target_limit).unwrap_or(0),
        dropped_targets: raw.keep_dropped_targets.or(global.keep_dropped_targets).unwrap_or(0),
    }
}

fn discovery(raw: &RawJob, folder: &Path, path: &str) -> Result<Vec<DiscoveryConfig>, ConfigError> {
    let mut found = Vec::new();
    if !raw.static_configs.is_empty() {
        for (i, group) in raw.static_configs.iter().enumerate() {
            let at = format!("{path}.static_configs[{i}]");
            check_group(group).map_err(|reason| ConfigError::key(at, reason))?;
        }
        found.push(DiscoveryConfig::Static(raw.static_configs.clone()));
    }
    for (i, files) in raw.file_sd_configs.iter().enumerate() {
        found.push(file_discovery(files, folder, &format!("{path}.file_sd_configs[{i}]"))?);
    }
    for (i, dns) in raw.dns_sd_configs.iter().enumerate() {
        found.push(dns_discovery(dns, &format!("{path}.dns_sd_configs[{i}]"))?);
    }
    for (i, http) in raw.http_sd_configs.iter().enumerate() {
        found.push(http_discovery(http, folder, &format!("{path}.http_sd_configs[{i}]"))?);
    }
    Ok(found)
}

/// Whether a list of targets is as it must be.
pub(crate) fn check_group(group: &RawGroup) -> Result<(), String> {
    if let Some(name) = group.labels.keys().find(|name| !is_label_name(name, false)) {
        return Err(format!("labels: `{name}` is no name of a label"));
    }
    match group.targets.iter().find(|target| target.0.is_empty() || target.0.contains('/')) {
        Some(target) => Err(format!("targets: `{}` is no host and port", target.0)),
        None => Ok(()),
    }
}

fn file_discovery(raw: &RawFiles, folder: &Path, path: &str) -> Result<DiscoveryConfig, ConfigError> {
    let known = |name: &String| {
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        matches!(extension.map(str::to_ascii_lowercase).as_deref(), Some("json" | "yml" | "yaml"))
    };
    if raw.files.is_empty() {
        return Err(ConfigError::key(format!("{path}.files"), "is missing"));
    }
    if let Some(name) = raw.files.iter().find(|name| !known(name)) {
        return Err(ConfigError::key(format!("{path}.files"), format!("`{name}` does not end with .json, .yml or .yaml")));
    }
    for pattern in &raw.files {
        super::matching(folder, pattern).map_err(|reason| ConfigError::key(format!("{path}.files"), reason))?;
    }
    let refresh = refresh(raw.refresh_interval, FILES_REFRESH);
    Ok(DiscoveryConfig::Files { folder: folder.to_owned(), patterns: raw.files.clone(), refresh })
}

fn dns_discovery(raw: &RawDns, path: &str) -> Result<DiscoveryConfig, ConfigError> {
    let kind = match raw.kind.as_deref().unwrap_or("SRV").to_ascii_uppercase().as_str() {
        "A" => DnsKind::A,
        "AAAA" => DnsKind::Aaaa,
        "SRV" => DnsKind::Srv,
        "MX" => DnsKind::Mx,
        "NS" => DnsKind::Ns,
        other => return Err(ConfigError::key(format!("{path}.type"), format!("`{other}` is none of A, AAAA, SRV, MX and NS"))),
    };
    if raw.names.is_empty() {
        return Err(ConfigError::key(format!("{path}.names"), "is missing"));
    }
    if raw.port.is_none() && kind != DnsKind::Srv {
        return Err(ConfigError::key(format!("{path}.port"), "is missing; only SRV records tell one"));
    }
    let refresh = refresh(raw.refresh_interval, DNS_REFRESH);
    Ok(DiscoveryConfig::Dns { names: raw.names.clone(), kind, port: raw.port.unwrap_or(0), refresh })
}

fn http_discovery(raw: &RawHttpDiscovery, folder: &Path, path: &str) -> Result<DiscoveryConfig, ConfigError> {
    let url = raw.url.clone().unwrap_or_default();
    let parsed = reqwest::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if parsed.is_none() {
        return Err(ConfigError::key(format!("{path}.url"), format!("`{url}` is no URL of http or https")));
    }
    let http = Box::new(HttpConfig::resolve(&raw.http_config, folder, path)?);
    Ok(DiscoveryConfig::Http { url, refresh: refresh(raw.refresh_interval, HTTP_REFRESH), http })
}

fn refresh(time: Option<Time>, usual: Duration) -> Duration {
    // Nothing is asked more than once a second.
    time.map_or(usual, |time| time.0).max(Duration::from_secs(1))
}
