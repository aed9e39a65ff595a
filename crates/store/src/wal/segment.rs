//! Segment files: names, header, and the frame around every record.
//!
//! ```text
//! segment = "LUNETAWL" version:u32 number:u64 record*
//! record  = mark:u32 length:u32 crc32(payload):u32 payload        (little endian)
//! ```

use std::path::{Path, PathBuf};

/// Version of the segment format written.
pub(super) const VERSION: u32 = 2;
/// Versions of which every record reads as one of today's.
const VERSION_MIN: u32 = 1;
/// Bytes of the segment header.
pub(super) const HEADER_LEN: usize = 20;
/// Bytes in front of a payload.
pub(super) const FRAME_LEN: usize = 12;

const MAGIC: &[u8; 8] = b"LUNETAWL";
/// Begins every record, so that reading can go on behind a damaged one.
const MARK: [u8; 4] = *b"\xF5LuR";

/// The file of segment `number`.
pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.wal"))
}

/// The number in a segment's file name.
pub(super) fn number(path: &Path) -> Option<u64> {
    if path.extension()? != "wal" {
        return None;
    }
    path.file_stem()?.to_str()?.parse().ok()
}

/// The first bytes of segment `number`.
pub(super) fn header(number: u64) -> [u8; HEADER_LEN] {
    let mut out = [0; HEADER_LEN];
    out[..8].copy_from_slice(MAGIC);
    out[8..12].copy_from_slice(&VERSION.to_le_bytes());
    out[12..].copy_from_slice(&number.to_le_bytes());
    out
}

/// What the first [`HEADER_LEN`] bytes of a segment say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// As this program writes them.
    Good,
    /// Not as they were written. The records behind have marks and checksums of their own.
    Damaged,
    /// Whole, and of a version whose records this program may not understand.
    Newer(u32),
}

/// Reads the header of segment `number`.
pub(super) fn read_header(bytes: &[u8], number: u64) -> Header {
    let version = bytes.starts_with(MAGIC).then(|| u32_at(bytes, 8));
    match version {
        Some(version) if version > VERSION => Header::Newer(version),
        Some(version) if version >= VERSION_MIN && bytes[12..].starts_with(&number.to_le_bytes()) => Header::Good,
        _ => Header::Damaged,
    }
}

/// Fills in the frame at the start of `record`, whose payload begins at [`FRAME_LEN`].
pub(super) fn seal(record: &mut [u8]) {
    let (frame, payload) = record.split_at_mut(FRAME_LEN);
    frame[..4].copy_from_slice(&MARK);
    frame[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    frame[8..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
}

/// What stands at a position of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole record; the next one begins at `next`.
    Record {
        /// Its payload.
        payload: &'a [u8],
        /// Where the next record begins.
        next: usize,
    },
    /// Nothing more.
    End,
    /// No readable record; the next readable one begins at `resume`, if there is any.
    Damage {
        /// Where reading can go on.
        resume: Option<usize>,
    },
}

/// Reads the record at `at`.
pub(super) fn read_at(bytes: &[u8], at: usize) -> Found<'_> {
    if at >= bytes.len() {
        return Found::End;
    }
    match whole_record(bytes, at) {
        Some((payload, next)) => Found::Record { payload, next },
        None => Found::Damage { resume: next_record(bytes, at + 1) },
    }
}

fn whole_record(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let frame = bytes.get(at..at + FRAME_LEN)?;
    if frame[..4] != MARK {
        return None;
    }
    let start = at + FRAME_LEN;
    let end = start.checked_add(u32_at(frame, 4) as usize)?;
    let payload = bytes.get(start..end)?;
    (crc32fast::hash(payload) == u32_at(frame, 8)).then_some((payload, end))
}

fn next_record(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + FRAME_LEN <= bytes.len() {
        let step = bytes[at..].iter().position(|b| *b == MARK[0])?;
        at += step;
        if whole_record(bytes, at).is_some() {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The little-endian number at `at`; callers have checked the length.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}
