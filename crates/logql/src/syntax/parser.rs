//! Tokens to a tree: cursor, selectors, expressions of operators. Stages are in `stages`, aggregations in
//! `aggregations`.

use luneta_promql::syntax::{BinaryOp, Cardinality};
use luneta_promql::{MatchOp, Matcher};

use super::ast::{Expr, LogExpr, Matching, MetricExpr, RangeOp, VectorOp};
use super::lexer::{Kind, Token, tokens};
use crate::error::LogqlError;
use crate::query::ParseOptions;

pub(super) type Parsed<T> = Result<T, LogqlError>;

/// Words that are tokens of their own to Loki, wherever they stand.
const KEYWORDS: [&str; 28] = [
    "by",
    "without",
    "bool",
    "label_replace",
    "offset",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "or",
    "and",
    "unless",
    "json",
    "regexp",
    "logfmt",
    "unpack",
    "pattern",
    "label_format",
    "line_format",
    "decolorize",
    "drop",
    "keep",
    "unwrap",
    "variants",
    "of",
    "bytes",
    "duration",
    "duration_seconds",
];

/// Reads a text.
pub(crate) fn parse(text: &str, options: &ParseOptions) -> Parsed<Expr> {
    if text.len() > options.length_max {
        return Err(LogqlError::whole(format!("input size too long ({} > {})", text.len(), options.length_max)));
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, options, nesting: 0 };
    let expr = parser.expression(0)?;
    if *parser.peek() != Kind::End {
        return parser.unexpected("");
    }
    Ok(expr)
}

pub(super) struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    options: &'a ParseOptions,
    /// Open expressions around the token at hand.
    nesting: usize,
}

