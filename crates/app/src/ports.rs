//! Listeners, and who holds a port that is taken.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use luneta_serve::UdpBuffer;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UdpSocket, UnixDatagram};

/// Opens a listener, or says who has the port and which flag moves ours.
///
/// # Errors
/// When the address is taken or cannot be used.
pub async fn listen(address: &str, flag: &str) -> Result<TcpListener> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let advice = format!("choose another address, such as {flag} {host}:0 for any free port");
    listen_for(address, flag, &advice).await
}

/// Opens a listener for something that has a name, or says who has the port and what to do.
///
/// # Errors
/// When the address is taken or cannot be used.
pub async fn listen_for(address: &str, name: &str, advice: &str) -> Result<TcpListener> {
    let first = resolve(address, name).await?;
    TcpListener::bind(first).await.map_err(|error| {
        let holder = holder(first.port()).map(|h| h.to_string());
        refused(error, first, holder, name, advice)
    })
}

/// The same for datagrams, with room for as many bytes of them as the system allows.
///
/// # Errors
/// When the address is taken or cannot be used.
pub async fn datagrams(address: &str, name: &str, advice: &str, buffer_bytes: usize) -> Result<(UdpSocket, UdpBuffer)> {
    let first = resolve(address, name).await?;
    bound(first, name, buffer_bytes).map_err(|error| refused(error, first, None, name, advice))
}

fn bound(address: SocketAddr, name: &str, buffer_bytes: usize) -> std::io::Result<(UdpSocket, UdpBuffer)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if let Err(error) = socket.set_recv_buffer_size(buffer_bytes) {
        tracing::warn!(%error, name, buffer_bytes, "the system keeps the receive buffer as it is");
    }
    // Linux counts what it needs for itself too, and takes that for as much again.
    let given_bytes = socket.recv_buffer_size()? / if cfg!(target_os = "linux") { 2 } else { 1 };
    if given_bytes < buffer_bytes {
        tracing::info!(name, asked = buffer_bytes, given = given_bytes, "the receive buffer is smaller than was asked for");
    }
    socket.bind(&address.into())?;
    Ok((UdpSocket::from_std(socket.into())?, UdpBuffer { asked_bytes: buffer_bytes, given_bytes }))
}

/// Opens a Unix socket for datagrams. A file that a server before left there gives way.
///
/// # Errors
/// When somebody listens there, or the path cannot be used.
pub fn unix_datagrams(path: &Path) -> Result<UnixDatagram> {
    use std::os::unix::fs::FileTypeExt as _;
    let shown = path.display();
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        if UnixDatagram::unbound()?.connect(path).is_ok() {
            bail!("the socket {shown} is taken by another process; stop it, or name another in luneta.statsd.socket");
        }
        std::fs::remove_file(path).with_context(|| format!("luneta.statsd.socket: cannot replace {shown}"))?;
    }
    UnixDatagram::bind(path).with_context(|| format!("luneta.statsd.socket: cannot listen at {shown}"))
}

async fn resolve(address: &str, name: &str) -> Result<SocketAddr> {
    let mut resolved = tokio::net::lookup_host(address).await.with_context(|| format!("{name} {address}: not an address"))?;
    resolved.next().with_context(|| format!("{name} {address}: no such host"))
}

fn refused(error: std::io::Error, address: SocketAddr, holder: Option<String>, name: &str, advice: &str) -> Error {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        let holder = holder.unwrap_or_else(|| "another process".to_owned());
        return anyhow!("port {} ({name}) is taken by {holder}; stop it, or {advice}", address.port());
    }
    Error::new(error).context(format!("{name} {address}: cannot listen there"))
}

/// A process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The process that listens on a TCP port of this machine, where the system lets us see it.
pub fn holder(port: u16) -> Option<Holder> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .collect();
    let sockets: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let holds = std::fs::read_dir(process.path().join("fd"))
            .ok()?
            .flatten()
            .filter_map(|fd| std::fs::read_link(fd.path()).ok())
            .any(|link| sockets.iter().any(|s| link.as_os_str() == s.as_str()));
        let name = || std::fs::read_to_string(process.path().join("comm")).unwrap_or_default().trim().to_owned();
        holds.then(|| Holder { pid, name: name() })
    })
}

/// Inodes of listening sockets (state 0A) on `port` in the text of `/proc/net/tcp`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|f| f.len() > 9 && f[1].ends_with(&suffix) && f[3] == "0A").map(|f| f[9].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_replaced_only_where_nobody_listens() {
        let path = std::env::temp_dir().join(format!("luneta-ports-{}.sock", std::process::id()));
        let first = unix_datagrams(&path).expect("a free path");
        let error = unix_datagrams(&path).expect_err("taken").to_string();
        assert!(error.contains("is taken by another process"), "{error}");
        drop(first);
        unix_datagrams(&path).expect("what was left gives way");
        std::fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn own_port_has_us_as_holder() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        assert_eq!(holder(port).map(|h| h.pid), Some(std::process::id()));
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
