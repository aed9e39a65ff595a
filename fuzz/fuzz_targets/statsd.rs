//! No bytes make the decoders of StatsD panic. The first byte picks metrics, or events and checks.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::statsd::decode::{logs, metrics};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [metrics, logs][usize::from(first % 2)];
    // Broken lines are left out; the others stay.
    let decoded = decode(body, Tenant::default(), &DecodeOptions::at(1)).unwrap();
    let lines = body.split(|byte| *byte == b'\n').count() as u64;
    assert!(decoded.batch.len() as u64 + decoded.tally.rejected_total() <= lines);
});
