//! A template, ready to be rendered.

use std::collections::HashMap;

use crate::error::{ErrorKind, TemplateError};
use crate::eval::{Limits, Machine, Scope};
use crate::functions::Functions;
use crate::syntax::{self, Body};

/// Longest text of a template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 1 << 18;

/// A template. Parsed once, rendered as often as there is data.
#[derive(Debug)]
pub struct Template {
    text: String,
    bodies: Vec<Body>,
    names: HashMap<String, usize>,
    variables: Vec<String>,
}

impl Template {
    /// Parses a text with the functions that it may call.
    pub fn parse(text: &str, functions: &Functions) -> Result<Self, TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("a template is at most {TEMPLATE_BYTES_MAX} bytes long, this has {}", text.len());
            return Err(TemplateError { kind: ErrorKind::Limit, line: 1, column: 1, message });
        }
        let parsed = syntax::parse(text, functions)?;
        Ok(Self { text: text.to_owned(), bodies: parsed.bodies, names: parsed.names, variables: functions.variables().to_vec() })
    }

    /// Renders it into a text of its own.
    pub fn render<'a>(&'a self, scope: &Scope<'a>, limits: &Limits) -> Result<String, TemplateError> {
        let mut out = String::new();
        self.render_into(&mut out, scope, limits)?;
        Ok(out)
    }

    /// Renders it behind what is in `out`; a failed rendering leaves `out` as it was.
    pub fn render_into<'a>(&'a self, out: &mut String, scope: &Scope<'a>, limits: &Limits) -> Result<(), TemplateError> {
        let before = out.len();
        let result = Machine::new(self, scope, limits, out).run();
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    /// First names of the fields that it reads of its data, such as `a` of `{{ .a.b }}`, each once; none where
    /// it may read any, as it hands the data on as a whole.
    pub fn fields(&self) -> Option<Vec<&str>> {
        syntax::fields(&self.bodies)
    }

    /// The text that it was parsed from.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn main(&self) -> &Body {
        &self.bodies[0]
    }

    pub(crate) fn body(&self, index: usize) -> Option<&Body> {
        self.bodies.get(index)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Body> {
        self.body(*self.names.get(name)?)
    }

    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }
}