impl Parser<'_> {
    pub fn peek(&self) -> &Kind {
        self.ahead(0)
    }

    pub fn ahead(&self, count: usize) -> &Kind {
        &self.tokens[(self.at + count).min(self.tokens.len() - 1)].kind
    }

    pub fn advance(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        kind
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Kind::Sign(found) if *found == sign)
    }

    pub fn eat(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        if found {
            self.advance();
        }
        found
    }

    pub fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { self.unexpected(sign) }
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_ahead(0, word)
    }

    pub fn is_word_ahead(&self, count: usize, word: &str) -> bool {
        matches!(self.ahead(count), Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    pub fn word(&mut self) -> Parsed<String> {
        match self.peek() {
            Kind::Word(word) => {
                let word = word.clone();
                self.advance();
                Ok(word)
            }
            _ => self.unexpected("IDENTIFIER"),
        }
    }

    pub fn text(&mut self) -> Parsed<String> {
        match self.peek() {
            Kind::Text(text) => {
                let text = text.clone();
                self.advance();
                Ok(text)
            }
            _ => self.unexpected("STRING"),
        }
    }

    /// A fault at the token at hand, in the words of Loki's parser.
    pub fn fail<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let Token { line, column, .. } = self.tokens[self.at];
        Err(LogqlError::Parse { line, column, message: message.into() })
    }

    pub fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        let found = match self.peek() {
            Kind::Word(word) => {
                let lower = word.to_ascii_lowercase();
                let called = matches!(self.ahead(1), Kind::Sign("("));
                if KEYWORDS.contains(&lower.as_str()) || (lower == "ip" && called) {
                    lower
                } else if called && (RangeOp::of(word).is_some() || VectorOp::of(word).is_some()) {
                    word.to_ascii_uppercase()
                } else {
                    "IDENTIFIER".to_owned()
                }
            }
            Kind::Number(_) => "NUMBER".to_owned(),
            Kind::Duration(_) => "DURATION".to_owned(),
            Kind::Bytes(_) => "BYTES".to_owned(),
            Kind::Text(_) => "STRING".to_owned(),
            Kind::Range(_) => "RANGE".to_owned(),
            Kind::Flag(_) => "PARSER_FLAG".to_owned(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::End => "$end".to_owned(),
        };
        let expecting = if expected.is_empty() { String::new() } else { format!(", expecting {expected}") };
        self.fail(format!("syntax error: unexpected {found}{expecting}"))
    }

    /// Runs a part of the parser one level deeper.
    pub fn deeper<T>(&mut self, part: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= self.options.depth_max {
            return self.fail(format!("query is nested deeper than {} levels", self.options.depth_max));
        }
        self.nesting += 1;
        let parsed = part(self);
        self.nesting -= 1;
        parsed
    }

    /// An expression of operators that bind at least as strongly as `least`.
    pub fn expression(&mut self, least: u8) -> Parsed<Expr> {
        self.deeper(|parser| parser.operators(least))
    }

    fn operators(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.operand()?;
        let mut height = 0;
        while let Some((op, precedence)) = self.binary_operator() {
            if precedence < least {
                break;
            }
            height += 1;
            if self.nesting + height > self.options.depth_max {
                return self.fail(format!("query is nested deeper than {} levels", self.options.depth_max));
            }
            self.advance();
            let matching = self.matching(op)?;
            let right = self.expression(if op == BinaryOp::Pow { precedence } else { precedence + 1 })?;
            left = Expr::Metric(binary(op, matching, left, right)?);
        }
        Ok(left)
    }

    /// A whole expression that gives numbers.
    pub fn metric(&mut self) -> Parsed<MetricExpr> {
        match self.expression(0)? {
            Expr::Metric(metric) => Ok(metric),
            Expr::Log(_) => self.unexpected(""),
        }
    }

    fn operand(&mut self) -> Parsed<Expr> {
        match self.peek().clone() {
            Kind::Sign("(") => {
                self.advance();
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Kind::Sign("{") => {
                let matchers = self.selector()?;
                let stages = self.stages()?;
                Ok(Expr::Log(LogExpr { matchers, stages }))
            }
            Kind::Number(_) | Kind::Sign("+" | "-") => self.literal().map(|value| Expr::Metric(MetricExpr::Literal(value))),
            Kind::Word(word) if self.is_call() => self.call(&word).map(Expr::Metric),
            _ => self.unexpected(""),
        }
    }

    /// Whether a word is used as a function: followed by a parenthesis, or by a grouping that is.
    fn is_call(&self) -> bool {
        let open = |count| matches!(self.ahead(count), Kind::Sign("("));
        open(1) || ((self.is_word_ahead(1, "by") || self.is_word_ahead(1, "without")) && open(2))
    }

    /// A number, maybe with a sign.
    pub fn literal(&mut self) -> Parsed<f64> {
        let negative = self.is_sign("-");
        if negative || self.is_sign("+") {
            self.advance();
        }
        let Kind::Number(text) = self.peek().clone() else { return self.unexpected("NUMBER") };
        self.advance();
        let value = number(&text).map_err(|fault| LogqlError::whole(format!("unable to parse literal as a float: {fault}")))?;
        Ok(if negative { -value } else { value })
    }

    fn binary_operator(&self) -> Option<(BinaryOp, u8)> {
        use BinaryOp::{Add, And, DivOrNan, Eq, Ge, Gt, Le, Lt, Mod, Mul, Ne, Or, Pow, Sub, Unless};
        Some(match self.peek() {
            Kind::Sign("+") => (Add, 4),
            // To the lexer `-5m` is a duration wherever it stands, as it is to Loki's.
            Kind::Sign("-") => (Sub, 4),
            Kind::Sign("*") => (Mul, 5),
            Kind::Sign("/") => (DivOrNan, 5),
            Kind::Sign("%") => (Mod, 5),
            Kind::Sign("^") => (Pow, 6),
            Kind::Sign("==") => (Eq, 3),
            Kind::Sign("!=") => (Ne, 3),
            Kind::Sign(">") => (Gt, 3),
            Kind::Sign("<") => (Lt, 3),
            Kind::Sign(">=") => (Ge, 3),
            Kind::Sign("<=") => (Le, 3),
            Kind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "or" => (Or, 1),
                "and" => (And, 2),
                "unless" => (Unless, 2),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn matching(&mut self, op: BinaryOp) -> Parsed<Matching> {
        let mut matching = Matching { returns_bool: self.eat_word("bool"), ..Matching::default() };
        if op.is_set() {
            matching.cardinality = Cardinality::ManyToMany;
        }
        if !self.is_word("on") && !self.is_word("ignoring") {
            return Ok(matching);
        }
        matching.on = self.is_word("on");
        self.advance();
        matching.labels = Some(self.labels()?);
        let left = self.is_word("group_left");
        if left || self.is_word("group_right") {
            self.advance();
            matching.cardinality = if left { Cardinality::ManyToOne } else { Cardinality::OneToMany };
            // Behind `group_left` a parenthesis may begin its labels or the right operand.
            let listed = matches!(self.ahead(1), Kind::Sign(")"))
                || (matches!(self.ahead(1), Kind::Word(_)) && matches!(self.ahead(2), Kind::Sign("," | ")")));
            if self.is_sign("(") && listed {
                matching.include = self.labels()?;
            }
        }
        Ok(matching)
    }

    /// `(a, b)`, or `()`.
    pub fn labels(&mut self) -> Parsed<Vec<String>> {
        self.expect("(")?;
        let mut labels = Vec::new();
        if self.eat(")") {
            return Ok(labels);
        }
        loop {
            labels.push(self.word()?);
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(labels)
    }

    /// `{a="b", c=~"d"}`
    pub fn selector(&mut self) -> Parsed<Vec<Matcher>> {
        self.expect("{")?;
        let mut matchers = Vec::new();
        if self.eat("}") {
            return Ok(matchers);
        }
        loop {
            let name = self.word()?;
            matchers.push(self.matcher(name)?);
            if !self.eat(",") {
                break;
            }
        }
        if self.eat("}") { Ok(matchers) } else { self.unexpected("} or ,") }
    }

    /// The rest of a matcher behind its name.
    pub fn matcher(&mut self, name: String) -> Parsed<Matcher> {
        let op = match self.peek() {
            Kind::Sign("=") => MatchOp::Equal,
            Kind::Sign("!=") => MatchOp::NotEqual,
            Kind::Sign("=~") => MatchOp::Regex,
            Kind::Sign("!~") => MatchOp::NotRegex,
            _ => return self.unexpected("= or != or =~ or !~"),
        };
        self.advance();
        let value = self.text()?;
        Matcher::new(name, op, value).map_err(|fault| LogqlError::whole(format!("error parsing regexp: {fault}")))
    }
}

/// A decimal number that fits.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let value = crate::units::go_float(text)?;
    if value.is_finite() { Ok(value) } else { Err(format!("strconv.ParseFloat: parsing {text:?}: value out of range")) }
}

/// What Loki calls the type of an expression that has no place beside an operator.
fn type_name(log: &LogExpr) -> &'static str {
    if log.stages.is_empty() { "*syntax.MatchersExpr" } else { "*syntax.PipelineExpr" }
}

fn binary(op: BinaryOp, matching: Matching, left: Expr, right: Expr) -> Parsed<MetricExpr> {
    let sign = op.as_str();
    let fault = |side: &str, log: &LogExpr| {
        LogqlError::whole(format!("unexpected type for {side} leg of binary operation ({sign}): {}", type_name(log)))
    };
    let left = match left {
        Expr::Metric(metric) => metric,
        Expr::Log(log) => return Err(fault("left", &log)),
    };
    let right = match right {
        Expr::Metric(metric) => metric,
        Expr::Log(log) => return Err(fault("right", &log)),
    };
    if matches!(left, MetricExpr::Variants { .. }) || matches!(right, MetricExpr::Variants { .. }) {
        return Err(LogqlError::whole(format!("variants have no place beside an operator ({sign})")));
    }
    let literal = |expr: &MetricExpr| match expr {
        MetricExpr::Literal(value) => Some(*value),
        _ => None,
    };
    if op.is_set() {
        for (side, expr) in [("left", &left), ("right", &right)] {
            if let Some(value) = literal(expr) {
                return Err(LogqlError::whole(format!(
                    "unexpected literal for {side} leg of logical/set binary operation ({sign}): {value:.6}"
                )));
            }
        }
    }
    if let (Some(a), Some(b)) = (literal(&left), literal(&right)) {
        let value = of_literals(op, a, b);
        // What no number is written as stays as it is.
        if value.is_finite() {
            return Ok(MetricExpr::Literal(value));
        }
    }
    Ok(MetricExpr::Binary { op, matching, left: Box::new(left), right: Box::new(right) })
}

/// An operator between two numbers; a comparison gives 0 or 1.
pub(crate) fn of_literals(op: BinaryOp, a: f64, b: f64) -> f64 {
    let truth = |holds: bool| f64::from(u8::from(holds));
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div | BinaryOp::DivOrNan => {
            if b == 0.0 {
                f64::NAN
            } else {
                a / b
            }
        }
        BinaryOp::Mod => a % b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Eq => truth(a == b),
        BinaryOp::Ne => truth(a != b),
        BinaryOp::Gt => truth(a > b),
        BinaryOp::Lt => truth(a < b),
        BinaryOp::Ge => truth(a >= b),
        BinaryOp::Le => truth(a <= b),
        _ => f64::NAN,
    }
}
