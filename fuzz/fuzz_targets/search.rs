//! No text makes the parser of searches panic or hang. Its module is taken in by itself: with the rest of its crate
//! comes a whole query engine.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/query/src/search/parse.rs"]
mod parse;

fuzz_target!(|text: &str| {
    let _ = parse::parse(text);
});
