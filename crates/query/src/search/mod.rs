//! What people type to find log records: words, "phrases", `key:value`, `-not`, `this OR that`, ids of traces and spans.
//!
//! A search is read ([`parse`]) and becomes conditions in SQL ([`condition`]), which prune like any others: bodies by the
//! token indexes of files, trace ids by trace indexes. In a statement, `search(body, 'text')` stands for the condition.

mod call;
mod compile;
mod parse;

pub(crate) use call::expand;
pub use compile::condition;
pub use parse::{Search, SearchError, parse};

#[cfg(test)]
mod tests;
