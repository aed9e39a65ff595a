//! Laws of the trace index: it names every block that holds a row of a trace, and damage is noticed.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::FixedSizeBinaryBuilder;
use proptest::prelude::*;

use super::*;

const GRAINS: [Grain; 2] = [Grain::FINE, Grain::COARSE];

fn build(grain: Grain, ids: &[Option<Id>], rows_at_once: usize) -> Vec<u8> {
    let mut builder = TraceIndexBuilder::new(grain);
    for part in ids.chunks(rows_at_once) {
        let mut array = FixedSizeBinaryBuilder::new(16);
        for id in part {
            match id {
                Some(id) => array.append_value(id).unwrap(),
                None => array.append_null(),
            }
        }
        builder.push(&(Arc::new(array.finish()) as ArrayRef));
    }
    builder.finish().unwrap()
}

/// The rows found for an id, as a reader of a file goes about it.
fn find(index: &[u8], id: &Id) -> Result<Vec<Range<u64>>, Damage> {
    let directory = TraceDirectory::decode(index, index.len() as u64)?;
    let bucket = directory.bucket(id);
    let mut found = Vec::new();
    directory.find(id, &index[bucket.start as usize..bucket.end as usize], &mut found)?;
    Ok(found)
}

fn rows_by_id(ids: &[Option<Id>]) -> HashMap<Id, Vec<u64>> {
    let mut rows: HashMap<Id, Vec<u64>> = HashMap::new();
    for (row, id) in ids.iter().enumerate() {
        if let Some(id) = id {
            rows.entry(*id).or_default().push(row as u64);
        }
    }
    rows
}

fn check(ids: &[Option<Id>], rows_at_once: usize) {
    for grain in GRAINS {
        check_grain(grain, ids, rows_at_once);
    }
}

fn check_grain(grain: Grain, ids: &[Option<Id>], rows_at_once: usize) {
    let index = build(grain, ids, rows_at_once);
    assert_eq!(TraceDirectory::decode(&index, index.len() as u64).unwrap().rows, ids.len() as u64);
    for (id, rows) in rows_by_id(ids) {
        let found = find(&index, &id).unwrap();
        assert!(found.iter().all(|r| r.end <= ids.len() as u64), "{found:?}");
        if grain.is_exact() {
            assert!(found.iter().map(|r| r.start).eq(rows.iter().copied()), "{found:?} instead of {rows:?}");
        }
        for row in rows {
            assert!(found.iter().any(|r| r.contains(&row)), "row {row} of {id:02x?} is not in {found:?}");
        }
    }
}

fn counted(n: u64) -> Id {
    u128::from(n).to_be_bytes()
}

proptest! {
    #[test]
    fn every_row_is_in_the_blocks_found(
        numbers in prop::collection::vec(prop::option::of(0u64..200), 0..3000),
        random in prop::collection::vec(any::<Id>(), 0..50),
        rows_at_once in 1usize..1000,
    ) {
        let counted = numbers.iter().map(|n| n.map(counted));
        let ids: Vec<_> = counted.chain(random.into_iter().map(Some)).collect();
        check(&ids, rows_at_once);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), id in any::<Id>()) {
        let _ = find(&bytes, &id);
        for grain in GRAINS {
            // The same behind a good start.
            let mut index = build(grain, &[Some(id)], 1);
            index.truncate(HEADER_BYTES);
            index.extend(&bytes);
            let _ = find(&index, &id);
            let directory = TraceDirectory { rows: 1 << 40, grain, bits: 3, starts: vec![0; 9] };
            let mut bucket = crc32fast::hash(&bytes).to_le_bytes().to_vec();
            bucket.extend(&bytes);
            let _ = directory.find(&id, &bucket, &mut Vec::new());
        }
    }
}

#[test]
fn sizes() {
    for (name, ids) in [
        ("no row", vec![]),
        ("no trace", vec![None; 300]),
        ("one trace", vec![Some([7; 16]); 1000]),
        ("a full block", (0..256).map(|n| Some(counted(n))).collect()),
        ("many buckets", (0..20_000).map(|n| Some(counted(n % 7000))).collect()),
        ("zero and all ones", vec![Some([0; 16]), Some([255; 16])]),
    ] {
        check(&ids, 8192);
        let traces = rows_by_id(&ids).len();
        for (grain, trace_bytes) in [(Grain::COARSE, 8), (Grain::FINE, 22)] {
            let index = build(grain, &ids, 8192);
            let most = 64 + traces * trace_bytes + ids.len() * 2;
            assert!(index.len() <= most, "{name}: {} bytes for {traces} traces with {grain:?}", index.len());
        }
    }
}

#[test]
fn few_blocks_are_found_in_vain() {
    let ids: Vec<_> = (0..50_000).map(|n| Some(counted(n))).collect();
    let index = build(Grain::COARSE, &ids, 8192);
    let blocks = |from, to| (from..to).map(|n| find(&index, &counted(n)).unwrap().len()).sum::<usize>();
    assert!((50_000..50_300).contains(&blocks(0, 50_000)), "{}", blocks(0, 50_000));
    assert!(blocks(50_000, 100_000) < 200, "{}", blocks(50_000, 100_000));
}

#[test]
fn damage_is_noticed() {
    let ids: Vec<_> = (0..1000).map(|n| Some(counted(n % 300))).collect();
    for grain in GRAINS {
        damage(&build(grain, &ids, 1000));
    }
}

fn damage(index: &[u8]) {
    for length in 0..index.len() {
        let cut = &index[..length];
        let outcome = TraceDirectory::decode(cut, cut.len() as u64);
        assert!(outcome.is_err(), "cut to {length} bytes");
    }
    for at in 0..index.len() {
        let mut bad = index.to_vec();
        bad[at] ^= 0x10;
        let noticed = (0..300).any(|n| find(&bad, &counted(n)).is_err());
        let same = (0..300).all(|n| find(&bad, &counted(n)).is_err() || find(&bad, &counted(n)) == find(index, &counted(n)));
        assert!(noticed && same, "byte {at}");
    }
}
