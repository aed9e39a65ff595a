//! `--drop-in`: the ports of other servers, for clients that cannot be pointed elsewhere.
//!
//! [`DROP_INS`] is the whole list: a protocol that is switched on by name is a line there, and an
//! entry of `luneta_receive::PROTOCOLS`; a port where queries are answered is a line there too.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Result, bail};
use axum::Router;
use luneta_model::Signal;
use luneta_receive::{
    Protocol, ReceiveState, elasticsearch, fluent, gelf, graphite, influx, jaeger, listen, loki, otlp, prometheus, splunk,
    statsd, syslog, zipkin,
};
use luneta_serve::{ServeState, UdpBuffer};
use tokio::net::{TcpListener, UdpSocket};

use crate::ports;

/// Ports by the name that switches them on.
static DROP_INS: &[(&str, &[Port])] = &[
    ("elasticsearch", &[Port::Intake(&elasticsearch::ELASTICSEARCH, elasticsearch::http::router)]),
    ("fluent", &[Port::Lines(&fluent::TCP, Lines::Fluent), Port::Datagrams(&fluent::UDP, Datagrams::Fluent)]),
    ("gelf", &[Port::Datagrams(&gelf::UDP, Datagrams::Gelf), Port::Lines(&gelf::TCP, Lines::Gelf)]),
    ("graphite", &[Port::Lines(&graphite::TCP, Lines::Graphite), Port::Datagrams(&graphite::UDP, Datagrams::Graphite)]),
    ("influxdb", &[Port::Intake(&influx::INFLUX, influx::http::router)]),
    (
        "jaeger",
        &[
            Port::Intake(&jaeger::HTTP, jaeger::http::router),
            Port::Intake(&jaeger::GRPC, jaeger::grpc::router),
            Port::Datagrams(&jaeger::COMPACT, Datagrams::Jaeger),
            Port::Datagrams(&jaeger::BINARY, Datagrams::Jaeger),
            Port::Queries("jaeger_query", 16686, luneta_serve::jaeger_queries),
            Port::Queries("jaeger_query_grpc", 16685, luneta_serve::jaeger_queries_grpc),
        ],
    ),
    ("loki", &[Port::Both(&loki::LOKI, loki::http::router, luneta_serve::loki_queries)]),
    ("prometheus", &[Port::Both(&prometheus::PROMETHEUS, written, luneta_serve::prometheus_queries)]),
    ("pushgateway", &[Port::Intake(&prometheus::pushgateway::PUSHGATEWAY, prometheus::pushgateway::http::router)]),
    ("splunk", &[Port::Intake(&splunk::SPLUNK, splunk::http::router)]),
    ("statsd", &[Port::Datagrams(&statsd::UDP, Datagrams::Statsd), Port::Lines(&statsd::TCP, Lines::Statsd)]),
    (
        "syslog",
        &[
            Port::Datagrams(&syslog::UDP, Datagrams::Syslog),
            Port::Lines(&syslog::TCP, Lines::Syslog),
            // Opened where the configuration names a certificate.
            Port::Lines(&syslog::TLS, Lines::SyslogTls),
        ],
    ),
    ("tempo", &[Port::Queries("tempo", 3200, luneta_serve::tempo_queries)]),
    ("zipkin", &[Port::Both(&zipkin::ZIPKIN, zipkin::http::router, luneta_serve::zipkin_queries)]),
];

/// What Prometheus's own port takes; what arrives elsewhere there, its queries answer.
fn written(receive: ReceiveState) -> Router {
    let otlp = otlp::http::intake(Signal::Metrics);
    prometheus::http::routes().route("/api/v1/otlp/v1/metrics", otlp).with_state(receive)
}

/// Every name at once.
const ALL: &str = "all";

