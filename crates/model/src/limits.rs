//! Bounds every decoder keeps, so that no request can take more than its share.

/// Bounds on one item (span, record, point). Over a bound, the item is kept in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attributes kept on one item, resource, scope, event or link; more are dropped and counted
    /// in its `dropped_attributes_count`.
    pub attributes_max: usize,
    /// Bytes of one attribute value or name kept; longer ones are cut at a character border.
    pub value_bytes_max: usize,
    /// Bytes of one attribute key kept.
    pub key_bytes_max: usize,
    /// Bytes of a log body kept; longer ones are cut at a character border.
    pub body_bytes_max: usize,
    /// Events and links kept on one span, each; more are dropped and counted.
    pub events_max: usize,
    /// Nesting of arrays and maps in one value; deeper values become null.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes_max: 1024,
            value_bytes_max: 256 * 1024,
            key_bytes_max: 1024,
            body_bytes_max: 1024 * 1024,
            events_max: 4096,
            depth_max: 32,
        }
    }
}

impl Limits {
    /// Cuts text to at most `max` bytes, never inside a character.
    pub fn cut(text: &str, max: usize) -> &str {
        if text.len() <= max {
            return text;
        }
        let mut end = max;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        &text[..end]
    }
}
