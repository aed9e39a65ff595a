use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use proptest::prelude::*;

use super::*;

fn index_of<'b>(bodies: impl IntoIterator<Item = Option<&'b str>>) -> Vec<u8> {
    let bodies: Vec<_> = bodies.into_iter().collect();
    let mut builder = TokenIndexBuilder::new();
    // Parts as a merge brings them.
    for part in bodies.chunks(1000) {
        let part: ArrayRef = Arc::new(StringArray::from(part.to_vec()));
        builder.push(&part).unwrap();
    }
    builder.finish().unwrap_or_default()
}

fn find(index: &[u8], filter: &BodyFilter) -> Vec<Range<u64>> {
    let read = TokenIndex::decode(index, index.len() as u64).unwrap();
    let filters = &index[read.filters().start as usize..];
    read.check_filters(filters).unwrap();
    let found = read.find(filter, filters);
    if !read.needs_filters(filter) {
        assert_eq!(read.find(filter, &[]), found, "filters were not needed for {filter:?}");
    }
    found
}

fn text(text: &str) -> BodyFilter {
    BodyFilter::Text(Needle::anywhere(text, false))
}

/// A body per row; in each block of 4096 rows one that says which block it is.
fn bodies() -> Vec<String> {
    const MARKS: [&str; 4] = ["Zanzibar quartz", "timeout9 in 00f067aa0ba902b7", "state=a3ce929d0e0e4736", "ends with vermilion"];
    let body = |row: usize| match row % 4096 {
        100 => MARKS[row / 4096 % 4].to_owned(),
        n => format!("GET /items/{n} took {}ms trace={:016x}", n % 90, row as u64 * 0x9e37_79b9_7f4a_7c15),
    };
    (0..4 * 4096 + 10).map(body).collect()
}

