//! `--drop-in`: the ports of other servers, for clients that cannot be pointed elsewhere.
//!
//! [`DROP_INS`] is the whole list: a protocol that is switched on by name is a line there, and an
//! entry of `luneta_receive::PROTOCOLS`; a port where queries are answered is a line there too.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Result, bail};
use axum::Router;
use luneta_receive::{Protocol, ReceiveState, jaeger, listen, zipkin};
use luneta_serve::ServeState;
use tokio::net::{TcpListener, UdpSocket};

use crate::ports;

/// Ports by the name that switches them on.
static DROP_INS: &[(&str, &[Port])] = &[
    (
        "jaeger",
        &[
            Port::Intake(&jaeger::HTTP, jaeger::http::router),
            Port::Intake(&jaeger::GRPC, jaeger::grpc::router),
            Port::JaegerUdp(&jaeger::COMPACT),
            Port::JaegerUdp(&jaeger::BINARY),
            Port::Queries("jaeger_query", 16686, luneta_serve::jaeger_queries),
            Port::Queries("jaeger_query_grpc", 16685, luneta_serve::jaeger_queries_grpc),
        ],
    ),
    ("prometheus", &[Port::Queries("prometheus", 9090, luneta_serve::prometheus_queries)]),
    ("tempo", &[Port::Queries("tempo", 3200, luneta_serve::tempo_queries)]),
    ("zipkin", &[Port::Both(&zipkin::ZIPKIN, zipkin::http::router, luneta_serve::zipkin_queries)]),
];

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
    /// Datagrams of Jaeger's clients.
    JaegerUdp(&'static Protocol),
}

/// A port that listens.
pub struct Listening {
    port: &'static Port,
    socket: Socket,
    address: SocketAddr,
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

/// Opens ports beside the main one: on its host, at their usual numbers, or at free ones when it
/// takes a free one itself.
///
/// # Errors
/// When a port is taken.
pub async fn open(chosen: &[&'static Port], main: &str) -> Result<Vec<Listening>> {
    let (host, number) = main.rsplit_once(':').unwrap_or((main, ""));
    let mut open = Vec::new();
    for port in chosen {
        let number = if number == "0" { 0 } else { port.number() };
        open.push(port.open(&format!("{host}:{number}")).await?);
    }
    Ok(open)
}

impl Port {
    /// Name of the protocol, or of what is asked there.
    pub fn name(&self) -> &'static str {
        match self {
            Port::Intake(protocol, _) | Port::Both(protocol, ..) | Port::JaegerUdp(protocol) => protocol.name,
            Port::Queries(name, ..) => name,
        }
    }

    /// Its usual number.
    fn number(&self) -> u16 {
        match self {
            Port::Intake(protocol, _) | Port::Both(protocol, ..) | Port::JaegerUdp(protocol) => protocol.port,
            Port::Queries(_, number, _) => *number,
        }
    }

    async fn open(&'static self, address: &str) -> Result<Listening> {
        let advice = "leave its name out of --drop-in";
        let (socket, address) = if let Port::JaegerUdp(_) = self {
            let socket = ports::datagrams(address, self.name(), advice).await?;
            let address = socket.local_addr()?;
            (Socket::Udp(socket), address)
        } else {
            let listener = ports::listen_for(address, self.name(), advice).await?;
            let address = listener.local_addr()?;
            (Socket::Tcp(listener), address)
        };
        Ok(Listening { port: self, socket, address })
    }
}

impl Listening {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds the port to the addresses of the server, under its name.
    pub fn announce(&self, addresses: &mut BTreeMap<String, String>, url: impl Fn(SocketAddr) -> String) {
        let url = url(self.address);
        let url = match &self.socket {
            Socket::Tcp(_) => url,
            Socket::Udp(_) => url.replacen("http://", "udp://", 1),
        };
        addresses.insert(self.port.name().to_owned(), url);
    }

    /// Takes and answers what arrives until `shutdown` resolves.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(self, receive: ReceiveState, reads: ServeState, shutdown: impl Future<Output = ()>) -> Result<()> {
        let (router, listener) = match (self.port, self.socket) {
            (Port::JaegerUdp(protocol), Socket::Udp(socket)) => {
                jaeger::udp::serve(socket, protocol, receive, shutdown).await;
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
        assert!(error.contains("`yeager` is not known; write all, or some of jaeger, prometheus, tempo, zipkin"), "{error}");
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
        let all = open(&named(["jaeger"]).expect("known"), "127.0.0.1:0").await.expect("free ports");
        let mut addresses = BTreeMap::new();
        for listening in &all {
            assert_ne!(listening.address().port(), 0);
            listening.announce(&mut addresses, |address| format!("http://{address}"));
        }
        assert!(addresses["jaeger_http"].starts_with("http://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["jaeger_query"].starts_with("http://127.0.0.1:"), "{addresses:?}");
        assert!(addresses["jaeger_compact"].starts_with("udp://127.0.0.1:"), "{addresses:?}");
    }
}
