//! `label_replace` and `label_join`.

use super::Grid;
use super::evaluator::{Evaluated, Evaluator};
use super::value::Column;
use crate::error::PromqlError;
use crate::labels::METRIC_NAME;
use crate::regex_dialect::anchored;
use crate::syntax::Expr;

/// Longest value that a label can be given, in bytes.
const VALUE_BYTES_MAX: usize = 64 * 1024;

impl Evaluator<'_> {
    pub fn label_replace(&mut self, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let [target, replacement, source, pattern] =
            [1, 2, 3, 4].map(|index| arguments.get(index).map_or(Ok(String::new()), Self::string));
        let (target, replacement, source, pattern) = (target?, replacement?, source?, pattern?);
        let regex = anchored(&pattern).map_err(|message| {
            PromqlError::execution(format!("invalid regular expression in label_replace(): {pattern}: {message}"))
        })?;
        check_name(&target, "destination", "label_replace")?;
        let mut columns = self.vector(&arguments[0], grid)?;
        for column in &mut columns {
            let value = column.labels.get(&source);
            let Some(found) = regex.captures(value) else { continue };
            let mut expanded = String::new();
            found.expand(&replacement, &mut expanded);
            column.labels = column.labels.with(&target, bounded(&expanded)?);
            if target == METRIC_NAME {
                column.drop_name = false;
            }
        }
        self.merged(columns)
    }

    pub fn label_join(&mut self, arguments: &[Expr], grid: Grid) -> Evaluated<Vec<Column>> {
        let target = Self::string(&arguments[1])?;
        let separator = Self::string(&arguments[2])?;
        let sources = arguments[3..].iter().map(Self::string).collect::<Evaluated<Vec<_>>>()?;
        for source in &sources {
            check_name(source, "source", "label_join")?;
        }
        check_name(&target, "destination", "label_join")?;
        let mut columns = self.vector(&arguments[0], grid)?;
        for column in &mut columns {
            let values: Vec<&str> = sources.iter().map(|source| column.labels.get(source)).collect();
            let joined = values.join(&separator);
            column.labels = column.labels.with(&target, bounded(&joined)?);
            if target == METRIC_NAME {
                column.drop_name = false;
            }
        }
        self.merged(columns)
    }
}

/// Calls inside of calls could double a value with each of them.
fn bounded(value: &str) -> Evaluated<&str> {
    if value.len() > VALUE_BYTES_MAX {
        let message = format!("label value of {} bytes is longer than the limit of {VALUE_BYTES_MAX}", value.len());
        return Err(PromqlError::execution(message));
    }
    Ok(value)
}

fn check_name(name: &str, role: &str, function: &str) -> Evaluated<()> {
    if name.is_empty() {
        return Err(PromqlError::execution(format!("invalid {role} label name in {function}(): {name}")));
    }
    Ok(())
}
