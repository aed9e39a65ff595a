//! Tokens to a tree: time series.

use super::ast::{Attribute, Metrics, MetricsFunction, SeriesStage, Static};
use super::error::SyntaxError;
use super::lexer::Token;
use super::parser::{Parser, comparison, shown};
use super::types::Type;

/// Quantiles of one query.
const QUANTILES_MAX: usize = 20;
/// Fields of one `by()`.
const BY_MAX: usize = 5;

type OfField = fn(Attribute) -> MetricsFunction;

/// Functions of one field.
const OF_FIELD: [(&str, OfField); 5] = [
    ("min_over_time", MetricsFunction::MinOverTime),
    ("max_over_time", MetricsFunction::MaxOverTime),
    ("avg_over_time", MetricsFunction::AvgOverTime),
    ("sum_over_time", MetricsFunction::SumOverTime),
    ("histogram_over_time", MetricsFunction::HistogramOverTime),
];

impl Parser<'_> {
    /// The stages that make time series, if they are next.
    pub(super) fn metrics(&mut self) -> Result<Option<Metrics>, SyntaxError> {
        let Token::Word(word) = self.peek().clone() else { return Ok(None) };
        let Some(function) = self.function(&word)? else { return Ok(None) };
        let mut metrics = Metrics { function, by: Vec::new(), stages: Vec::new() };
        if *self.peek() == Token::Word("by".to_owned()) {
            let place = self.place();
            self.next();
            metrics.by = self.in_brackets(Self::attributes)?;
            if metrics.by.len() > BY_MAX {
                return Err(self.fault_at(place, format!("by() takes at most {BY_MAX} fields")));
            }
        }
        while let Some(stage) = self.series_stage()? {
            metrics.stages.push(stage);
        }
        Ok(Some(metrics))
    }

    fn function(&mut self, word: &str) -> Result<Option<MetricsFunction>, SyntaxError> {
        if let Some((_, make)) = OF_FIELD.iter().find(|(name, _)| *name == word) {
            self.next();
            let field = self.in_brackets(|p| p.measured(word))?;
            return Ok(Some(make(field)));
        }
        let function = match word {
            "rate" => MetricsFunction::Rate,
            "count_over_time" => MetricsFunction::CountOverTime,
            "quantile_over_time" => {
                self.next();
                return self.in_brackets(Self::quantiles).map(Some);
            }
            "compare" => {
                self.next();
                return self.in_brackets(Self::compare).map(Some);
            }
            _ => return Ok(None),
        };
        self.next();
        self.in_brackets(|_| Ok(()))?;
        Ok(Some(function))
    }

    /// A field that is measured.
    fn measured(&mut self, function: &str) -> Result<Attribute, SyntaxError> {
        let place = self.place();
        let field = self.attribute()?;
        if !Type::of_attribute(&field).may_be(Type::Number) {
            return Err(self.fault_at(place, format!("{function}() takes a number, and `{field}` is none")));
        }
        Ok(field)
    }

    fn quantiles(&mut self) -> Result<MetricsFunction, SyntaxError> {
        let field = self.measured("quantile_over_time")?;
        let mut quantiles = Vec::new();
        while self.take(",") {
            let place = self.place();
            let quantile = self.number()?;
            if !(0.0..=1.0).contains(&quantile) || quantiles.len() == QUANTILES_MAX {
                let message = format!("quantiles are numbers from 0 to 1, at most {QUANTILES_MAX} of them");
                return Err(self.fault_at(place, message));
            }
            quantiles.push(quantile);
        }
        if quantiles.is_empty() {
            return Err(
                self.fault("quantile_over_time() needs at least one quantile, as in `quantile_over_time(duration, 0.99)`")
            );
        }
        Ok(MetricsFunction::QuantileOverTime(field, quantiles))
    }

    fn compare(&mut self) -> Result<MetricsFunction, SyntaxError> {
        self.expect("{")?;
        let selection = self.filter()?;
        let mut top = None;
        let mut between = None;
        if self.take(",") {
            top = Some(self.positive()?);
        }
        if self.take(",") {
            let start = self.whole()?;
            self.expect(",")?;
            between = Some((start, self.whole()?));
        }
        Ok(MetricsFunction::Compare { selection, top, between })
    }

    fn series_stage(&mut self) -> Result<Option<SeriesStage>, SyntaxError> {
        if let Token::Sign(sign) = *self.peek()
            && let Some(op) = comparison(sign)
        {
            self.operator()?;
            self.next();
            return Ok(Some(SeriesStage::Compare(op, self.number()?)));
        }
        if !self.take("|") {
            return Ok(None);
        }
        self.operator()?;
        let place = self.place();
        let make = match self.next() {
            Token::Word(word) if word == "topk" => SeriesStage::TopK,
            Token::Word(word) if word == "bottomk" => SeriesStage::BottomK,
            other => {
                let message = format!("behind time series stand topk(n), bottomk(n) or a comparison, not {}", shown(&other));
                return Err(self.fault_at(place, message));
            }
        };
        self.in_brackets(Self::positive).map(make).map(Some)
    }

    fn number(&mut self) -> Result<f64, SyntaxError> {
        let place = self.place();
        let negative = self.take("-");
        let number = match self.constant()? {
            Static::Int(n) | Static::Duration(n) => n as f64,
            Static::Float(n) => n,
            other => return Err(self.fault_at(place, format!("expected a number, found `{other}`"))),
        };
        Ok(if negative { -number } else { number })
    }

    fn whole(&mut self) -> Result<i64, SyntaxError> {
        let place = self.place();
        match self.constant()? {
            Static::Int(n) => Ok(n),
            other => Err(self.fault_at(place, format!("expected a whole number, found `{other}`"))),
        }
    }

    fn positive(&mut self) -> Result<u32, SyntaxError> {
        let place = self.place();
        let number = self.whole()?;
        u32::try_from(number).ok().filter(|n| *n > 0).ok_or_else(|| self.fault_at(place, "expected a number above 0"))
    }
}
