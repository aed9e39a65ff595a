//! Who may send: both sides show that they know a key, and neither tells it.
//!
//! ```text
//! server: ["HELO", {"nonce": bytes, "auth": bytes, "keepalive": true}]
//! client: ["PING", its name, salt, digest of salt + its name + nonce + key, user, digest of password]
//! server: ["PONG", whether it is let in, why not, our name, digest of salt + our name + nonce + key]
//! ```

use sha2::{Digest as _, Sha512};

use super::msgpack::{Head, Reader, Stop};

/// Bytes of a nonce.
pub(super) const NONCE_BYTES: usize = 16;
/// Bytes of a name or a salt that are read.
const TEXT_BYTES_MAX: usize = 1024;

/// What the server says first.
pub(super) fn helo(nonce: &[u8; NONCE_BYTES]) -> Vec<u8> {
    let mut out = vec![0x92];
    text(&mut out, b"HELO");
    out.push(0x83);
    text(&mut out, b"nonce");
    bytes(&mut out, nonce);
    text(&mut out, b"auth");
    bytes(&mut out, b"");
    text(&mut out, b"keepalive");
    out.push(0xc3);
    out
}

/// The answer to what a client said, and whether it is let in.
pub(super) fn pong(ping: &[u8], nonce: &[u8; NONCE_BYTES], key: &str, hostname: &str) -> (Vec<u8>, bool) {
    let Ok(ping) = Ping::read(ping) else { return (refusal("the answer to HELO is not PING"), false) };
    let expected = digest(ping.salt, ping.hostname, nonce, key);
    if !equal(expected.as_bytes(), ping.digest) {
        return (refusal("shared_key mismatch"), false);
    }
    if ping.hostname == hostname.as_bytes() {
        return (refusal("the sender has the name of this server"), false);
    }
    let mut out = vec![0x95];
    text(&mut out, b"PONG");
    out.push(0xc3);
    text(&mut out, b"");
    text(&mut out, hostname.as_bytes());
    text(&mut out, digest(ping.salt, hostname.as_bytes(), nonce, key).as_bytes());
    (out, true)
}

fn refusal(reason: &str) -> Vec<u8> {
    let mut out = vec![0x95];
    text(&mut out, b"PONG");
    out.push(0xc2);
    text(&mut out, reason.as_bytes());
    text(&mut out, b"");
    text(&mut out, b"");
    out
}

/// `{"ack": chunk}`, which says that a message is durable.
pub(super) fn ack(chunk: &[u8]) -> Vec<u8> {
    let mut out = vec![0x81];
    text(&mut out, b"ack");
    text(&mut out, chunk);
    out
}

struct Ping<'a> {
    hostname: &'a [u8],
    salt: &'a [u8],
    digest: &'a [u8],
}

impl<'a> Ping<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Stop> {
        let mut reader = Reader::new(bytes);
        let Head::List(4..=6) = reader.head()? else { return Err(Stop::Invalid) };
        let mut part = || match reader.head()? {
            Head::Text(len) | Head::Bytes(len) if len <= TEXT_BYTES_MAX => reader.take(len),
            _ => Err(Stop::Invalid),
        };
        if part()? != b"PING" {
            return Err(Stop::Invalid);
        }
        Ok(Self { hostname: part()?, salt: part()?, digest: part()? })
    }
}

fn digest(salt: &[u8], hostname: &[u8], nonce: &[u8], key: &str) -> String {
    let mut hasher = Sha512::new();
    for part in [salt, hostname, nonce, key.as_bytes()] {
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::with_capacity(128), |mut out, byte| {
        out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        out
    })
}

/// Takes as long whatever differs.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |differs, (l, r)| differs | (l ^ r)) == 0
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..256 => out.extend([0xd9, len as u8]),
        len => {
            let len = len.min(usize::from(u16::MAX)) as u16;
            out.push(0xda);
            out.extend(len.to_be_bytes());
        }
    }
    out.extend_from_slice(text.get(..usize::from(u16::MAX)).unwrap_or(text));
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend([0xc4, bytes.len().min(255) as u8]);
    out.extend_from_slice(bytes.get(..255).unwrap_or(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(hostname: &[u8], salt: &[u8], key: &str, nonce: &[u8]) -> Vec<u8> {
        let mut out = vec![0x96];
        let digest = digest(salt, hostname, nonce, key);
        for part in [b"PING", hostname, salt, digest.as_bytes(), b"", b""] {
            text(&mut out, part);
        }
        out
    }

    #[test]
    fn keys_are_compared() {
        let nonce = [7; NONCE_BYTES];
        let cases = [
            (ping(b"client", b"salt", "secret", &nonce), true),
            (ping(b"client", b"salt", "other", &nonce), false),
            (ping(b"client", b"salt", "secret", &[8; NONCE_BYTES]), false),
            (ping(b"server", b"salt", "secret", &nonce), false),
            (helo(&nonce), false),
            (Vec::new(), false),
        ];
        for (bytes, admitted) in cases {
            let (answer, let_in) = pong(&bytes, &nonce, "secret", "server");
            assert_eq!(let_in, admitted, "{answer:x?}");
            let expected = digest(b"salt", b"server", &nonce, "secret");
            assert_eq!(answer.ends_with(expected.as_bytes()), admitted);
        }
    }
}
