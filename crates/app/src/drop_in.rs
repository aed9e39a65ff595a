//! `--drop-in`: the ports of other servers, for clients that cannot be pointed elsewhere.
//!
//! [`DROP_INS`] is the whole list: a protocol that is switched on by name is a line there, and an
//! entry of `luneta_receive::PROTOCOLS`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Result, bail};
use axum::Router;
use luneta_receive::{Protocol, ReceiveState, jaeger, listen, zipkin};
use tokio::net::{TcpListener, UdpSocket};

use crate::ports;

/// Ports by the name that switches them on.
static DROP_INS: &[(&str, &[Port])] = &[
    (
        "jaeger",
        &[
            Port { protocol: &jaeger::HTTP, transport: Transport::Tcp(jaeger::http::router) },
            Port { protocol: &jaeger::GRPC, transport: Transport::Tcp(jaeger::grpc::router) },
            Port { protocol: &jaeger::COMPACT, transport: Transport::JaegerUdp },
            Port { protocol: &jaeger::BINARY, transport: Transport::JaegerUdp },
        ],
    ),
    ("zipkin", &[Port { protocol: &zipkin::ZIPKIN, transport: Transport::Tcp(zipkin::http::router) }]),
];

/// Every name at once.
const ALL: &str = "all";

/// One port of another server.
#[derive(Debug)]
pub struct Port {
    protocol: &'static Protocol,
    transport: Transport,
}

#[derive(Debug)]
enum Transport {
    /// HTTP/1 and HTTP/2, gRPC among it.
    Tcp(fn(ReceiveState) -> Router),
    /// Datagrams of Jaeger's clients.
    JaegerUdp,
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
        let number = if number == "0" { 0 } else { port.protocol.port };
        open.push(port.open(&format!("{host}:{number}")).await?);
    }
    Ok(open)
}

impl Port {
    /// Name of the protocol.
    pub fn name(&self) -> &'static str {
        self.protocol.name
    }

    async fn open(&'static self, address: &str) -> Result<Listening> {
        let (socket, address) = match self.transport {
            Transport::Tcp(_) => {
                let listener = ports::listen_for(address, self.name(), "leave its name out of --drop-in").await?;
                let address = listener.local_addr()?;
                (Socket::Tcp(listener), address)
            }
            Transport::JaegerUdp => {
                let socket = ports::datagrams(address, self.name(), "leave its name out of --drop-in").await?;
                let address = socket.local_addr()?;
                (Socket::Udp(socket), address)
            }
        };
        Ok(Listening { port: self, socket, address })
    }
}

impl Listening {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds the port to the addresses of the server, under the name of its protocol.
    pub fn announce(&self, addresses: &mut BTreeMap<String, String>, url: impl Fn(SocketAddr) -> String) {
        let url = url(self.address);
        let url = match &self.socket {
            Socket::Tcp(_) => url,
            Socket::Udp(_) => url.replacen("http://", "udp://", 1),
        };
        addresses.insert(self.port.name().to_owned(), url);
    }

    /// Takes what arrives until `shutdown` resolves.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(self, state: ReceiveState, shutdown: impl Future<Output = ()>) -> Result<()> {
        match (self.socket, &self.port.transport) {
            (Socket::Tcp(listener), Transport::Tcp(router)) => listen::serve(listener, router(state), shutdown).await?,
            (Socket::Udp(socket), Transport::JaegerUdp) => {
                jaeger::udp::serve(socket, self.port.protocol, state, shutdown).await;
            }
            // `Port::open` makes no other pair.
            _ => bail!("{} has a socket of the wrong kind", self.port.name()),
        }
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
        let jaeger = ["jaeger_http", "jaeger_grpc", "jaeger_compact", "jaeger_binary"];
        assert_eq!(names(&named(["jaeger"]).expect("known")), jaeger);
        assert_eq!(names(&named([" jaeger", "jaeger", ""]).expect("known")), jaeger);
        let every: usize = DROP_INS.iter().map(|(_, ports)| ports.len()).sum();
        assert_eq!(named(["all", "jaeger"]).expect("known").len(), every);
        assert!(named([]).expect("nothing").is_empty());
        let error = named(["jaeger", "yeager"]).expect_err("unknown").to_string();
        assert!(error.contains("`yeager` is not known; write all, or some of jaeger, zipkin"), "{error}");
    }

    #[test]
    fn every_port_is_a_protocol_of_the_crate() {
        for port in named([ALL]).expect("all") {
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
        assert!(addresses["jaeger_compact"].starts_with("udp://127.0.0.1:"), "{addresses:?}");
    }
}
