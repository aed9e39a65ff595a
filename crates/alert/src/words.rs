//! What alerts say: templates of labels and annotations.
//!
//! Templates are rendered without IO. One that asks with `query` for what is not known yet is rendered
//! again once the lake has answered.

use std::cell::RefCell;
use std::collections::HashMap;

use luneta_promql::{Labels, Params, ParseOptions, Query, Sample, VectorSample};
use luneta_template::{Fault, Functions, Limits, Scope, Template, TemplateError, Value};

use crate::Lake;
use crate::record::vector;

/// Samples of one answer.
const SAMPLES_MAX: usize = 10_000;

/// Reads a template.
pub fn parse(text: &str, functions: &Functions) -> Result<Template, TemplateError> {
    Template::parse(text, functions)
}

/// Answers to what the templates of one evaluation ask; each question is asked once.
pub struct Answers<'l> {
    lake: &'l dyn Lake,
    time_ms: i64,
    known: HashMap<String, Result<Vec<VectorSample>, String>>,
    queries_max: usize,
}

impl<'l> Answers<'l> {
    /// None yet; the lake is asked for a time, and at most so often.
    pub fn new(lake: &'l dyn Lake, time_ms: i64, queries_max: usize) -> Self {
        Self { lake, time_ms, known: HashMap::new(), queries_max }
    }

    /// What a template says of a series with a value; the fault itself where it cannot, as in Prometheus.
    pub async fn expand(&mut self, text: &str, labels: &Labels, value: f64) -> String {
        // Most texts are no templates.
        if !text.contains("{{") {
            return text.to_owned();
        }
        let rendered = match parse(text, &Functions::prometheus()) {
            Ok(template) => self.render(&template, labels, value).await,
            Err(fault) => Err(fault),
        };
        rendered.unwrap_or_else(|fault| format!("<error expanding template: {fault}>"))
    }

    async fn render(&mut self, template: &Template, labels: &Labels, value: f64) -> Result<String, TemplateError> {
        loop {
            let (rendered, missing) = self.attempt(template, labels, value);
            match missing {
                // With every turn one more is known, and there is a bound on those.
                Some(text) => {
                    let answer = self.ask(&text).await;
                    self.known.insert(text, answer);
                }
                None => return rendered,
            }
        }
    }

    /// Renders with what is known, and tells what else is needed.
    fn attempt(&self, template: &Template, labels: &Labels, value: f64) -> (Result<String, TemplateError>, Option<String>) {
        let missing = RefCell::new(None);
        let query = |text: &str| match self.known.get(text) {
            Some(Ok(samples)) => Ok(Value::list(samples.iter().map(shown))),
            Some(Err(fault)) => Err(Fault::new(fault.clone())),
            None if self.known.len() >= self.queries_max => {
                Err(Fault::new(format!("the templates of a rule ask for more than {} queries", self.queries_max)))
            }
            None => {
                missing.replace(Some(text.to_owned()));
                Err(Fault::new("not answered yet"))
            }
        };
        let data = Value::alert(Value::texts(labels.iter()), Value::texts([("", ""); 0]), "", value);
        let scope = Scope { query: Some(&query), ..Scope::new(data) };
        let rendered = template.render(&scope, &Limits::default());
        (rendered, missing.into_inner())
    }

    async fn ask(&self, text: &str) -> Result<Vec<VectorSample>, String> {
        let query = Query::parse(text, &ParseOptions::default()).map_err(|error| error.to_string())?;
        let answer = self.lake.query(query, Params::instant(self.time_ms)).await.map_err(|error| error.to_string())?;
        let samples = vector(answer)?;
        if samples.len() > SAMPLES_MAX {
            return Err(format!("the answer has {} samples, more than {SAMPLES_MAX}", samples.len()));
        }
        Ok(samples)
    }
}

/// A sample as templates see it, on its own: of a histogram they see no value.
fn shown(sample: &VectorSample) -> Value<'static> {
    let value = match &sample.sample {
        Sample::Float(value) => *value,
        Sample::Histogram(_) => 0.0,
    };
    Value::sample(sample.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())), value)
}
