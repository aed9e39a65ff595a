//! A target on a real socket, with and without TLS.
#![allow(dead_code, clippy::unwrap_used, clippy::format_collect, missing_docs)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is answered: status, headers, body.
#[derive(Clone)]
pub struct Answer {
    pub status: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(body: &str) -> Self {
        Self::typed("text/plain; version=0.0.4; charset=utf-8", body.as_bytes().to_vec())
    }

    pub fn typed(content_type: &str, body: Vec<u8>) -> Self {
        Self { status: "200 OK", headers: vec![("Content-Type", content_type.to_owned())], body }
    }

    pub fn status(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

/// Requests that came, and what is answered to the next.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Target {
    pub async fn start(answer: Answer, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let target = Self { address, requests: Arc::default(), answer: Arc::new(Mutex::new(answer)) };
        let serving = target.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (target, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate goes away.
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                target.talk(stream).await;
                            }
                        }
                        None => target.talk(stream).await,
                    }
                });
            }
        });
        target
    }

    pub fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    async fn talk(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        let mut chunk = [0; 1024];
        loop {
            match stream.read(&mut chunk).await {
                Ok(n) if n > 0 => head.extend_from_slice(&chunk[..n]),
                _ => return,
            }
            if !is_whole(&head) {
                continue;
            }
            self.requests.lock().unwrap().push(String::from_utf8(std::mem::take(&mut head)).unwrap());
            let answer = self.answer.lock().unwrap().clone();
            let headers: String = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let start = format!("HTTP/1.1 {}\r\n{headers}Content-Length: {}\r\n\r\n", answer.status, answer.body.len());
            if stream.write_all(&[start.as_bytes(), &answer.body].concat()).await.is_err() {
                return;
            }
        }
    }
}

/// Whether a request is there with its body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}
