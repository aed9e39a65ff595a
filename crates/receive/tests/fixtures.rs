//! What real clients sent: decoded as recorded, and safe in every damaged form.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use luneta_receive::Reason;
use support::{decode, fixtures, render};

#[test]
fn fixtures_decode_as_recorded() {
    for fixture in fixtures() {
        let decoded = decode(fixture.format, &fixture.bytes).unwrap();
        assert_eq!(decoded.tally.message("items"), None, "{}", fixture.name);
        insta::assert_snapshot!(fixture.name.as_str(), render(&decoded.batch));
    }
}

#[test]
fn every_truncation_fails_cleanly() {
    for fixture in fixtures() {
        for end in 0..fixture.bytes.len() {
            let result = decode(fixture.format, &fixture.bytes[..end]);
            // No bytes at all are an empty request in protobuf.
            if end > 0 || !fixture.format.name.ends_with("protobuf") {
                let error = result.expect_err(&format!("{} cut at {end}", fixture.name));
                assert_eq!(error.reason(), Reason::Malformed);
            }
        }
    }
}

#[test]
fn bit_flips_never_panic() {
    for fixture in fixtures() {
        for at in 0..fixture.bytes.len() {
            // One bit of each byte; the fuzz targets try the rest.
            let mut bytes = fixture.bytes.clone();
            bytes[at] ^= 1 << (at % 8);
            let _ = decode(fixture.format, &bytes);
        }
    }
}

#[test]
fn faults_are_located() {
    let fixtures = fixtures();
    let traces = fixtures.iter().find(|f| f.name == "python_http.traces.protobuf").unwrap();
    let json = fixtures.iter().find(|f| f.name == "javascript_http.traces.json").unwrap();

    // A span's name is field 5; as a varint it is wrong.
    let bytes = [0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x28, 0x01];
    let error = decode(traces.format, &bytes).unwrap_err().to_string();
    let place = "malformed protobuf at byte 6 in resource_spans.scope_spans.spans.name: ";
    assert_eq!(error, format!("{place}field 5 should be bytes with a length, is a varint"));

    let body = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{},\n{\"kind\":\"SERVER\"}]}]}]}";
    let error = decode(json.format, body.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("malformed JSON in resourceSpans[0].scopeSpans[0].spans[1].kind: unknown name"), "{error}");
    assert!(error.contains("at line 2 column"), "{error}");
}
