//! No bytes make the wire walker panic; what it keeps, it keeps the same twice. The first byte
//! picks the signal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::otlp::decode::{logs_protobuf, metrics_protobuf, traces_protobuf};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [traces_protobuf, logs_protobuf, metrics_protobuf][usize::from(first % 3)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(decoded) = decode(body, Tenant::default(), &options) {
        let origins = decoded.batch.origins.num_rows();
        assert!(origins <= decoded.batch.len());
    }
});