/// One port of another server.
#[derive(Debug)]
pub enum Port {
    /// What a protocol sends, over HTTP/1 and HTTP/2, gRPC among it.
    Intake(&'static Protocol, fn(ReceiveState) -> Router),
    /// The same, and queries beside it.
    Both(&'static Protocol, fn(ReceiveState) -> Router, fn(ServeState) -> Router),
    /// Queries alone: a name, the usual number, and the routes.
    Queries(&'static str, u16, fn(ServeState) -> Router),
    /// Datagrams, which nobody answers.
    Datagrams(&'static Protocol, Datagrams),
    /// Lines or messages over TCP, which nobody answers but those of Fluent.
    Lines(&'static Protocol, Lines),
}

/// Who takes datagrams.
#[derive(Debug, Clone, Copy)]
pub enum Datagrams {
    /// The intake of Jaeger.
    Jaeger,
    /// The intake of StatsD.
    Statsd,
    /// The intake of Graphite.
    Graphite,
    /// Heartbeats of Fluent.
    Fluent,
    /// The intake of GELF.
    Gelf,
    /// The intake of syslog.
    Syslog,
}

/// Who takes lines over TCP.
#[derive(Debug, Clone, Copy)]
pub enum Lines {
    /// The intake of StatsD.
    Statsd,
    /// The intake of Graphite.
    Graphite,
    /// The intake of Fluent.
    Fluent,
    /// The intake of GELF.
    Gelf,
    /// The intake of syslog.
    Syslog,
    /// The same over TLS.
    SyslogTls,
}

/// Bytes a socket for datagrams is to hold that nobody has read yet, unless the configuration says.
pub const BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// A port that is to be opened.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Which one.
    pub port: &'static Port,
    /// Where; `None` is its usual number on the host of the main port.
    pub address: Option<String>,
    /// Bytes of the receive buffer, for datagrams.
    pub buffer_bytes: usize,
    /// What tells it from others of its kind, empty for the first.
    pub name: String,
}

impl Wanted {
    /// Its name among the addresses: the port's, with its own behind a slash.
    pub fn id(&self) -> String {
        let slash = if self.name.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.port.name(), self.name)
    }

    async fn open(&self, address: &str, advice: &str) -> Result<Listening> {
        let (port, id) = (self.port, self.id());
        if let Port::Datagrams(..) = port {
            let (socket, buffer) = ports::datagrams(address, &id, advice, self.buffer_bytes).await?;
            let address = socket.local_addr()?;
            return Ok(Listening { port, id, socket: Socket::Udp(socket), address, buffer: Some(buffer) });
        }
        let listener = ports::listen_for(address, &id, advice).await?;
        let address = listener.local_addr()?;
        Ok(Listening { port, id, socket: Socket::Tcp(listener), address, buffer: None })
    }
}

/// A port that listens.
pub struct Listening {
    port: &'static Port,
    id: String,
    socket: Socket,
    address: SocketAddr,
    buffer: Option<UdpBuffer>,
}

enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

/// The ports that names stand for, each once; `all` stands for every one.
///
/// # Errors
/// When a name is none of the table's.
pub fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Vec<&'static Port>> {
    let mut wanted = Vec::new();
    for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
        if name != ALL && !DROP_INS.iter().any(|(known, _)| *known == name) {
            let known: Vec<&str> = DROP_INS.iter().map(|(known, _)| *known).collect();
            bail!("drop_in: `{name}` is not known; write {ALL}, or some of {}", known.join(", "));
        }
        wanted.push(name);
    }
    let chosen = DROP_INS.iter().filter(|(name, _)| wanted.contains(name) || wanted.contains(&ALL));
    Ok(chosen.flat_map(|(_, ports)| *ports).collect())
}

/// Every port there is.
pub fn every() -> impl Iterator<Item = &'static Port> {
    DROP_INS.iter().flat_map(|(_, ports)| *ports)
}

/// The port of a name, as its protocol has it.
pub fn port(name: &str) -> Option<&'static Port> {
    every().find(|port| port.name() == name)
}

/// Ports a file says more about, and those only named, each once. A buffer of 0 bytes is one of
/// `buffer_bytes`.
pub fn merged(described: Vec<Wanted>, named: Vec<&'static Port>, buffer_bytes: usize) -> Vec<Wanted> {
    let mut merged = described;
    for port in named {
        if !merged.iter().any(|wanted| wanted.port.name() == port.name()) {
            merged.push(Wanted { port, address: None, buffer_bytes: 0, name: String::new() });
        }
    }
    for wanted in merged.iter_mut().filter(|wanted| wanted.buffer_bytes == 0) {
        wanted.buffer_bytes = buffer_bytes;
    }
    merged
}

/// Opens ports beside the main one: where they are to be, else on its host, at their usual numbers, or
/// at free ones when it takes a free one itself.
///
/// # Errors
/// When a port is taken.
pub async fn open(chosen: &[Wanted], main: &str) -> Result<Vec<Listening>> {
    let (host, number) = main.rsplit_once(':').unwrap_or((main, ""));
    let mut open = Vec::new();
    for wanted in chosen {
        let number = if number == "0" { 0 } else { wanted.port.number() };
        let address = wanted.address.clone().unwrap_or_else(|| format!("{host}:{number}"));
        let advice = match wanted.address {
            Some(_) => "name another endpoint in the configuration",
            None => "leave its name out of --drop-in",
        };
        open.push(wanted.open(&address, advice).await?);
    }
    Ok(open)
}

impl Port {
    /// Name of the protocol, or of what is asked there.
    pub fn name(&self) -> &'static str {
        match self {
            Port::Intake(protocol, _) | Port::Both(protocol, ..) | Port::Datagrams(protocol, _) | Port::Lines(protocol, _) => {
                protocol.name
            }
            Port::Queries(name, ..) => name,
        }
    }

    /// Its usual number.
    pub fn number(&self) -> u16 {
        match self {
            Port::Intake(protocol, _) | Port::Both(protocol, ..) | Port::Datagrams(protocol, _) | Port::Lines(protocol, _) => {
                protocol.port
            }
            Port::Queries(_, number, _) => *number,
        }
    }
}

impl Listening {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its name and its receive buffer, where it takes datagrams.
    pub fn buffer(&self) -> Option<(String, UdpBuffer)> {
        Some((self.id.clone(), self.buffer?))
    }

