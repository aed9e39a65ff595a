//! Aggregations over ranges and series, and the other functions.

use luneta_promql::go_regex;

use super::ast::{
    Conversion, Grouping, LineMatch, LogExpr, LogRange, MetricExpr, NamedMatcher, RangeExpr, RangeOp, Stage, Unwrap, VectorOp,
};
use super::lexer::Kind;
use super::parser::{Parsed, Parser, number};
use crate::error::LogqlError;

impl Parser<'_> {
    /// A call of what a word names.
    pub fn call(&mut self, word: &str) -> Parsed<MetricExpr> {
        let called = matches!(self.ahead(1), Kind::Sign("("));
        if let Some(op) = RangeOp::of(word).filter(|_| called) {
            return self.range_aggregation(op).map(MetricExpr::Range);
        }
        if let Some(op) = VectorOp::of(word) {
            return self.vector_aggregation(op);
        }
        match word.to_ascii_lowercase().as_str() {
            "vector" if called => {
                self.advance();
                self.advance();
                let Kind::Number(text) = self.peek().clone() else { return self.unexpected("NUMBER") };
                self.advance();
                self.expect(")")?;
                let fault = |fault| LogqlError::whole(format!("unable to parse vectorExpr as a float: {fault}"));
                number(&text).map(MetricExpr::Vector).map_err(fault)
            }
            "label_replace" if called => self.label_replace(),
            "variants" if called => self.variants(),
            _ => self.unexpected(""),
        }
    }

    /// `0.9,` in front of what is aggregated.
    fn parameter(&mut self) -> Option<String> {
        match (self.peek().clone(), self.ahead(1)) {
            (Kind::Number(text), Kind::Sign(",")) => {
                self.advance();
                self.advance();
                Some(text)
            }
            _ => None,
        }
    }

    fn grouping(&mut self) -> Parsed<Option<Grouping>> {
        let without = self.is_word("without");
        if !without && !self.is_word("by") {
            return Ok(None);
        }
        self.advance();
        Ok(Some(Grouping { without, labels: self.labels()? }))
    }

    fn range_aggregation(&mut self, op: RangeOp) -> Parsed<RangeExpr> {
        self.advance();
        self.expect("(")?;
        let parameter = self.parameter();
        let range = self.log_range()?;
        self.expect(")")?;
        let grouping = self.grouping()?;
        let name = op.as_str();
        let parameter = match (op, parameter) {
            (RangeOp::QuantileOverTime, Some(text)) => {
                let fault = |fault| LogqlError::whole(format!("invalid parameter for operation {name}: {fault}"));
                Some(number(&text).map_err(fault)?)
            }
            (RangeOp::QuantileOverTime, None) => {
                return Err(LogqlError::whole(format!("parameter required for operation {name}")));
            }
            (_, Some(text)) => {
                return Err(LogqlError::whole(format!("parameter {text} not supported for operation {name}")));
            }
            (_, None) => None,
        };
        if grouping.is_some() && !may_group(op) {
            return Err(LogqlError::whole(format!("grouping not allowed for {name} aggregation")));
        }
        if range.unwrap.is_some() && !may_unwrap(op) {
            return Err(LogqlError::whole(format!("invalid aggregation {name} with unwrap")));
        }
        if range.unwrap.is_none() && !counts_entries(op) {
            return Err(LogqlError::whole(format!("invalid aggregation {name} without unwrap")));
        }
        Ok(RangeExpr { op, parameter, range, grouping })
    }

    fn vector_aggregation(&mut self, op: VectorOp) -> Parsed<MetricExpr> {
        self.advance();
        let before = self.grouping()?;
        self.expect("(")?;
        let parameter = self.parameter();
        let expr = self.metric()?;
        self.expect(")")?;
        let grouping = match before {
            Some(grouping) => Some(grouping),
            None => self.grouping()?,
        };
        if matches!(expr, MetricExpr::Variants { .. }) {
            return Err(LogqlError::whole(format!("variants have no place in {}", op.as_str())));
        }
        let count = picked(op, parameter.as_deref())?;
        if op == VectorOp::ApproxTopk && grouping.is_some() {
            return Err(LogqlError::whole("grouping not allowed for approx_topk aggregation"));
        }
        let sorts = matches!(op, VectorOp::Sort | VectorOp::SortDesc);
        if sorts && grouping.as_ref().is_some_and(|grouping| !grouping.labels.is_empty()) {
            return Err(LogqlError::whole("sort and sort_desc doesn't allow grouping by "));
        }
        Ok(MetricExpr::Aggregate { op, count, grouping, expr: Box::new(expr) })
    }

    fn label_replace(&mut self) -> Parsed<MetricExpr> {
        self.advance();
        self.expect("(")?;
        let expr = self.metric()?;
        let mut texts = Vec::with_capacity(4);
        for _ in 0..4 {
            self.expect(",")?;
            texts.push(self.text()?);
        }
        self.expect(")")?;
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let (target, replacement, source, regex) = (next(), next(), next(), next());
        go_regex(&format!("^(?:{regex})$"))
            .map_err(|fault| LogqlError::whole(format!("invalid regex in label_replace: error parsing regexp: {fault}")))?;
        Ok(MetricExpr::LabelReplace { expr: Box::new(expr), target, replacement, source, regex })
    }

    fn variants(&mut self) -> Parsed<MetricExpr> {
        self.advance();
        self.expect("(")?;
        let mut variants = vec![self.metric()?];
        while self.eat(",") {
            variants.push(self.metric()?);
        }
        self.expect(")")?;
        if !self.eat_word("of") {
            return self.unexpected("of");
        }
        self.expect("(")?;
        let of = self.log_range()?;
        self.expect(")")?;
        if variants.iter().any(|variant| matches!(variant, MetricExpr::Variants { .. })) {
            return Err(LogqlError::whole("variants have no place in variants"));
        }
        Ok(MetricExpr::Variants { variants, of: Box::new(of) })
    }

    /// Entries with their range, which may stand before or behind the stages.
    pub fn log_range(&mut self) -> Parsed<LogRange> {
        let (range, is_ranged) = self.range_parts()?;
        if is_ranged { Ok(range) } else { self.unexpected("RANGE") }
    }

    fn range_parts(&mut self) -> Parsed<(LogRange, bool)> {
        let (mut found, mut is_ranged) = if self.is_sign("(") {
            self.advance();
            let inner = self.deeper(Self::range_parts)?;
            self.expect(")")?;
            inner
        } else {
            let log = LogExpr { matchers: self.selector()?, stages: Vec::new() };
            (LogRange { log, unwrap: None, range_ns: 0, offset_ns: 0 }, false)
        };
        loop {
            match self.peek().clone() {
                Kind::Range(range_ns) if !is_ranged => {
                    self.advance();
                    if range_ns <= 0 {
                        return Err(LogqlError::whole("duration must be greater than 0"));
                    }
                    (found.range_ns, is_ranged) = (range_ns, true);
                    if self.eat_word("offset") {
                        let Kind::Duration(offset_ns) = *self.peek() else { return self.unexpected("DURATION") };
                        self.advance();
                        found.offset_ns = offset_ns;
                    }
                }
                Kind::Sign("|") if self.is_word_ahead(1, "unwrap") && found.unwrap.is_none() => {
                    self.advance();
                    self.advance();
                    found.unwrap = Some(self.unwrap_expr()?);
                }
                _ => {
                    let before = self.stages()?;
                    if before.is_empty() {
                        return Ok((found, is_ranged));
                    }
                    self.add_stages(&mut found, before)?;
                }
            }
        }
    }

    /// Behind `unwrap` there are label filters only.
    fn add_stages(&self, range: &mut LogRange, stages: Vec<Stage>) -> Parsed<()> {
        let Some(unwrap) = &mut range.unwrap else {
            range.log.stages.extend(stages);
            settle(&mut range.log.stages);
            return Ok(());
        };
        for stage in stages {
            let Stage::Label(filter) = stage else {
                return self.fail("syntax error: only label filters may follow unwrap");
            };
            unwrap.filters.push(filter);
        }
        Ok(())
    }

    fn unwrap_expr(&mut self) -> Parsed<Unwrap> {
        let word = self.word()?;
        let conversions = [Conversion::Bytes, Conversion::Duration, Conversion::DurationSeconds];
        let named = |c: &Conversion| c.as_str().is_some_and(|name| name.eq_ignore_ascii_case(&word));
        match conversions.into_iter().find(named) {
            Some(conversion) if self.is_sign("(") => {
                self.advance();
                let label = self.word()?;
                self.expect(")")?;
                Ok(Unwrap { label, conversion, filters: Vec::new() })
            }
            _ => Ok(Unwrap { label: word, conversion: Conversion::Number, filters: Vec::new() }),
        }
    }
}

