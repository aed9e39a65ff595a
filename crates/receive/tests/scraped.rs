//! Rows of a scrape: what cannot be kept leaves nothing behind.
#![allow(clippy::unwrap_used, missing_docs)]

use arrow::array::AsArray as _;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::prometheus::exposition::{Exemplar, Label, NativeHistogram, NativeSpan, SampleValue};
use luneta_receive::prometheus::scraped::{ScrapedRows, ScrapedSeries};

/// Exemplars whose label has so many bytes each.
fn exemplars(bytes: &[usize]) -> Vec<Exemplar<'static>> {
    let label = |bytes: usize| Label { name: "user".into(), value: "x".repeat(bytes).into() };
    bytes.iter().map(|bytes| Exemplar { labels: vec![label(*bytes)], value: 1.0, time_ms: None }).collect()
}

fn histogram(length: u32) -> SampleValue {
    SampleValue::Histogram(Box::new(NativeHistogram {
        positive_spans: vec![NativeSpan { offset: 0, length }],
        positive_counts: vec![0.5; length as usize],
        is_float: true,
        ..NativeHistogram::default()
    }))
}

#[test]
fn exemplars_go_with_the_sample_they_came_with() {
    // Bytes of exemplars and the value of the sample that is too large, by one part or another.
    let number = || SampleValue::Number(1.0);
    let cases = [(vec![3000], number()), (vec![10, 3000], number()), (vec![10], histogram(1000))];
    for (bytes, value) in cases {
        let options = DecodeOptions { expanded_bytes_max: 2000, ..DecodeOptions::at(0) };
        let mut rows = ScrapedRows::new(&options);
        let mut push = |name: &str, value: &SampleValue, exemplars: &[Exemplar<'_>]| {
            rows.push(&[("__name__", name), ("job", "j")], &ScrapedSeries::default(), 1, None, value, exemplars)
        };
        let refused = push("large", &value, &exemplars(&bytes)).unwrap_err();
        assert!(refused.contains("what the request stands for"), "{refused}");
        push("small", &number(), &[]).unwrap();
        push("other", &number(), &exemplars(&[5])).unwrap();
        let batch = rows.finish(Tenant::default()).unwrap();
        let found: Vec<usize> = batch.rows["exemplars"].as_list::<i32>().iter().map(|list| list.unwrap().len()).collect();
        assert_eq!(found, [0, 1], "{bytes:?}");
    }
}
