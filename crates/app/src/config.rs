//! Configuration: the OpenTelemetry Collector's YAML, with a section `luneta` of our own.
//!
//! [`RawConfig`] is what people write: everything optional, unknown keys refused with their path.
//! [`Config`] is what the server runs on. Flag before environment before file before default.

mod collector;
mod logs;
mod metrics;
mod receivers;
mod scrape;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::cli::ServeArgs;
use crate::drop_in;
use collector::{Components, RawService};
use logs::RawLogs;
use metrics::{RawOtlp, RawRules};
use receivers::RawReceivers;

/// A configuration file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfig {
    receivers: RawReceivers,
    processors: Components,
    exporters: Components,
    extensions: Components,
    service: RawService,
    luneta: RawLuneta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLuneta {
    data: Option<PathBuf>,
    listen: Option<String>,
    drop_in: RawNames,
    retention: RawRetention,
    limits: RawLimits,
    flush: RawFlush,
    otlp: RawOtlp,
    rules: RawRules,
    statsd: RawStatsd,
    logs: RawLogs,
    /// Jobs as in `prometheus.yml`.
    scrape_configs: Option<Value>,
    /// Whether the server scrapes its own metrics.
    scrape_self: Option<bool>,
    warm_up: Option<bool>,
}

/// `all`, `jaeger`, or a list.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a name or a list of names")]
enum RawNames {
    One(String),
    Many(Vec<String>),
}

impl Default for RawNames {
    fn default() -> Self {
        RawNames::Many(Vec::new())
    }
}

