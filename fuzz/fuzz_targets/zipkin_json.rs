//! No text makes Zipkin's JSON decoders panic, and every origin is one of a span. The first byte
//! picks the version.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::zipkin::decode::{v1_json, v2_json};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [v2_json, v1_json][usize::from(first % 2)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    match decode(body, Tenant::default(), &options) {
        Ok(decoded) => assert!(decoded.batch.origins.num_rows() <= decoded.batch.len()),
        Err(error) => assert!(!error.to_string().contains("protobuf"), "{error}"),
    }
});
