use super::*;

fn patterns<'a>(max: usize, records: &'a [(Option<&'a str>, i32, i64, String)]) -> Vec<(Option<&'a str>, i32, String, i64, i64)> {
    let mut out = Patterns::new(max);
    for (service, severity, time, body) in records {
        let next = out.services.len() as u32;
        let number = out.services.entry(*service).or_insert((next, 0)).0;
        out.count(body, *time, band(*severity), number, *service);
    }
    let columns = out.columns();
    let text = |at: usize, row: usize| columns[at].as_string::<i32>().value(row).to_owned();
    let (times, counts) =
        (columns[0].as_primitive::<TimestampNanosecondType>(), columns[5].as_primitive::<arrow::datatypes::Int64Type>());
    (0..columns[0].len())
        .map(|row| {
            let service =
                records.iter().map(|record| record.0).find(|s| *s == columns[1].is_valid(row).then(|| text(1, row)).as_deref());
            let severity = columns[2].as_primitive::<Int32Type>().value(row);
            (service.flatten(), severity, text(4, row), times.value(row) / 60_000_000_000, counts.value(row))
        })
        .collect()
}

fn record(service: Option<&str>, severity: i32, minute: i64, body: impl Into<String>) -> (Option<&str>, i32, i64, String) {
    (service, severity, minute * 60_000_000_000 + 7, body.into())
}

#[test]
fn records_are_counted_by_pattern_service_severity_and_minute() {
    let records = [
        record(Some("cart"), 9, 5, "took 5 ms"),
        record(Some("cart"), 10, 5, "took 17 ms"),
        record(Some("cart"), 17, 5, "took 900 ms"),
        record(Some("cart"), 9, 6, "took 1 ms"),
        record(None, 0, 5, "took 1 ms"),
        record(Some("mail"), 9, 5, "sent"),
    ];
    let took = || "took <num> ms".to_owned();
    let expected = [
        (None, 0, took(), 5, 1),
        (Some("cart"), 9, took(), 5, 2),
        (Some("cart"), 17, took(), 5, 1),
        (Some("cart"), 9, took(), 6, 1),
        (Some("mail"), 9, "sent".to_owned(), 5, 1),
    ];
    assert_eq!(patterns(100, &records), expected);
}

#[test]
fn patterns_beyond_the_bound_are_counted_together() {
    let word = |n: u8| char::from(b'a' + n).to_string();
    let records: Vec<_> = (0..10).map(|n| record(Some("a"), 9, 1, word(n))).chain([record(Some("b"), 9, 1, "x")]).collect();
    let found = patterns(3, &records);
    let texts: Vec<_> = found.iter().map(|row| (row.0, row.2.as_str(), row.4)).collect();
    assert_eq!(
        texts,
        [(Some("a"), "a", 1), (Some("a"), "b", 1), (Some("a"), "c", 1), (Some("a"), OTHER, 7), (Some("b"), "x", 1)]
    );
}

#[test]
fn words_that_vary_much_are_masked() {
    let name = |n: u8| format!("{}{}", char::from(b'a' + n % 26), char::from(b'a' + n / 26));
    let mut records: Vec<_> = (0..60).map(|n| record(Some("a"), 9, 1, format!("user {} logged in", name(n)))).collect();
    records.extend((0..5).map(|n| record(Some("a"), 9, 1, format!("topic {} is empty", name(n)))));
    // Few words at each of two places, but many pairs of them.
    records.extend((0..64).map(|n| record(Some("a"), 9, 1, format!("moved {} {} away", name(n % 8), name(n / 8)))));
    records.extend((0..30).map(|n| record(Some("a"), 9, 1, format!("{{\"path\":\"/{}\",\"done\":true}}", name(n)))));
    records
        .extend((0..30).map(|n| record(Some("a"), 9, 1, format!("{{\"msg\":\"job done\",\"path\":\"/{}\",\"n\":1}}", name(n)))));
    let found = patterns(1000, &records);
    assert_eq!(found.len(), 6 + 8 + 30 + 1);
    assert!(found.contains(&(Some("a"), 9, "{\"msg\":\"job done\",\"path\":<*>,\"n\":<num>}".to_owned(), 1, 30)));
    assert!(found.contains(&(Some("a"), 9, "moved <*> ba away".to_owned(), 1, 8)));
    assert!(found.contains(&(Some("a"), 9, "user <*> logged in".to_owned(), 1, 60)));
    assert!(found.contains(&(Some("a"), 9, "topic aa is empty".to_owned(), 1, 1)));
}
