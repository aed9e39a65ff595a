//! Functions of templates, as tables.

mod builtin;
mod compare;
mod escape;
mod humanize;
mod loki;
mod loki_math;
mod loki_time;
mod prometheus;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use regex::Regex;

use crate::error::Fault;
use crate::eval::Scope;
use crate::time::Time;
use crate::value::Value;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any value, also none.
    Any,
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// A float.
    Float,
    /// A boolean.
    Bool,
    /// A time.
    Time,
}

impl Kind {
    /// What Go calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Time => "time.Time",
        }
    }
}

/// A function that the caller gives.
type Given = dyn Fn(&[Value<'_>]) -> Result<Value<'static>, Fault> + Send + Sync;

/// A function of ours.
type Ours = for<'a> fn(&Call<'_, 'a>, &mut Arguments<'a>) -> Result<Value<'a>, Fault>;

#[derive(Clone)]
pub(crate) enum Action {
    Ours(Ours),
    Given(Arc<Given>),
    /// `and`: evaluates only as many arguments as it must.
    And,
    Or,
    /// `tmpl`: renders a template by its name.
    Render,
}

/// A function: its name, what it takes, and what it does.
#[derive(Clone)]
pub struct Function {
    name: Cow<'static, str>,
    parameters: &'static [Kind],
    /// What all further arguments are, if it takes any.
    rest: Option<Kind>,
    /// Which argument is a regular expression.
    pattern: Option<usize>,
    action: Action,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Function {
    /// A function of the caller, with as many arguments as it has parameters.
    pub fn new<F>(name: impl Into<Cow<'static, str>>, parameters: &'static [Kind], body: F) -> Self
    where
        F: Fn(&[Value<'_>]) -> Result<Value<'static>, Fault> + Send + Sync + 'static,
    {
        Self { name: name.into(), parameters, rest: None, pattern: None, action: Action::Given(Arc::new(body)) }
    }

    const fn ours(name: &'static str, parameters: &'static [Kind], body: Ours) -> Self {
        Self { name: Cow::Borrowed(name), parameters, rest: None, pattern: None, action: Action::Ours(body) }
    }

    const fn special(name: &'static str, parameters: &'static [Kind], action: Action) -> Self {
        Self { name: Cow::Borrowed(name), parameters, rest: None, pattern: None, action }
    }

    const fn rest(mut self, kind: Kind) -> Self {
        self.rest = Some(kind);
        self
    }

    const fn pattern(mut self, argument: usize) -> Self {
        self.pattern = Some(argument);
        self
    }

    /// What it is called by.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn action(&self) -> &Action {
        &self.action
    }

    pub(crate) fn pattern_argument(&self) -> Option<usize> {
        self.pattern
    }

    /// What an argument must be.
    pub(crate) fn kind(&self, argument: usize) -> Kind {
        self.parameters.get(argument).copied().or(self.rest).unwrap_or(Kind::Any)
    }

    /// Complains as Go does of too few or too many arguments.
    pub(crate) fn check_count(&self, given: usize) -> Result<(), Fault> {
        let wanted = self.parameters.len();
        match self.rest {
            Some(_) if given < wanted => {
                Err(Fault::new(format!("wrong number of args for {}: want at least {wanted} got {given}", self.name)))
            }
            None if given != wanted => {
                Err(Fault::new(format!("wrong number of args for {}: want {wanted} got {given}", self.name)))
            }
            _ => Ok(()),
        }
    }
}

/// What a function may ask of its surroundings.
pub(crate) struct Call<'c, 'a> {
    pub(crate) scope: &'c Scope<'a>,
    /// Longest text that may be made.
    pub(crate) bytes_max: usize,
    /// The regular expression, where it was compiled with the template.
    pub(crate) pattern: Option<&'c Regex>,
}

impl<'c> Call<'c, '_> {
    /// The regular expression of this text.
    fn regex(&self, text: &str) -> Result<Cow<'c, Regex>, Fault> {
        match self.pattern {
            Some(regex) => Ok(Cow::Borrowed(regex)),
            None => crate::pattern::compile(text).map(Cow::Owned),
        }
    }
}

/// Arguments of a call; their kinds are checked before the function sees them.
#[derive(Debug, Default)]
pub(crate) struct Arguments<'a>(pub(crate) Vec<Value<'a>>);

impl<'a> Arguments<'a> {
    fn take(&mut self, index: usize) -> Value<'a> {
        self.0.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    fn text(&mut self, index: usize) -> Cow<'a, str> {
        match self.take(index) {
            Value::Text(text) | Value::Safe(text) => text,
            _ => Cow::Borrowed(""),
        }
    }

    fn int(&self, index: usize) -> i64 {
        match self.0.get(index) {
            Some(Value::Int(number) | Value::Named(number, _)) => *number,
            _ => 0,
        }
    }

    fn time(&mut self, index: usize) -> Time {
        match self.take(index) {
            Value::Time(time) => time,
            _ => Time::zero(),
        }
    }

    fn from(&self, index: usize) -> &[Value<'a>] {
        self.0.get(index..).unwrap_or_default()
    }
}

/// The functions that a template may call, and the variables that it may read without declaring them.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    functions: HashMap<String, Arc<Function>>,
    variables: Vec<String>,
}

impl Functions {
    /// The functions that every template of Go has.
    pub fn go() -> Self {
        Self::default().with(builtin::FUNCTIONS)
    }

    /// The functions and variables of alerting rules of Prometheus: `$labels`, `$externalLabels`,
    /// `$externalURL` and `$value` are fields of the data, see [`Value::alert`].
    pub fn prometheus() -> Self {
        let variables = ["labels", "externalLabels", "externalURL", "value"];
        variables.into_iter().fold(Self::go().with(prometheus::FUNCTIONS), Self::with_variable)
    }

    /// The functions of LogQL's `line_format` and `label_format`.
    pub fn loki() -> Self {
        Self::go().with(loki::FUNCTIONS).with(loki_math::FUNCTIONS).with(loki_time::FUNCTIONS)
    }

    /// These and one more, which takes the place of one of the same name.
    #[must_use]
    pub fn with_function(mut self, function: Function) -> Self {
        self.functions.insert(function.name.to_string(), Arc::new(function));
        self
    }

    /// These, and a variable that is known from the start. Its value is in [`Scope::variables`].
    #[must_use]
    pub fn with_variable(mut self, name: &str) -> Self {
        self.variables.push(format!("${name}"));
        self
    }

    fn with(self, functions: &[Function]) -> Self {
        functions.iter().cloned().fold(self, Self::with_function)
    }

    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name)
    }

    /// The names of all, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.functions.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Variables known from the start, each with its `$`.
    pub(crate) fn variables(&self) -> &[String] {
        &self.variables
    }
}