#[test]
fn texts_are_found_where_they_are() {
    let bodies = bodies();
    let index = index_of(bodies.iter().map(|b| Some(b.as_str())));
    let block = |n: u64| n * 4096..(n + 1) * 4096;
    let all = 0..bodies.len() as u64;
    let nothing: [Range<u64>; 0] = [];
    let id = format!("{:016x}", 5000u64.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let cases: Vec<(BodyFilter, Vec<Range<u64>>)> = vec![
        (text("zanzibar"), vec![block(0)]),
        (text("ANZIBA"), vec![block(0)]),
        (text("Zanzibar quartz"), vec![block(0)]),
        (text("quartz Zanzibar"), vec![block(0)]),
        (text("zanzibar vermilion"), nothing.to_vec()),
        (text("vermilionx"), nothing.to_vec()),
        (text("state=a3"), vec![block(2)]),
        // A part of a word may stand in an id.
        (text("timeout"), vec![all.clone()]),
        (text("zz"), vec![all.clone()]),
        (text("=zz"), vec![all.clone()]),
        (text("=zz "), nothing.to_vec()),
        // Ids share the filter of 32,768 rows.
        (text(&format!("trace={id}")), vec![all.clone()]),
        (text("trace=ffffffffffffffff"), nothing.to_vec()),
        (text("ffffffffffffffff0"), nothing.to_vec()),
        (text("fffffffffffffff0"), nothing.to_vec()),
        // A part of an id is in no filter, and neither is a short one.
        (text("ffffffffffffff0"), vec![all.clone()]),
        (text(" 99ms "), vec![all.clone()]),
        (BodyFilter::Anything, vec![all.clone()]),
        (text("!"), vec![all.clone()]),
        (BodyFilter::All(vec![text("zanzibar"), text("vermilion")]), nothing.to_vec()),
        (BodyFilter::Any(vec![text("zanzibar"), text("vermilion")]), vec![block(0), block(3)]),
        (BodyFilter::Any(vec![text("zanzibar"), BodyFilter::Anything]), vec![all.clone()]),
        (BodyFilter::All(vec![text("zanzibar"), BodyFilter::Anything]), vec![block(0)]),
        (BodyFilter::Text(Needle { at_start: true, ..Needle::anywhere("quart", false) }), vec![block(0)]),
        (BodyFilter::Text(Needle { at_start: true, at_end: true, ..Needle::anywhere("quart", false) }), nothing.to_vec()),
        (BodyFilter::Text(Needle::anywhere("ÉTÉ", false)), nothing.to_vec()),
        (BodyFilter::Text(Needle::anywhere("ÉTÉ", true)), vec![all.clone()]),
    ];
    for (filter, expected) in cases {
        assert_eq!(find(&index, &filter), expected, "{filter:?}");
    }
}

#[test]
fn filters_that_leave_nothing_out_are_told() {
    let cases = [
        (text("error"), true),
        (text("!"), false),
        (BodyFilter::Anything, false),
        (BodyFilter::Any(vec![text("error"), BodyFilter::Anything]), false),
        (BodyFilter::All(vec![text("error"), BodyFilter::Anything]), true),
        (BodyFilter::Text(Needle::anywhere("é", true)), false),
    ];
    for (filter, expected) in cases {
        assert_eq!(filter.is_selective(), expected, "{filter:?}");
    }
}

#[test]
fn more_words_than_are_listed_are_found_as_well() {
    let word = |mut n: usize| {
        let mut out = String::from("w");
        for _ in 0..4 {
            out.push(char::from(b'a' + (n % 26) as u8));
            n /= 26;
        }
        out
    };
    let bodies: Vec<_> = (0..WORDS_MAX + 3000).map(word).collect();
    let index = index_of(bodies.iter().map(|b| Some(b.as_str())));
    for (row, body) in bodies.iter().enumerate().step_by(37) {
        for needle in [body.as_str(), &body[1..], &body[..4]] {
            let found = find(&index, &text(needle));
            assert!(found.iter().any(|rows| rows.contains(&(row as u64))), "{needle} of row {row}");
        }
    }
    let whole = BodyFilter::Text(Needle { text: "nowhere".into(), at_start: true, at_end: true, ignores_case: false });
    assert_eq!(find(&index, &whole), [] as [Range<u64>; 0]);
}

#[test]
fn damage_is_told() {
    let bodies = bodies();
    let index = index_of(bodies.iter().map(|b| Some(b.as_str())));
    let length = index.len() as u64;
    let size = TokenIndex::head_bytes(&index).unwrap();
    assert!(TokenIndex::decode(&index[..size], length).is_ok());
    assert!(TokenIndex::decode(&index[..size - 1], length).is_err());
    assert!(TokenIndex::decode(&index, length - 1).is_err());
    for at in (0..size).step_by(7) {
        let mut damaged = index.clone();
        damaged[at] ^= 0x10;
        assert!(TokenIndex::decode(&damaged, length).is_err(), "byte {at}");
    }
    let read = TokenIndex::decode(&index, length).unwrap();
    let mut filters = index[size..].to_vec();
    filters[3] ^= 1;
    assert!(read.check_filters(&filters).is_err());
    assert!(read.check_filters(&filters[1..]).is_err());
}

/// Bodies of few tokens, so that needles meet them.
fn body() -> impl Strategy<Value = String> {
    let token =
        prop_oneof!["[a-cA-C]{1,3}", "[a-c0-2]{4,9}", "[kKsS\u{212a}ſİ]{1,3}", "[éÉßa]{1,3}", "[a-f0-9]{62,66}", "[ab]{63,66}",];
    prop::collection::vec((token, "[ .=\n\"-]{1,2}"), 0..6).prop_map(|parts| {
        let mut out: String = parts.into_iter().map(|(token, space)| token + &space).collect();
        if out.len().is_multiple_of(2) {
            out.pop();
        }
        out
    })
}

proptest! {
    /// Whatever part of a body is asked for, in whatever case, the body's row is among those found.
    #[test]
    fn no_row_is_missed(bodies in prop::collection::vec(prop::option::weighted(0.9, body()), 1..30), row: prop::sample::Index,
                        from: prop::sample::Index, to: prop::sample::Index, change_case: bool, bound: bool) {
        let index = index_of(bodies.iter().map(|b| b.as_deref()));
        let row = row.index(bodies.len());
        prop_assume!(bodies[row].is_some());
        let body = bodies[row].clone().unwrap_or_default();
        let chars: Vec<char> = body.chars().collect();
        let (a, b) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
        let (start, end) = (a.min(b), a.max(b));
        let mut part: String = chars[start..end].iter().collect();
        if change_case {
            part = if start % 2 == 0 { part.to_lowercase() } else { part.to_ascii_uppercase() };
        }
        let needle = Needle { text: part, at_start: bound && start == 0, at_end: bound && end == chars.len(), ignores_case: change_case };
        let found = find(&index, &BodyFilter::Text(needle.clone()));
        prop_assert!(found.iter().any(|rows| rows.contains(&(row as u64))), "{needle:?} in {body:?}: {found:?}");
    }

    /// Any bytes are read or refused.
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), mark: bool) {
        if mark && bytes.len() > 12 {
            bytes[..8].copy_from_slice(MAGIC);
            bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        }
        let _ = TokenIndex::decode(&bytes, bytes.len() as u64);
    }
}
