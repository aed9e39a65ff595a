//! What a query asks of bodies, as far as an index can tell.

use super::text;

/// What bodies must hold to pass a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFilter {
    /// Nothing that an index knows of.
    Anything,
    /// A text.
    Text(Needle),
    /// Everything of these.
    All(Vec<BodyFilter>),
    /// At least one of these.
    Any(Vec<BodyFilter>),
}

impl BodyFilter {
    /// Whether it can leave anything out.
    pub fn is_selective(&self) -> bool {
        match self {
            BodyFilter::Anything => false,
            BodyFilter::Text(needle) => !needle.pieces().is_empty(),
            BodyFilter::All(all) => all.iter().any(BodyFilter::is_selective),
            BodyFilter::Any(any) => any.iter().all(BodyFilter::is_selective),
        }
    }
}

/// A text that stands in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// The text.
    pub text: String,
    /// Whether the body begins with it.
    pub at_start: bool,
    /// Whether the body ends with it.
    pub at_end: bool,
    /// Whether small letters and capitals are alike.
    pub ignores_case: bool,
}

impl Needle {
    /// A text that stands anywhere.
    pub fn anywhere(text: impl Into<String>, ignores_case: bool) -> Self {
        Self { text: text.into(), at_start: false, at_end: false, ignores_case }
    }

    /// The tokens of the text, or parts of tokens, which every body with the text has.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut folded = Vec::new();
        text::fold(&self.text, &mut folded);
        let pieces = text::tokens(&folded).map(|token| Piece {
            bytes: token.bytes.to_vec(),
            has_digit: token.has_digit,
            is_start: token.start > 0 || self.at_start,
            is_end: token.start + token.bytes.len() < folded.len() || self.at_end,
        });
        // Beyond ASCII, small letters and capitals are other bytes.
        pieces.filter(|piece| !self.ignores_case || piece.bytes.is_ascii()).collect()
    }
}

/// A token, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) has_digit: bool,
    /// Whether a token begins where it begins.
    pub(super) is_start: bool,
    /// Whether a token ends where it ends.
    pub(super) is_end: bool,
}

impl Piece {
    pub(super) fn is_whole(&self) -> bool {
        self.is_start && self.is_end
    }

    /// Whether it may stand in a word.
    pub(super) fn is_in(&self, word: &[u8]) -> bool {
        match (self.is_start, self.is_end) {
            (true, true) => word == self.bytes,
            (true, false) => word.starts_with(&self.bytes),
            (false, true) => word.ends_with(&self.bytes),
            (false, false) => memchr::memmem::find(word, &self.bytes).is_some(),
        }
    }
}
