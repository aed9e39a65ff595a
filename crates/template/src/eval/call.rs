//! Calls of functions.

use std::sync::Arc;

use super::{Eval, Machine};
use crate::error::Fault;
use crate::functions::{Action, Arguments, Call, Function, Kind};
use crate::syntax::{Command, Expression, Term};
use crate::value::Value;

impl<'a> Machine<'_, 'a> {
    /// A function at the head of a command.
    pub(super) fn function(
        &mut self,
        function: &'a Arc<Function>,
        command: &'a Command,
        dot: &Value<'a>,
        piped: Option<Value<'a>>,
    ) -> Eval<Value<'a>> {
        let given = command.arguments.len() + usize::from(piped.is_some());
        if let Err(fault) = function.check_count(given) {
            return self.fault(&command.head, &fault);
        }
        if matches!(function.action(), Action::And | Action::Or) {
            return self.shortcut(matches!(function.action(), Action::Or), &command.arguments, dot, piped);
        }
        let arguments = self.arguments(&command.arguments, dot, piped, |index| function.kind(index), &command.head)?;
        self.call(function, arguments, command.pattern.as_deref(), (command.head.start, command.end))
    }

    /// A function that stands as an argument, or before a field.
    pub(super) fn function_alone(&mut self, function: &'a Arc<Function>, term: &'a Term) -> Eval<Value<'a>> {
        self.step(term.start, 1)?;
        if let Err(fault) = function.check_count(0) {
            return self.fault(term, &fault);
        }
        let arguments = self.spare.pop().unwrap_or_default();
        self.call(function, arguments, None, (term.start, term.end))
    }

    /// `and` and `or`: the first argument that decides, or the last.
    fn shortcut(&mut self, or: bool, terms: &'a [Term], dot: &Value<'a>, piped: Option<Value<'a>>) -> Eval<Value<'a>> {
        let mut value = Value::Nil;
        for term in terms {
            value = self.argument(term, dot, Kind::Any)?;
            if value.truth() == or {
                return Ok(value);
            }
        }
        Ok(piped.unwrap_or(value))
    }

    /// Evaluates arguments, each as the kind that is wanted.
    pub(super) fn arguments(
        &mut self,
        terms: &'a [Term],
        dot: &Value<'a>,
        piped: Option<Value<'a>>,
        kind: impl Fn(usize) -> Kind,
        head: &'a Term,
    ) -> Eval<Arguments<'a>> {
        let mut arguments = self.spare.pop().unwrap_or_default();
        let mut cost = 0;
        for (index, term) in terms.iter().enumerate() {
            let value = self.argument(term, dot, kind(index))?;
            cost += value.weight();
            arguments.0.push(value);
        }
        if let Some(value) = piped {
            cost += value.weight();
            match fit(value, kind(terms.len())) {
                Ok(value) => arguments.0.push(value),
                Err(fault) => return self.fault(head, &fault),
            }
        }
        self.step(head.start, cost)?;
        Ok(arguments)
    }

    fn argument(&mut self, term: &'a Term, dot: &Value<'a>, kind: Kind) -> Eval<Value<'a>> {
        let value = match &term.expression {
            Expression::Number(number) => return self.number(number, term, kind),
            Expression::Nil if kind != Kind::Any => {
                return self.fault(term, &Fault::new(format!("cannot assign nil to {}", kind.name())));
            }
            _ => self.value(term, dot)?,
        };
        fit(value, kind).or_else(|fault| self.fault(term, &fault))
    }

    fn call(
        &mut self,
        function: &'a Arc<Function>,
        mut arguments: Arguments<'a>,
        pattern: Option<&regex::Regex>,
        (start, end): (usize, usize),
    ) -> Eval<Value<'a>> {
        let bytes_max = self.limits.output_bytes_max;
        let result = match function.action() {
            Action::Ours(body) => body(&Call { scope: self.scope, bytes_max, pattern }, &mut arguments),
            Action::Given(body) => body(&arguments.0).map(|value: Value<'static>| value),
            Action::Render => return self.render_named(arguments, start, end),
            Action::And | Action::Or => Ok(Value::Nil),
        };
        arguments.0.clear();
        self.spare.push(arguments);
        match result {
            Ok(value) if value.as_text().is_some_and(|text| text.len() > bytes_max) => {
                self.fault_between(start, end, &Fault::TooLarge(bytes_max))
            }
            Ok(value) => Ok(value),
            Err(Fault::Message(message)) => {
                self.fault_between(start, end, &Fault::new(format!("error calling {}: {message}", function.name())))
            }
            Err(fault) => self.fault_between(start, end, &fault),
        }
    }

    /// `tmpl "name" data`
    fn render_named(&mut self, mut arguments: Arguments<'a>, start: usize, end: usize) -> Eval<Value<'a>> {
        let data = arguments.0.pop().unwrap_or_default();
        let name = arguments.0.pop().unwrap_or_default();
        let name = name.as_text().unwrap_or_default();
        let Some(body) = self.template.named(name) else {
            return self.fault_between(start, end, &Fault::new(format!("error calling tmpl: template {name:?} not defined")));
        };
        let before = self.out.len();
        self.body(body, &data, start)?;
        Ok(Value::Safe(self.out.split_off(before).into()))
    }
}

/// A value where something of a kind is wanted.
fn fit(value: Value<'_>, kind: Kind) -> Result<Value<'_>, Fault> {
    let fits = match kind {
        Kind::Any => true,
        Kind::Text => matches!(value, Value::Text(_) | Value::Safe(_)),
        Kind::Int => matches!(value, Value::Int(_) | Value::Named(..)),
        Kind::Float => matches!(value, Value::Float(_)),
        Kind::Bool => matches!(value, Value::Bool(_)),
        Kind::Time => matches!(value, Value::Time(_)),
    };
    if fits {
        return Ok(value);
    }
    Err(Fault::new(match value {
        Value::Nil => format!("invalid value; expected {}", kind.name()),
        value => format!("wrong type for value; expected {}; got {}", kind.name(), value.type_name()),
    }))
}
