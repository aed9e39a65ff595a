//! No bytes make the decoder of bulk requests panic, and each action is told in JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::elasticsearch::decode::bulk_for;

fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(written) = bulk_for("index", data, Tenant::default(), &options) {
        let rows = data.split(|byte| *byte == b'\n').count();
        assert!(written.decoded.batch.len() <= rows);
        assert!(written.errors == (written.decoded.tally.rejected_total() > 0));
        assert_eq!(written.items.is_empty(), !written.items.ends_with("}}"));
    }
});
