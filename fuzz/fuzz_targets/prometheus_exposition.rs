//! No body makes the readers of Prometheus's formats panic; names and labels of what they yield are
//! as they must be. The first byte picks the format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_receive::prometheus::exposition::{Entry, ExpositionFormat, ExpositionOptions, parse};

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let formats = [ExpositionFormat::Text, ExpositionFormat::OpenMetrics, ExpositionFormat::Protobuf];
    let format = formats[usize::from(first % 3)];
    let options = ExpositionOptions { always_classic_histograms: first & 0x80 != 0, ..ExpositionOptions::default() };
    let _ = parse(format, body, &options, |entry| {
        if let Entry::Sample(_, sample) = entry {
            assert!(!sample.name.is_empty());
            let mut names: Vec<&str> = sample.labels.iter().map(|label| &*label.name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]) && !names.contains(&""));
        }
    });
});
