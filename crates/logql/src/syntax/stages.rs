//! Pipelines: line filters, parsers, formats, label filters.

use super::ast::{Extraction, LabelFormat, LineFilterExpr, LineMatch, LineOperand, NamedMatcher, Stage};
use super::filters::{Comparison, LabelFilter, Quantity};
use super::lexer::{KEEP_EMPTY, Kind, STRICT};
use super::parser::{Parsed, Parser};
use crate::error::LogqlError;
use crate::pipeline::IpFilter;

impl Parser<'_> {
    /// Stages up to what is none; `unwrap` is none.
    pub fn stages(&mut self) -> Parsed<Vec<Stage>> {
        let mut stages = Vec::new();
        loop {
            if self.is_line_filter() {
                self.line_filter(&mut stages)?;
            } else if self.is_sign("|") && !self.is_word_ahead(1, "unwrap") {
                self.advance();
                stages.push(self.stage()?);
            } else {
                return Ok(stages);
            }
        }
    }

    /// Whether a line filter begins here. `!=` may be an operator between numbers too.
    fn is_line_filter(&self) -> bool {
        match self.peek() {
            Kind::Sign("|=" | "|~" | "|>" | "!~" | "!>") => true,
            Kind::Sign("!=") => self.is_line_operand(1),
            _ => false,
        }
    }

    fn is_line_operand(&self, count: usize) -> bool {
        let ip = self.is_word_ahead(count, "ip") && matches!(self.ahead(count + 1), Kind::Sign("("));
        ip || matches!(self.ahead(count), Kind::Text(_))
    }

    fn line_filter(&mut self, stages: &mut Vec<Stage>) -> Parsed<()> {
        let op = match self.advance() {
            Kind::Sign("|=") => LineMatch::Contains,
            Kind::Sign("!=") => LineMatch::NotContains,
            Kind::Sign("|~") => LineMatch::Regex,
            Kind::Sign("!~") => LineMatch::NotRegex,
            Kind::Sign("|>") => LineMatch::Pattern,
            _ => LineMatch::NotPattern,
        };
        let mut alternatives = vec![self.line_operand()?];
        while self.is_word("or") && self.is_line_operand(1) {
            self.advance();
            alternatives.push(self.line_operand()?);
        }
        if alternatives.iter().any(|operand| operand.is_ip) && !matches!(op, LineMatch::Contains | LineMatch::NotContains) {
            return Err(LogqlError::whole("ip: invalid operation"));
        }
        if op.is_negative() {
            // Neither of them is each of them not.
            let single = |operand| Stage::Line(LineFilterExpr { op, alternatives: vec![operand] });
            stages.extend(alternatives.into_iter().map(single));
        } else {
            stages.push(Stage::Line(LineFilterExpr { op, alternatives }));
        }
        Ok(())
    }

    fn line_operand(&mut self) -> Parsed<LineOperand> {
        if self.is_word("ip") {
            return Ok(LineOperand { text: self.ip()?, is_ip: true });
        }
        if !matches!(self.peek(), Kind::Text(_)) {
            return self.unexpected("STRING or ip");
        }
        Ok(LineOperand { text: self.text()?, is_ip: false })
    }

    /// `ip("…")`
    fn ip(&mut self) -> Parsed<String> {
        self.advance();
        self.expect("(")?;
        let text = self.text()?;
        self.expect(")")?;
        Ok(text)
    }

    /// A stage behind its `|`.
    fn stage(&mut self) -> Parsed<Stage> {
        let Kind::Word(word) = self.peek().clone() else { return self.label_filter().map(Stage::Label) };
        let stage = match word.to_ascii_lowercase().as_str() {
            "json" => {
                self.advance();
                Stage::Json(self.extractions()?)
            }
            "logfmt" => {
                self.advance();
                let (mut strict, mut keep_empty) = (false, false);
                while let Kind::Flag(flag) = *self.peek() {
                    strict |= flag == STRICT;
                    keep_empty |= flag == KEEP_EMPTY;
                    self.advance();
                }
                Stage::Logfmt { strict, keep_empty, extractions: self.extractions()? }
            }
            "regexp" => {
                self.advance();
                Stage::Regexp(self.text()?)
            }
            "pattern" => {
                self.advance();
                Stage::Pattern(self.text()?)
            }
            "unpack" => {
                self.advance();
                Stage::Unpack
            }
            "line_format" => {
                self.advance();
                Stage::LineFormat(self.text()?)
            }
            "label_format" => {
                self.advance();
                Stage::LabelFormat(self.label_formats()?)
            }
            "decolorize" => {
                self.advance();
                Stage::Decolorize
            }
            "drop" => {
                self.advance();
                Stage::Drop(self.named_matchers()?)
            }
            "keep" => {
                self.advance();
                Stage::Keep(self.named_matchers()?)
            }
            _ => Stage::Label(self.label_filter()?),
        };
        Ok(stage)
    }

    fn extractions(&mut self) -> Parsed<Vec<Extraction>> {
        let mut extractions = Vec::new();
        if !matches!(self.peek(), Kind::Word(_)) {
            return Ok(extractions);
        }
        loop {
            let label = self.word()?;
            let expression = if self.eat("=") { self.text()? } else { label.clone() };
            extractions.push(Extraction { label, expression });
            if !self.eat(",") {
                return Ok(extractions);
            }
        }
    }

    fn label_formats(&mut self) -> Parsed<Vec<LabelFormat>> {
        let mut formats = Vec::new();
        loop {
            let to = self.word()?;
            self.expect("=")?;
            formats.push(match self.peek() {
                Kind::Text(_) => LabelFormat::Template { to, template: self.text()? },
                Kind::Word(_) => LabelFormat::Rename { to, from: self.word()? },
                _ => return self.unexpected("IDENTIFIER or STRING"),
            });
            if !self.eat(",") {
                return Ok(formats);
            }
        }
    }

    fn named_matchers(&mut self) -> Parsed<Vec<NamedMatcher>> {
        let mut named = Vec::new();
        loop {
            let name = self.word()?;
            named.push(match self.peek() {
                Kind::Sign("=" | "!=" | "=~" | "!~") => NamedMatcher::Matcher(self.matcher(name)?),
                _ => NamedMatcher::Name(name),
            });
            if !self.eat(",") {
                return Ok(named);
            }
        }
    }

    /// A condition on labels.
    pub fn label_filter(&mut self) -> Parsed<LabelFilter> {
        self.label_filters(0)
    }

    /// Conditions joined by what binds at least as strongly as `least`: `or` is 1, `and` is 2. A comma, or
    /// nothing, joins all that follows whatever stands before, as in Loki's grammar.
    fn label_filters(&mut self, least: u8) -> Parsed<LabelFilter> {
        self.deeper(|parser| {
            let mut left = parser.label_filter_operand()?;
            loop {
                let strength = match parser.peek() {
                    Kind::Sign("," | "(") => 0,
                    Kind::Word(word) if word.eq_ignore_ascii_case("or") => 1,
                    Kind::Word(word) if word.eq_ignore_ascii_case("and") => 2,
                    Kind::Word(_) if parser.is_comparison(1) => 0,
                    _ => return Ok(left),
                };
                if strength == 0 {
                    parser.eat(",");
                    let right = parser.label_filters(0)?;
                    left = LabelFilter::And(Box::new(left), Box::new(right));
                    continue;
                }
                if strength < least {
                    return Ok(left);
                }
                parser.advance();
                let right = Box::new(parser.label_filters(strength + 1)?);
                left =
                    if strength == 1 { LabelFilter::Or(Box::new(left), right) } else { LabelFilter::And(Box::new(left), right) };
            }
        })
    }

    fn is_comparison(&self, count: usize) -> bool {
        matches!(self.ahead(count), Kind::Sign("=" | "!=" | "=~" | "!~" | ">" | ">=" | "<" | "<=" | "=="))
    }

    fn label_filter_operand(&mut self) -> Parsed<LabelFilter> {
        if self.eat("(") {
            let inner = self.label_filters(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if !matches!(self.peek(), Kind::Word(_)) || !self.is_comparison(1) {
            if matches!(self.peek(), Kind::Word(_)) {
                self.word()?;
            }
            return self.unexpected("");
        }
        let label = self.word()?;
        if matches!((self.peek(), self.ahead(1)), (Kind::Sign("=" | "!="), Kind::Text(_)) | (Kind::Sign("=~" | "!~"), _)) {
            return self.matcher(label).map(LabelFilter::Matcher);
        }
        let op = match self.advance() {
            Kind::Sign("!=") => Comparison::NotEqual,
            Kind::Sign(">") => Comparison::Greater,
            Kind::Sign(">=") => Comparison::GreaterEqual,
            Kind::Sign("<") => Comparison::Less,
            Kind::Sign("<=") => Comparison::LessEqual,
            _ => Comparison::Equal,
        };
        let value = match self.peek().clone() {
            Kind::Number(_) | Kind::Sign("+" | "-") => Quantity::Number(self.literal()?),
            Kind::Duration(nanoseconds) => {
                self.advance();
                Quantity::Duration(nanoseconds)
            }
            Kind::Bytes(bytes) => {
                self.advance();
                Quantity::Bytes(bytes)
            }
            Kind::Word(word) if word.eq_ignore_ascii_case("ip") && matches!(op, Comparison::Equal | Comparison::NotEqual) => {
                let negated = op == Comparison::NotEqual;
                let addresses = IpFilter::new(&self.ip()?).map_err(LogqlError::whole)?;
                return Ok(LabelFilter::Ip { label, negated, addresses });
            }
            _ => return self.unexpected("BYTES or NUMBER or DURATION"),
        };
        Ok(LabelFilter::Compare { label, op, value })
    }
}

/// Whether a stage can take a line away or change it for the stages behind it.
pub(crate) fn changes_line(stage: &Stage) -> bool {
    matches!(stage, Stage::LineFormat(_) | Stage::Unpack | Stage::Decolorize)
}
