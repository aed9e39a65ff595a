//! Traces and requests, and what becomes of them.

use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::Value;

use super::model::Link;
use super::{convert, reply, search};
use crate::names::{Calls, Window};
use crate::parameters::Parameters;

/// Nanoseconds of "now" in these tests.
const NOW: i64 = 1_700_000_000_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

fn shop() -> TracesData {
    serde_json::from_str(include_str!("fixtures/shop.otlp.json")).expect("OTLP")
}

#[test]
fn traces_become_zipkins() {
    let answer: Value = serde_json::from_slice(&reply::written(&convert::trace(&shop().resource_spans))).expect("JSON");
    let expected: Value = serde_json::from_str(include_str!("fixtures/shop.json")).expect("JSON");
    assert!(answer == expected, "got\n{answer:#}");
    let mut turned = shop();
    turned.resource_spans.reverse();
    assert_eq!(reply::written(&convert::trace(&turned.resource_spans)), reply::written(&convert::trace(&shop().resource_spans)));
}

#[test]
fn parameters_become_a_search() {
    let shop = r#"(resource.service.name = "Shop" || resource.service.name = "shop")"#;
    let day = Window { start_ns: NOW - 24 * HOUR, end_ns: NOW + 999_999 };
    let cases = [
        ("serviceName=SHOP", format!("{{ {shop} }}"), day, 10),
        ("serviceName=shop&spanName=all&limit=5000", format!("{{ {shop} }}"), day, 1000),
        (
            "serviceName=shop&spanName=GET%20%2Fcart&minDuration=100&endTs=2000&lookback=500",
            format!("{{ {shop} && name =~ \"(?i)^(?:get \\\\/cart)$\" }} && {{ {shop} && duration >= 100us }}"),
            Window { start_ns: 1_500_000_000, end_ns: 2_000_999_999 },
            10,
        ),
        (
            "serviceName=shop&minDuration=100&maxDuration=200",
            format!("{{ {shop} && duration >= 100us && duration <= 200999ns }}"),
            day,
            10,
        ),
        (
            "serviceName=shop&remoteServiceName=DB",
            format!(
                "{{ {shop} && (span.peer.service =~ \"(?i)^(?:db)$\" || span.server.address =~ \"(?i)^(?:db)$\" \
                 || span.net.peer.name =~ \"(?i)^(?:db)$\") }}"
            ),
            day,
            10,
        ),
    ];
    let spellings = ["Shop".to_owned(), "shop".to_owned()];
    for (query, text, window, limit) in cases {
        let wanted = search::wanted(&Parameters::of(query), NOW).expect(query);
        assert_eq!((wanted.service.as_deref(), wanted.window), (Some("shop"), window), "{query}");
        let search = wanted.search(&spellings);
        luneta_query::traceql::parse(&search.query).expect(query);
        assert_eq!((search.query, search.limit), (text, limit), "{query}");
        assert_eq!((search.start_ns, search.end_ns), (window.start_ns, window.end_ns), "{query}");
    }
    let nothing = search::wanted(&Parameters::of(""), NOW).expect("all traces");
    assert_eq!((nothing.service.as_deref(), nothing.search(&[]).query.as_str()), (None, "{}"));
}

#[test]
fn annotation_queries_are_conditions() {
    let conditions = |text: &str| {
        let query = format!("annotationQuery={}", text.replace(' ', "+").replace('&', "%26"));
        search::wanted(&Parameters::of(&query), NOW).map(|wanted| wanted.conditions)
    };
    let there = |key: &str| crate::conditions::tag_or_event_is_there(key);
    let is = |key: &str, value: &str| crate::conditions::tag_is(key, value);
    let cases = [
        ("error and http.method=GET", vec![there("error"), is("http.method", "GET")]),
        ("cache miss", vec![there("cache miss")]),
        (" a = b=c ", vec![is("a", "b=c")]),
        ("a=1 and a=2 and a", vec![is("a", "2")]),
        ("a and a=2", vec![is("a", "2")]),
        ("a=", vec![there("a")]),
        ("=x and ", vec![]),
    ];
    for (text, expected) in cases {
        assert_eq!(conditions(text), Ok(expected), "{text}");
    }
    let many = |count: usize| (0..count).map(|n| format!("error{n}=1")).collect::<Vec<_>>().join(" and ");
    let most = search::wanted(&Parameters::of(&format!("annotationQuery={}", many(32).replace(' ', "+"))), NOW).expect("most");
    let spellings = ["a", "b", "c", "d"].map(str::to_owned);
    luneta_query::traceql::parse(&most.search(&spellings).query).expect("the largest query is still one");
    assert_eq!(conditions(&many(33)), Err("annotationQuery may have 32 conditions, not 33".to_owned()));
}

