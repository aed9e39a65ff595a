//! Tokens to a tree: pipelines, spansets and aggregates.
//!
//! Operators bind as in Tempo, from loose to tight: `&&` and `||` alike; comparisons and structural
//! operators alike; `+ -`; `* / %`; `^`. All but `^` group to the left.

use super::ast::{
    Aggregate, BinaryOp, Form, Pipeline, Query, Relation, ScalarExpr, ScalarFilter, SpansetExpr, SpansetOp, Stage, Static,
};
use super::error::SyntaxError;
use super::lexer::{self, Placed, Token};
use super::types::Type;

/// Bytes of a query.
const TEXT_BYTES_MAX: usize = 128 * 1024;
/// Brackets inside brackets.
const DEPTH_MAX: usize = 64;
/// Operators of one query: what stands in a row is a tree as deep as it is long.
const OPERATORS_MAX: usize = 1000;

/// Reads a query.
///
/// # Errors
/// [`SyntaxError`], with the place of the fault.
pub fn parse(text: &str) -> Result<Query, SyntaxError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(SyntaxError::at(text, 0, format!("the query is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0, operators: 0 };
    let query = parser.query()?;
    match parser.peek() {
        Token::End => Ok(query),
        other => Err(parser.fault(format!("unexpected {}", shown(other)))),
    }
}

/// What a token is called in messages.
pub(super) fn shown(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Attribute(attribute) => format!("`{attribute}`"),
        Token::Static(value) => format!("`{value}`"),
        Token::Sign(sign) => format!("`{sign}`"),
        Token::End => "end of the query".to_owned(),
    }
}

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    operators: usize,
}

/// Either side of an operator outside of braces.
enum Operand {
    Spansets(SpansetExpr),
    Scalar(ScalarExpr),
    Filter(ScalarFilter),
}

