//! Selectors and what may stand behind an operand: ranges, subqueries, `offset`, `@`.

use super::Span;
use super::ast::{At, DurationExpr, Expr, ExprKind, Modifier, Selector, TimeShift};
use super::lexer::Kind;
use super::parser::Parser;
use crate::duration::TIME_MAX_MS;
use crate::error::PromqlError;
use crate::labels::METRIC_NAME;
use crate::matcher::{MatchOp, Matcher};
use crate::number::format_general;

type Parsed<T> = Result<T, PromqlError>;

impl Parser<'_> {
    /// A selector whose name was read already, or one that starts with a brace.
    pub(super) fn selector(&mut self, name: Option<(String, Span)>) -> Parsed<Expr> {
        let start = name.as_ref().map_or(self.span(), |(_, span)| *span);
        let mut name = name.map(|(name, _)| name);
        let mut matchers = Vec::new();
        if self.take_sign("{") {
            while !self.is_sign("}") {
                self.matcher(&mut name, &mut matchers)?;
                if !self.take_sign(",") && !self.is_sign("}") {
                    return self.unexpected("\",\" or \"}\"");
                }
            }
            self.expect_sign("}")?;
        }
        if let Some(name) = &name {
            if let Some(other) = matchers.iter().find(|m: &&Matcher| m.name == METRIC_NAME) {
                let message = format!("metric name must not be set twice: {name:?} or {:?}", other.value);
                return self.fail(start, message);
            }
            // Equality compiles nothing and cannot fail.
            let matcher = Matcher::new(METRIC_NAME, MatchOp::Equal, name.clone());
            matchers.splice(0..0, matcher);
        }
        let id = self.selections;
        self.selections += 1;
        let selector = Selector { name, matchers, shift: TimeShift::default(), modifier: None, id };
        self.node(start.to(self.last_span()), ExprKind::Selector(selector))
    }

    fn matcher(&mut self, metric: &mut Option<String>, matchers: &mut Vec<Matcher>) -> Parsed<()> {
        let span = self.span();
        let (name, quoted) = match self.peek().clone() {
            Kind::Word(word) if !word.contains(':') => (word, false),
            Kind::Number(_) if self.text[span.start..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                (self.text[span.start..span.end].to_owned(), false)
            }
            Kind::Text(text) => (text, true),
            _ => return self.unexpected("a label matcher or \"}\""),
        };
        self.advance();
        let op = match self.peek() {
            Kind::Sign("=") => MatchOp::Equal,
            Kind::Sign("!=") => MatchOp::NotEqual,
            Kind::Sign("=~") => MatchOp::Regex,
            Kind::Sign("!~") => MatchOp::NotRegex,
            _ if quoted && (self.is_sign(",") || self.is_sign("}")) => {
                if name.is_empty() {
                    return self.fail(span, "metric name must not be empty");
                }
                if let Some(first) = metric {
                    return self.fail(span, format!("metric name must not be set twice: {first:?} or {name:?}"));
                }
                *metric = Some(name);
                return Ok(());
            }
            _ => return self.unexpected("one of \"=\", \"!=\", \"=~\", \"!~\""),
        };
        self.advance();
        if name.is_empty() {
            return self.fail(span, "label name must not be empty");
        }
        let value_span = self.span();
        let Kind::Text(value) = self.peek().clone() else { return self.unexpected("a string") };
        self.advance();
        match Matcher::new(name, op, value) {
            Ok(matcher) => matchers.push(matcher),
            Err(message) => return self.fail(value_span, format!("invalid regular expression: {message}")),
        }
        Ok(())
    }

    /// An operand with what stands behind it; false when nothing does.
    pub(super) fn postfix(&mut self, mut expr: Expr) -> Parsed<(Expr, bool)> {
        let span = self.span();
        if self.take_sign("[") {
            return Ok((self.brackets(expr)?, true));
        }
        if self.take_sign("@") {
            let at = self.at_time()?;
            let shift = shift_of(&mut expr, self, span, "@ modifier")?;
            if shift.at.is_some() {
                return self.fail(span, "@ <timestamp> may not be set multiple times");
            }
            shift.at = Some(at);
        } else if self.keyword().as_deref() == Some("offset") {
            self.advance();
            let offset = self.offset()?;
            let shift = shift_of(&mut expr, self, span, "offset modifier")?;
            if shift.offset.is_some() {
                return self.fail(span, "offset may not be set multiple times");
            }
            shift.offset = Some(offset);
        } else if let Some(word @ ("anchored" | "smoothed")) = self.keyword().as_deref() {
            let modifier = if word == "anchored" { Modifier::Anchored } else { Modifier::Smoothed };
            self.advance();
            self.set_modifier(&mut expr, modifier, span)?;
        } else {
            return Ok((expr, false));
        }
        expr.span = expr.span.to(self.last_span());
        Ok((expr, true))
    }

    fn set_modifier(&self, expr: &mut Expr, modifier: Modifier, span: Span) -> Parsed<()> {
        if !self.options.experimental {
            return self.fail(span, "anchored and smoothed are not enabled (experimental)");
        }
        let (ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. }) = &mut expr.kind else {
            return self.fail(span, "anchored and smoothed must be preceded by a selector");
        };
        if selector.modifier.is_some() {
            return self.fail(span, "anchored and smoothed may be set only once");
        }
        selector.modifier = Some(modifier);
        Ok(())
    }

    /// A range or a subquery, behind its opening bracket.
    fn brackets(&mut self, inner: Expr) -> Parsed<Expr> {
        let start = inner.span;
        let range = self.duration_expression()?;
        if self.take_sign(":") {
            let step = if self.is_sign("]") { None } else { Some(self.duration_expression()?) };
            let end = self.expect_sign("]")?;
            let kind = ExprKind::Subquery { expr: Box::new(inner), range, step, shift: TimeShift::default() };
            return self.node(start.to(end), kind);
        }
        if !self.is_sign("]") {
            return self.unexpected("\":\" or \"]\"");
        }
        let end = self.advance().span;
        let span = start.to(end);
        match inner.kind {
            ExprKind::Selector(selector) => {
                if selector.shift.offset.is_some() {
                    return self.fail(span, "no offset modifiers allowed before range");
                }
                if selector.shift.at.is_some() {
                    return self.fail(span, "no @ modifiers allowed before range");
                }
                if selector.modifier.is_some() {
                    return self.fail(span, "anchored and smoothed must stand behind the range");
                }
                self.node(span, ExprKind::Matrix { selector, range })
            }
            _ => self.fail(span, "ranges only allowed for vector selectors"),
        }
    }

    fn offset(&mut self) -> Parsed<DurationExpr> {
        let negative = self.is_sign("-");
        if negative || self.is_sign("+") {
            self.advance();
        }
        let offset = self.duration_atom()?;
        Ok(match offset {
            DurationExpr::Literal(milliseconds) if negative => DurationExpr::Literal(-milliseconds),
            other if negative => DurationExpr::Negate(Box::new(other)),
            other => other,
        })
    }

    fn at_time(&mut self) -> Parsed<At> {
        let span = self.span();
        let named = match self.keyword().as_deref() {
            Some("start") => Some(At::Start),
            Some("end") => Some(At::End),
            _ => None,
        };
        if let Some(at) = named {
            self.advance();
            self.expect_sign("(")?;
            self.expect_sign(")")?;
            return Ok(at);
        }
        let seconds = self.signed_number()?;
        if !seconds.is_finite() || seconds.abs() * 1000.0 > TIME_MAX_MS as f64 {
            return self.fail(span, format!("timestamp out of bounds for @ modifier: {}", format_general(seconds)));
        }
        Ok(At::Time((seconds * 1000.0).round() as i64))
    }
}

/// Where `offset` and `@` of an operand are kept.
fn shift_of<'e>(expr: &'e mut Expr, parser: &Parser<'_>, span: Span, what: &str) -> Parsed<&'e mut TimeShift> {
    match &mut expr.kind {
        ExprKind::Selector(selector) | ExprKind::Matrix { selector, .. } => Ok(&mut selector.shift),
        ExprKind::Subquery { shift, .. } => Ok(shift),
        _ => parser
            .fail(span, format!("{what} must be preceded by an instant vector selector or range vector selector or a subquery")),
    }
}
