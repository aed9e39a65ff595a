//! No text makes the parser of TraceQL panic or hang, and what it reads prints as text that reads the
//! same. The parser's modules are taken in by themselves: with the rest of their crate comes a whole
//! query engine.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../crates/query/src/traceql"]
mod traceql {
    pub mod ast;
    mod display;
    mod error;
    mod fields;
    mod lexer;
    mod metrics;
    mod parser;
    mod types;

    pub use parser::parse;
}

fuzz_target!(|text: &str| {
    let Ok(tree) = traceql::parse(text) else { return };
    let printed = tree.to_string();
    let again = traceql::parse(&printed).unwrap_or_else(|fault| panic!("{printed}: {fault}"));
    assert_eq!(again.to_string(), printed);
});
