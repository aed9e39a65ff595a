//! What alerts say: templates of labels and annotations.

use luneta_promql::Labels;
use luneta_template::{Functions, Limits, Scope, Template, TemplateError, Value};

/// Reads a template.
pub fn parse(text: &str, functions: &Functions) -> Result<Template, TemplateError> {
    Template::parse(text, functions)
}

/// What a template says of a series with a value; the fault itself where it cannot, as in Prometheus.
pub fn expand(text: &str, labels: &Labels, value: f64) -> String {
    // Most texts are no templates.
    if !text.contains("{{") {
        return text.to_owned();
    }
    let scope = Scope::new(Value::alert(Value::texts(labels.iter()), Value::texts([("", ""); 0]), "", value));
    let rendered = parse(text, &Functions::prometheus()).and_then(|template| template.render(&scope, &Limits::default()));
    rendered.unwrap_or_else(|fault| format!("<error expanding template: {fault}>"))
}
