//! Durations in brackets and behind `offset`, with their (experimental) arithmetic.

use super::ast::{BinaryOp, DurationExpr};
use super::lexer::Kind;
use super::parser::Parser;
use crate::error::PromqlError;

type Parsed<T> = Result<T, PromqlError>;

/// How deep duration expressions may nest.
const DEPTH_MAX: usize = 32;

impl Parser<'_> {
    /// A duration in brackets: more than zero when it is a literal.
    pub(super) fn duration_expression(&mut self) -> Parsed<DurationExpr> {
        let span = self.span();
        let duration = self.duration_sum(0, 0)?;
        let span = span.to(self.last_span());
        match duration {
            DurationExpr::Literal(milliseconds) if milliseconds <= 0 => self.fail(span, "duration must be greater than 0"),
            DurationExpr::Number(seconds) => {
                let milliseconds = self.milliseconds(seconds)?;
                if milliseconds <= 0 {
                    return self.fail(span, "duration must be greater than 0");
                }
                Ok(DurationExpr::Literal(milliseconds))
            }
            other => Ok(other),
        }
    }

    /// A duration behind `offset`, without its sign.
    pub(super) fn duration_atom(&mut self) -> Parsed<DurationExpr> {
        match self.duration_operand(0)? {
            DurationExpr::Number(seconds) => Ok(DurationExpr::Literal(self.milliseconds(seconds)?)),
            other => Ok(other),
        }
    }

    fn milliseconds(&self, seconds: f64) -> Parsed<i64> {
        let milliseconds = seconds * 1000.0;
        if milliseconds.is_nan() || milliseconds.abs() >= 9.2e15 {
            return self.fail(self.last_span(), "duration out of range");
        }
        Ok(milliseconds.round() as i64)
    }

    fn duration_sum(&mut self, least: u8, depth: usize) -> Parsed<DurationExpr> {
        let mut left = self.duration_operand(depth)?;
        let mut operators = 0;
        loop {
            let op = match self.peek() {
                Kind::Sign("+") => BinaryOp::Add,
                Kind::Sign("-") => BinaryOp::Sub,
                Kind::Sign("*") => BinaryOp::Mul,
                Kind::Sign("/") => BinaryOp::Div,
                Kind::Sign("%") => BinaryOp::Mod,
                Kind::Sign("^") => BinaryOp::Pow,
                _ => return Ok(left),
            };
            if op.precedence() < least {
                return Ok(left);
            }
            operators += 1;
            self.check_durations_enabled(depth + operators)?;
            self.advance();
            let next = if op == BinaryOp::Pow { op.precedence() } else { op.precedence() + 1 };
            let right = self.duration_sum(next, depth + 1)?;
            left = DurationExpr::Binary(op, Box::new(left), Box::new(right));
        }
    }

    fn duration_operand(&mut self, depth: usize) -> Parsed<DurationExpr> {
        match self.peek().clone() {
            Kind::Duration(milliseconds) => {
                self.advance();
                return Ok(DurationExpr::Literal(milliseconds));
            }
            Kind::Number(value) if value.is_finite() => {
                self.advance();
                return Ok(DurationExpr::Number(value));
            }
            Kind::Sign("-" | "+" | "(") | Kind::Word(_) => {}
            _ => return self.unexpected("a duration"),
        }
        self.check_durations_enabled(depth)?;
        let token = self.advance();
        let word = match token.kind {
            Kind::Sign("(") => {
                let inner = self.duration_sum(0, depth + 1)?;
                self.expect_sign(")")?;
                return Ok(DurationExpr::Paren(Box::new(inner)));
            }
            Kind::Sign("-") => {
                let inner = self.duration_sum(BinaryOp::Pow.precedence(), depth + 1)?;
                return Ok(DurationExpr::Negate(Box::new(inner)));
            }
            Kind::Word(word) => word.to_ascii_lowercase(),
            _ => return self.duration_sum(BinaryOp::Pow.precedence(), depth + 1),
        };
        if !matches!(word.as_str(), "step" | "range" | "min" | "max") {
            return self.fail(token.span, format!("unexpected {word:?}, expected a duration"));
        }
        self.expect_sign("(")?;
        let result = if word == "step" {
            DurationExpr::Step
        } else if word == "range" {
            DurationExpr::Range
        } else {
            let first = Box::new(self.duration_sum(0, depth + 1)?);
            self.expect_sign(",")?;
            let second = Box::new(self.duration_sum(0, depth + 1)?);
            if word == "min" { DurationExpr::Min(first, second) } else { DurationExpr::Max(first, second) }
        };
        self.expect_sign(")")?;
        Ok(result)
    }

    fn check_durations_enabled(&self, depth: usize) -> Parsed<()> {
        if !self.options.experimental {
            return self.fail(self.span(), "expected a duration; arithmetic on durations is not enabled (experimental)");
        }
        if depth > DEPTH_MAX {
            return self.fail(self.span(), format!("duration is nested deeper than {DEPTH_MAX} levels"));
        }
        Ok(())
    }
}
