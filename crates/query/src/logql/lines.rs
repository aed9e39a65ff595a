//! Lines of some rows, and which of them pass filters.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, UInt32Type};
use datafusion::error::Result;
use luneta_logql::LineFilter;
use luneta_logql::syntax::LineMatch;
use memchr::memmem;
use parquet::errors::ParquetError;

use super::pages::Page;

/// Bodies of records. A record without one has the empty line.
#[derive(Debug)]
pub enum Lines {
    /// Each row has its own.
    Plain(StringArray),
    /// Rows share them.
    Shared(DictionaryArray<UInt32Type>, StringArray),
    /// As they lie in a page of a file.
    Page(Page),
    /// No row has any.
    None(usize),
}

/// Where fewer rows than one in this many are left, they are asked one by one.
const FEW: usize = 16;

impl Lines {
    /// The column `body` of a batch.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        let Some(column) = batch.column_by_name("body") else { return Ok(Self::None(batch.num_rows())) };
        if let Some(shared) = column.as_dictionary_opt::<UInt32Type>()
            && let Some(values) = shared.values().as_string_opt::<i32>()
        {
            return Ok(Self::Shared(shared.clone(), values.clone()));
        }
        let texts: ArrayRef = cast(column, &DataType::Utf8)?;
        Ok(Self::Plain(texts.as_string::<i32>().clone()))
    }

    /// The line of a row.
    pub fn get(&self, row: usize) -> &str {
        match self {
            Self::Plain(texts) if texts.is_valid(row) => texts.value(row),
            Self::Shared(shared, texts) if shared.is_valid(row) => {
                let at = shared.keys().value(row) as usize;
                if texts.is_valid(at) { texts.value(at) } else { "" }
            }
            Self::Page(page) => page.line(row).unwrap_or_default(),
            _ => "",
        }
    }

    /// Whether the line of a row can be read, which is known of all but those of pages.
    pub fn check(&self, row: usize) -> Result<()> {
        if let Self::Page(page) = self {
            page.line(row)?;
        }
        Ok(())
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Plain(texts) => texts.len(),
            Self::Shared(shared, _) => shared.len(),
            Self::Page(page) => page.rows(),
            Self::None(rows) => *rows,
        }
    }

    /// Bytes of all lines.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Plain(texts) => (texts.value_offsets()[texts.len()] - texts.value_offsets()[0]) as usize,
            Self::Page(page) => page.bytes(),
            _ => (0..self.len()).map(|row| self.get(row).len()).sum(),
        }
    }

    /// Whether each row passes all filters.
    ///
    /// # Errors
    /// The page is damaged.
    pub fn passing(&self, filters: &[&LineFilter]) -> Result<Vec<bool>> {
        let mut keep = vec![true; self.len()];
        match self {
            Self::Plain(texts) => {
                let line = |row| Ok(if texts.is_valid(row) { texts.value(row) } else { "" });
                for filter in filters {
                    let search = |needle: &[u8], hit: &mut dyn FnMut(usize)| {
                        search(texts, needle, hit);
                        Ok(())
                    };
                    apply(filter, line, search, &mut keep)?;
                }
            }
            Self::Page(page) => {
                for filter in filters {
                    apply(filter, |row| page.line(row), |needle, hit| page.search(needle, hit), &mut keep)?;
                }
            }
            Self::Shared(shared, texts) => {
                let passes = |line: &str| filters.iter().all(|filter| filter.matches(line));
                // Each distinct line is asked once.
                let mut known: Vec<Option<bool>> = vec![None; texts.len()];
                let empty = passes("");
                let keys = shared.keys();
                for (row, keep) in keep.iter_mut().enumerate() {
                    let key = keys.is_valid(row).then(|| keys.value(row) as usize).filter(|key| texts.is_valid(*key));
                    *keep = key.map_or(empty, |key| *known[key].get_or_insert_with(|| passes(texts.value(key))));
                }
            }
            Self::None(_) => keep.fill(filters.iter().all(|filter| filter.matches(""))),
        }
        Ok(keep)
    }
}