impl RawNames {
    fn names(&self) -> &[String] {
        match self {
            RawNames::One(name) => std::slice::from_ref(name),
            RawNames::Many(names) => names,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRetention {
    spans: Option<String>,
    logs: Option<String>,
    metrics: Option<String>,
}

impl RawRetention {
    /// In the order of `Signal::ALL`; a flag goes before all.
    fn resolve(&self, flag: Option<&str>) -> Result<[Duration; 3]> {
        let keep = |path: &str, file: &Option<String>| duration(path, flag.or(file.as_deref()).unwrap_or("14d"));
        Ok([
            keep("luneta.retention.spans", &self.spans)?,
            keep("luneta.retention.logs", &self.logs)?,
            keep("luneta.retention.metrics", &self.metrics)?,
        ])
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    body_bytes_max: Option<usize>,
    decompressed_bytes_max: Option<usize>,
    decompression_ratio_max: Option<usize>,
    expanded_bytes_max: Option<usize>,
    in_flight_bytes_max: Option<usize>,
    memory_bytes_max: Option<usize>,
    query_memory_bytes_max: Option<usize>,
    query_spill_bytes_max: Option<u64>,
    query_concurrent_max: Option<usize>,
    query_timeout_ms: Option<u64>,
    query_rows_max: Option<usize>,
    promql_samples_max: Option<usize>,
    promql_series_max: Option<usize>,
    logql_length_max: Option<usize>,
    logql_depth_max: Option<usize>,
    logql_entries_max: Option<usize>,
    logql_entry_bytes_max: Option<usize>,
    logql_samples_max: Option<usize>,
    logql_series_max: Option<usize>,
    logql_inner_series_max: Option<usize>,
    logql_points_max: Option<usize>,
    logql_labels_per_entry_max: Option<usize>,
    logql_template_bytes_max: Option<usize>,
    log_index_bytes_max: Option<usize>,
    series_max: Option<usize>,
    series_of_metric_max: Option<usize>,
    series_told_max: Option<usize>,
    last_samples_max: Option<usize>,
    metadata_max: Option<usize>,
    attributes_max: Option<usize>,
    key_bytes_max: Option<usize>,
    value_bytes_max: Option<usize>,
    events_max: Option<usize>,
    promoted_columns_max: Option<usize>,
    operations_max: Option<usize>,
    log_patterns_max: Option<usize>,
    call_wait_ms: Option<u64>,
    log_body_bytes_max: Option<usize>,
    udp_buffer_bytes: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFlush {
    interval: Option<String>,
    bytes: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStatsd {
    flush_interval: Option<String>,
    series_max: Option<usize>,
    socket: Option<PathBuf>,
}

impl RawStatsd {
    /// `interval` is what a receiver says; our own section goes before it.
    fn settings(&self, interval: Option<Duration>) -> Result<luneta_receive::statsd::Settings> {
        let mut settings = luneta_receive::statsd::Settings::default();
        settings.flush_interval = interval.unwrap_or(settings.flush_interval);
        settings.series_max = self.series_max.unwrap_or(settings.series_max);
        if let Some(text) = &self.flush_interval {
            settings.flush_interval = duration("luneta.statsd.flush_interval", text)?;
        }
        Ok(settings)
    }
}

/// What the server runs on.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the data.
    pub data: PathBuf,
    /// Address of UI, APIs and HTTP intakes.
    pub listen: String,
    /// Addresses of OTLP over gRPC; none is off.
    pub otlp_grpc: Vec<String>,
    /// Addresses of OTLP over HTTP; none is off.
    pub otlp_http: Vec<String>,
    /// Ports of other servers.
    pub drop_in: Vec<drop_in::Wanted>,
    /// Web pages that may send telemetry; empty for every page.
    pub cors: Vec<String>,
    /// How long rows are kept, in the order of `Signal::ALL`.
    pub retention: [Duration; 3],
    /// Bounds per item.
    pub limits: luneta_model::Limits,
    /// Bounds per body.
    pub bodies: luneta_receive::BodyLimits,
    /// Bounds on series of metrics.
    pub series: luneta_receive::SeriesLimits,
    /// What is remembered of series that are written.
    pub prometheus: luneta_receive::PrometheusConfig,
    /// Bound on rows in memory.
    pub memory_bytes_max: usize,
    /// Attribute keys that may become columns of a table, beyond those known from the start.
    pub promoted_columns_max: usize,
    /// Names of operations told apart in what is derived from one flush.
    pub operations_max: usize,
    /// Patterns of messages told apart for each service and flush.
    pub log_patterns_max: usize,
    /// How long the ends of a call wait for each other.
    pub call_wait_max: Duration,
    /// Longest time rows stay out of files.
    pub flush_interval: Duration,
    /// Bytes in memory that cause a flush.
    pub flush_bytes: usize,
    /// Intervals and bounds of StatsD.
    pub statsd: luneta_receive::statsd::Settings,
    /// Path of the Unix socket for StatsD's datagrams; `None` is off.
    pub statsd_socket: Option<PathBuf>,
    /// Bounds and settings of the intakes of logs.
    pub logs: luneta_receive::LogSettings,
    /// Files that are read.
    pub files: Vec<luneta_receive::filelog::Settings>,
    /// Bounds on queries.
    pub query: luneta_query::QueryConfig,
    /// Rules over metrics.
    pub rules: luneta_alert::RulesConfig,
    /// Where jobs that scrape come from.
    pub scrape: Vec<luneta_scrape::ConfigSource>,
    /// Whether the server scrapes its own metrics.
    pub scrape_self: bool,
    /// Whether the server asks itself a few questions after its start.
    pub warm_up: bool,
    /// Listen beyond loopback without credentials.
    pub insecure: bool,
    /// What of a Collector's file has no effect here, and what to do instead.
    pub notes: Vec<String>,
}

/// The folder for data when none is named.
///
/// # Errors
/// When the user has no home.
pub fn default_data_dir() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .filter(|p| p.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("luneta"))
        .ok_or_else(|| anyhow!("there is no home folder to keep data in; name one with --data DIR"))
}

impl Config {
    /// Reads files and flags into a configuration.
    ///
    /// # Errors
    /// Names the file and the path of the fault.
    pub fn load(args: &ServeArgs) -> Result<Self> {
        let raw = read(&args.config)?;
        let parts = collector::Parts {
            receivers: raw.receivers.ids(),
            processors: &raw.processors,
            exporters: &raw.exporters,
            extensions: &raw.extensions,
            service: &raw.service,
        };
        let mut notes = parts.check()?;
        notes.extend(raw.receivers.check()?);
        let config = resolve(raw, args)?;
        notes.extend(luneta_scrape::ScrapeConfig::load(&config.scrape)?.notes);
        Ok(Self { notes, ..config })
    }
}

fn resolve(raw: RawConfig, args: &ServeArgs) -> Result<Config> {
    let luneta = raw.luneta;
    let data = match args.data.clone().or(luneta.data) {
        Some(dir) => dir,
        None => default_data_dir()?,
    };
    let listen = args.listen.clone().or(luneta.listen).unwrap_or_else(|| "127.0.0.1:4319".into());
    let receivers = raw.receivers;
    // With `--listen …:0` every port that is not named is free to be any.
    let port = |usual: u16| if listen.ends_with(":0") { 0 } else { usual };
    let loopback = |usual: u16| format!("127.0.0.1:{}", port(usual));
    let (grpc, http) = receivers.otlp_endpoints(loopback);
    let endpoints = |flag: &Option<String>, file: Vec<String>| match flag.as_deref() {
        Some("off") => Vec::new(),
        Some(address) => vec![address.to_owned()],
        None => file,
    };
    let stand_ins: &[String] = if args.drop_in.is_empty() { luneta.drop_in.names() } else { &args.drop_in };
    let limits = luneta.limits;
    let (item, bodies, mut query) = bounds(&limits, receivers.body_bytes_max(), &data);
    query.translation = luneta.otlp.translation()?;
    let buffer_bytes = limits.udp_buffer_bytes.unwrap_or(drop_in::BUFFER_BYTES);
    let dropped_in = drop_in::named(stand_ins.iter().flat_map(|name| name.split(',')))?;
    let mut dropped_in = drop_in::merged(receivers.ports(loopback), dropped_in, buffer_bytes);
    let (syslog_location, syslog_tls) = receivers.syslog();
    query.delete_cancel_period = luneta.logs.delete_cancel_period()?.unwrap_or(query.delete_cancel_period);
    let logs = luneta.logs.settings(syslog_location, syslog_tls)?;
    let files = receivers.files(logs.files, &data)?;
    // Its port has no use without a certificate.
    dropped_in.retain(|wanted| wanted.port.name() != "syslog_tls" || logs.syslog.tls.is_some());
    let scrape = scrape::sources(&args.scrape_config, luneta.scrape_configs, receivers.prometheus());
    let (statsd_interval, statsd_socket) = receivers.statsd()?;
    let store = luneta_store::StoreConfig::new(&data);
    let flush_interval = luneta.flush.interval.map_or(Ok(store.flush_interval), |t| duration("luneta.flush.interval", &t))?;
    Ok(Config {
        otlp_grpc: endpoints(&args.otlp_grpc, grpc),
        otlp_http: endpoints(&args.otlp_http, http),
        drop_in: dropped_in,
        cors: receivers.cors(),
        retention: luneta.retention.resolve(args.retention.as_deref())?,
        limits: item,
        bodies,
        series: series_limits(&limits),
        prometheus: remote_write(&limits),
        memory_bytes_max: limits.memory_bytes_max.unwrap_or(store.memory_bytes_max),
        promoted_columns_max: limits.promoted_columns_max.unwrap_or(store.promoted_columns_max),
        operations_max: limits.operations_max.unwrap_or(store.operations_max),
        log_patterns_max: limits.log_patterns_max.unwrap_or(store.log_patterns_max),
        call_wait_max: limits.call_wait_ms.map_or(store.call_wait_max, Duration::from_millis),
        flush_interval,
        flush_bytes: luneta.flush.bytes.unwrap_or(store.flush_bytes),
        statsd: luneta.statsd.settings(statsd_interval)?,
        statsd_socket: luneta.statsd.socket.or(statsd_socket),
        logs,
        files,
        query,
        rules: luneta.rules.resolve(&args.rules)?,
        scrape,
        scrape_self: luneta.scrape_self.unwrap_or(false),
        warm_up: luneta.warm_up.unwrap_or(true),
        insecure: args.insecure,
        notes: Vec::new(),
        data,
        listen,
    })
}

fn series_limits(raw: &RawLimits) -> luneta_receive::SeriesLimits {
    let default = luneta_receive::SeriesLimits::default();
    luneta_receive::SeriesLimits {
        of_metric: raw.series_of_metric_max.unwrap_or(default.of_metric),
        of_tenant: raw.series_max.unwrap_or(default.of_tenant),
    }
}

fn remote_write(raw: &RawLimits) -> luneta_receive::PrometheusConfig {
    let default = luneta_receive::PrometheusConfig::default();
    luneta_receive::PrometheusConfig {
        told_series_max: raw.series_told_max.unwrap_or(default.told_series_max),
        last_samples_max: raw.last_samples_max.unwrap_or(default.last_samples_max),
        metadata_max: raw.metadata_max.unwrap_or(default.metadata_max),
    }
}

fn bounds(
    raw: &RawLimits,
    named_bytes: Option<usize>,
    data: &Path,
) -> (luneta_model::Limits, luneta_receive::BodyLimits, luneta_query::QueryConfig) {
    let mut item = luneta_model::Limits::default();
    item.attributes_max = raw.attributes_max.unwrap_or(item.attributes_max);
    item.key_bytes_max = raw.key_bytes_max.unwrap_or(item.key_bytes_max);
    item.events_max = raw.events_max.unwrap_or(item.events_max);
    item.value_bytes_max = raw.value_bytes_max.unwrap_or(item.value_bytes_max);
    item.body_bytes_max = raw.log_body_bytes_max.unwrap_or(item.body_bytes_max);
    let mut bodies = luneta_receive::BodyLimits::default();
    bodies.body_bytes_max = raw.body_bytes_max.or(named_bytes).unwrap_or(bodies.body_bytes_max);
    bodies.decompressed_bytes_max = raw.decompressed_bytes_max.unwrap_or(bodies.decompressed_bytes_max);
    bodies.decompression_ratio_max = raw.decompression_ratio_max.unwrap_or(bodies.decompression_ratio_max);
    bodies.expanded_bytes_max = raw.expanded_bytes_max.unwrap_or(bodies.expanded_bytes_max);
    bodies.in_flight_bytes_max = raw.in_flight_bytes_max.unwrap_or(bodies.in_flight_bytes_max);
    let mut query = luneta_query::QueryConfig { spill_dir: data.join("tmp"), ..Default::default() };
    query.memory_bytes_max = raw.query_memory_bytes_max.unwrap_or(query.memory_bytes_max);
    query.spill_bytes_max = raw.query_spill_bytes_max.unwrap_or(query.spill_bytes_max);
    query.concurrent_max = raw.query_concurrent_max.unwrap_or(query.concurrent_max);
    query.timeout = raw.query_timeout_ms.map_or(query.timeout, Duration::from_millis);
    query.rows_max = raw.query_rows_max.unwrap_or(query.rows_max);
    query.promql.samples_max = raw.promql_samples_max.unwrap_or(query.promql.samples_max);
    query.promql.series_max = raw.promql_series_max.unwrap_or(query.promql.series_max);
    logql_limits(raw, &mut query);
    (item, bodies, query)
}

fn logql_limits(raw: &RawLimits, query: &mut luneta_query::QueryConfig) {
    let (limits, text) = (&mut query.logql, &mut query.logql_text);
    for (given, limit) in [
        (raw.logql_length_max, &mut text.length_max),
        (raw.logql_depth_max, &mut text.depth_max),
        (raw.logql_entries_max, &mut limits.entries_max),
        (raw.logql_entry_bytes_max, &mut limits.entry_bytes_max),
        (raw.logql_samples_max, &mut limits.samples_max),
        (raw.logql_series_max, &mut limits.series_max),
        (raw.logql_inner_series_max, &mut limits.inner_series_max),
        (raw.logql_points_max, &mut limits.points_max),
        (raw.logql_labels_per_entry_max, &mut limits.labels_per_entry_max),
        (raw.logql_template_bytes_max, &mut limits.template_bytes_max),
        (raw.log_index_bytes_max, &mut query.log_index_bytes_max),
    ] {
        *limit = given.unwrap_or(*limit);
    }
}

/// Reads and merges files, replaces `${env:NAME:-default}`, and checks every key.
fn read(files: &[PathBuf]) -> Result<RawConfig> {
    let mut merged = Value::Mapping(serde_yaml_ng::Mapping::new());
    for file in files {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the configuration {shown}"))?;
        let mut value: Value = serde_yaml_ng::from_str(&text).with_context(|| format!("{shown} is not YAML"))?;
        expand(&mut value).with_context(|| format!("in {shown}"))?;
        if !value.is_null() {
            merge(&mut merged, value);
        }
    }
    serde_path_to_error::deserialize(merged).map_err(|e| {
        let path = e.path().to_string();
        anyhow!("configuration: {}{}", if path == "." { String::new() } else { format!("{path}: ") }, e.into_inner())
    })
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Mapping(into), Value::Mapping(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(existing) => merge(existing, value),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (into, from) => *into = from,
    }
}

fn expand(value: &mut Value) -> Result<()> {
    match value {
        Value::String(text) if text.contains('$') => {
            let (expanded, whole) = substitute(text, &|name| std::env::var(name).ok())?;
            // `port: ${env:PORT}` is a number when the variable holds one.
            *value = if whole {
                serde_yaml_ng::from_str(&expanded).unwrap_or(Value::String(expanded))
            } else {
                Value::String(expanded)
            };
        }
        Value::Mapping(map) => map.values_mut().try_for_each(expand)?,
        Value::Sequence(items) => items.iter_mut().try_for_each(expand)?,
        _ => {}
    }
    Ok(())
}

/// Replaces `${env:NAME}`, `${NAME}` and `${env:NAME:-default}`; `$$` is a dollar sign. Also tells
/// whether the text was one variable and nothing else.
fn substitute(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(String, bool)> {
    let mut out = String::new();
    let mut rest = text;
    let mut whole = false;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix('$') {
            out.push('$');
            rest = behind;
        } else if let Some(inner) = behind.strip_prefix('{') {
            let end = inner.find('}').ok_or_else(|| anyhow!("`{text}`: `${{` without `}}`"))?;
            let (name, default) = match inner[..end].split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (&inner[..end], None),
            };
            let name = name.strip_prefix("env:").unwrap_or(name);
            let value = lookup(name).or_else(|| default.map(ToOwned::to_owned));
            out.push_str(&value.unwrap_or_default());
            whole = text.starts_with("${") && end + 3 == text.len();
            rest = &inner[end + 1..];
        } else {
            out.push('$');
            rest = behind;
        }
    }
    out.push_str(rest);
    Ok((out, whole))
}

/// Reads `1m30s`, `36h` or `14d`.
fn duration(path: &str, text: &str) -> Result<Duration> {
    let bad = || anyhow!("{path}: `{text}` is not a time; write 90s, 36h or 14d");
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |i| digits + i);
        let seconds = match &rest[digits..unit_end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return Err(bad()),
        };
        total += Duration::try_from_secs_f64(number * seconds).map_err(|_| bad())?;
        rest = &rest[unit_end..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests;
