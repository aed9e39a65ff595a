//! The labels of one entry on its way through a pipeline.

use luneta_promql::Labels;
use luneta_template::TextMap;

use super::hints::Hints;
use super::{DUPLICATE_SUFFIX, ERROR_DETAILS_LABEL, ERROR_LABEL, PRESERVE_ERROR_LABEL};

/// Where a label comes from. What comes later hides what comes earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The stream.
    Stream,
    /// Structured metadata of the entry.
    Metadata,
    /// A parser or a format.
    Parsed,
}

/// A part of the buffer's text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    name: Piece,
    value: Piece,
    category: Category,
}

/// Labels of a stream, and what stages made of them. All texts that were added are in one buffer, which is
/// used again for the next entry.
pub(crate) struct LabelBuffer {
    base: Labels,
    text: String,
    slots: Vec<Slot>,
    deleted: Vec<Piece>,
    error: Option<Piece>,
    details: Option<Piece>,
    pub hints: Hints,
    labels_max: usize,
}

impl LabelBuffer {
    pub fn new(hints: Hints, labels_max: usize) -> Self {
        Self {
            base: Labels::empty(),
            text: String::new(),
            slots: Vec::new(),
            deleted: Vec::new(),
            error: None,
            details: None,
            hints,
            labels_max,
        }
    }

    /// Begins anew with an entry's own labels.
    pub fn reset(&mut self, stream: &Labels, metadata: &[(&str, &str)]) {
        if self.base != *stream {
            self.base = stream.clone();
        }
        self.text.clear();
        self.slots.clear();
        self.deleted.clear();
        (self.error, self.details) = (None, None);
        self.hints.reset();
        for (name, value) in metadata {
            if *name == ERROR_LABEL {
                self.error = Some(self.keep(value));
            } else if *name == ERROR_DETAILS_LABEL {
                self.details = Some(self.keep(value));
            } else if self.base.has(name) {
                let start = self.text.len();
                self.text.push_str(name);
                self.text.push_str(DUPLICATE_SUFFIX);
                let name = Piece { start: start as u32, end: self.text.len() as u32 };
                let value = self.keep(value);
                self.put(Category::Metadata, name, value);
            } else {
                self.set(Category::Metadata, name, value);
            }
        }
    }

    /// Whether the labels are those of the stream.
    pub fn is_plain(&self) -> bool {
        self.slots.is_empty() && self.deleted.is_empty() && self.error.is_none() && self.details.is_none()
    }

    fn piece(&self, piece: Piece) -> &str {
        &self.text[piece.start as usize..piece.end as usize]
    }

    fn keep(&mut self, text: &str) -> Piece {
        let start = self.text.len() as u32;
        self.text.push_str(text);
        Piece { start, end: self.text.len() as u32 }
    }