/// Leaves of the rows to keep those that pass a filter. A text is looked for in all lines at once by `search`.
fn apply<'a>(
    filter: &LineFilter,
    line: impl Fn(usize) -> Result<&'a str, ParquetError>,
    search: impl FnOnce(&[u8], &mut dyn FnMut(usize)) -> Result<(), ParquetError>,
    keep: &mut [bool],
) -> Result<(), ParquetError> {
    let left = keep.iter().filter(|keep| **keep).count();
    let expr = filter.expr();
    let literal = match (expr.op, expr.alternatives.as_slice()) {
        (LineMatch::Contains | LineMatch::NotContains, [only]) if !only.is_ip && !only.text.is_empty() => Some(&only.text),
        _ => None,
    };
    match literal {
        Some(literal) if left > keep.len() / FEW => {
            let negative = expr.op.is_negative();
            let mut found = vec![false; keep.len()];
            search(literal.as_bytes(), &mut |row| found[row] = true)?;
            keep.iter_mut().zip(found).for_each(|(keep, found)| *keep &= found != negative);
        }
        _ => {
            for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
                *keep = filter.matches(line(row)?);
            }
        }
    }
    Ok(())
}

/// Finds a text in all lines at once: they lie one behind the other.
fn search(texts: &StringArray, needle: &[u8], mut hit: impl FnMut(usize)) {
    let offsets = texts.value_offsets();
    let base = offsets[0] as usize;
    let end_of = |row: usize| offsets[row + 1] as usize - base;
    let data = &texts.value_data()[base..offsets[texts.len()] as usize];
    let finder = memmem::Finder::new(needle);
    let (mut from, mut row) = (0, 0);
    while let Some(at) = data.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from + at;
        let mut step = 1;
        // The hit is in this row or behind it: the one before ends before the hit.
        while row + step < texts.len() && end_of(row + step - 1) <= start {
            row += step;
            step *= 2;
        }
        let mut beyond = (row + step).min(texts.len() - 1);
        while row < beyond {
            let middle = usize::midpoint(row, beyond);
            if end_of(middle) <= start { row = middle + 1 } else { beyond = middle }
        }
        if start + needle.len() <= end_of(row) {
            hit(row);
            from = end_of(row);
        } else {
            from = start + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;
    use arrow::datatypes::{Field, Schema};
    use luneta_logql::{ParseOptions, Query};
    use proptest::prelude::*;

    use super::super::pages::tests::page as page_of;
    use super::*;

    fn filters(text: &str) -> Vec<LineFilter> {
        let params = luneta_logql::Params::range(0, 1, 0);
        let query = Query::parse(&format!("{{a=\"b\"}} {text}"), &ParseOptions::default()).expect("a query");
        let plan = query.plan(&params).expect("a plan");
        plan.selections[0].line_filters.iter().map(|pushed| pushed.filter.clone()).collect()
    }

    fn check(lines: &[Option<String>], text: &str) {
        let filters = filters(text);
        let filters: Vec<&LineFilter> = filters.iter().collect();
        let wanted: Vec<bool> =
            lines.iter().map(|line| filters.iter().all(|filter| filter.matches(line.as_deref().unwrap_or_default()))).collect();
        let plain: ArrayRef = Arc::new(StringArray::from(lines.to_vec()));
        let shared = cast(&plain, &DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))).expect("texts");
        for column in [plain, shared] {
            let schema = Schema::new(vec![Field::new("body", column.data_type().clone(), true)]);
            let batch = RecordBatch::try_new(Arc::new(schema), vec![column]).expect("a batch");
            for (from, length) in [(0, lines.len()), (lines.len() / 3, lines.len() / 2)] {
                let lines = Lines::of(&batch.slice(from, length)).expect("lines");
                assert_eq!(lines.passing(&filters).expect("no damage"), wanted[from..from + length], "{text}");
            }
        }
        let page: Vec<&str> = lines.iter().map(|line| line.as_deref().unwrap_or_default()).collect();
        assert_eq!(Lines::Page(page_of(&page)).passing(&filters).expect("no damage"), wanted, "{text}");
    }

    proptest! {
        #[test]
        fn filters_on_columns_agree_with_filters_on_lines(lines in prop::collection::vec(prop::option::of("[ab]{0,5}"), 0..200)) {
            for text in ["|= \"ab\"", "!= \"ab\"", "|= \"a\" |= \"ba\"", "|~ \"a.b\" != \"bb\"", "|= \"a\" or \"b\"", "|= \"\"", "!= \"\""] {
                check(&lines, text);
            }
        }
    }

    #[test]
    fn no_body_is_the_empty_line() {
        let none = Lines::None(3);
        assert_eq!((none.len(), none.bytes(), none.get(1)), (3, 0, ""));
        let [not] = &filters("!= \"x\"")[..] else { panic!("one filter") };
        assert_eq!(none.passing(&[not]).expect("no damage"), [true; 3]);
    }
}
