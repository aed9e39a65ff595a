//! No bytes make the decoders of Loki's pushes panic. The first byte picks JSON or protobuf.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::loki::decode::{json, protobuf};
use luneta_receive::loki::labels;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [json, protobuf][usize::from(first % 2)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(decoded) = decode(body, Tenant::default(), &options) {
        assert!(decoded.batch.len() as u64 + decoded.tally.rejected_total() <= body.len() as u64);
    }
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = labels::read(text);
    }
});
