//! No text makes the parser of TraceQL panic or hang, and what it reads prints as text that reads the
//! same. The parser's modules are taken in by themselves: with the rest of their crate comes a whole
//! query engine.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
mod traceql {
    #[path = "../../../crates/query/src/traceql/ast.rs"]
    pub mod ast;
    #[path = "../../../crates/query/src/traceql/display.rs"]
    mod display;
    #[path = "../../../crates/query/src/traceql/error.rs"]
    mod error;
    #[path = "../../../crates/query/src/traceql/fields.rs"]
    mod fields;
    #[path = "../../../crates/query/src/traceql/lexer.rs"]
    mod lexer;
    #[path = "../../../crates/query/src/traceql/metrics.rs"]
    mod metrics;
    #[path = "../../../crates/query/src/traceql/parser.rs"]
    mod parser;
    #[path = "../../../crates/query/src/traceql/types.rs"]
    mod types;

    pub use parser::parse;
}

fuzz_target!(|text: &str| {
    let Ok(tree) = traceql::parse(text) else { return };
    let printed = tree.to_string();
    let again = traceql::parse(&printed).unwrap_or_else(|fault| panic!("{printed}: {fault}"));
    assert_eq!(again.to_string(), printed);
});
