//! No text makes the JSON decoder panic, and what it writes is never malformed wire form. The
//! first byte picks the signal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::otlp::decode::{logs_json, metrics_json, traces_json};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [traces_json, logs_json, metrics_json][usize::from(first % 3)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Err(error) = decode(body, Tenant::default(), &options) {
        assert!(!error.to_string().contains("protobuf"), "{error}");
    }
});
