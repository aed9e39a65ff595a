//! Serves intakes on listeners of their own.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::{ReceiveState, grpc_service, http_router, zipkin_router};

/// Connections served at one time on one listener; more wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 4096;
const HEADER_TIME_MAX: Duration = Duration::from_secs(30);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_mins(1);
const GRACE: Duration = Duration::from_secs(10);
/// Flow-control window of HTTP/2: a full message of the default limit crosses without a stall.
const HTTP2_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Serves OTLP over gRPC until `shutdown` resolves; requests under way are finished.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_grpc(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve(listener, grpc_service(state), shutdown).await
}

/// Serves OTLP over HTTP until `shutdown` resolves; requests under way are finished.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_http(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve(listener, http_router(state), shutdown).await
}

/// Serves Zipkin's intake until `shutdown` resolves; requests under way are finished.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_zipkin(listener: TcpListener, state: ReceiveState, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve(listener, zipkin_router(state), shutdown).await
}

/// Serves a router over HTTP/1 and HTTP/2 (with prior knowledge) until `shutdown` resolves.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(connection_builder());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepting = async {
            let permit = connections.clone().acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            accepted = accepting => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(e) => {
                // Out of file handles, or the peer left already: both pass.
                tracing::warn!(error = %e, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = connection(&builder, stream, router.clone());
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(e) = watched.await {
                tracing::debug!(error = %e, "connection ended");
            }
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

fn connection_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(HTTP2_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_WINDOW_BYTES)
        .max_concurrent_streams(256)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL);
    builder
}

fn connection(
    builder: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    router: Router,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>> + Send + 'static {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
    });
    builder.serve_connection(TokioIo::new(stream), service).into_owned()
}
