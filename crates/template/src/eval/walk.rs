//! Nodes, pipelines and expressions.

use super::{Eval, Flow, Machine};
use crate::error::{Bounded, ErrorKind, Fault};
use crate::format;
use crate::functions::Kind;
use crate::syntax::{Command, Expression, Node, Number, Pipe, Term};
use crate::value::{MapKind, Value};

impl<'a> Machine<'_, 'a> {
    pub(super) fn nodes(&mut self, nodes: &'a [Node], dot: &Value<'a>) -> Eval<Flow> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'a Node, dot: &Value<'a>) -> Eval<Flow> {
        match node {
            Node::Text(text) => self.write(text, 0)?,
            Node::Print(pipe) => {
                let value = self.pipeline(pipe, dot)?;
                if pipe.variables.is_empty() {
                    self.print(&value, pipe)?;
                }
            }
            Node::If { pipe, then, otherwise } => {
                return self.deeper(pipe.at, |machine| {
                    let truth = machine.pipeline(pipe, dot)?.truth();
                    machine.nodes(if truth { then } else { otherwise }, dot)
                });
            }
            Node::With { pipe, then, otherwise } => {
                return self.deeper(pipe.at, |machine| {
                    let value = machine.pipeline(pipe, dot)?;
                    if value.truth() { machine.nodes(then, &value) } else { machine.nodes(otherwise, dot) }
                });
            }
            Node::Range { pipe, body, otherwise } => {
                return self.deeper(pipe.at, |machine| machine.range(pipe, body, otherwise, dot));
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::Call { name, body, pipe, at } => {
                let data = match pipe {
                    Some(pipe) => self.pipeline(pipe, dot)?,
                    None => Value::Nil,
                };
                let Some(body) = body.and_then(|body| self.template.body(body)) else {
                    return Err(self.error(ErrorKind::Execution, *at, format!("template {name:?} not defined")));
                };
                self.body(body, &data, *at)?;
            }
        }
        Ok(Flow::Next)
    }

    fn range(&mut self, pipe: &'a Pipe, body: &'a [Node], otherwise: &'a [Node], dot: &Value<'a>) -> Eval<Flow> {
        let value = self.commands(pipe, dot)?;
        let mut any = false;
        match &value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    any = true;
                    if !self.round(pipe, body, Value::Int(index as i64), item)? {
                        break;
                    }
                }
            }
            Value::Map(map) if map.kind() != MapKind::Fields => {
                for (key, item) in map.entries() {
                    any = true;
                    if !self.round(pipe, body, Value::Text(key.clone()), item)? {
                        break;
                    }
                }
            }
            Value::Texts(texts) => {
                let mut entries = texts.entries();
                entries.sort_unstable();
                for (key, text) in entries {
                    any = true;
                    if !self.round(pipe, body, key.into(), &text.into())? {
                        break;
                    }
                }
            }
            Value::Int(count) => {
                if pipe.variables.len() > 1 {
                    let message = format!("can't use {count} to iterate over more than one variable");
                    return Err(self.error(ErrorKind::Execution, pipe.at, message));
                }
                for index in 0..*count {
                    any = true;
                    if !self.round(pipe, body, Value::Int(index), &Value::Int(index))? {
                        break;
                    }
                }
            }
            Value::Nil => {}
            other => {
                let shown = format::to_text(other, 80).unwrap_or_else(|_| other.type_name().to_owned());
                return Err(self.error(ErrorKind::Execution, pipe.at, format!("range can't iterate over {shown}")));
            }
        }
        if any { Ok(Flow::Next) } else { self.nodes(otherwise, dot) }
    }

    /// One round of a range; false when it is the last.
    fn round(&mut self, pipe: &'a Pipe, body: &'a [Node], key: Value<'a>, item: &Value<'a>) -> Eval<bool> {
        self.step(pipe.at, 1)?;
        match pipe.variables.as_slice() {
            [] => {}
            [only] => self.variables[self.base + only] = item.clone(),
            [first, second, ..] => {
                self.variables[self.base + first] = key;
                self.variables[self.base + second] = item.clone();
            }
        }
        Ok(self.nodes(body, item)? != Flow::Break)
    }

    /// The value of a pipeline, which is given to the variables that it declares.
    pub(super) fn pipeline(&mut self, pipe: &'a Pipe, dot: &Value<'a>) -> Eval<Value<'a>> {
        let value = self.commands(pipe, dot)?;
        for slot in &pipe.variables {
            self.variables[self.base + slot] = value.clone();
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &'a Pipe, dot: &Value<'a>) -> Eval<Value<'a>> {
        let mut value = None;
        for command in &pipe.commands {
            self.step(pipe.at, 1)?;
            value = Some(self.command(command, dot, value)?);
        }
        Ok(value.unwrap_or_default())
    }

    fn command(&mut self, command: &'a Command, dot: &Value<'a>, piped: Option<Value<'a>>) -> Eval<Value<'a>> {
        let head = &command.head;
        match &head.expression {
            Expression::Function(function) => self.function(function, command, dot, piped),
            Expression::Field(path) => self.path(dot.clone(), path, head, command, dot, piped),
            Expression::Variable(slot, path) if !path.is_empty() => {
                let value = self.variables[self.base + slot].clone();
                self.path(value, path, head, command, dot, piped)
            }
            Expression::Chain(inner, path) => {
                let value = self.deeper(inner.start, |machine| machine.value(inner, dot))?;
                self.path(value, path, head, command, dot, piped)
            }
            _ if piped.is_some() || !command.arguments.is_empty() => {
                let shown = self.template.text().get(head.start..head.end).unwrap_or_default();
                self.fault(head, &Fault::new(format!("can't give argument to non-function {shown}")))
            }
            Expression::Nil => self.fault(head, &"nil is not a command".into()),
            _ => self.value(head, dot),
        }
    }

    /// The value of a term on its own.
    pub(super) fn value(&mut self, term: &'a Term, dot: &Value<'a>) -> Eval<Value<'a>> {
        match &term.expression {
            Expression::Dot => Ok(dot.clone()),
            Expression::Nil => Ok(Value::Nil),
            Expression::Bool(truth) => Ok(Value::Bool(*truth)),
            Expression::Number(number) => self.number(number, term, Kind::Any),
            Expression::Text(text) => Ok(Value::from(text.as_str())),
            Expression::Field(path) => self.fields(dot.clone(), path, term),
            Expression::Variable(slot, path) => self.fields(self.variables[self.base + slot].clone(), path, term),
            Expression::Chain(inner, path) => {
                let value = self.deeper(inner.start, |machine| machine.value(inner, dot))?;
                self.fields(value, path, term)
            }
            Expression::Pipe(pipe) => self.deeper(pipe.at, |machine| machine.pipeline(pipe, dot)),
            Expression::Function(function) => self.function_alone(function, term),
        }
    }

    /// The value of a number where something of a kind is wanted.
    pub(super) fn number(&self, number: &Number, term: &Term, kind: Kind) -> Eval<Value<'a>> {
        let shown = || self.template.text().get(term.start..term.end).unwrap_or_default();
        match (kind, number.int) {
            (Kind::Float, _) => Ok(Value::Float(number.float)),
            (Kind::Any, _) if number.is_float => Ok(Value::Float(number.float)),
            (Kind::Any | Kind::Int, Some(int)) => Ok(Value::Int(int)),
            (Kind::Any, None) => self.fault(term, &Fault::new(format!("{} overflows int", shown()))),
            (Kind::Int, None) => self.fault(term, &Fault::new(format!("expected integer; found {}", shown()))),
            (Kind::Text, _) => self.fault(term, &Fault::new(format!("expected string; found {}", shown()))),
            (Kind::Bool, _) => self.fault(term, &Fault::new(format!("expected bool; found {}", shown()))),
            (Kind::Time, _) => self.fault(term, &Fault::new(format!("can't handle {} for arg of type time.Time", shown()))),
        }
    }

    fn print(&mut self, value: &Value<'a>, pipe: &Pipe) -> Eval<()> {
        match value {
            Value::Text(text) | Value::Safe(text) => self.write(text, pipe.at),
            Value::Nil => self.write("<no value>", pipe.at),
            Value::Bool(truth) => self.write(if *truth { "true" } else { "false" }, pipe.at),
            value => {
                let mut out = Bounded::new(self.limits.output_bytes_max);
                match format::push_value(&mut out, value) {
                    Ok(()) => self.write(&out.into_text(), pipe.at),
                    Err(fault) => Err(self.error(ErrorKind::Limit, pipe.at, fault.to_string())),
                }
            }
        }
    }

    pub(super) fn write(&mut self, text: &str, at: usize) -> Eval<()> {
        if text.len() > self.limits.output_bytes_max.saturating_sub(self.out.len() - self.offset) {
            let message = format!("output would be longer than {} bytes", self.limits.output_bytes_max);
            return Err(self.error(ErrorKind::Limit, at, message));
        }
        self.out.push_str(text);
        Ok(())
    }
}
