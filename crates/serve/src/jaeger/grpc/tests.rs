//! Messages as they are on the wire.

use axum::response::IntoResponse as _;
use prost::Message as _;

use luneta_query::Trace;

use super::convert;
use super::messages::{Chunk, DependenciesRequest, Moment, TraceQuery};
use crate::frame::{self, Failure};

const NOW: i64 = 1_700_000_000_000_000_000;

fn shop() -> Trace {
    let data = serde_json::from_str(include_str!("../fixtures/shop.otlp.json")).expect("OTLP");
    Trace { data, truncated: true, warnings: Vec::new() }
}

#[test]
fn spans_are_jaegers() {
    let chunks = convert::chunks(&shop(), false);
    let bytes = frame::frames(chunks.clone());
    let length = u32::from_be_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize;
    assert_eq!(Chunk::decode(&bytes[5..5 + length]).as_ref(), Ok(&chunks[0]));
    let span = &chunks[0].spans[0];
    assert_eq!(span.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes());
    assert_eq!(span.start_time, Some(Moment { seconds: 1_700_000_000, nanos: 123_456_789 }));
    assert_eq!(span.duration, Some(Moment { seconds: 0, nanos: 500_000_210 }));
    assert_eq!(span.process.as_ref().map(|p| p.service_name.as_str()), Some("shop"));
    assert_eq!(span.references.iter().map(|r| r.ref_type).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(span.warnings.len(), 2, "{:?}", span.warnings);
    let tag = |key: &str| span.tags.iter().find(|t| t.key == key).cloned().unwrap_or_default();
    assert_eq!((tag("cart.id").v_type, tag("cart.id").v_int64), (2, 9_007_199_254_740_993));
    assert_eq!((tag("cart.weight").v_type, tag("cart.weight").v_float64), (3, 1.25));
    assert_eq!((tag("cart.image").v_type, tag("cart.image").v_binary), (4, vec![0, 255, 16]));
    assert_eq!((tag("error").v_type, tag("error").v_bool), (1, true));
    assert_eq!((tag("span.kind").v_type, tag("span.kind").v_str), (0, "server".to_owned()));
    assert_eq!(span.logs[0].timestamp, Some(Moment { seconds: 1_700_000_000, nanos: 200_000_000 }));
}

#[test]
fn large_traces_come_in_parts() {
    let mut trace = shop();
    let spans = &mut trace.data.resource_spans[0].scope_spans[0].spans;
    spans.resize(205, spans[1].clone());
    let counts = |parts: Vec<usize>| (parts.len(), parts.iter().sum::<usize>(), parts.iter().copied().max());
    assert_eq!(counts(convert::chunks(&trace, true).iter().map(|c| c.spans.len()).collect()), (21, 207, Some(10)));
    let parts = convert::otlp(&trace);
    let sizes = parts.iter().map(|part| part.resource_spans[0].scope_spans[0].spans.len()).collect();
    assert_eq!(counts(sizes), (4, 207, Some(100)));
}

#[test]
fn questions_become_searches() {
    let query = TraceQuery {
        service_name: "shop".to_owned(),
        duration_min: Some(Moment { seconds: 1, nanos: 500_000_000 }),
        start_time_max: Some(Moment { seconds: 5, nanos: 0 }),
        search_depth: 7,
        ..TraceQuery::default()
    };
    let search = convert::matching(query, NOW).expect("a search").search();
    assert_eq!(search.query, r#"{ resource.service.name = "shop" && duration >= 1500ms }"#);
    assert_eq!((search.end_ns, search.limit), (5_000_000_000, 7));
    assert!(convert::matching(TraceQuery { search_depth: -1, ..TraceQuery::default() }, NOW).is_err());
    assert!(convert::window(&DependenciesRequest::default()).is_err());
}

#[test]
fn refusals_are_trailers_alone() {
    let response = Failure::invalid("50 % ö\n").into_response();
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(
        (response.status().as_u16(), header("grpc-status"), header("grpc-message")),
        (200, "3".to_owned(), "50 %25 %C3%B6%0A".to_owned())
    );
}

#[test]
fn frames_are_checked() {
    let frame = |bytes: &[u8]| frame::decode::<DependenciesRequest>(bytes);
    assert!(frame(&[0, 0, 0, 0, 0]).is_ok());
    for wrong in [&[][..], &[0, 0, 0, 0], &[0, 0, 0, 0, 1], &[0, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 1, 0xff]] {
        assert!(matches!(frame(wrong), Err(Failure::Invalid(_))), "{wrong:?}");
    }
    assert!(matches!(frame(&[1, 0, 0, 0, 0]), Err(Failure::Unimplemented(_))));
}

#[test]
fn frames_may_be_packed() {
    let frame = |message: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, message).expect("packs");
        let packed = gzip.finish().expect("packs");
        let mut bytes = vec![1];
        bytes.extend((packed.len() as u32).to_be_bytes());
        bytes.extend(&packed);
        (frame::decode::<DependenciesRequest>(&bytes), frame::decode::<DependenciesRequest>(&bytes[..bytes.len() - 4]))
    };
    assert!(frame(&[]).0.is_ok());
    assert!(matches!(frame(&[0xff]).0, Err(Failure::Invalid(_))));
    assert!(matches!(frame(&[]).1, Err(Failure::Invalid(_))), "cut off");
    let bomb = frame(&vec![0; 1 << 20]).0;
    assert!(matches!(&bomb, Err(Failure::Invalid(words)) if words.contains("more than")), "{bomb:?}");
}
