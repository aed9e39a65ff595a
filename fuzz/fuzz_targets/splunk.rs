//! No bytes make the decoders of Splunk's events and lines panic. The first byte picks which.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::splunk::decode::{Metadata, events_with, raw};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let options = DecodeOptions { expanded_bytes_max: 64 * 1024 * 1024, ..DecodeOptions::at(1) };
    if first % 2 == 0 {
        let _ = raw(body, Tenant::default(), &options);
    } else if let Ok(written) = events_with(&Metadata::default(), body, Tenant::default(), &options) {
        assert_eq!(written.fault.is_some(), written.decoded.tally.rejected_total() > 0);
    }
});
