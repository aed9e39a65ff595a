//! No text makes the parser or the rendering of templates panic or hang, and what is rendered stays
//! within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use luneta_template::{Functions, Limits, Scope, Template, Value};

fuzz_target!(|text: &str| {
    let limits = Limits { output_bytes_max: 1 << 14, steps_max: 20_000, ..Limits::default() };
    let labels = vec![("a", "text"), ("j", r#"{"x":[1,{"y":null}]}"#), ("n", "12")];
    for (functions, data) in [
        (Functions::loki(), Value::Texts(&labels)),
        (Functions::prometheus(), Value::alert(Value::Texts(&labels), Value::Texts(&labels), "http://here/", 1.5)),
    ] {
        let Ok(template) = Template::parse(text, &functions) else { continue };
        if let Ok(out) = template.render(&Scope::new(data), &limits) {
            assert!(out.len() <= limits.output_bytes_max);
        }
    }
});
