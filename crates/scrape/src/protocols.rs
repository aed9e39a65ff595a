//! Formats a target is asked for.

use luneta_receive::prometheus::exposition::ExpositionFormat;
use std::fmt::Write as _;

/// A format and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrapeProtocol {
    /// Delimited protobuf.
    Protobuf,
    /// OpenMetrics 1.0.0.
    OpenMetrics1,
    /// OpenMetrics 0.0.1.
    OpenMetrics0,
    /// Text 1.0.0.
    Text1,
    /// Text 0.0.4.
    Text0,
}

impl ScrapeProtocol {
    /// All, the best first.
    pub const ALL: [Self; 5] = [Self::Protobuf, Self::OpenMetrics1, Self::OpenMetrics0, Self::Text1, Self::Text0];

    /// Its name in configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protobuf => "PrometheusProto",
            Self::OpenMetrics1 => "OpenMetricsText1.0.0",
            Self::OpenMetrics0 => "OpenMetricsText0.0.1",
            Self::Text1 => "PrometheusText1.0.0",
            Self::Text0 => "PrometheusText0.0.4",
        }
    }

    /// The protocol of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// How it is read.
    pub const fn format(self) -> ExpositionFormat {
        match self {
            Self::Protobuf => ExpositionFormat::Protobuf,
            Self::OpenMetrics1 | Self::OpenMetrics0 => ExpositionFormat::OpenMetrics,
            Self::Text1 | Self::Text0 => ExpositionFormat::Text,
        }
    }

    const fn media(self) -> &'static str {
        match self {
            Self::Protobuf => "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
            Self::OpenMetrics1 => "application/openmetrics-text;version=1.0.0",
            Self::OpenMetrics0 => "application/openmetrics-text;version=0.0.1",
            Self::Text1 => "text/plain;version=1.0.0",
            Self::Text0 => "text/plain;version=0.0.4",
        }
    }
}

/// The header `Accept`: weights fall from the first to anything at all.
pub fn accept(protocols: &[ScrapeProtocol], escaping: &str) -> String {
    let mut weight = ScrapeProtocol::ALL.len() + 1;
    let mut out = String::new();
    for protocol in protocols {
        out.push_str(protocol.media());
        if matches!(protocol, ScrapeProtocol::OpenMetrics1 | ScrapeProtocol::Text1) {
            out.push_str(";escaping=");
            out.push_str(escaping);
        }
        let _ = write!(out, ";q=0.{weight},");
        weight -= 1;
    }
    let _ = write!(out, "*/*;q=0.{weight}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_as_prometheus_sends_it() {
        let usual = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,\
                     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(accept(&ScrapeProtocol::ALL[1..], "allow-utf-8"), usual);
        assert_eq!(accept(&[ScrapeProtocol::Text0], "underscores"), "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
    }
}
