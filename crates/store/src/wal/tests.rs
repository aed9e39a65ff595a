//! The log gives back what it took, whatever happened to its end.

use std::fs;
use std::path::Path;

use luneta_model::Batch;
use tokio::sync::oneshot;

use super::replay::{Replayed, read_segment};
use super::segment::{self, HEADER_LEN};
use super::{Append, Encoder, Wal, replay};
use crate::store::tests::spans;

fn write(dir: &Path, batches: &[Batch]) {
    fs::create_dir_all(dir).unwrap();
    let wal = Wal::start(dir, 1, Vec::new(), u64::MAX).unwrap();
    let encoder = Encoder::default();
    for batch in batches {
        let (done, written) = oneshot::channel();
        wal.append(Append { encoded: encoder.encode(batch).unwrap(), publish: Box::new(|| ()), done }).unwrap();
        written.blocking_recv().unwrap().unwrap();
    }
}

fn same(read: &[Batch], written: &[Batch]) -> bool {
    read.len() == written.len()
        && read
            .iter()
            .zip(written)
            .all(|(a, b)| a.rows == b.rows && a.origins == b.origins && a.tenant == b.tenant && a.signal == b.signal)
}

#[test]
fn a_segment_cut_anywhere_gives_back_every_whole_record() {
    let dir = tempfile::tempdir().unwrap();
    let batches = vec![spans("default", 0, 3), spans("Acme", 3, 1), spans("default", 4, 2)];
    write(dir.path(), &batches);
    let path = segment::path(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    // Where the records of each batch end, from the frames.
    let mut ends = Vec::new();
    let mut at = HEADER_LEN;
    while let segment::Found::Record { payload, next } = segment::read_at(&whole, at) {
        if payload[0] == 2 {
            ends.push(next);
        }
        at = next;
    }
    assert_eq!((ends.len(), at), (3, whole.len()));
    for len in 0..=whole.len() {
        let mut read = Replayed::default();
        let good = read_segment(&path, 1, &whole[..len], &mut read).unwrap();
        let kept = ends.iter().filter(|end| **end <= len).count();
        assert!(same(&read.batches, &batches[..kept]), "cut at {len}");
        assert!(good == len || read.warnings.len() == 1, "cut at {len}: {:?}", read.warnings);
    }
    fs::write(&path, &whole[..ends[1] + 5]).unwrap();
    let read = replay(dir.path(), 0).unwrap();
    assert!(same(&read.batches, &batches[..2]));
    assert_eq!((read.warnings.len(), read.next_number), (1, 2));
    assert!(replay(dir.path(), 0).unwrap().warnings.is_empty(), "the torn tail is cut off once");
}

#[test]
fn damage_inside_a_segment_costs_only_the_damaged_record() {
    let dir = tempfile::tempdir().unwrap();
    let batches = vec![spans("default", 0, 3), spans("default", 3, 3), spans("default", 6, 3)];
    write(dir.path(), &batches);
    let path = segment::path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 0x40;
    fs::write(&path, &bytes).unwrap();
    let read = replay(dir.path(), 0).unwrap();
    assert!(!read.warnings.is_empty());
    assert!(read.batches.iter().any(|b| b.rows == batches[2].rows), "the last record is whole");
}

#[test]
fn segments_behind_the_catalog_are_deleted_and_numbers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[spans("default", 0, 3)]);
    let read = replay(dir.path(), 1).unwrap();
    assert!(read.batches.is_empty() && read.segments.is_empty());
    assert_eq!(read.next_number, 2);
    assert!(!segment::path(dir.path(), 1).exists());
}

#[test]
fn a_damaged_header_costs_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let batches = vec![spans("default", 0, 3), spans("Acme", 3, 1)];
    write(dir.path(), &batches);
    let path = segment::path(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    // The bytes of the version are left out: another version is refused.
    for place in (0..8).chain(12..HEADER_LEN) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        fs::write(&path, &bytes).unwrap();
        let read = replay(dir.path(), 0).unwrap();
        assert!(same(&read.batches, &batches), "byte {place} flipped");
        assert!(matches!(read.warnings.as_slice(), [w] if w.contains("header")), "byte {place}: {:?}", read.warnings);
    }
    let mut bytes = whole;
    bytes[..HEADER_LEN].fill(0);
    fs::write(&path, &bytes).unwrap();
    assert!(same(&replay(dir.path(), 0).unwrap().batches, &batches), "a header of zeros");
}

#[test]
fn a_newer_format_is_refused_not_dropped() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[spans("default", 0, 3)]);
    let path = segment::path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 99;
    fs::write(&path, &bytes).unwrap();
    assert!(replay(dir.path(), 0).unwrap_err().to_string().contains("version 99"));
}