/// What was read between brackets, or outside of any.
struct Piped {
    stages: Vec<Stage>,
    /// An aggregate at the end, not compared with anything.
    scalar: Option<ScalarExpr>,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// The byte the next token begins at.
    pub(super) fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(at, _)| *at)
    }

    /// A fault at the next token.
    pub(super) fn fault(&self, message: impl Into<String>) -> SyntaxError {
        self.fault_at(self.place(), message)
    }

    pub(super) fn fault_at(&self, byte: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError::at(self.text, byte, message)
    }

    /// Takes a sign if it is next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), SyntaxError> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.fault(format!("expected `{sign}`, found {}", shown(self.peek()))))
    }

    /// Runs `inner` one level of brackets deeper.
    pub(super) fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.fault(format!("brackets are nested deeper than {DEPTH_MAX}")));
        }
        self.depth += 1;
        let out = inner(self);
        self.depth -= 1;
        out
    }

    /// Counts an operator.
    pub(super) fn operator(&mut self) -> Result<(), SyntaxError> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(self.fault(format!("the query has more than {OPERATORS_MAX} operators")));
        }
        Ok(())
    }

    fn query(&mut self) -> Result<Query, SyntaxError> {
        let mut stages = Vec::new();
        let mut metrics = None;
        loop {
            if !stages.is_empty()
                && let Some(found) = self.metrics()?
            {
                metrics = Some(found);
                break;
            }
            self.stage(&mut stages)?;
            if !self.take("|") {
                break;
            }
        }
        let hints = self.hints()?;
        Ok(Query { pipeline: Pipeline { stages }, metrics, hints })
    }

    /// Adds the next stage of the outermost pipeline.
    fn stage(&mut self, stages: &mut Vec<Stage>) -> Result<(), SyntaxError> {
        let place = self.place();
        if let Some(scalar) = self.add_stage(stages)? {
            let message = format!("`{scalar}` must be compared with something, as in `{scalar} > 1`");
            return Err(self.fault_at(place, message));
        }
        Ok(())
    }

    /// Adds the next stage, or returns the aggregate that stands in its place.
    fn add_stage(&mut self, stages: &mut Vec<Stage>) -> Result<Option<ScalarExpr>, SyntaxError> {
        if let Token::Word(word) = self.peek() {
            match word.as_str() {
                "by" => {
                    let place = self.place();
                    self.at += 1;
                    let field = self.in_brackets(Self::field)?;
                    if !super::fields::reads_span(&field) {
                        return Err(self.fault_at(place, "by() needs a field of the span"));
                    }
                    stages.push(Stage::By(field));
                    return Ok(None);
                }
                "coalesce" => {
                    self.at += 1;
                    self.in_brackets(|_| Ok(()))?;
                    stages.push(Stage::Coalesce);
                    return Ok(None);
                }
                "select" => {
                    self.at += 1;
                    let fields = self.in_brackets(Self::attributes)?;
                    stages.push(Stage::Select(fields));
                    return Ok(None);
                }
                _ => {}
            }
        }
        match self.operand(0)? {
            Operand::Spansets(expr) => stages.push(Stage::Spansets(expr)),
            Operand::Filter(filter) => stages.push(Stage::Scalar(filter)),
            Operand::Scalar(scalar) => return Ok(Some(scalar)),
        }
        Ok(None)
    }

    /// `(` … `)`.
    pub(super) fn in_brackets<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, SyntaxError>) -> Result<T, SyntaxError> {
        self.expect("(")?;
        let out = self.nested(inner)?;
        self.expect(")")?;
        Ok(out)
    }

    /// Operands and operators that bind tighter than `loosest`.
    fn operand(&mut self, loosest: u8) -> Result<Operand, SyntaxError> {
        let mut left = self.primary()?;
        loop {
            let place = self.place();
            let Token::Sign(sign) = *self.peek() else { return Ok(left) };
            let spansets = matches!(left, Operand::Spansets(_));
            let Some((strength, to_right)) = strength(sign, spansets) else { return Ok(left) };
            if strength <= loosest {
                return Ok(left);
            }
            self.at += 1;
            self.operator()?;
            let right = self.nested(|p| p.operand(strength - u8::from(to_right)))?;
            left = self.joined(sign, left, right, place)?;
        }
    }

    fn joined(&self, sign: &str, left: Operand, right: Operand, place: usize) -> Result<Operand, SyntaxError> {
        match (left, right) {
            (Operand::Spansets(left), Operand::Spansets(right)) => {
                let op = spanset_op(sign).ok_or_else(|| self.fault_at(place, format!("`{sign}` does not join spansets")))?;
                Ok(Operand::Spansets(SpansetExpr::Binary { op, left: Box::new(left), right: Box::new(right) }))
            }
            (Operand::Scalar(left), Operand::Scalar(right)) => match super::fields::binary_op(sign) {
                Some(op) if op.compares() => Ok(Operand::Filter(ScalarFilter { op, left, right })),
                Some(op) if op.calculates() => {
                    Ok(Operand::Scalar(ScalarExpr::Binary { op, left: Box::new(left), right: Box::new(right) }))
                }
                _ => Err(self.fault_at(place, format!("`{sign}` does not join numbers"))),
            },
            (Operand::Filter(_), _) | (_, Operand::Filter(_)) => {
                Err(self.fault_at(place, format!("`{sign}` cannot join comparisons; put `|` between them")))
            }
            _ => Err(self.fault_at(place, format!("`{sign}` has spans on one side and a number on the other"))),
        }
    }

    fn primary(&mut self) -> Result<Operand, SyntaxError> {
        let place = self.place();
        match self.next() {
            Token::Sign("{") => {
                let filter = self.nested(Self::filter)?;
                Ok(Operand::Spansets(SpansetExpr::Filter(filter)))
            }
            Token::Sign("(") => {
                let piped = self.nested(Self::piped)?;
                self.expect(")")?;
                Ok(bracketed(piped))
            }
            Token::Sign("-") => match self.nested(Self::primary)? {
                Operand::Scalar(scalar) => Ok(Operand::Scalar(ScalarExpr::Negative(Box::new(scalar)))),
                _ => Err(self.fault_at(place, "`-` stands before numbers")),
            },
            Token::Static(value) if Type::of_static(&value) == Type::Number => Ok(Operand::Scalar(ScalarExpr::Static(value))),
            Token::Word(word) => {
                if let Some(aggregate) = self.aggregate(&word)? {
                    return Ok(Operand::Scalar(ScalarExpr::Aggregate(aggregate)));
                }
                let is_field = super::fields::intrinsic(&word).is_some();
                let hint = if is_field { "; fields stand in braces, as in `{ duration > 1s }`" } else { "" };
                Err(self.fault_at(place, format!("unexpected `{word}`{hint}")))
            }
            Token::End => Err(self.fault_at(place, "the query ends where spans are expected, such as `{ }`")),
            other => {
                Err(self.fault_at(place, format!("unexpected {}; spans are written in braces, such as `{{ }}`", shown(&other))))
            }
        }
    }

    /// What stands between `{` and `}`, and the closing brace.
    pub(super) fn filter(&mut self) -> Result<Option<super::ast::FieldExpr>, SyntaxError> {
        if self.take("}") {
            return Ok(None);
        }
        let place = self.place();
        let expr = self.field()?;
        if !Type::of(&expr).may_be(Type::Bool) {
            let message = format!("a filter must be true or false, but this is {}", Type::of(&expr).name());
            return Err(self.fault_at(place, message));
        }
        self.expect("}")?;
        Ok(Some(expr))
    }

    /// A pipeline between brackets, which may end with an aggregate.
    fn piped(&mut self) -> Result<Piped, SyntaxError> {
        let mut stages = Vec::new();
        loop {
            let scalar = self.add_stage(&mut stages)?;
            if scalar.is_some() || !self.take("|") {
                return Ok(Piped { stages, scalar });
            }
        }
    }

    fn aggregate(&mut self, word: &str) -> Result<Option<Aggregate>, SyntaxError> {
        let make = match word {
            "count" => {
                self.in_brackets(|_| Ok(()))?;
                return Ok(Some(Aggregate::Count));
            }
            "min" => Aggregate::Min,
            "max" => Aggregate::Max,
            "avg" => Aggregate::Avg,
            "sum" => Aggregate::Sum,
            _ => return Ok(None),
        };
        let place = self.place();
        let field = self.in_brackets(Self::field)?;
        if !Type::of(&field).may_be(Type::Number) || !super::fields::reads_span(&field) {
            return Err(self.fault_at(place, format!("{word}() takes a number of the span")));
        }
        Ok(Some(make(field)))
    }

    /// `with (name=value, …)`.
    fn hints(&mut self) -> Result<Vec<(String, Static)>, SyntaxError> {
        if *self.peek() != Token::Word("with".to_owned()) {
            return Ok(Vec::new());
        }
        self.at += 1;
        self.in_brackets(|p| {
            let mut hints = Vec::new();
            loop {
                let Token::Word(name) = p.next() else { return Err(p.fault("a hint is written as name=value")) };
                p.expect("=")?;
                hints.push((name, p.constant()?));
                if !p.take(",") {
                    return Ok(hints);
                }
            }
        })
    }
}

