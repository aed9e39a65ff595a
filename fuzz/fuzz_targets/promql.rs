//! No text makes PromQL's parser panic or hang, and what it reads prints, on one line and on several,
//! as text that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_promql::{ParseOptions, Query};

fuzz_target!(|text: &str| {
    let options = ParseOptions { experimental: true, ..ParseOptions::default() };
    let Ok(query) = Query::parse(text, &options) else { return };
    for printed in [query.to_string(), query.pretty()] {
        // Printed on its own, a query may be longer than what is read.
        if printed.len() > options.length_max {
            continue;
        }
        let again = Query::parse(&printed, &options).unwrap_or_else(|fault| panic!("{printed}: {fault}"));
        assert_eq!(again.to_string(), query.to_string());
    }
});
