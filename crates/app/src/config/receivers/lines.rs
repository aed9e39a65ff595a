//! The receivers of single measurements: `statsd`, `carbon` and `influxdb`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_yaml_ng::Value;

use super::{Place, RawCors, number};

/// StatsD.
#[derive(Debug, Default, Deserialize)]
#[allow(clippy::struct_excessive_bools)] // they are the Collector's
#[serde(deny_unknown_fields, default)]
pub struct RawStatsd {
    endpoint: Option<String>,
    transport: Option<String>,
    socket_permissions: Option<Value>,
    aggregation_interval: Option<String>,
    enable_metric_type: bool,
    enable_simple_tags: bool,
    enable_ip_only_aggregation: bool,
    is_monotonic_counter: bool,
    counter_type: Option<String>,
    timer_histogram_mapping: Vec<RawMapping>,
}

/// What becomes of measurements of one type.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMapping {
    statsd_type: String,
    observer_type: String,
    histogram: Option<RawHistogram>,
    summary: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawHistogram {
    #[serde(deserialize_with = "number")]
    max_size: Option<usize>,
    explicit_buckets: Option<Value>,
}

/// Graphite.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawCarbon {
    endpoint: Option<String>,
    transport: Option<String>,
    tcp_idle_timeout: Option<Value>,
    parser: Option<RawParser>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawParser {
    #[serde(rename = "type")]
    kind: Option<String>,
    config: Option<Value>,
}

/// InfluxDB.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawInfluxdb {
    endpoint: Option<String>,
    #[serde(deserialize_with = "number")]
    pub max_request_body_size: Option<usize>,
    pub cors: Option<RawCors>,
}

/// Ways of a packet or a line to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
    UnixDatagrams,
}

impl Transport {
    fn read(written: Option<&str>, usual: Self) -> Option<Self> {
        Some(match written {
            None | Some("") => usual,
            Some("udp" | "udp4" | "udp6") => Self::Udp,
            Some("tcp" | "tcp4" | "tcp6") => Self::Tcp,
            Some("unixgram") => Self::UnixDatagrams,
            Some(_) => return None,
        })
    }
}

impl RawStatsd {
    fn transport(&self) -> Option<Transport> {
        Transport::read(self.transport.as_deref(), Transport::Udp)
    }

    /// The port and where it is; none for a Unix socket.
    pub fn place(&self) -> Option<(&'static str, Place)> {
        let name = match self.transport()? {
            Transport::Udp => "statsd_udp",
            Transport::Tcp => "statsd_tcp",
            Transport::UnixDatagrams => return None,
        };
        Some((name, (self.endpoint.clone(), None)))
    }

    /// The path of the Unix socket.
    pub fn socket(&self) -> Option<PathBuf> {
        self.endpoint.as_ref().filter(|_| self.transport() == Some(Transport::UnixDatagrams)).map(PathBuf::from)
    }

    /// How long measurements are added up.
    ///
    /// # Errors
    /// When it is no time.
    pub fn interval(&self, path: &str) -> Result<Option<Duration>> {
        let Some(text) = &self.aggregation_interval else { return Ok(None) };
        let path = format!("{path}.aggregation_interval");
        let interval = crate::config::duration(&path, text)?;
        if interval.is_zero() {
            bail!("{path}: must be longer than nothing");
        }
        Ok(Some(interval))
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    pub fn check(&self, path: &str) -> Result<Vec<String>> {
        match self.transport() {
            None => bail!("{path}.transport: write udp, tcp or unixgram"),
            Some(Transport::UnixDatagrams) if self.endpoint.is_none() => {
                bail!("{path}.endpoint: name the path of the socket")
            }
            Some(_) => {}
        }
        if self.socket_permissions.is_some() {
            bail!("{path}.socket_permissions: not supported; the server's umask decides");
        }
        if self.enable_metric_type {
            bail!("{path}.enable_metric_type: series have the tags they were sent with; leave it out, or write false");
        }
        if !matches!(self.counter_type.as_deref(), None | Some("float")) {
            bail!("{path}.counter_type: counters are float; leave it out, or write float");
        }
        self.interval(path)?;
        for mapping in &self.timer_histogram_mapping {
            mapping.check(&format!("{path}.timer_histogram_mapping"))?;
        }
        let effects = [
            ("enable_simple_tags", self.enable_simple_tags, "tags without a value are always taken"),
            ("enable_ip_only_aggregation", self.enable_ip_only_aggregation, "measurements of all senders are added up together"),
            ("is_monotonic_counter", self.is_monotonic_counter, "a counter is monotonic until one of its name falls"),
            (
                "timer_histogram_mapping",
                self.timer_histogram_mapping.iter().any(RawMapping::has_size),
                "histogram.max_size has no effect: histograms have as many buckets as they need, within a bound",
            ),
        ];
        let told = effects.into_iter().filter(|(_, is, _)| *is);
        Ok(told.map(|(key, _, why)| format!("{path}.{key}: {why}")).collect())
    }
}

impl RawMapping {
    fn check(&self, path: &str) -> Result<()> {
        if !matches!(self.statsd_type.as_str(), "timer" | "timing" | "histogram" | "distribution") {
            bail!("{path}.statsd_type: `{}` is none of timer, timing, histogram, distribution", self.statsd_type);
        }
        if self.observer_type != "histogram" || self.summary.is_some() {
            bail!("{path}.observer_type: `{}` is not supported; all become exponential histograms", self.observer_type);
        }
        if self.histogram.as_ref().is_some_and(|histogram| histogram.explicit_buckets.is_some()) {
            bail!("{path}.histogram.explicit_buckets: not supported; all become exponential histograms");
        }
        Ok(())
    }

    fn has_size(&self) -> bool {
        self.histogram.as_ref().is_some_and(|histogram| histogram.max_size.is_some())
    }
}

impl RawCarbon {
    fn transport(&self) -> Option<Transport> {
        let transport = Transport::read(self.transport.as_deref(), Transport::Tcp)?;
        (transport != Transport::UnixDatagrams).then_some(transport)
    }

    /// The port and where it is.
    pub fn place(&self) -> Option<(&'static str, Place)> {
        let name = if self.transport()? == Transport::Udp { "graphite_udp" } else { "graphite_tcp" };
        Some((name, (self.endpoint.clone(), None)))
    }

    /// Whether what is asked for can be done. Returns what has no effect.
    pub fn check(&self, path: &str) -> Result<Vec<String>> {
        if self.transport().is_none() {
            bail!("{path}.transport: write tcp or udp");
        }
        if let Some(parser) = &self.parser {
            match parser.kind.as_deref() {
                None | Some("" | "plaintext") => {}
                Some(other) => bail!("{path}.parser.type: `{other}` is not supported; write plaintext"),
            }
            if parser.config.as_ref().is_some_and(|config| !config.is_null()) {
                bail!("{path}.parser.config: not supported; paths are names as they came");
            }
        }
        let idle = self.tcp_idle_timeout.iter();
        Ok(idle.map(|_| format!("{path}.tcp_idle_timeout: a silent connection is closed after an hour")).collect())
    }
}

impl RawInfluxdb {
    /// The port and where it is.
    pub fn place(&self) -> (&'static str, Place) {
        ("influxdb", (self.endpoint.clone(), None))
    }
}
