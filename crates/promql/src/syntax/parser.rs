//! Tokens to tree: a Pratt parser.

use super::ast::{AggregateOp, BinaryOp, Cardinality, Expr, ExprKind, Fill, Grouping, Matching, Selector, TimeShift};
use super::lexer::{Kind, Token, fault, tokens};
use super::{Span, check};
use crate::error::PromqlError;
use crate::functions::{Named, find_function};
use crate::query::ParseOptions;

/// Operands of unary operators bind like those of `^`.
const UNARY_OPERAND: u8 = 6;

/// Reads a text; gives the tree and the number of its selections.
pub(crate) fn parse(text: &str, options: &ParseOptions) -> Result<(Expr, usize), PromqlError> {
    let (expr, selections) = read(text, options)?;
    check::check(&expr, text, options)?;
    Ok((expr, selections))
}

/// The tree of a text, sound or not.
pub(crate) fn read(text: &str, options: &ParseOptions) -> Result<(Expr, usize), PromqlError> {
    let whole = Span { start: 0, end: text.len() };
    if text.len() > options.length_max {
        let message = format!("query has {} bytes, more than the limit of {}", text.len(), options.length_max);
        return Err(fault(text, Span::default(), message));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { text, options, tokens, at: 0, selections: 0, nesting: 0 };
    if parser.peek() == &Kind::End {
        return Err(fault(text, whole, "no expression found in input"));
    }
    let expr = parser.expression(0)?;
    if parser.peek() != &Kind::End {
        return parser.unexpected("an operator or the end of the query");
    }
    Ok((expr, parser.selections))
}

pub(super) struct Parser<'a> {
    pub text: &'a str,
    pub options: &'a ParseOptions,
    tokens: Vec<Token>,
    at: usize,
    /// Selections so far; each selector gets the next number.
    pub selections: usize,
    nesting: usize,
}

type Parsed<T> = Result<T, PromqlError>;

