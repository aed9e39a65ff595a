//! The receivers of logs: `loki`, `fluentforward`, `syslog` and `splunk_hec` of the Collector, `gelf` and
//! `elasticsearch` of ours.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::{Place, RawCors, RawEndpoint, number, present};

/// Loki.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLoki {
    protocols: RawLokiProtocols,
    use_incoming_timestamp: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLokiProtocols {
    #[serde(deserialize_with = "present")]
    http: Option<RawEndpoint>,
    grpc: Option<Value>,
}

/// Fluent's forward protocol.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawFluent {
    endpoint: Option<String>,
}

/// Syslog.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawSyslog {
    #[serde(deserialize_with = "present")]
    tcp: Option<RawSyslogTcp>,
    #[serde(deserialize_with = "present")]
    udp: Option<RawSyslogUdp>,
    protocol: Option<String>,
    location: Option<String>,
    enable_octet_counting: Option<bool>,
    non_transparent_framing_trailer: Option<String>,
    allow_skip_pri_header: Option<bool>,
    max_octets: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSyslogTcp {
    listen_address: Option<String>,
    tls: Option<RawTls>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSyslogUdp {
    listen_address: Option<String>,
}

/// Files of a certificate and its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    pub cert_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
}

/// Splunk's HTTP Event Collector.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawSplunk {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    pub max_request_body_size: Option<usize>,
    pub cors: Option<RawCors>,
    access_token_passthrough: bool,
    raw_path: Option<String>,
    health_path: Option<String>,
    splitting: Option<String>,
    ack: Option<Value>,
}

/// GELF.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawGelf {
    #[serde(deserialize_with = "present")]
    udp: Option<RawAddress>,
    #[serde(deserialize_with = "present")]
    tcp: Option<RawAddress>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawAddress {
    endpoint: Option<String>,
}

/// Elasticsearch.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawElasticsearch {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    pub max_request_body_size: Option<usize>,
    pub cors: Option<RawCors>,
}

impl RawLoki {
    /// The port and where it is.
    pub fn place(&self) -> Option<(&'static str, Place)> {
        self.protocols.http.as_ref().map(|http| ("loki", http.place()))
    }

    /// The largest body that is to be taken.
    pub fn body_bytes_max(&self) -> Option<usize> {
        self.protocols.http.as_ref().and_then(RawEndpoint::bytes_max)
    }

    /// Web pages that may push.
    pub fn cors(&self) -> Option<&RawCors> {
        self.protocols.http.as_ref().and_then(|http| http.cors.as_ref())
    }

    /// Whether what is asked for can be done.
    pub fn check(&self, path: &str) -> Result<()> {
        if self.protocols.grpc.is_some() {
            bail!("{path}.protocols.grpc: not supported; push over HTTP");
        }
        if self.protocols.http.is_none() {
            bail!("{path}.protocols: name http");
        }
        if self.use_incoming_timestamp == Some(false) {
            bail!("{path}.use_incoming_timestamp: entries keep their times; leave it out, or write true");
        }
        Ok(())
    }
}

impl RawFluent {
    /// The port and where it is.
    pub fn place(&self) -> (&'static str, Place) {
        ("fluent", (self.endpoint.clone(), None))
    }

    /// Whether what is asked for can be done.
    pub fn check(&self, path: &str) -> Result<()> {
        if self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("unix:")) {
            bail!("{path}.endpoint: Unix sockets are not supported; name a host and a port");
        }
        Ok(())
    }
}

impl RawSyslog {
    /// The ports and where they are.
    pub fn places(&self) -> Vec<(&'static str, Place)> {
        let tcp = self.tcp.as_ref().map(|tcp| {
            let name = if tcp.tls.is_some() { "syslog_tls" } else { "syslog_tcp" };
            (name, (tcp.listen_address.clone(), None))
        });
        let udp = self.udp.as_ref().map(|udp| ("syslog_udp", (udp.listen_address.clone(), None)));
        tcp.into_iter().chain(udp).collect()
    }

    /// Files of the certificate, where TCP is to be TLS.
    pub fn tls(&self) -> Option<&RawTls> {
        self.tcp.as_ref().and_then(|tcp| tcp.tls.as_ref())
    }

    /// The time zone of clocks that do not say.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    pub fn check(&self, path: &str) -> Result<Vec<String>> {
        if self.tcp.is_none() && self.udp.is_none() {
            bail!("{path}: name tcp or udp");
        }
        if !matches!(self.protocol.as_deref(), None | Some("rfc3164" | "rfc5424")) {
            bail!("{path}.protocol: write rfc3164 or rfc5424");
        }
        let idle = [
            ("protocol", self.protocol.is_some(), "each message is read by the standard it follows"),
            ("enable_octet_counting", self.enable_octet_counting.is_some(), "each message says how it ends"),
            ("non_transparent_framing_trailer", self.non_transparent_framing_trailer.is_some(), "each message says how it ends"),
            ("allow_skip_pri_header", self.allow_skip_pri_header.is_some(), "messages without a priority are always taken"),
            ("max_octets", self.max_octets.is_some(), "luneta.logs.message_bytes_max bounds messages"),
        ];
        let told = idle.into_iter().filter(|(_, is, _)| *is);
        Ok(told.map(|(key, _, why)| format!("{path}.{key}: {why}")).collect())
    }
}

impl RawSplunk {
    /// The port and where it is.
    pub fn place(&self) -> (&'static str, Place) {
        ("splunk_hec", (self.endpoint.clone(), None))
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    pub fn check(&self, path: &str) -> Result<Vec<String>> {
        if self.access_token_passthrough {
            bail!("{path}.access_token_passthrough: tokens are not kept; leave it out, or write false");
        }
        if self.raw_path.as_deref().is_some_and(|path| path != "/services/collector/raw") {
            bail!("{path}.raw_path: lines are taken at /services/collector/raw");
        }
        if self.health_path.as_deref().is_some_and(|path| path != "/services/collector/health") {
            bail!("{path}.health_path: it is /services/collector/health");
        }
        if self.splitting.as_deref().is_some_and(|splitting| splitting != "line") {
            bail!("{path}.splitting: raw text is split into lines; leave it out, or write line");
        }
        let ack = self.ack.iter();
        Ok(ack.map(|_| format!("{path}.ack: what was answered is durable, and acknowledged")).collect())
    }
}

impl RawGelf {
    /// The ports and where they are; both where neither is named.
    pub fn places(&self) -> Vec<(&'static str, Place)> {
        let place =
            |name: &'static str, raw: &Option<RawAddress>| raw.as_ref().map(|address| (name, (address.endpoint.clone(), None)));
        let named: Vec<_> = [place("gelf_udp", &self.udp), place("gelf_tcp", &self.tcp)].into_iter().flatten().collect();
        if named.is_empty() { vec![("gelf_udp", (None, None)), ("gelf_tcp", (None, None))] } else { named }
    }
}

impl RawElasticsearch {
    /// The port and where it is.
    pub fn place(&self) -> (&'static str, Place) {
        ("elasticsearch", (self.endpoint.clone(), None))
    }
}
