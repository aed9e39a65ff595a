//! From text to tree.

mod fields;
mod lex;
mod number;
mod parse;
mod quote;
mod tree;

pub(crate) use fields::fields;
pub(crate) use number::Number;
pub(crate) use parse::parse;
pub(crate) use quote::{is_printable, push_quoted, push_quoted_char};
pub(crate) use tree::{Body, Command, Expression, Node, Pipe, Term};