    /// Adds the port to the addresses of the server, under its name.
    pub fn announce(&self, addresses: &mut BTreeMap<String, String>, url: impl Fn(SocketAddr) -> String) {
        let url = url(self.address);
        let url = match self.port {
            Port::Datagrams(..) => url.replacen("http://", "udp://", 1),
            Port::Lines(..) => url.replacen("http://", "tcp://", 1),
            Port::Intake(..) | Port::Both(..) | Port::Queries(..) => url,
        };
        addresses.insert(self.id.clone(), url);
    }

    /// Takes and answers what arrives until `shutdown` resolves.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(self, receive: ReceiveState, reads: ServeState, shutdown: impl Future<Output = ()>) -> Result<()> {
        let (router, listener) = match (self.port, self.socket) {
            (Port::Datagrams(protocol, taker), Socket::Udp(socket)) => {
                match taker {
                    Datagrams::Jaeger => jaeger::udp::serve(socket, protocol, receive, shutdown).await,
                    Datagrams::Statsd => statsd::udp::serve(socket, receive, shutdown).await,
                    Datagrams::Graphite => graphite::udp::serve(socket, receive, shutdown).await,
                    Datagrams::Fluent => fluent::udp::serve(socket, receive, shutdown).await,
                    Datagrams::Gelf => gelf::udp::serve(socket, receive, shutdown).await,
                    Datagrams::Syslog => syslog::udp::serve(socket, receive, shutdown).await,
                }
                return Ok(());
            }
            (Port::Lines(_, taker), Socket::Tcp(listener)) => {
                match taker {
                    Lines::Statsd => statsd::tcp::serve(listener, receive, shutdown).await,
                    Lines::Graphite => graphite::tcp::serve(listener, receive, shutdown).await,
                    Lines::Fluent => fluent::tcp::serve(listener, receive, shutdown).await,
                    Lines::Gelf => gelf::tcp::serve(listener, receive, shutdown).await,
                    Lines::Syslog => syslog::tcp::serve(listener, receive, shutdown).await,
                    Lines::SyslogTls => syslog::tcp::serve_tls(listener, receive, shutdown).await,
                }
                return Ok(());
            }
            (Port::Intake(_, intake), Socket::Tcp(listener)) => (intake(receive), listener),
            // The intake answers what is neither.
            (Port::Both(_, intake, queries), Socket::Tcp(listener)) => (queries(reads).merge(intake(receive)), listener),
            (Port::Queries(_, _, queries), Socket::Tcp(listener)) => (queries(reads), listener),
            // `Port::open` makes no other pair.
            (port, _) => bail!("{} has a socket of the wrong kind", port.name()),
        };
        listen::serve(listener, router, shutdown).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(chosen: &[&'static Port]) -> Vec<&'static str> {
        chosen.iter().map(|port| port.name()).collect()
    }

    #[test]
    fn names_stand_for_ports() {
        let jaeger = ["jaeger_http", "jaeger_grpc", "jaeger_compact", "jaeger_binary", "jaeger_query", "jaeger_query_grpc"];
        assert_eq!(names(&named(["jaeger"]).expect("known")), jaeger);
        assert_eq!(names(&named([" jaeger", "jaeger", ""]).expect("known")), jaeger);
        let every: usize = DROP_INS.iter().map(|(_, ports)| ports.len()).sum();
        assert_eq!(named(["all", "jaeger"]).expect("known").len(), every);
        assert!(named([]).expect("nothing").is_empty());
        let error = named(["jaeger", "yeager"]).expect_err("unknown").to_string();
        assert!(
            error.contains(
                "`yeager` is not known; write all, or some of elasticsearch, fluent, gelf, graphite, influxdb, jaeger, loki, \
                 prometheus, pushgateway, splunk, statsd, syslog, tempo, zipkin"
            ),
            "{error}"
        );
    }

    #[test]
    fn every_intake_is_a_protocol_of_the_crate() {
        let all = named([ALL]).expect("all").into_iter();
        for port in all.filter(|port| !matches!(port, Port::Queries(..))) {
            assert!(luneta_receive::PROTOCOLS.iter().any(|p| p.name == port.name()), "{}", port.name());
        }
    }

    #[tokio::test]
    async fn free_ports_follow_the_main_one() {
        let wanted = merged(Vec::new(), named(["jaeger", "statsd"]).expect("known"), 32 * 1024);
        let all = open(&wanted, "127.0.0.1:0").await.expect("free ports");
        let mut addresses = BTreeMap::new();
        for listening in &all {
            assert_ne!(listening.address().port(), 0);
            listening.announce(&mut addresses, |address| format!("http://{address}"));
        }
        assert!(addresses["jaeger_http"].starts_with("http://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["jaeger_query"].starts_with("http://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["jaeger_compact"].starts_with("udp://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["statsd_udp"].starts_with("udp://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["statsd_tcp"].starts_with("tcp://127.0.0.1:"), "{addresses:?}");
        let buffers: Vec<_> = all.iter().filter_map(Listening::buffer).collect();
        let names: Vec<_> = buffers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["jaeger_compact", "jaeger_binary", "statsd_udp"]);
        assert!(buffers.iter().all(|(_, b)| b.asked_bytes == 32 * 1024 && b.given_bytes >= b.asked_bytes), "{buffers:?}");
    }
}
