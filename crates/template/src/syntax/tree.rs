//! The tree of a template: what rendering walks.

use std::sync::Arc;

use regex::Regex;

use super::number::Number;
use crate::functions::Function;

/// A template: its nodes, and how many variables are alive in it at once.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: usize,
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    /// A pipeline, printed unless it declares or assigns.
    Print(Pipe),
    If {
        pipe: Pipe,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    With {
        pipe: Pipe,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Break,
    Continue,
    /// `template` and `block`. A name that nothing defines is an error only when it is rendered.
    Call {
        name: String,
        body: Option<usize>,
        pipe: Option<Pipe>,
        at: usize,
    },
}

/// Commands, each given the value of the one before it.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// Variables that it declares or assigns, by slot.
    pub(crate) variables: Vec<usize>,
    pub(crate) commands: Vec<Command>,
    /// Byte of the template where it begins.
    pub(crate) at: usize,
}

/// A value, or a function or method with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) head: Term,
    pub(crate) arguments: Vec<Term>,
    /// Byte of the template behind the last of them.
    pub(crate) end: usize,
    /// The regular expression among the arguments, where it is a constant.
    pub(crate) pattern: Option<Box<Regex>>,
}

/// An expression, and the bytes of the template that it stands on.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) expression: Expression,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) enum Expression {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`, the variable by slot.
    Variable(usize, Vec<String>),
    /// `(…).a.b` and `function.a.b`
    Chain(Box<Term>, Vec<String>),
    /// `(…)`
    Pipe(Box<Pipe>),
    Function(Arc<Function>),
}
