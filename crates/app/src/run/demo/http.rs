//! The few HTTP requests that the demo makes, all to this machine.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const ANSWER_SECONDS_MAX: u64 = 30;
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// GETs a path below a base URL and returns status and body.
pub async fn get(base: &str, path: &str) -> Result<(u16, String)> {
    request(base, "GET", path, "").await
}

/// POSTs JSON to a path below a base URL and returns status and body.
pub async fn post_json(base: &str, path: &str, body: &str) -> Result<(u16, String)> {
    request(base, "POST", path, body).await
}

async fn request(base: &str, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
    let work = exchange(base, method, path, body);
    let Ok(answer) = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), work).await else {
        bail!("{base} does not answer within {ANSWER_SECONDS_MAX} s");
    };
    answer.with_context(|| format!("cannot ask {base}"))
}

async fn exchange(base: &str, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
    let rest = base.strip_prefix("http://").context("only http:// is supported")?;
    let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let separator = if prefix.is_empty() { "" } else { "/" };
    let mut stream = TcpStream::connect(authority).await?;
    // HTTP/1.0: the answer ends with the connection and is not sent in chunks.
    let head = format!(
        "{method} {separator}{prefix}{path} HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer is not HTTP")?;
    Ok((status, body.to_owned()))
}
