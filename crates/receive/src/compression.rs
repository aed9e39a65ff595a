//! Unpacks bodies, streaming and bounded: a small body cannot take much memory or time.

use std::io::{BufRead, Read};

use axum::http::HeaderValue;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::in_flight::Reservation;
use crate::{BodyLimits, ReceiveError};

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
    /// The block format, without frames.
    Snappy,
}

/// Encodings for `accept-encoding` answers.
pub(crate) const ACCEPTED: &str = "gzip, deflate, zstd, identity";

/// Ratios are judged from this size on: tiny bodies of equal bytes are no threat.
const RATIO_FROM_BYTES: usize = 1024 * 1024;
/// A body that is larger than guessed, and than this, is unpacked twice: to measure it, and to hold
/// it.
const MEASURE_FROM_BYTES: usize = 8 * 1024 * 1024;
/// Three bytes of a snappy block stand for 64 at most.
const SNAPPY_RATIO_MAX: usize = 22;
/// How a snappy stream with frames begins.
const SNAPPY_FRAMES: &[u8] = b"\xff\x06\x00\x00sNaPpY";
/// Larger windows would let a few bytes reserve much memory; RFC 9659 allows 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

impl Encoding {
    /// Reads `content-encoding` or `grpc-encoding`.
    pub(crate) fn from_header(value: Option<&HeaderValue>) -> Result<Self, ReceiveError> {
        let Some(value) = value else { return Ok(Encoding::Identity) };
        let name = String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "identity" => Ok(Encoding::Identity),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            "deflate" | "zlib" => Ok(Encoding::Deflate),
            "zstd" => Ok(Encoding::Zstd),
            _ => Err(ReceiveError::UnsupportedEncoding(name)),
        }
    }
}

/// Unpacks `input`; the memory used is taken from `share` as it grows.
pub(crate) fn unpack(
    encoding: Encoding,
    input: &[u8],
    limits: &BodyLimits,
    share: &mut Reservation,
) -> Result<Vec<u8>, ReceiveError> {
    let bounded = Bounded { limits, share, input_bytes: input.len() };
    match encoding {
        Encoding::Identity => Ok(input.to_vec()),
        Encoding::Gzip => bounded.read("gzip", || Ok(MultiGzDecoder::new(input))),
        Encoding::Deflate if has_zlib_header(input) => bounded.read("deflate", || Ok(ZlibDecoder::new(input))),
        Encoding::Deflate => bounded.read("deflate", || Ok(DeflateDecoder::new(input))),
        Encoding::Zstd => bounded.read("zstd", || zstd_reader(input)),
        Encoding::Snappy => bounded.read_snappy(input),
    }
}

fn zstd_reader<R: BufRead>(input: R) -> Result<impl Read, ReceiveError> {
    let mut reader = zstd::stream::read::Decoder::with_buffer(input).map_err(|e| broken("zstd", &e))?;
    reader.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|e| broken("zstd", &e))?;
    Ok(reader)
}

/// `deflate` means zlib (RFC 9110), but some clients send the raw stream.
fn has_zlib_header(input: &[u8]) -> bool {
    matches!(input, [cmf, flags, ..] if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flags)) % 31 == 0)
}

fn broken(name: &str, error: &std::io::Error) -> ReceiveError {
    ReceiveError::Malformed(format!("the {name} body cannot be unpacked: {error}"))
}

/// Bytes a snappy block unpacks to, which it says first. Nothing is allocated for one that cannot
/// hold so much.
pub(crate) fn snappy_len(input: &[u8]) -> Result<usize, ReceiveError> {
    if input.starts_with(SNAPPY_FRAMES) {
        return Err(broken_snappy("it has frames; send the block format"));
    }
    let total = snap::raw::decompress_len(input).map_err(|e| broken_snappy(&e.to_string()))?;
    if total > input.len().saturating_mul(SNAPPY_RATIO_MAX) {
        return Err(broken_snappy("it announces more than it can hold"));
    }
    Ok(total)
}

/// Unpacks a snappy block of a length by [`snappy_len`].
pub(crate) fn snappy_block(input: &[u8], total: usize) -> Result<Vec<u8>, ReceiveError> {
    let mut out = vec![0; total];
    let written = snap::raw::Decoder::new().decompress(input, &mut out).map_err(|e| broken_snappy(&e.to_string()))?;
    out.truncate(written);
    Ok(out)
}

fn broken_snappy(reason: &str) -> ReceiveError {
    ReceiveError::Malformed(format!("the snappy body cannot be unpacked: {reason}"))
}

struct Bounded<'a> {
    limits: &'a BodyLimits,
    share: &'a mut Reservation,
    input_bytes: usize,
}

impl Bounded<'_> {
    fn read<R: Read>(self, name: &str, open: impl Fn() -> Result<R, ReceiveError>) -> Result<Vec<u8>, ReceiveError> {
        let max = self.limits.decompressed_bytes_max;
        let mut reader = open()?;
        let mut out = Vec::new();
        let mut filled = 0;
        let mut next = (self.input_bytes * 4).clamp(4096, max.saturating_add(1).max(4096));
        loop {
            if filled == out.len() {
                if filled >= MEASURE_FROM_BYTES {
                    let total = self.measure(name, reader, filled)?;
                    drop(out);
                    return self.read_exact(name, open()?, total);
                }
                self.share.grow_to(self.input_bytes + next)?;
                out.resize(next, 0);
                next = (next * 2).min(max + 1).max(next);
            }
            let n = reader.read(&mut out[filled..]).map_err(|e| broken(name, &e))?;
            if n == 0 {
                break;
            }
            filled += n;
            self.check(filled)?;
        }
        out.truncate(filled);
        Ok(out)
    }

    fn read_snappy(self, input: &[u8]) -> Result<Vec<u8>, ReceiveError> {
        let total = snappy_len(input)?;
        self.check(total)?;
        self.share.grow_to(self.input_bytes + total)?;
        snappy_block(input, total)
    }

    /// Counts what is left, and holds none of it: a bomb is found out before memory is spent on it.
    fn measure(&self, name: &str, mut reader: impl Read, filled: usize) -> Result<usize, ReceiveError> {
        let mut scratch = [0; 16 * 1024];
        let mut total = filled;
        loop {
            match reader.read(&mut scratch).map_err(|e| broken(name, &e))? {
                0 => return Ok(total),
                n => total += n,
            }
            self.check(total)?;
        }
    }

    fn read_exact(self, name: &str, mut reader: impl Read, total: usize) -> Result<Vec<u8>, ReceiveError> {
        self.share.grow_to(self.input_bytes + total)?;
        let mut out = vec![0; total];
        reader.read_exact(&mut out).map_err(|e| broken(name, &e))?;
        Ok(out)
    }

    fn check(&self, filled: usize) -> Result<(), ReceiveError> {
        let max = self.limits.decompressed_bytes_max;
        if filled > max {
            return Err(ReceiveError::DecompressedTooLarge { what: "the unpacked body", max });
        }
        let ratio = self.limits.decompression_ratio_max;
        if filled > RATIO_FROM_BYTES && filled / self.input_bytes.max(1) > ratio {
            return Err(ReceiveError::CompressionBomb { ratio });
        }
        Ok(())
    }
}