impl Parser<'_> {
    pub fn peek(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn peek_second(&self) -> &Kind {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].kind
    }

    pub fn span(&self) -> Span {
        self.tokens[self.at].span
    }

    /// The token just read.
    pub fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    pub fn advance(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    pub fn fail<T>(&self, span: Span, message: impl Into<String>) -> Parsed<T> {
        Err(fault(self.text, span, message))
    }

    pub fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        let span = self.span();
        let found = match self.peek() {
            Kind::End => "end of input".to_owned(),
            Kind::Text(_) => "string".to_owned(),
            _ => format!("{:?}", &self.text[span.start..span.end]),
        };
        self.fail(span, format!("unexpected {found}, expected {wanted}"))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    fn second_is_sign(&self, sign: &str) -> bool {
        matches!(self.peek_second(), Kind::Sign(found) if *found == sign)
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect_sign(&mut self, sign: &str) -> Parsed<Span> {
        if self.is_sign(sign) { Ok(self.advance().span) } else { self.unexpected(&format!("{sign:?}")) }
    }

    /// The word at hand in lower case; keywords know no case.
    pub fn keyword(&self) -> Option<String> {
        match self.peek() {
            Kind::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    /// A node; trees are bounded in height.
    pub fn node(&self, span: Span, kind: ExprKind) -> Parsed<Expr> {
        let mut expr = Expr { span, kind, depth: 0 };
        expr.depth = 1 + expr.children().iter().map(|child| child.depth).max().unwrap_or(0);
        if expr.depth > self.options.depth_max {
            return self.fail(span, format!("query is nested deeper than {} levels", self.options.depth_max));
        }
        Ok(expr)
    }

    /// An expression of operators that bind at least as strongly as `least`.
    pub fn expression(&mut self, least: u8) -> Parsed<Expr> {
        self.nesting += 1;
        if self.nesting > self.options.depth_max {
            return self.fail(self.span(), format!("query is nested deeper than {} levels", self.options.depth_max));
        }
        let mut left = self.operand()?;
        while let Some(op) = self.binary_operator() {
            if op.precedence() < least {
                break;
            }
            self.advance();
            let (returns_bool, matching) = self.binary_modifiers(op)?;
            let right = self.expression(if op == BinaryOp::Pow { op.precedence() } else { op.precedence() + 1 })?;
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(right), returns_bool, matching };
            left = self.node(span, kind)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn binary_operator(&self) -> Option<BinaryOp> {
        use BinaryOp::{Add, And, Atan2, Div, Eq, Ge, Gt, Le, Lt, Mod, Mul, Ne, Or, Pow, Sub, TrimLower, TrimUpper, Unless};
        let word = self.keyword();
        let found = match self.peek() {
            Kind::Sign(sign) => sign,
            _ => word.as_deref()?,
        };
        [Add, Sub, Mul, Div, Mod, Pow, Atan2, Eq, Ne, Gt, Lt, Ge, Le, TrimUpper, TrimLower, And, Or, Unless]
            .into_iter()
            .find(|op| op.as_str() == found)
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if self.is_sign("-") || self.is_sign("+") {
            let negate = self.advance().kind == Kind::Sign("-");
            let expr = self.expression(UNARY_OPERAND)?;
            let span = start.to(expr.span);
            if let ExprKind::Number(value) = expr.kind {
                return self.node(span, ExprKind::Number(if negate { -value } else { value }));
            }
            return self.node(span, ExprKind::Unary { negate, expr: Box::new(expr) });
        }
        let mut expr = self.primary()?;
        loop {
            let (next, more) = self.postfix(expr)?;
            if !more {
                return Ok(next);
            }
            expr = next;
        }
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let span = self.span();
        match self.peek().clone() {
            Kind::Number(value) => {
                self.advance();
                self.node(span, ExprKind::Number(value))
            }
            Kind::Duration(milliseconds) => {
                self.advance();
                self.node(span, ExprKind::Number(milliseconds as f64 / 1000.0))
            }
            Kind::Text(text) => {
                self.advance();
                self.node(span, ExprKind::String(text))
            }
            Kind::Sign("(") => {
                self.advance();
                let inner = self.expression(0)?;
                let close = self.expect_sign(")")?;
                self.node(span.to(close), ExprKind::Paren(Box::new(inner)))
            }
            Kind::Sign("{") => self.selector(None),
            Kind::Word(word) => self.word(&word),
            _ => self.unexpected("an expression"),
        }
    }

    /// An aggregation, a function or the name of a metric.
    fn word(&mut self, word: &str) -> Parsed<Expr> {
        let span = self.span();
        let lower = word.to_ascii_lowercase();
        let aggregate = AggregateOp::ALL.into_iter().find(|op| op.as_str() == lower);
        if let Some(op) = aggregate {
            let grouped =
                matches!(self.peek_second(), Kind::Word(next) if matches!(next.to_ascii_lowercase().as_str(), "by" | "without"));
            if grouped || self.second_is_sign("(") {
                self.advance();
                return self.aggregate(op, span);
            }
        }
        if self.second_is_sign("(") {
            self.advance();
            return self.call(word, span);
        }
        if matches!(lower.as_str(), "bool" | "on" | "ignoring" | "group_left" | "group_right" | "atan2") {
            return self.unexpected("an expression");
        }
        self.advance();
        self.selector(Some((word.to_owned(), span)))
    }

    fn aggregate(&mut self, op: AggregateOp, start: Span) -> Parsed<Expr> {
        let mut grouping = self.grouping()?;
        self.expect_sign("(")?;
        let mut arguments = self.arguments()?;
        let mut end = self.last_span();
        if grouping.is_none() {
            grouping = self.grouping()?;
            end = self.last_span();
        }
        let wanted = 1 + usize::from(op.parameter().is_some());
        if arguments.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {wanted}, got {}",
                arguments.len()
            );
            return self.fail(start.to(end), message);
        }
        let Some(expr) = arguments.pop() else { return self.unexpected("an expression") };
        let parameter = arguments.pop().map(Box::new);
        let grouping = grouping.unwrap_or_default();
        self.node(start.to(end), ExprKind::Aggregate { op, parameter, expr: Box::new(expr), grouping })
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        let without = self.keyword().as_deref() == Some("without");
        if !without && self.keyword().as_deref() != Some("by") {
            return Ok(None);
        }
        self.advance();
        Ok(Some(Grouping { without, labels: self.label_list()? }))
    }

    /// `(a, "b.c", d)`
    fn label_list(&mut self) -> Parsed<Vec<String>> {
        self.expect_sign("(")?;
        let mut labels = Vec::new();
        while !self.is_sign(")") {
            let span = self.span();
            let label = match self.peek().clone() {
                Kind::Word(word) if !word.contains(':') => word,
                Kind::Number(_) if self.text[span.start..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    self.text[span.start..span.end].to_owned()
                }
                Kind::Text(text) if !text.is_empty() => text,
                _ => return self.unexpected("a label"),
            };
            self.advance();
            labels.push(label);
            if !self.take_sign(",") && !self.is_sign(")") {
                return self.unexpected("\",\" or \")\"");
            }
        }
        self.expect_sign(")")?;
        Ok(labels)
    }

    /// Arguments behind an opening parenthesis, and the closing one.
    fn arguments(&mut self) -> Parsed<Vec<Expr>> {
        let mut arguments = Vec::new();
        while !self.is_sign(")") {
            arguments.push(self.expression(0)?);
            if !self.is_sign(")") {
                if !self.take_sign(",") {
                    return self.unexpected("\",\" or \")\"");
                }
                if self.is_sign(")") {
                    return self.fail(self.last_span(), "trailing commas not allowed in function call args");
                }
            }
        }
        self.expect_sign(")")?;
        Ok(arguments)
    }

    fn call(&mut self, name: &str, start: Span) -> Parsed<Expr> {
        let Some(function) = find_function(name) else {
            return self.fail(start, format!("unknown function with name {name:?}"));
        };
        if function.experimental && !self.options.experimental {
            return self.fail(start, format!("function {name:?} is not enabled (experimental)"));
        }
        self.expect_sign("(")?;
        let mut arguments = self.arguments()?;
        let span = start.to(self.last_span());
        if function.is_named(Named::Info) && arguments.len() == 1 {
            // The info metrics are a selection of their own even when none is written.
            let end = Span { start: span.end - 1, end: span.end - 1 };
            let selector =
                Selector { name: None, matchers: Vec::new(), shift: TimeShift::default(), modifier: None, id: self.selections };
            self.selections += 1;
            arguments.push(self.node(end, ExprKind::Selector(selector))?);
        }
        self.node(span, ExprKind::Call { function, arguments })
    }

    fn binary_modifiers(&mut self, op: BinaryOp) -> Parsed<(bool, Matching)> {
        let returns_bool = self.keyword().as_deref() == Some("bool");
        if returns_bool {
            if !op.is_comparison() {
                return self.fail(self.span(), "bool modifier can only be used on comparison operators");
            }
            self.advance();
        }
        let mut matching = Matching::default();
        if op.is_set() {
            matching.cardinality = Cardinality::ManyToMany;
        }
        if matches!(self.keyword().as_deref(), Some("on" | "ignoring")) {
            matching.on = self.keyword().as_deref() == Some("on");
            matching.written = true;
            self.advance();
            matching.labels = self.label_list()?;
            self.group_modifier(op, &mut matching)?;
        }
        self.fill_modifiers(op, &mut matching)?;
        Ok((returns_bool, matching))
    }

    fn group_modifier(&mut self, op: BinaryOp, matching: &mut Matching) -> Parsed<()> {
        let cardinality = match self.keyword().as_deref() {
            Some("group_left") => Cardinality::ManyToOne,
            Some("group_right") => Cardinality::OneToMany,
            _ => return Ok(()),
        };
        let span = self.span();
        if op.is_set() {
            return self.fail(span, format!("no grouping allowed for {:?} operation", op.as_str()));
        }
        self.advance();
        matching.cardinality = cardinality;
        if self.is_sign("(") {
            matching.include = self.label_list()?;
        }
        let twice = matching.include.iter().find(|label| matching.on && matching.labels.contains(label));
        match twice {
            Some(label) => self.fail(span, format!("label {label:?} must not occur in ON and GROUP clause at once")),
            None => Ok(()),
        }
    }

    fn fill_modifiers(&mut self, op: BinaryOp, matching: &mut Matching) -> Parsed<()> {
        while let Some(word @ ("fill" | "fill_left" | "fill_right")) = self.keyword().as_deref() {
            if !self.second_is_sign("(") {
                break;
            }
            let span = self.span();
            if !self.options.experimental {
                return self.fail(span, format!("{word} is not enabled (experimental)"));
            }
            if op.is_set() {
                return self.fail(span, "filling in missing series not allowed for set operators");
            }
            let word = word.to_owned();
            self.advance();
            self.advance();
            let value = self.signed_number()?;
            self.expect_sign(")")?;
            let Fill { left, right } = &mut matching.fill;
            let twice = (word != "fill_right" && left.is_some()) || (word != "fill_left" && right.is_some());
            if twice {
                return self.fail(span, "fill modifier set more than once for a side");
            }
            if word != "fill_right" {
                *left = Some(value);
            }
            if word != "fill_left" {
                *right = Some(value);
            }
        }
        Ok(())
    }

    /// A number with any sign; durations are seconds.
    pub fn signed_number(&mut self) -> Parsed<f64> {
        let negative = self.is_sign("-");
        if negative || self.is_sign("+") {
            self.advance();
        }
        let value = match *self.peek() {
            Kind::Number(value) => value,
            Kind::Duration(milliseconds) => milliseconds as f64 / 1000.0,
            _ => return self.unexpected("a number"),
        };
        self.advance();
        Ok(if negative { -value } else { value })
    }
}