    fn slot(&self, name: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| self.piece(slot.name) == name)
    }

    fn is_deleted(&self, name: &str) -> bool {
        self.deleted.iter().any(|piece| self.piece(*piece) == name)
    }

    /// The value of a label and where it comes from; errors are no labels here.
    pub fn get_with_category(&self, name: &str) -> Option<(&str, Category)> {
        if let Some(slot) = self.slot(name) {
            return Some((self.piece(slot.value), slot.category));
        }
        if self.base.has(name) && !self.is_deleted(name) {
            return Some((self.base.get(name), Category::Stream));
        }
        None
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_with_category(name).map(|(value, _)| value)
    }

    /// The value of a label, or of an error; the empty text where there is none.
    pub fn value(&self, name: &str) -> &str {
        match name {
            ERROR_LABEL => self.error().unwrap_or_default(),
            ERROR_DETAILS_LABEL => self.details().unwrap_or_default(),
            _ => self.get(name).unwrap_or_default(),
        }
    }

    /// Whether the stream has a label, whatever became of it since.
    pub fn base_has(&self, name: &str) -> bool {
        self.base.has(name)
    }

    /// Sets a label. What a parser sets hides metadata and labels of the stream, and metadata hides those of the
    /// stream.
    pub fn set(&mut self, category: Category, name: &str, value: &str) {
        if self.slots.len() >= self.labels_max && self.slot(name).is_none() {
            return;
        }
        if category == Category::Parsed {
            self.hints.record(name);
        }
        let found = self.slots.iter().position(|slot| self.piece(slot.name) == name);
        match found {
            Some(at) if self.slots[at].category > category => {}
            Some(at) => {
                let value = self.keep(value);
                self.slots[at].value = value;
                self.slots[at].category = category;
            }
            None => {
                let (name, value) = (self.keep(name), self.keep(value));
                self.slots.push(Slot { name, value, category });
            }
        }
    }

    fn put(&mut self, category: Category, name: Piece, value: Piece) {
        let found = self.slots.iter().position(|slot| self.piece(slot.name) == self.piece(name));
        match found {
            Some(at) => self.slots[at].value = value,
            None if self.slots.len() < self.labels_max => self.slots.push(Slot { name, value, category }),
            None => {}
        }
    }

    /// Gives a label another name; nothing happens where there is no such label.
    pub fn rename(&mut self, from: &str, to: &str) {
        let Some((value, category)) = self.get_with_category(from) else { return };
        let value = value.to_owned();
        // The new name takes the place of whatever had it, from wherever that came.
        self.slots.retain({
            let text = &self.text;
            move |slot| &text[slot.name.start as usize..slot.name.end as usize] != to
        });
        self.set(category, to, &value);
        if from != to {
            self.delete(from);
        }
    }

    pub fn delete(&mut self, name: &str) {
        if let Some(at) = self.slots.iter().position(|slot| self.piece(slot.name) == name) {
            self.slots.remove(at);
        }
        if self.base.has(name) && !self.is_deleted(name) {
            let piece = self.keep(name);
            self.deleted.push(piece);
        }
    }

    /// Names of all labels, for stages that look at each.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.each(|name, _, _| names.push(name.to_owned()));
        names
    }

    /// Notes that a stage failed.
    pub fn fail(&mut self, kind: &str, details: Option<&str>) {
        self.error = Some(self.keep(kind));
        if let Some(details) = details {
            self.details = Some(self.keep(details));
        }
        if self.hints.preserves_error() {
            self.set(Category::Parsed, PRESERVE_ERROR_LABEL, "true");
        }
    }

    pub fn error(&self) -> Option<&str> {
        self.error.map(|piece| self.piece(piece))
    }

    pub fn details(&self) -> Option<&str> {
        self.details.map(|piece| self.piece(piece))
    }

    pub fn clear_error(&mut self) {
        self.error = None;
    }

    pub fn clear_details(&mut self) {
        self.details = None;
    }

    /// Visits all labels, errors among them, in no order.
    pub fn each(&self, mut visit: impl FnMut(&str, &str, Category)) {
        for (name, value) in self.base.iter() {
            if self.slot(name).is_none() && !self.is_deleted(name) {
                visit(name, value, Category::Stream);
            }
        }
        for slot in &self.slots {
            visit(self.piece(slot.name), self.piece(slot.value), slot.category);
        }
        for (name, value) in [(ERROR_LABEL, self.error()), (ERROR_DETAILS_LABEL, self.details())] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                visit(name, value, Category::Parsed);
            }
        }
    }
}

/// What templates see.
impl TextMap for LabelBuffer {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            ERROR_LABEL => self.error(),
            ERROR_DETAILS_LABEL => self.details(),
            _ => Self::get(self, key),
        }
    }

    fn entries(&self) -> Vec<(&str, &str)> {
        let mut entries: Vec<(&str, &str)> = Vec::new();
        for (name, value) in self.base.iter() {
            if self.slot(name).is_none() && !self.is_deleted(name) {
                entries.push((name, value));
            }
        }
        entries.extend(self.slots.iter().map(|slot| (self.piece(slot.name), self.piece(slot.value))));
        entries.extend(self.error().map(|value| (ERROR_LABEL, value)));
        entries.extend(self.details().map(|value| (ERROR_DETAILS_LABEL, value)));
        entries
    }
}

/// Appends a key as part of a label's name: what no name may have becomes `_`.
pub(crate) fn push_sanitized(into: &mut String, key: &str) {
    let key = key.trim();
    if into.is_empty() && key.starts_with(|c: char| c.is_ascii_digit()) {
        into.push('_');
    }
    into.extend(key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }));
}

/// Whether a text is a name of a label.
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