#[test]
fn wrong_parameters_are_named() {
    for (query, message) in [
        ("endTs=0", "endTs <= 0"),
        ("limit=0", "limit <= 0"),
        ("lookback=-1", "lookback <= 0"),
        ("minDuration=0", "minDuration <= 0"),
        ("maxDuration=5", "maxDuration is only valid with minDuration"),
        ("minDuration=6&maxDuration=5", "maxDuration < minDuration"),
        ("limit=ten", "limit is not a whole number: ten"),
        ("minDuration=1ms", "minDuration is not a whole number: 1ms"),
    ] {
        assert_eq!(search::wanted(&Parameters::of(query), NOW), Err(message.to_owned()), "{query}");
    }
}

#[test]
fn ids_are_read() {
    let long = "0".repeat(33);
    for (text, expected) in [
        ("abc", Ok(0xabc)),
        ("0000000000000000000000000000abcd", Ok(0xabcd)),
        ("", Err("traceId is empty")),
        ("ABC", Err("ABC should be lower-hex encoded with no prefix")),
        ("0x1", Err("0x1 should be lower-hex encoded with no prefix")),
        ("000", Err("traceId is all zeros")),
        (&long, Err("traceId.length > 32")),
    ] {
        assert_eq!(search::trace_id(text), expected.map_err(str::to_owned), "{text}");
    }
    let many: String = (1..=101).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(",");
    for (text, expected) in [
        ("1,2", Ok(vec![1, 2])),
        ("", Err("traceIds parameter is empty")),
        ("1", Err("Use /api/v2/trace/{traceId} endpoint to retrieve a single trace")),
        ("1,01", Err("redundant traceId: 01")),
        ("1,,2", Err("traceId is empty")),
        (&many, Err("traceIds holds more than 100 ids")),
    ] {
        let found = search::trace_ids(&Parameters::of(&format!("traceIds={text}")));
        assert_eq!(found, expected.map_err(str::to_owned), "{text}");
    }
}

#[test]
fn calls_have_a_time_and_small_letters() {
    for (query, expected) in [
        ("endTs=2000", Ok(Window { start_ns: (2000 - 86_400_000) * 1_000_000, end_ns: 2_000_999_999 })),
        ("endTs=2000&lookback=1000", Ok(Window { start_ns: 1_000_000_000, end_ns: 2_000_999_999 })),
        ("", Err("endTs is required")),
        ("endTs=2000&lookback=0", Err("lookback <= 0")),
    ] {
        assert_eq!(search::window(&Parameters::of(query)), expected.map_err(str::to_owned), "{query}");
    }
    let call = |client: &str, server: &str, count, errors| Calls { client: client.into(), server: server.into(), count, errors };
    let link = |parent: &str, child: &str, call_count, error_count| Link {
        parent: parent.into(),
        child: child.into(),
        call_count,
        error_count,
    };
    let calls = vec![call("Web", "db", 2, 1), call("a", "b", 1, 0), call("web", "DB", 3, 0), call("x", "X", 9, 9)];
    assert_eq!(convert::links(calls), [link("a", "b", 1, 0), link("web", "db", 5, 1)]);
    assert_eq!(reply::written(&link("a", "b", 1, 0)), br#"{"parent":"a","child":"b","callCount":1}"#);
}
