//! Conditions on labels, asked of an entry.

use std::cmp::Ordering;

use super::{ERROR_DETAILS_LABEL, ERROR_LABEL, LabelBuffer};
use crate::syntax::{Comparison, LabelFilter, Quantity};
use crate::units::{go_duration, go_float, parse_bytes};

/// `__error__` of values that are no numbers.
const FAULT: &str = "LabelFilterErr";

impl LabelFilter {
    /// Whether an entry goes through. A value that cannot be read does, marked as faulty.
    pub(crate) fn process(&self, labels: &mut LabelBuffer) -> bool {
        match self {
            Self::Matcher(matcher) => matcher.matches(labels.value(&matcher.name)),
            Self::Compare { label, op, value } => {
                let Some(found) = labels.get(label) else { return false };
                match compare(found, *op, *value) {
                    Ok(holds) => holds,
                    Err(details) => {
                        if labels.error().is_none() {
                            labels.fail(FAULT, Some(&details));
                        }
                        true
                    }
                }
            }
            // Of a faulty entry only matchers can get rid.
            Self::Ip { .. } if labels.error().is_some() => true,
            Self::Ip { label, negated, addresses } => {
                labels.get(label).is_some_and(|text| addresses.is_found_in(text) != *negated)
            }
            Self::And(left, right) => {
                // Both are asked, as either may mark the entry.
                let left = left.process(labels);
                right.process(labels) && left
            }
            Self::Or(left, right) => left.process(labels) || right.process(labels),
        }
    }

    /// Whether an entry of these labels may go through, for stores that filter before evaluation does it again:
    /// no entry that [`Self::process`] would let through is refused. `lookup` gives the value of a label of the
    /// stream, or of structured metadata where the stream has none of the name.
    pub fn may_accept(&self, lookup: &dyn Fn(&str) -> Option<String>) -> bool {
        match self {
            Self::Matcher(matcher) if matches!(matcher.name.as_str(), ERROR_LABEL | ERROR_DETAILS_LABEL) => true,
            Self::Matcher(matcher) => matcher.matches(&lookup(&matcher.name).unwrap_or_default()),
            Self::Compare { label, op, value } => lookup(label).is_some_and(|found| compare(&found, *op, *value).unwrap_or(true)),
            // An entry may come with an error of its own.
            Self::Ip { .. } => true,
            Self::And(left, right) => left.may_accept(lookup) && right.may_accept(lookup),
            Self::Or(left, right) => left.may_accept(lookup) || right.may_accept(lookup),
        }
    }
}

/// Whether a comparison holds; the error says why a value cannot be read.
fn compare(text: &str, op: Comparison, value: Quantity) -> Result<bool, String> {
    let order = |order: Ordering| op.holds(&order, &Ordering::Equal);
    Ok(match value {
        Quantity::Number(number) => op.holds(&go_float(text)?, &number),
        Quantity::Duration(nanoseconds) => order(go_duration(text)?.cmp(&nanoseconds)),
        Quantity::Bytes(bytes) => order(parse_bytes(text)?.cmp(&bytes)),
    })
}
