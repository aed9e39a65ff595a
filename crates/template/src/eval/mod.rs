//! Rendering: a walk over the tree.

mod call;
mod field;
mod walk;

use crate::error::{ErrorKind, Fault, TemplateError};
use crate::functions::Arguments;
use crate::syntax::{Body, Term};
use crate::template::Template;
use crate::time::Time;
use crate::value::Value;

/// What a rendering may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest output, and longest text on the way to it, in bytes.
    pub output_bytes_max: usize,
    /// Most steps; handling a long text counts as several.
    pub steps_max: u64,
    /// How deep templates, blocks and parentheses may be nested while rendering.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { output_bytes_max: 1 << 20, steps_max: 1_000_000, depth_max: 100 }
    }
}

/// Answers a query of a template of Prometheus: a list of [`Value::sample`]s.
pub type Query<'q> = dyn Fn(&str) -> Result<Value<'static>, Fault> + 'q;

/// All that a rendering can see.
#[derive(Clone)]
pub struct Scope<'a> {
    /// The data: `.` at the start, and `$`.
    pub data: Value<'a>,
    /// Values of the variables that the functions were given with (without their `$`). One that is not
    /// here is a field of the data, by its name with a capital at the start.
    pub variables: &'a [(&'a str, Value<'a>)],
    /// What the function `now` gives.
    pub now: Time,
    /// What `__line__` gives.
    pub line: &'a str,
    /// What `__timestamp__` gives.
    pub timestamp: Time,
    /// What `externalURL` gives.
    pub external_url: &'a str,
    /// What answers `query`; without it the function is an error.
    pub query: Option<&'a Query<'a>>,
}

impl<'a> Scope<'a> {
    /// A scope with this data, and nothing else.
    pub fn new(data: Value<'a>) -> Self {
        let epoch = Time::from_unix(0, 0);
        Self { data, variables: &[], now: epoch.clone(), line: "", timestamp: epoch, external_url: "", query: None }
    }
}

/// What to do behind a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Eval<T> = Result<T, TemplateError>;

/// One rendering.
pub(crate) struct Machine<'r, 'a> {
    template: &'a Template,
    scope: &'r Scope<'a>,
    limits: &'r Limits,
    out: &'r mut String,
    /// Length of what was in `out` before.
    offset: usize,
    steps: u64,
    depth: usize,
    /// Variables of all templates being rendered; those of the innermost begin at `base`.
    variables: Vec<Value<'a>>,
    base: usize,
    /// Argument lists to use again.
    spare: Vec<Arguments<'a>>,
}

impl<'r, 'a> Machine<'r, 'a> {
    pub(crate) fn new(template: &'a Template, scope: &'r Scope<'a>, limits: &'r Limits, out: &'r mut String) -> Self {
        let offset = out.len();
        Self { template, scope, limits, out, offset, steps: 0, depth: 0, variables: Vec::new(), base: 0, spare: Vec::new() }
    }

    pub(crate) fn run(&mut self) -> Eval<()> {
        let body = self.template.main();
        self.variables.resize(body.slots, Value::Nil);
        self.variables[0] = self.scope.data.clone();
        for (slot, name) in self.template.variables().iter().enumerate() {
            self.variables[slot + 1] = self.predeclared(name.trim_start_matches('$'));
        }
        let data = self.scope.data.clone();
        self.nodes(&body.nodes, &data).map(|_| ())
    }

    /// The value of a variable known from the start.
    fn predeclared(&self, name: &str) -> Value<'a> {
        if let Some((_, value)) = self.scope.variables.iter().find(|(known, _)| *known == name) {
            return value.clone();
        }
        let mut field = name.to_owned();
        if let Some(first) = field.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        match &self.scope.data {
            Value::Map(fields) => fields.get(&field).cloned().unwrap_or_default(),
            _ => Value::Nil,
        }
    }

    /// Renders a template that is called by another.
    fn body(&mut self, body: &'a Body, data: &Value<'a>, at: usize) -> Eval<()> {
        let outer = self.base;
        self.base = self.variables.len();
        self.variables.resize(self.base + body.slots.max(1), Value::Nil);
        self.variables[self.base] = data.clone();
        let result = self.deeper(at, |machine| machine.nodes(&body.nodes, data));
        self.variables.truncate(self.base);
        self.base = outer;
        result.map(|_| ())
    }

    fn deeper<T>(&mut self, at: usize, inner: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        if self.depth >= self.limits.depth_max {
            return Err(self.error(ErrorKind::Limit, at, format!("exceeded maximum template depth ({})", self.limits.depth_max)));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn step(&mut self, at: usize, cost: usize) -> Eval<()> {
        self.steps += cost as u64;
        if self.steps > self.limits.steps_max {
            return Err(self.error(ErrorKind::Limit, at, format!("more than {} steps", self.limits.steps_max)));
        }
        Ok(())
    }

    fn error(&self, kind: ErrorKind, at: usize, message: String) -> TemplateError {
        TemplateError::at(kind, self.template.text(), at, message)
    }

    /// A fault at a term, which is shown.
    fn fault<T>(&self, term: &Term, fault: &Fault) -> Eval<T> {
        self.fault_between(term.start, term.end, fault)
    }

    fn fault_between<T>(&self, start: usize, end: usize, fault: &Fault) -> Eval<T> {
        let shown = self.template.text().get(start..end).unwrap_or_default();
        let shown: String =
            if shown.chars().count() > 40 { shown.chars().take(40).chain("...".chars()).collect() } else { shown.into() };
        let kind = if matches!(fault, Fault::TooLarge(_)) { ErrorKind::Limit } else { ErrorKind::Execution };
        Err(self.error(kind, start, format!("at <{shown}>: {fault}")))
    }
}
