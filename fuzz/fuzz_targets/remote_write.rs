//! No bytes make the decoders of remote write panic, and they keep no more than they were sent. The
//! first byte picks the version, and whether the body is to be unpacked first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::prometheus::decode::{remote_write_v1, remote_write_v2, unpack_snappy};

const UNPACKED_BYTES_MAX: usize = 4 * 1024 * 1024;

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [remote_write_v1, remote_write_v2][usize::from(first % 2)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    let unpacked;
    let body = if first & 2 == 0 {
        body
    } else {
        let Ok(bytes) = unpack_snappy(body, UNPACKED_BYTES_MAX) else { return };
        assert!(bytes.len() <= UNPACKED_BYTES_MAX);
        unpacked = bytes;
        &unpacked
    };
    if let Ok(decoded) = decode(body, Tenant::default(), &options) {
        // Every row is a sample, a histogram or an exemplar, of two bytes at least.
        assert!(decoded.batch.len() <= body.len() / 2 && decoded.batch.origins.num_rows() <= decoded.batch.len());
    }
});
