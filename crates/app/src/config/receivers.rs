//! The section `receivers` of a Collector's file: which protocols are taken, and where.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_yaml_ng::{Mapping, Value};

use crate::drop_in::{self, Wanted};

mod lines;
mod logs;

use lines::{RawCarbon, RawInfluxdb, RawStatsd};
pub use logs::RawTls;
use logs::{RawElasticsearch, RawFluent, RawGelf, RawLoki, RawSplunk, RawSyslog};

/// The section as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawReceivers {
    otlp: Option<RawOtlp>,
    #[serde(deserialize_with = "present")]
    jaeger: Option<RawJaeger>,
    #[serde(deserialize_with = "present")]
    zipkin: Option<RawZipkin>,
    prometheus: Option<RawPrometheus>,
    #[serde(deserialize_with = "present")]
    statsd: Option<RawStatsd>,
    #[serde(deserialize_with = "present")]
    carbon: Option<RawCarbon>,
    #[serde(deserialize_with = "present")]
    influxdb: Option<RawInfluxdb>,
    #[serde(deserialize_with = "present")]
    loki: Option<RawLoki>,
    #[serde(deserialize_with = "present")]
    elasticsearch: Option<RawElasticsearch>,
    #[serde(deserialize_with = "present")]
    fluentforward: Option<RawFluent>,
    #[serde(deserialize_with = "present")]
    gelf: Option<RawGelf>,
    #[serde(deserialize_with = "present")]
    syslog: Option<RawSyslog>,
    #[serde(deserialize_with = "present")]
    splunk_hec: Option<RawSplunk>,
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
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
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
fn present<'de, T: Deserialize<'de> + Default, D: serde::Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
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
    pub fn ids(&self) -> Vec<&'static str> {
        let defined = [
            ("otlp", self.otlp.is_some()),
            ("jaeger", self.jaeger.is_some()),
            ("zipkin", self.zipkin.is_some()),
            ("prometheus", self.prometheus.is_some()),
            ("statsd", self.statsd.is_some()),
            ("carbon", self.carbon.is_some()),
            ("influxdb", self.influxdb.is_some()),
            ("loki", self.loki.is_some()),
            ("elasticsearch", self.elasticsearch.is_some()),
            ("fluentforward", self.fluentforward.is_some()),
            ("gelf", self.gelf.is_some()),
            ("syslog", self.syslog.is_some()),
            ("splunk_hec", self.splunk_hec.is_some()),
        ];
        defined.into_iter().filter(|(_, is)| *is).map(|(id, _)| id).collect()
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    ///
    /// # Errors
    /// Names the path of the fault.
    pub fn check(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if let Some(RawJaeger { protocols }) = &self.jaeger {
            if protocols.named().is_empty() {
                bail!("receivers.jaeger.protocols: name at least one of grpc, thrift_http, thrift_compact, thrift_binary");
            }
            for (name, datagrams) in [("thrift_compact", &protocols.thrift_compact), ("thrift_binary", &protocols.thrift_binary)]
            {
                let idle = datagrams.as_ref().map(RawDatagrams::idle).unwrap_or_default();
                if !idle.is_empty() {
                    let keys = idle.join(", ");
                    notes.push(format!("receivers.jaeger.protocols.{name}: {keys}: the server sees to this by itself"));
                }
            }
        }
        if self.zipkin.as_ref().is_some_and(|zipkin| zipkin.parse_string_tags) {
            bail!("receivers.zipkin.parse_string_tags: tags stay the text they were sent as; leave it out, or write false");
        }
        if let Some(prometheus) = &self.prometheus {
            notes.extend(prometheus.check()?);
        }
        if let Some(statsd) = &self.statsd {
            notes.extend(statsd.check()?);
        }
        if let Some(carbon) = &self.carbon {
            notes.extend(carbon.check()?);
        }
        notes.extend(self.check_logs()?);
        Ok(notes)
    }

    /// The same of the receivers of logs.
    fn check_logs(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        if let Some(loki) = &self.loki {
            notes.extend(loki.check()?);
        }
        if let Some(fluent) = &self.fluentforward {
            fluent.place()?;
        }
        if let Some(syslog) = &self.syslog {
            notes.extend(syslog.check()?);
        }
        if let Some(splunk) = &self.splunk_hec {
            notes.extend(splunk.check()?);
        }
        Ok(notes)
    }

    /// What a receiver of syslog says besides its ports: the time zone of clocks, and files of a certificate.
    pub fn syslog(&self) -> (Option<&str>, Option<&RawTls>) {
        self.syslog.as_ref().map_or((None, None), |syslog| (syslog.location(), syslog.tls()))
    }

    /// What is to be scraped, as in a file of Prometheus.
    pub fn prometheus(&self) -> Option<Value> {
        let prometheus = self.prometheus.as_ref()?;
        let mut config = prometheus.config.clone()?;
        if prometheus.report_extra_scrape_metrics
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

    /// Addresses of OTLP over gRPC and over HTTP. Both are on when no receiver is named at all.
    pub fn otlp_endpoints(&self, usual: impl Fn(u16) -> String) -> (Option<String>, Option<String>) {
        match &self.otlp {
            None if self.ids().is_empty() => (Some(usual(4317)), Some(usual(4318))),
            None => (None, None),
            Some(RawOtlp { protocols }) => {
                let endpoint = |raw: &Option<RawEndpoint>, number: u16| {
                    raw.as_ref().map(|raw| raw.endpoint.clone().unwrap_or_else(|| usual(number)))
                };
                (endpoint(&protocols.grpc, 4317), endpoint(&protocols.http, 4318))
            }
        }
    }

    /// The ports of other servers that are named here, on loopback unless they say where.
    pub fn ports(&self, usual: impl Fn(u16) -> String) -> Vec<Wanted> {
        let mut places: Vec<(&str, Place)> = self.jaeger.iter().flat_map(|jaeger| jaeger.protocols.named()).collect();
        places.extend(self.zipkin.iter().map(|zipkin| ("zipkin", (zipkin.endpoint.clone(), None))));
        places.extend(self.statsd.iter().filter_map(RawStatsd::place));
        places.extend(self.carbon.iter().filter_map(RawCarbon::place));
        places.extend(self.influxdb.iter().map(RawInfluxdb::place));
        places.extend(self.loki.iter().filter_map(RawLoki::place));
        places.extend(self.elasticsearch.iter().map(RawElasticsearch::place));
        places.extend(self.fluentforward.iter().filter_map(|fluent| fluent.place().ok().flatten()));
        places.extend(self.gelf.iter().flat_map(RawGelf::places));
        places.extend(self.syslog.iter().flat_map(RawSyslog::places));
        places.extend(self.splunk_hec.iter().map(RawSplunk::place));
        let wanted = places.into_iter().filter_map(|(name, (address, buffer_bytes))| {
            let port = drop_in::port(name)?;
            let address = address.unwrap_or_else(|| usual(port.number()));
            Some(Wanted { port, address: Some(address), buffer_bytes: buffer_bytes.unwrap_or(0) })
        });
        wanted.collect()
    }

    /// Web pages that may send telemetry; one list for all intakes.
    pub fn cors(&self) -> Vec<String> {
        let otlp = self.otlp.as_ref().and_then(|otlp| otlp.protocols.http.as_ref()).and_then(|http| http.cors.as_ref());
        let zipkin = self.zipkin.as_ref().and_then(|zipkin| zipkin.cors.as_ref());
        let influxdb = self.influxdb.as_ref().and_then(|influxdb| influxdb.cors.as_ref());
        let loki = self.loki.as_ref().and_then(RawLoki::cors);
        let elasticsearch = self.elasticsearch.as_ref().and_then(|elasticsearch| elasticsearch.cors.as_ref());
        let splunk = self.splunk_hec.as_ref().and_then(|splunk| splunk.cors.as_ref());
        let named = [otlp, zipkin, influxdb, loki, elasticsearch, splunk].into_iter().flatten();
        named.flat_map(|cors| cors.allowed_origins.clone()).collect()
    }

    /// The largest body that any receiver is to take; one bound for all intakes.
    pub fn body_bytes_max(&self) -> Option<usize> {
        let otlp = self.otlp.iter().flat_map(|otlp| [&otlp.protocols.grpc, &otlp.protocols.http]);
        let jaeger = self.jaeger.iter().flat_map(|jaeger| [&jaeger.protocols.grpc, &jaeger.protocols.thrift_http]);
        let endpoints = otlp.chain(jaeger).flatten().filter_map(RawEndpoint::bytes_max);
        let zipkin = self.zipkin.iter().filter_map(|zipkin| zipkin.max_request_body_size);
        let influxdb = self.influxdb.iter().filter_map(|influxdb| influxdb.max_request_body_size);
        let loki = self.loki.iter().filter_map(RawLoki::body_bytes_max);
        let elasticsearch = self.elasticsearch.iter().filter_map(|elasticsearch| elasticsearch.max_request_body_size);
        let splunk = self.splunk_hec.iter().filter_map(|splunk| splunk.max_request_body_size);
        endpoints.chain(zipkin).chain(influxdb).chain(loki).chain(elasticsearch).chain(splunk).max()
    }

    /// What is told of StatsD besides its port: how long it adds up, and the path of its Unix socket.
    ///
    /// # Errors
    /// When the interval is no time.
    pub fn statsd(&self) -> Result<(Option<Duration>, Option<PathBuf>)> {
        let Some(statsd) = &self.statsd else { return Ok((None, None)) };
        Ok((statsd.interval()?, statsd.socket()))
    }
}

