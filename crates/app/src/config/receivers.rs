//! The section `receivers` of a Collector's file: which protocols are taken, and where.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use luneta_receive::filelog::{FileBounds, Settings};
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml_ng::{Mapping, Value};

use super::collector::kind;
use crate::drop_in::{self, Wanted};

mod filelog;
mod lines;
mod logs;

use filelog::RawFilelog;
use lines::{RawCarbon, RawInfluxdb, RawStatsd};
pub use logs::RawTls;
use logs::{RawElasticsearch, RawFluent, RawGelf, RawLoki, RawSplunk, RawSyslog};

/// The section as written: receivers by their ids, each of a type, or of a type and a name (`jaeger/2`).
#[derive(Debug, Default)]
pub struct RawReceivers(Vec<(String, Receiver)>);

/// A receiver of one of the types known here.
#[derive(Debug)]
enum Receiver {
    Otlp(RawOtlp),
    Jaeger(RawJaeger),
    Zipkin(RawZipkin),
    Prometheus(RawPrometheus),
    Statsd(RawStatsd),
    Carbon(RawCarbon),
    Influxdb(RawInfluxdb),
    Loki(RawLoki),
    Elasticsearch(RawElasticsearch),
    Fluent(RawFluent),
    Gelf(RawGelf),
    Syslog(RawSyslog),
    Splunk(RawSplunk),
    Filelog(RawFilelog),
}

impl<'de> Deserialize<'de> for RawReceivers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ById)
    }
}

struct ById;

impl<'de> Visitor<'de> for ById {
    type Value = RawReceivers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("receivers by their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawReceivers, A::Error> {
        let mut found = Vec::new();
        while let Some(id) = map.next_key::<String>()? {
            let receiver = match kind(&id) {
                "otlp" => Receiver::Otlp(section(&mut map)?),
                "jaeger" => Receiver::Jaeger(section(&mut map)?),
                "zipkin" => Receiver::Zipkin(section(&mut map)?),
                "prometheus" => Receiver::Prometheus(section(&mut map)?),
                "statsd" => Receiver::Statsd(section(&mut map)?),
                "carbon" => Receiver::Carbon(section(&mut map)?),
                "influxdb" => Receiver::Influxdb(section(&mut map)?),
                "loki" => Receiver::Loki(section(&mut map)?),
                "elasticsearch" => Receiver::Elasticsearch(section(&mut map)?),
                "fluentforward" => Receiver::Fluent(section(&mut map)?),
                "gelf" => Receiver::Gelf(section(&mut map)?),
                "syslog" => Receiver::Syslog(section(&mut map)?),
                "splunk_hec" => Receiver::Splunk(section(&mut map)?),
                "filelog" | "file_log" => Receiver::Filelog(section(&mut map)?),
                _ => map.next_value_seed(Unknown)?,
            };
            found.push((id, receiver));
        }
        Ok(RawReceivers(found))
    }

    fn visit_unit<E>(self) -> Result<RawReceivers, E> {
        Ok(RawReceivers::default())
    }
}

const KNOWN: &str = "otlp, jaeger, zipkin, prometheus, statsd, carbon, influxdb, loki, elasticsearch, fluentforward, gelf, \
                     syslog, splunk_hec, filelog";

/// Refuses what is behind an id, so that the error names it.
struct Unknown;

impl<'de> DeserializeSeed<'de> for Unknown {
    type Value = Receiver;

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<Receiver, D::Error> {
        Err(serde::de::Error::custom(format!("not known here; these are: {KNOWN}")))
    }
}

/// A receiver; nothing behind its id means: with defaults.
fn section<'de, T: Deserialize<'de> + Default, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    Ok(map.next_value::<Option<T>>()?.unwrap_or_default())
}

