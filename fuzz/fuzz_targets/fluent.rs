//! No bytes make the decoder of Fluent's messages panic, and the end of a value is found alike, whole or as it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::fluent::decode::forward;
use luneta_receive::fluent::msgpack::{Scan, Stop};

fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    let _ = forward(data, Tenant::default(), &options);
    let whole = Scan::default().end(data);
    let mut scan = Scan::default();
    let mut found = Err(Stop::Short);
    for end in 0..=data.len() {
        found = scan.end(&data[..end]);
        if found != Err(Stop::Short) {
            break;
        }
    }
    assert_eq!(found, whole);
});
