//! No bytes make the decoder of GELF panic, whole or in chunks.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::gelf::chunks::Chunks;
use luneta_receive::gelf::decode::message;
use luneta_receive::{DecodeOptions, GelfSettings};

fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    let _ = message(data, Tenant::default(), &options);
    let settings = GelfSettings { chunked_messages_max: 4, chunked_bytes_max: 256, ..GelfSettings::default() };
    let mut chunks = Chunks::new(settings);
    for (now, chunk) in (0..).zip(data.chunks(24)) {
        let _ = chunks.push(IpAddr::V4(Ipv4Addr::LOCALHOST), chunk, now);
        chunks.expire(now);
        assert!(chunks.len() <= 4);
    }
});
