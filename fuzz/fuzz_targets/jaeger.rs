//! No bytes make Jaeger's decoders panic. The first byte picks the form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::jaeger::decode::{batch_binary, emit_batch_binary, emit_batch_compact, post_spans};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let decode = [batch_binary, emit_batch_binary, emit_batch_compact, post_spans][usize::from(first % 4)];
    let options = DecodeOptions { expanded_bytes_max: 8 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(decoded) = decode(body, Tenant::default(), &options) {
        let origins = decoded.batch.origins.num_rows();
        assert!(origins <= decoded.batch.len());
    }
});
