//! Tokens to a tree: what stands inside braces.

use super::ast::{Attribute, BinaryOp, Field, FieldExpr, Intrinsic, Kind, Static, Status};
use super::error::SyntaxError;
use super::lexer::Token;
use super::parser::{Parser, shown};
use super::types::{self, Type};

/// How tight `!` and `-` bind: tighter than sums, looser than products.
pub(super) const UNARY: u8 = 3;

const OPERATORS: [BinaryOp; 16] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::Mod,
    BinaryOp::Pow,
    BinaryOp::Eq,
    BinaryOp::NotEq,
    BinaryOp::Less,
    BinaryOp::LessEq,
    BinaryOp::Greater,
    BinaryOp::GreaterEq,
    BinaryOp::Matches,
    BinaryOp::NotMatches,
    BinaryOp::And,
    BinaryOp::Or,
];

const STATUSES: [Status; 3] = [Status::Unset, Status::Ok, Status::Error];
const KINDS: [Kind; 6] = [Kind::Unspecified, Kind::Internal, Kind::Server, Kind::Client, Kind::Producer, Kind::Consumer];

/// The operator of a sign.
pub(super) fn binary_op(sign: &str) -> Option<BinaryOp> {
    OPERATORS.into_iter().find(|op| op.sign() == sign)
}

/// How tight an operator binds, and whether it groups to the right.
pub(super) const fn strength(op: BinaryOp) -> (u8, bool) {
    match op {
        BinaryOp::And | BinaryOp::Or => (1, false),
        BinaryOp::Add | BinaryOp::Sub => (3, false),
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => (4, false),
        BinaryOp::Pow => (5, true),
        _ => (2, false),
    }
}

/// The intrinsic field of a name.
pub(super) fn intrinsic(name: &str) -> Option<Intrinsic> {
    Intrinsic::NAMES.iter().find(|(known, _)| *known == name).map(|(_, intrinsic)| *intrinsic)
}

/// Whether the value depends on the span.
pub(super) fn reads_span(expr: &FieldExpr) -> bool {
    match expr {
        FieldExpr::Static(_) => false,
        FieldExpr::Attribute(_) => true,
        FieldExpr::Not(inner) | FieldExpr::Negative(inner) => reads_span(inner),
        FieldExpr::Binary { left, right, .. } => reads_span(left) || reads_span(right),
    }
}

impl Parser<'_> {
    /// A value, with all its operators.
    pub(super) fn field(&mut self) -> Result<FieldExpr, SyntaxError> {
        self.field_above(0)
    }

    /// A value whose operators bind tighter than `loosest`.
    fn field_above(&mut self, loosest: u8) -> Result<FieldExpr, SyntaxError> {
        let mut left = self.field_primary()?;
        loop {
            let place = self.place();
            let Token::Sign(sign) = *self.peek() else { return Ok(left) };
            let Some((op, (strength, to_right))) = binary_op(sign).map(|op| (op, strength(op))) else {
                return Ok(left);
            };
            if strength <= loosest {
                return Ok(left);
            }
            self.next();
            self.operator()?;
            let right = self.nested(|p| p.field_above(strength - u8::from(to_right)))?;
            if let Some(message) = types::mismatch(op, &left, &right) {
                return Err(self.fault_at(place, message));
            }
            left = FieldExpr::Binary { op, left: Box::new(left), right: Box::new(right) };
        }
    }

    fn field_primary(&mut self) -> Result<FieldExpr, SyntaxError> {
        let place = self.place();
        match self.peek() {
            Token::Sign("(") => {
                self.next();
                let inner = self.nested(Self::field)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("-") => {
                self.next();
                let inner = self.nested(|p| p.field_above(UNARY))?;
                if !Type::of(&inner).may_be(Type::Number) {
                    return Err(
                        self.fault_at(place, format!("`-` stands before numbers, not before {}", Type::of(&inner).name()))
                    );
                }
                Ok(negative(inner))
            }
            Token::Sign("!") => {
                self.next();
                let inner = self.nested(|p| p.field_above(UNARY))?;
                if !Type::of(&inner).may_be(Type::Bool) {
                    let found = Type::of(&inner).name();
                    return Err(self.fault_at(place, format!("`!` stands before what is true or false, not before {found}")));
                }
                Ok(FieldExpr::Not(Box::new(inner)))
            }
            Token::Attribute(_) => Ok(FieldExpr::Attribute(self.attribute()?)),
            Token::Word(word) if intrinsic(word).is_some() => Ok(FieldExpr::Attribute(self.attribute()?)),
            _ => self.constant().map(FieldExpr::Static),
        }
    }

    /// A field of the span.
    pub(super) fn attribute(&mut self) -> Result<Attribute, SyntaxError> {
        let place = self.place();
        match self.next() {
            Token::Attribute(attribute) => Ok(attribute),
            Token::Word(word) => match intrinsic(&word) {
                Some(intrinsic) => Ok(Attribute { parent: false, field: Field::Intrinsic(intrinsic) }),
                None => Err(self.fault_at(place, unknown(&word))),
            },
            other => {
                Err(self
                    .fault_at(place, format!("expected a field such as `name` or `span.http.route`, found {}", shown(&other))))
            }
        }
    }

    /// Fields between commas.
    pub(super) fn attributes(&mut self) -> Result<Vec<Attribute>, SyntaxError> {
        let mut fields = vec![self.attribute()?];
        while self.take(",") {
            fields.push(self.attribute()?);
        }
        Ok(fields)
    }

    /// A constant.
    pub(super) fn constant(&mut self) -> Result<Static, SyntaxError> {
        let place = self.place();
        match self.next() {
            Token::Static(value) => Ok(value),
            Token::Word(word) => constant(&word).ok_or_else(|| self.fault_at(place, unknown(&word))),
            other => Err(self.fault_at(place, format!("expected a field or a value, found {}", shown(&other)))),
        }
    }
}

fn constant(word: &str) -> Option<Static> {
    match word {
        "true" => return Some(Static::Bool(true)),
        "false" => return Some(Static::Bool(false)),
        "nil" => return Some(Static::Nil),
        _ => {}
    }
    let status = STATUSES.into_iter().find(|status| status.word() == word).map(Static::Status);
    status.or_else(|| KINDS.into_iter().find(|kind| kind.word() == word).map(Static::Kind))
}

/// Numbers are negated where they are written.
fn negative(inner: FieldExpr) -> FieldExpr {
    match inner {
        FieldExpr::Static(Static::Int(n)) => FieldExpr::Static(Static::Int(-n)),
        FieldExpr::Static(Static::Float(n)) => FieldExpr::Static(Static::Float(-n)),
        FieldExpr::Static(Static::Duration(n)) => FieldExpr::Static(Static::Duration(-n)),
        other => FieldExpr::Negative(Box::new(other)),
    }
}

fn unknown(word: &str) -> String {
    format!("unknown word `{word}`; attributes begin with a dot or a scope, as in `.{word}` or `span.{word}`")
}
