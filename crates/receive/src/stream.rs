//! Connections of protocols that are streams of messages, plain or over TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::{LogSettings, ReceiveError};

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// How long a handshake of TLS may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take to be sent.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a connection may be without bytes when the server stops.
const LAST_TIME_MAX: Duration = Duration::from_millis(50);
/// How often it is read then.
const LAST_READS_MAX: usize = 64;
/// How long connections may take to hand on what they have when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// What a port for TLS needs: its certificate, those that vouch for it, and its key, all as PEM.
///
/// # Errors
/// [`ReceiveError::Malformed`] when they cannot be read, or do not belong together.
pub fn tls(certificates: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, ReceiveError> {
    let unreadable = |what: &str, e: rustls::pki_types::pem::Error| ReceiveError::Malformed(format!("the {what}: {e}"));
    let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|e| unreadable("certificate", e))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| unreadable("key", e))?;
    let wrong = |e: rustls::Error| ReceiveError::Malformed(format!("certificate and key: {e}"));
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = builder.map_err(wrong)?.with_no_client_auth().with_single_cert(chain, key).map_err(wrong)?;
    Ok(Arc::new(config))
}

/// What a connection is made of.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// One connection.
pub(crate) struct Connection {
    stream: Box<dyn Duplex>,
    /// Who is at its other end.
    pub(crate) peer: SocketAddr,
    idle_time_max: Duration,
    stopped: watch::Receiver<bool>,
    last_reads: usize,
    buffer: Box<[u8]>,
}

impl Connection {
    /// The next bytes; none at its end, or when it is given up.
    pub(crate) async fn read(&mut self) -> Option<&[u8]> {
        loop {
            let stopping = *self.stopped.borrow();
            let idle = if stopping { LAST_TIME_MAX } else { self.idle_time_max };
            self.last_reads += usize::from(stopping);
            if self.last_reads > LAST_READS_MAX {
                return None;
            }
            let reading = tokio::time::timeout(idle, self.stream.read(&mut self.buffer));
            let read = tokio::select! {
                read = reading => read,
                // Once more, for what has arrived already.
                _ = self.stopped.changed(), if !stopping => continue,
            };
            return match read {
                Ok(Ok(len)) if len > 0 => self.buffer.get(..len),
                _ => None,
            };
        }
    }

    /// Sends an answer; false when that cannot be done.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(tokio::time::timeout(WRITE_TIME_MAX, writing).await, Ok(Ok(())))
    }
}

/// Hands connections to `take`, until `shutdown` resolves and those there are come to their end.
pub(crate) async fn serve<F: Future<Output = ()> + Send>(
    listener: TcpListener,
    name: &'static str,
    tls: Option<TlsAcceptor>,
    settings: &LogSettings,
    take: impl Fn(Connection) -> F + Clone + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) {
    let connections_max = settings.connections_max.clamp(1, u32::MAX as usize >> 3);
    let idle_time_max = settings.idle_time_max;
    let places = Arc::new(Semaphore::new(connections_max));
    let (stop, stopped) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepting = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepting => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (take, stopped, tls) = (take.clone(), stopped.clone(), tls.clone());
                tokio::spawn(async move {
                    if let Some(stream) = secured(stream, tls, name).await {
                        let buffer = vec![0; READ_BYTES].into();
                        take(Connection { stream, peer, idle_time_max, stopped, last_reads: 0, buffer }).await;
                    }
                    drop(place);
                });
            }
            Err(e) => {
                // Out of file handles, or the peer left already: both pass.
                tracing::warn!(error = %e, protocol = name, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    stop.send_replace(true);
    let _ = tokio::time::timeout(GRACE, places.acquire_many(connections_max as u32)).await;
}

async fn secured(stream: TcpStream, tls: Option<TlsAcceptor>, name: &'static str) -> Option<Box<dyn Duplex>> {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(HANDSHAKE_TIME_MAX, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(e)) => {
            tracing::debug!(error = %e, protocol = name, "a handshake of TLS failed");
            None
        }
        Err(_) => None,
    }
}