fn bracketed(mut piped: Piped) -> Operand {
    if let Some(scalar) = piped.scalar {
        if piped.stages.is_empty() {
            return Operand::Scalar(scalar);
        }
        return Operand::Scalar(ScalarExpr::Pipeline(Box::new(Pipeline { stages: piped.stages }), Box::new(scalar)));
    }
    if piped.stages.len() == 1 {
        match piped.stages.remove(0) {
            Stage::Spansets(expr) => return Operand::Spansets(expr),
            other => piped.stages.push(other),
        }
    }
    Operand::Spansets(SpansetExpr::Pipeline(Box::new(Pipeline { stages: piped.stages })))
}

/// How tight a sign binds behind spansets or numbers, and whether it groups to the right.
fn strength(sign: &str, spansets: bool) -> Option<(u8, bool)> {
    if spansets {
        return spanset_op(sign).map(|op| (spanset_strength(op), false));
    }
    super::fields::binary_op(sign).map(super::fields::strength)
}

/// How tight an operator of spansets binds. All group to the left.
pub(super) const fn spanset_strength(op: SpansetOp) -> u8 {
    if matches!(op, SpansetOp::And | SpansetOp::Or) { 1 } else { 2 }
}

fn spanset_op(sign: &str) -> Option<SpansetOp> {
    match sign {
        "&&" => return Some(SpansetOp::And),
        "||" => return Some(SpansetOp::Or),
        _ => {}
    }
    let (form, relation) = match (sign.strip_prefix('!'), sign.strip_prefix('&')) {
        (Some(rest), _) => (Form::Negated, rest),
        (_, Some(rest)) => (Form::Union, rest),
        _ => (Form::Plain, sign),
    };
    let relation = match relation {
        ">" => Relation::Child,
        ">>" => Relation::Descendant,
        "<" => Relation::Parent,
        "<<" => Relation::Ancestor,
        "~" => Relation::Sibling,
        _ => return None,
    };
    Some(SpansetOp::Structure { relation, form })
}

/// A comparison of series with a number.
pub(super) fn comparison(sign: &str) -> Option<BinaryOp> {
    super::fields::binary_op(sign).filter(|op| op.compares())
}
