//! No bytes make Zipkin's binary decoders panic, and every origin is one of a span. The first byte
//! picks the format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::zipkin::decode::{v1_thrift, v2_protobuf};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [v2_protobuf, v1_thrift][usize::from(first % 2)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(decoded) = decode(body, Tenant::default(), &options) {
        assert!(decoded.batch.origins.num_rows() <= decoded.batch.len());
    }
});
