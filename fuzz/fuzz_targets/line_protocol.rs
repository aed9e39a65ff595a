//! No bytes make the decoder of InfluxDB's line protocol panic. The first byte picks the precision.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_model::Tenant;
use luneta_receive::DecodeOptions;
use luneta_receive::influx::Precision;
use luneta_receive::influx::decode::{Parameters, lines};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let precision = [Precision::Default, Precision::Auto, Precision::Nanoseconds(1_000_000_000)][usize::from(first % 3)];
    let parameters = Parameters { database: "db".into(), precision, whole: false };
    let options = DecodeOptions { expanded_bytes_max: 64 * 1024 * 1024, ..DecodeOptions::at(1) };
    if let Ok(written) = lines(body, Tenant::default(), &options, &parameters) {
        let rows = body.split(|byte| *byte == b'\n').count() as u64;
        assert!(written.logs.len() as u64 + written.tally.rejected_total() <= rows);
        assert!(written.broken.len() as u64 <= written.tally.rejected_total());
    }
});
