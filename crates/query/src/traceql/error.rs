//! What is wrong with a query, and where.

/// A fault of a TraceQL query. Lines and columns count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Characters of a message at either end of what is left out.
const MESSAGE_ENDS: usize = 120;

/// A message that repeats no long part of a query.
fn shortened(message: String) -> String {
    let count = message.chars().count();
    if count <= 2 * MESSAGE_ENDS + 20 {
        return message;
    }
    let start: String = message.chars().take(MESSAGE_ENDS).collect();
    let end: String = message.chars().skip(count - MESSAGE_ENDS).collect();
    format!("{start} … {end}")
}

impl SyntaxError {
    /// A fault at a byte of the query's text.
    pub(super) fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        Self { message: shortened(message.into()), line, column: before[line_start..].chars().count() + 1 }
    }
}