/// The part of the Collector that scrapes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPrometheus {
    config: Option<Value>,
    report_extra_scrape_metrics: bool,
    trim_metric_suffixes: bool,
    use_start_time_metric: bool,
    start_time_metric_regex: Option<String>,
    target_allocator: Option<Value>,
    api_server: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawOtlp {
    protocols: RawProtocols,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawProtocols {
    #[serde(deserialize_with = "present")]
    grpc: Option<RawEndpoint>,
    #[serde(deserialize_with = "present")]
    http: Option<RawEndpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawJaeger {
    protocols: RawJaegerProtocols,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawJaegerProtocols {
    #[serde(deserialize_with = "present")]
    grpc: Option<RawEndpoint>,
    #[serde(deserialize_with = "present")]
    thrift_http: Option<RawEndpoint>,
    #[serde(deserialize_with = "present")]
    thrift_compact: Option<RawDatagrams>,
    #[serde(deserialize_with = "present")]
    thrift_binary: Option<RawDatagrams>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawZipkin {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    max_request_body_size: Option<usize>,
    cors: Option<RawCors>,
    parse_string_tags: bool,
}

/// A whole number; the Collector's documents write large ones as `8_388_608`.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a whole number, such as 5000 or 5_000")]
    enum Written {
        Plain(usize),
        Grouped(String),
    }
    match Option::deserialize(from)? {
        None => Ok(None),
        Some(Written::Plain(number)) => Ok(Some(number)),
        Some(Written::Grouped(text)) => {
            let parsed = text.replace('_', "").parse();
            let fault = || serde::de::Error::custom(format!("`{text}` is no whole number, such as 5000 or 5_000"));
            parsed.map(Some).map_err(|_| fault())
        }
    }
}

/// What follows a name with nothing behind it means: with defaults.
fn present<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(Some(Option::deserialize(from)?.unwrap_or_default()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawEndpoint {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    max_recv_msg_size_mib: Option<usize>,
    #[serde(deserialize_with = "number")]
    max_request_body_size: Option<usize>,
    cors: Option<RawCors>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawDatagrams {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    socket_buffer_size: Option<usize>,
    #[serde(deserialize_with = "number")]
    queue_size: Option<usize>,
    #[serde(deserialize_with = "number")]
    max_packet_size: Option<usize>,
    #[serde(deserialize_with = "number")]
    workers: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawCors {
    allowed_origins: Vec<String>,
}

/// Address and size of the receive buffer of a port, where they are named.
type Place = (Option<String>, Option<usize>);

impl RawEndpoint {
    fn bytes_max(&self) -> Option<usize> {
        self.max_recv_msg_size_mib.map(|mib| mib.saturating_mul(1024 * 1024)).max(self.max_request_body_size)
    }

    fn place(&self) -> Place {
        (self.endpoint.clone(), None)
    }
}

impl RawDatagrams {
    fn place(&self) -> Place {
        (self.endpoint.clone(), self.socket_buffer_size.filter(|bytes| *bytes > 0))
    }

    /// Names of what has no effect.
    fn idle(&self) -> Vec<&'static str> {
        let keys = [("queue_size", self.queue_size), ("max_packet_size", self.max_packet_size), ("workers", self.workers)];
        keys.into_iter().filter(|(_, value)| value.is_some()).map(|(key, _)| key).collect()
    }
}

impl RawReceivers {
    /// The receivers that are defined.
    pub fn ids(&self) -> Vec<String> {
        self.0.iter().map(|(id, _)| id.clone()).collect()
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for (id, receiver) in &self.0 {
            let path = format!("receivers.{id}");
            notes.extend(receiver.check(&path)?);
        }
        let sockets = self.statsd_receivers().filter(|statsd| statsd.socket().is_some()).count();
        if sockets > 1 {
            bail!("receivers: {sockets} of type statsd name a Unix socket; one is served");
        }
        let told = || self.syslog_receivers().map(|syslog| (syslog.location(), syslog.tls()));
        let differ = |(location, tls)| told().any(|(l, t)| (l != location && l.is_some()) || (t != tls && t.is_some()));
        if differ(self.syslog()) {
            bail!("receivers: those of type syslog name several locations or certificates; one of each holds for all");
        }
        Ok(notes)
    }

    /// What is to be scraped, as in files of Prometheus, each with its path here.
    pub fn prometheus(&self) -> Vec<(String, Value)> {
        let scraping = self.0.iter().filter_map(|(id, receiver)| match receiver {
            Receiver::Prometheus(prometheus) => Some((format!("receivers.{id}.config"), prometheus.config()?)),
            _ => None,
        });
        scraping.collect()
    }

    /// Addresses of OTLP over gRPC and over HTTP. Both are on when no receiver is named at all.
    pub fn otlp_endpoints(&self, usual: impl Fn(u16) -> String) -> (Vec<String>, Vec<String>) {
        if self.0.is_empty() {
            return (vec![usual(4317)], vec![usual(4318)]);
        }
        let endpoint = |raw: &Option<RawEndpoint>, number: u16| {
            raw.as_ref().map(|raw| raw.endpoint.clone().unwrap_or_else(|| usual(number)))
        };
        let mut found = (Vec::new(), Vec::new());
        for (_, receiver) in &self.0 {
            if let Receiver::Otlp(RawOtlp { protocols }) = receiver {
                found.0.extend(endpoint(&protocols.grpc, 4317));
                found.1.extend(endpoint(&protocols.http, 4318));
            }
        }
        found
    }

    /// The ports of other servers that are named here, on loopback unless they say where.
    pub fn ports(&self, usual: impl Fn(u16) -> String) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (id, receiver) in &self.0 {
            let name = id.split_once('/').map_or("", |(_, name)| name);
            for (port, (address, buffer_bytes)) in receiver.places() {
                let Some(port) = drop_in::port(port) else { continue };
                let address = Some(address.unwrap_or_else(|| usual(port.number())));
                wanted.push(Wanted { port, address, buffer_bytes: buffer_bytes.unwrap_or(0), name: name.to_owned() });
            }
        }
        wanted
    }

    /// Web pages that may send telemetry; one list for all intakes.
    pub fn cors(&self) -> Vec<String> {
        let lists = self.0.iter().filter_map(|(_, receiver)| match receiver {
            Receiver::Otlp(otlp) => otlp.protocols.http.as_ref()?.cors.as_ref(),
            Receiver::Zipkin(zipkin) => zipkin.cors.as_ref(),
            Receiver::Influxdb(influxdb) => influxdb.cors.as_ref(),
            Receiver::Loki(loki) => loki.cors(),
            Receiver::Elasticsearch(elasticsearch) => elasticsearch.cors.as_ref(),
            Receiver::Splunk(splunk) => splunk.cors.as_ref(),
            _ => None,
        });
        lists.flat_map(|cors| cors.allowed_origins.clone()).collect()
    }

    /// The largest body that any receiver is to take; one bound for all intakes.
    pub fn body_bytes_max(&self) -> Option<usize> {
        let bytes = |raw: &Option<RawEndpoint>| raw.as_ref().and_then(RawEndpoint::bytes_max);
        let bounds = self.0.iter().filter_map(|(_, receiver)| match receiver {
            Receiver::Otlp(otlp) => bytes(&otlp.protocols.grpc).max(bytes(&otlp.protocols.http)),
            Receiver::Jaeger(jaeger) => bytes(&jaeger.protocols.grpc).max(bytes(&jaeger.protocols.thrift_http)),
            Receiver::Zipkin(zipkin) => zipkin.max_request_body_size,
            Receiver::Influxdb(influxdb) => influxdb.max_request_body_size,
            Receiver::Loki(loki) => loki.body_bytes_max(),
            Receiver::Elasticsearch(elasticsearch) => elasticsearch.max_request_body_size,
            Receiver::Splunk(splunk) => splunk.max_request_body_size,
            _ => None,
        });
        bounds.max()
    }

    /// What is told of StatsD besides its ports: how long it adds up, the shortest where several tell, and the
    /// path of its Unix socket.
    ///
    /// # Errors
    /// When an interval is no time.
    pub fn statsd(&self) -> Result<(Option<Duration>, Option<PathBuf>)> {
        let mut shortest: Option<Duration> = None;
        for (id, receiver) in &self.0 {
            if let Receiver::Statsd(statsd) = receiver
                && let Some(interval) = statsd.interval(&format!("receivers.{id}"))?
            {
                shortest = Some(shortest.map_or(interval, |shortest| shortest.min(interval)));
            }
        }
        Ok((shortest, self.statsd_receivers().find_map(RawStatsd::socket)))
    }

    /// Which files are to be read; `data` is the folder of the data.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn files(&self, bounds: FileBounds, data: &Path) -> Result<Vec<Settings>> {
        let files = self.0.iter().filter_map(|(id, receiver)| match receiver {
            Receiver::Filelog(filelog) => Some(filelog.settings(&format!("receivers.{id}"), id, bounds, data)),
            _ => None,
        });
        files.collect()
    }

    /// What a receiver of syslog says besides its ports: the time zone of clocks, and files of a certificate.
    pub fn syslog(&self) -> (Option<&str>, Option<&RawTls>) {
        (self.syslog_receivers().find_map(RawSyslog::location), self.syslog_receivers().find_map(RawSyslog::tls))
    }

    fn syslog_receivers(&self) -> impl Iterator<Item = &RawSyslog> {
        self.0.iter().filter_map(|(_, receiver)| match receiver {
            Receiver::Syslog(syslog) => Some(syslog),
            _ => None,
        })
    }

    fn statsd_receivers(&self) -> impl Iterator<Item = &RawStatsd> {
        self.0.iter().filter_map(|(_, receiver)| match receiver {
            Receiver::Statsd(statsd) => Some(statsd),
            _ => None,
        })
    }
}

impl Receiver {
    fn check(&self, path: &str) -> Result<Vec<String>> {
        match self {
            Receiver::Otlp(RawOtlp { protocols }) => {
                if protocols.grpc.is_none() && protocols.http.is_none() {
                    bail!("{path}.protocols: name at least one of grpc, http");
                }
                Ok(Vec::new())
            }
            Receiver::Jaeger(RawJaeger { protocols }) => protocols.check(path),
            Receiver::Zipkin(zipkin) => {
                if zipkin.parse_string_tags {
                    bail!("{path}.parse_string_tags: tags stay the text they were sent as; leave it out, or write false");
                }
                Ok(Vec::new())
            }
            Receiver::Prometheus(prometheus) => prometheus.check(path),
            Receiver::Statsd(statsd) => statsd.check(path),
            Receiver::Carbon(carbon) => carbon.check(path),
            Receiver::Loki(loki) => loki.check(path).map(|()| Vec::new()),
            Receiver::Fluent(fluent) => fluent.check(path).map(|()| Vec::new()),
            Receiver::Syslog(syslog) => syslog.check(path),
            Receiver::Splunk(splunk) => splunk.check(path),
            Receiver::Filelog(filelog) => Ok(filelog.notes(path)),
            Receiver::Influxdb(_) | Receiver::Elasticsearch(_) | Receiver::Gelf(_) => Ok(Vec::new()),
        }
    }

    /// The ports it opens besides those of OTLP.
    fn places(&self) -> Vec<(&'static str, Place)> {
        match self {
            Receiver::Otlp(_) | Receiver::Prometheus(_) | Receiver::Filelog(_) => Vec::new(),
            Receiver::Jaeger(jaeger) => jaeger.protocols.named(),
            Receiver::Zipkin(zipkin) => vec![("zipkin", (zipkin.endpoint.clone(), None))],
            Receiver::Statsd(statsd) => statsd.place().into_iter().collect(),
            Receiver::Carbon(carbon) => carbon.place().into_iter().collect(),
            Receiver::Influxdb(influxdb) => vec![influxdb.place()],
            Receiver::Loki(loki) => loki.place().into_iter().collect(),
            Receiver::Elasticsearch(elasticsearch) => vec![elasticsearch.place()],
            Receiver::Fluent(fluent) => vec![fluent.place()],
            Receiver::Gelf(gelf) => gelf.places(),
            Receiver::Syslog(syslog) => syslog.places(),
            Receiver::Splunk(splunk) => vec![splunk.place()],
        }
    }
}

impl RawPrometheus {
    /// What is to be scraped, as in a file of Prometheus.
    fn config(&self) -> Option<Value> {
        let mut config = self.config.clone()?;
        if self.report_extra_scrape_metrics
            && let Some(config) = config.as_mapping_mut()
        {
            let global = config.entry("global".into()).or_insert_with(|| Value::Mapping(Mapping::new()));
            if global.is_null() {
                *global = Value::Mapping(Mapping::new());
            }
            if let Some(global) = global.as_mapping_mut() {
                global.entry("extra_scrape_metrics".into()).or_insert(Value::Bool(true));
            }
        }
        Some(config)
    }

    fn check(&self, path: &str) -> Result<Vec<String>> {
        if self.config.is_none() {
            bail!("{path}.config: is missing; it holds scrape_configs");
        }
        if self.target_allocator.is_some() {
            bail!("{path}.target_allocator: not supported; name the targets in config.scrape_configs");
        }
        if self.trim_metric_suffixes {
            bail!("{path}.trim_metric_suffixes: names stay as they were scraped; leave it out, or write false");
        }
        let mut notes = Vec::new();
        if self.use_start_time_metric || self.start_time_metric_regex.is_some() {
            notes.push(format!("{path}.use_start_time_metric: samples start when the target says so"));
        }
        if self.api_server.is_some() {
            notes.push(format!("{path}.api_server: targets are at /api/v1/targets on luneta.listen"));
        }
        Ok(notes)
    }
}

impl RawJaegerProtocols {
    fn check(&self, path: &str) -> Result<Vec<String>> {
        if self.named().is_empty() {
            bail!("{path}.protocols: name at least one of grpc, thrift_http, thrift_compact, thrift_binary");
        }
        let mut notes = Vec::new();
        for (name, datagrams) in [("thrift_compact", &self.thrift_compact), ("thrift_binary", &self.thrift_binary)] {
            let idle = datagrams.as_ref().map(RawDatagrams::idle).unwrap_or_default();
            if !idle.is_empty() {
                notes.push(format!("{path}.protocols.{name}: {}: the server sees to this by itself", idle.join(", ")));
            }
        }
        Ok(notes)
    }

    /// The protocols that are named, by the names of their ports.
    fn named(&self) -> Vec<(&'static str, Place)> {
        let streams = [("jaeger_grpc", &self.grpc), ("jaeger_http", &self.thrift_http)];
        let datagrams = [("jaeger_compact", &self.thrift_compact), ("jaeger_binary", &self.thrift_binary)];
        let streams = streams.into_iter().filter_map(|(name, raw)| Some((name, raw.as_ref()?.place())));
        let datagrams = datagrams.into_iter().filter_map(|(name, raw)| Some((name, raw.as_ref()?.place())));
        streams.chain(datagrams).collect()
    }
}
