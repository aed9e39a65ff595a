//! The walker keeps what the generated types keep, and JSON means what protobuf means.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use luneta_model::{Batch, Tenant};
use luneta_receive::otlp::decode;
use luneta_receive::{DecodeFn, DecodeOptions};
use proptest::prelude::*;
use prost::Message as _;
use support::{NOW, assert_same, reference, requests};

fn run(decode: DecodeFn, bytes: &[u8]) -> Batch {
    decode(bytes, Tenant::default(), &DecodeOptions::at(NOW)).unwrap().batch
}

/// What the generated types read back: a field at its default, -0.0 included, is not sent.
fn as_sent<M: prost::Message + Default>(request: &M) -> M {
    M::decode(request.encode_to_vec().as_slice()).unwrap()
}

/// The request as JSON; `None` where the generated types cannot write it (they make NaN null).
fn json<M: serde::Serialize + std::fmt::Debug>(request: &M) -> Option<Vec<u8>> {
    let shown = format!("{request:?}");
    let finite = !shown.contains("NaN") && !shown.contains("inf");
    finite.then(|| serde_json::to_vec(request).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn traces_lose_nothing(request in requests::traces()) {
        let request = as_sent(&request);
        let expected = reference::traces(&request);
        assert_same(&run(decode::traces_protobuf, &request.encode_to_vec()), &expected);
        if let Some(json) = json(&request) {
            assert_same(&run(decode::traces_json, &json), &expected);
        }
    }

    #[test]
    fn logs_lose_nothing(request in requests::logs()) {
        let request = as_sent(&request);
        let expected = reference::logs(&request);
        assert_same(&run(decode::logs_protobuf, &request.encode_to_vec()), &expected);
        if let Some(json) = json(&request) {
            assert_same(&run(decode::logs_json, &json), &expected);
        }
    }

    #[test]
    fn metrics_lose_nothing(request in requests::metrics()) {
        let request = as_sent(&request);
        let expected = reference::metrics(&request);
        assert_same(&run(decode::metrics_protobuf, &request.encode_to_vec()), &expected);
        if let Some(json) = json(&request) {
            assert_same(&run(decode::metrics_json, &json), &expected);
        }
    }
}
