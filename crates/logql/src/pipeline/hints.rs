//! Which labels a query needs: parsers extract no others.

use super::{DUPLICATE_SUFFIX, ERROR_LABEL};

/// What parsers should extract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// Nothing is needed at all.
    none: bool,
    /// Needed labels; empty where all are.
    required: Vec<String>,
    /// Which of them were extracted of the entry at hand.
    extracted: Vec<bool>,
    preserves_error: bool,
}

impl Hints {
    /// Nothing, where no name is needed; else these names, with and without the suffix of duplicates.
    pub fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut required: Vec<String> = Vec::new();
        for name in names {
            let base = name.strip_suffix(DUPLICATE_SUFFIX);
            for name in [Some(name), base].into_iter().flatten() {
                if !name.is_empty() && !required.iter().any(|known| known == name) {
                    required.push(name.to_owned());
                }
            }
        }
        let preserves_error = required.iter().any(|name| name == ERROR_LABEL);
        Self { none: required.is_empty(), extracted: vec![false; required.len()], required, preserves_error }
    }

    pub fn reset(&mut self) {
        self.extracted.fill(false);
    }

    /// Notes that a label was extracted.
    pub fn record(&mut self, name: &str) {
        if let Some(at) = self.required.iter().position(|required| required == name) {
            self.extracted[at] = true;
        }
    }

    /// Whether parsers have nothing to do, or nothing any more.
    pub fn is_done(&self) -> bool {
        self.none || (!self.required.is_empty() && self.extracted.iter().all(|extracted| *extracted))
    }

    pub fn wants(&self, name: &str) -> bool {
        self.required.is_empty() || self.required.iter().any(|required| required == name)
    }

    /// Whether any needed name begins so.
    pub fn wants_prefix(&self, prefix: &str) -> bool {
        self.required.is_empty() || self.required.iter().any(|required| required.starts_with(prefix))
    }

    /// Whether errors were asked for by name.
    pub fn preserves_error(&self) -> bool {
        self.preserves_error
    }
}