/// How many series an aggregation keeps, where it keeps some.
fn picked(op: VectorOp, parameter: Option<&str>) -> Parsed<Option<u32>> {
    let name = op.as_str();
    let picks = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    let message = match (picks, parameter) {
        (false, None) => return Ok(None),
        (false, Some(text)) => format!("unsupported parameter for operation {name}({text},"),
        (true, None) => format!("parameter required for operation {name}"),
        (true, Some(text)) => match text.parse() {
            Ok(0) => format!("invalid parameter (must be greater than 0) {name}({text}"),
            Ok(count) => return Ok(Some(count)),
            Err(_) => format!("invalid parameter {name}({text},"),
        },
    };
    Err(LogqlError::whole(message))
}

/// Behind a range, a line filter may follow the names of `drop` and `keep`, where it would read as a matcher of
/// the last of them. In front of them it does the same.
fn settle(stages: &mut [Stage]) {
    let ends_in_name = |stage: &Stage| match stage {
        Stage::Drop(named) | Stage::Keep(named) => matches!(named.last(), Some(NamedMatcher::Name(_))),
        _ => false,
    };
    for index in 1..stages.len() {
        let mut at = index;
        while at > 0
            && matches!(&stages[at], Stage::Line(filter) if matches!(filter.op, LineMatch::NotContains | LineMatch::NotRegex))
            && ends_in_name(&stages[at - 1])
        {
            stages.swap(at, at - 1);
            at -= 1;
        }
    }
}

fn may_group(op: RangeOp) -> bool {
    use RangeOp::{
        AvgOverTime, FirstOverTime, LastOverTime, MaxOverTime, MinOverTime, QuantileOverTime, StddevOverTime, StdvarOverTime,
    };
    matches!(
        op,
        AvgOverTime
            | StddevOverTime
            | StdvarOverTime
            | QuantileOverTime
            | MaxOverTime
            | MinOverTime
            | FirstOverTime
            | LastOverTime
    )
}

fn may_unwrap(op: RangeOp) -> bool {
    !matches!(op, RangeOp::CountOverTime | RangeOp::BytesOverTime | RangeOp::BytesRate)
}

/// Whether it can do without `unwrap`.
fn counts_entries(op: RangeOp) -> bool {
    use RangeOp::{AbsentOverTime, BytesOverTime, BytesRate, CountOverTime, Rate};
    matches!(op, CountOverTime | Rate | BytesOverTime | BytesRate | AbsentOverTime)
}
