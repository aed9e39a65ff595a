//! Clients on real sockets: HTTP/1 by hand, gRPC over hyper.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use luneta_receive::{ReceiveConfig, ReceiveState, serve_grpc, serve_http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::MemorySink;

/// Both listeners, and what they feed.
pub struct Server {
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub sink: Arc<MemorySink>,
    pub state: ReceiveState,
}

pub async fn start(config: ReceiveConfig) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let (http, grpc) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let server = Server { http: http.local_addr().unwrap(), grpc: grpc.local_addr().unwrap(), sink, state: state.clone() };
    tokio::spawn(serve_http(http, state.clone(), std::future::pending()));
    tokio::spawn(serve_grpc(grpc, state, std::future::pending()));
    server
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One HTTP/1 request on a connection of its own.
pub async fn http(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // A refusal may arrive before the body was sent whole.
    let _ = stream.write_all(body).await;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(reply[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
    Answer { status, headers, body: reply[end + 4..].to_vec() }
}

/// Answer of a gRPC call: message and status headers, wherever they came.
pub struct GrpcAnswer {
    pub http_status: u16,
    pub body: Vec<u8>,
    pub headers: HeaderMap,
}

impl GrpcAnswer {
    pub fn status(&self) -> &str {
        self.header("grpc-status")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// One HTTP/2 request.
pub async fn http2(to: SocketAddr, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> GrpcAnswer {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::post(format!("http://{to}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let mut headers = parts.headers;
    headers.extend(collected.trailers().cloned().unwrap_or_default());
    GrpcAnswer { http_status: parts.status.as_u16(), body: collected.to_bytes().to_vec(), headers }
}

/// One gRPC call, its message packed when an encoding is named.
pub async fn grpc(to: SocketAddr, path: &str, encoding: Option<&str>, message: &[u8]) -> GrpcAnswer {
    let packed = encoding.map_or_else(|| message.to_vec(), |e| pack(e, message));
    let mut frame = vec![u8::from(encoding.is_some())];
    frame.extend_from_slice(&(packed.len() as u32).to_be_bytes());
    frame.extend_from_slice(&packed);
    let mut headers = vec![("content-type", "application/grpc"), ("te", "trailers")];
    headers.extend(encoding.map(|e| ("grpc-encoding", e)));
    http2(to, path, &headers, frame).await
}

pub fn pack(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    macro_rules! through {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }};
    }
    match encoding {
        "gzip" => through!(GzEncoder),
        "deflate" => through!(ZlibEncoder),
        "raw deflate" => through!(DeflateEncoder),
        "zstd" => zstd::encode_all(bytes, 1).unwrap(),
        _ => bytes.to_vec(),
    }
}
