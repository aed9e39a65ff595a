//! Conditions on lines.

use aho_corasick::AhoCorasick;
use luneta_promql::go_regex;
use memchr::memmem;
use regex::Regex;

use super::ip::IpFilter;
use super::pattern::LinePattern;
use crate::syntax::{LineFilterExpr, LineMatch};

/// A line filter made ready. Stores apply it as evaluation does.
#[derive(Debug, Clone)]
pub struct LineFilter {
    expr: LineFilterExpr,
    condition: Condition,
}

#[derive(Debug, Clone)]
enum Condition {
    /// Every line.
    All,
    Contains(Box<memmem::Finder<'static>>),
    ContainsAny(AhoCorasick),
    Regex(Regex),
    Pattern(LinePattern),
    Ip(IpFilter),
    Any(Vec<Condition>),
}

impl LineFilter {
    /// Makes a filter ready. The error says what is wrong with its text.
    pub fn new(expr: &LineFilterExpr) -> Result<Self, String> {
        let plain = matches!(expr.op, LineMatch::Contains | LineMatch::NotContains);
        let texts = expr.alternatives.iter().filter(|operand| !operand.is_ip && !operand.text.is_empty());
        let literals: Vec<&str> = texts.map(|operand| operand.text.as_str()).collect();
        if plain && literals.len() > 1 && literals.len() == expr.alternatives.len() {
            let any = AhoCorasick::new(&literals).map_err(|error| error.to_string())?;
            return Ok(Self { expr: expr.clone(), condition: Condition::ContainsAny(any) });
        }
        let mut conditions = expr
            .alternatives
            .iter()
            .map(|operand| match (expr.op, operand.is_ip) {
                (_, true) => IpFilter::new(&operand.text).map(Condition::Ip),
                _ if operand.text.is_empty() && !matches!(expr.op, LineMatch::Pattern | LineMatch::NotPattern) => {
                    Ok(Condition::All)
                }
                (LineMatch::Contains | LineMatch::NotContains, _) => {
                    Ok(Condition::Contains(Box::new(memmem::Finder::new(operand.text.as_bytes()).into_owned())))
                }
                (LineMatch::Regex | LineMatch::NotRegex, _) => go_regex(&operand.text)
                    .map(Condition::Regex)
                    .map_err(|fault| format!("error parsing regexp: {fault}: `{}`", operand.text)),
                (LineMatch::Pattern | LineMatch::NotPattern, _) => LinePattern::new(&operand.text).map(Condition::Pattern),
            })
            .collect::<Result<Vec<_>, String>>()?;
        let condition = if conditions.len() == 1 { conditions.remove(0) } else { Condition::Any(conditions) };
        Ok(Self { expr: expr.clone(), condition })
    }

    /// Whether a line goes through.
    pub fn matches(&self, line: &str) -> bool {
        self.condition.holds(line) != self.expr.op.is_negative()
    }

    /// The filter as written, for stores that have a way of their own, such as an index of words.
    pub fn expr(&self) -> &LineFilterExpr {
        &self.expr
    }
}

/// Equal where they are written alike.
impl PartialEq for LineFilter {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl Condition {
    fn holds(&self, line: &str) -> bool {
        match self {
            Self::All => true,
            Self::Contains(finder) => finder.find(line.as_bytes()).is_some(),
            Self::ContainsAny(any) => any.is_match(line),
            Self::Regex(regex) => regex.is_match(line),
            Self::Pattern(pattern) => pattern.matches(line),
            Self::Ip(addresses) => addresses.is_found_in(line),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(line)),
        }
    }
}
