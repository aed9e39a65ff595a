//! No bytes make the decoder of Graphite panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::graphite::decode::plaintext;

fuzz_target!(|data: &[u8]| {
    let decoded = plaintext(data, Tenant::default(), &DecodeOptions::at(1)).unwrap();
    let lines = data.split(|byte| *byte == b'\n').count() as u64;
    assert!(decoded.batch.len() as u64 + decoded.tally.rejected_total() <= lines);
});
