//! No bytes make what reads lines of files panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::{DecodeOptions, text};

fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions { expanded_bytes_max: 64 * 1024 * 1024, ..DecodeOptions::at(1_700_000_000_000_000_000) };
    if let Ok(decoded) = text::lines(data, Tenant::default(), &options) {
        assert!(decoded.batch.len() <= data.len());
        assert_eq!(decoded.tally.rejected_total(), 0);
    }
});