impl RawPrometheus {
    fn check(&self) -> Result<Vec<String>> {
        if self.config.is_none() {
            bail!("receivers.prometheus.config: is missing; it holds scrape_configs");
        }
        if self.target_allocator.is_some() {
            bail!("receivers.prometheus.target_allocator: not supported; name the targets in config.scrape_configs");
        }
        if self.trim_metric_suffixes {
            bail!("receivers.prometheus.trim_metric_suffixes: names stay as they were scraped; leave it out, or write false");
        }
        let mut notes = Vec::new();
        if self.use_start_time_metric || self.start_time_metric_regex.is_some() {
            notes.push("receivers.prometheus.use_start_time_metric: samples start when the target says so".to_owned());
        }
        if self.api_server.is_some() {
            notes.push("receivers.prometheus.api_server: targets are at /api/v1/targets on luneta.listen".to_owned());
        }
        Ok(notes)
    }
}

impl RawJaegerProtocols {
    /// The protocols that are named, by the names of their ports.
    fn named(&self) -> Vec<(&'static str, Place)> {
        let streams = [("jaeger_grpc", &self.grpc), ("jaeger_http", &self.thrift_http)];
        let datagrams = [("jaeger_compact", &self.thrift_compact), ("jaeger_binary", &self.thrift_binary)];
        let streams = streams.into_iter().filter_map(|(name, raw)| Some((name, raw.as_ref()?.place())));
        let datagrams = datagrams.into_iter().filter_map(|(name, raw)| Some((name, raw.as_ref()?.place())));
        streams.chain(datagrams).collect()
    }
}
