//! No text makes LogQL's parser panic or hang, what it reads prints, on one line and on several, as text that
//! reads the same, and its pipeline takes any line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_logql::{Entry, Limits, Params, ParseOptions, Query};
use luneta_promql::Labels;

fuzz_target!(|input: (&str, &str)| {
    let (text, line) = input;
    let options = ParseOptions::default();
    let Ok(query) = Query::parse(text, &options) else { return };
    for printed in [query.to_string(), query.pretty()] {
        // Printed on its own, a query may be longer than what is read.
        if printed.len() > options.length_max {
            continue;
        }
        let again = Query::parse(&printed, &options).unwrap_or_else(|fault| panic!("{printed}: {fault}"));
        assert_eq!(again.to_string(), query.to_string());
    }
    let params = if query.is_log() { Params::range(0, 10, 0) } else { Params::instant(10) };
    let Ok(mut evaluation) = query.evaluation(&params, &Limits::default()) else { return };
    let stream = Labels::new([("app", "a")]);
    for selection in 0..evaluation.plan().selections.len() {
        let _ = evaluation.push(selection, &Entry { time_ns: 5, line, stream: &stream, metadata: &[("k", "v")] });
    }
    let _ = evaluation.finish(&mut || None);
});
