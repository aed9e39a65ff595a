//! What can go wrong with a query, and where in its text.

use crate::traceql::SyntaxError;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use luneta_model::ErrorKind;
use luneta_store::StoreError;

/// A place in the text of a query; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

/// Why a query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not SQL.
    #[error("{message}")]
    Parse {
        /// What the parser expected.
        message: String,
        /// Where.
        position: Option<Position>,
    },
    /// The text is SQL, but names or types do not fit the tables.
    #[error("{message}")]
    Plan {
        /// What does not fit.
        message: String,
        /// Where.
        position: Option<Position>,
    },
    /// A bound of the server was met.
    #[error("{0}")]
    Limit(String),
    /// The deadline passed.
    #[error("the query did not finish within {0} ms; narrow the time range or raise timeout_ms")]
    Timeout(u64),
    /// The query failed while it ran.
    #[error("{0}")]
    Execution(String),
    /// A file of the lake is damaged or gone.
    #[error("a file of the lake cannot be read: {0}")]
    File(String),
    /// A fault of the server.
    #[error("the query failed by a fault of the server; its output says more")]
    Internal,
    /// The lake could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryError {
    /// The short name of the error in API answers.
    pub const fn name(&self) -> &'static str {
        match self {
            QueryError::Parse { .. } => "parse",
            QueryError::Plan { .. } => "plan",
            QueryError::Limit(_) => "limit",
            QueryError::Timeout(_) => "timeout",
            QueryError::Execution(_) => "execution",
            QueryError::File(_) => "file",
            QueryError::Internal => "internal",
            QueryError::Store(_) => "store",
        }
    }

    /// The kind, for status codes.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            QueryError::Parse { .. } | QueryError::Plan { .. } | QueryError::Execution(_) => ErrorKind::Invalid,
            QueryError::Limit(_) => ErrorKind::Busy,
            QueryError::Timeout(_) => ErrorKind::Timeout,
            QueryError::File(_) | QueryError::Store(_) => ErrorKind::Unavailable,
            QueryError::Internal => ErrorKind::Internal,
        }
    }

    /// Where in the text, when it is known.
    pub const fn position(&self) -> Option<Position> {
        match self {
            QueryError::Parse { position, .. } | QueryError::Plan { position, .. } => *position,
            _ => None,
        }
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        let position = error.diagnostic().and_then(|d| d.span).map(|s| Position { line: s.start.line, column: s.start.column });
        let root = error.find_root();
        let message = root.strip_backtrace();
        match root {
            DataFusionError::SQL(..) => {
                let position = position.or_else(|| position_in(&message));
                let message = message.trim_start_matches("SQL error: ").to_owned();
                QueryError::Parse { message: parser_message(&message), position }
            }
            DataFusionError::ResourcesExhausted(_) => {
                QueryError::Limit(format!("the query needs more memory than it may use: {message}"))
            }
            DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::NotImplemented(_) => {
                QueryError::Plan { message: clean(&message), position }
            }
            DataFusionError::ParquetError(_) | DataFusionError::ObjectStore(_) => QueryError::File(message),
            DataFusionError::ArrowError(inner, _) if matches!(**inner, ArrowError::ParquetError(_)) => QueryError::File(message),
            _ => QueryError::Execution(clean(&message)),
        }
    }
}

impl From<SyntaxError> for QueryError {
    fn from(fault: SyntaxError) -> Self {
        let position = Position { line: fault.line as u64, column: fault.column as u64 };
        QueryError::Parse { message: fault.message, position: Some(position) }
    }
}

fn clean(message: &str) -> String {
    // What a function says of its arguments, without the engine's frame around it.
    let said = message.split_once(" user-defined coercion failed with: ").map(|(_, said)| said);
    let message = said.map_or(message, |said| said.split(" No function matches").next().unwrap_or(said));
    ["Error during planning: ", "Schema error: ", "This feature is not implemented: ", "Execution error: "]
        .iter()
        .fold(message, |m, prefix| m.strip_prefix(prefix).unwrap_or(m))
        .to_owned()
}

/// Takes the parser's message out of its debug form, `ParserError("…")`.
fn parser_message(message: &str) -> String {
    let inner = message.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map(|(inner, _)| inner);
    inner.unwrap_or(message).replace("\\\"", "\"").replace("\\'", "'")
}

/// Reads "… at Line: 1, Column: 8" as the SQL parser writes it.
fn position_in(message: &str) -> Option<Position> {
    let number_after = |label: &str| -> Option<u64> {
        let rest = &message[message.find(label)? + label.len()..];
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    Some(Position { line: number_after("Line:")?, column: number_after("Column:")? })
}
