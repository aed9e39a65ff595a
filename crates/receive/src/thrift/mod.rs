//! Apache Thrift's two serialized forms, read without building messages.
//!
//! Follows `thrift-binary-protocol.md` and `thrift-compact-protocol.md` of the Thrift
//! specification. A [`Reader`] walks borrowed bytes field by field; it allocates nothing, checks
//! every length against the bytes left, and never panics.
//!
//! ```
//! use luneta_receive::thrift::{Dialect, FieldIds, Kind, Reader};
//!
//! // struct { 1: string = "hi" }
//! let bytes = [11, 0, 1, 0, 0, 0, 2, b'h', b'i', 0];
//! let mut reader = Reader::new(&bytes, Dialect::Binary);
//! let mut ids = FieldIds::default();
//! while let Some(field) = reader.field(&mut ids)? {
//!     match (field.id, field.kind) {
//!         (1, Kind::Binary) => assert_eq!(reader.bytes()?, b"hi"),
//!         (_, kind) => reader.skip(kind)?,
//!     }
//! }
//! # Ok::<(), luneta_receive::thrift::Fault>(())
//! ```

mod kind;
mod reader;

use std::fmt;

pub use kind::Kind;
pub use reader::Reader;

/// Structs, lists and maps inside one another that [`Reader::skip`] follows.
pub const DEPTH_MAX: usize = 64;

/// Which of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Fixed-width big-endian numbers.
    Binary,
    /// Variable-width numbers and field ids as differences.
    Compact,
}

/// Where and why bytes cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed thrift ({dialect}) at byte {offset}: {reason}")]
pub struct Fault {
    /// The form that was expected.
    pub dialect: Dialect,
    /// Bytes before the fault.
    pub offset: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// What reading gives.
pub type Read<T> = Result<T, Fault>;

/// Head of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its number in the struct.
    pub id: i16,
    /// What follows.
    pub kind: Kind,
}

/// The last field id of a struct being read; each struct needs its own, since the compact form
/// sends differences.
#[derive(Debug, Clone, Copy, Default)]
pub struct FieldIds {
    last: i16,
}

/// Head of a list or a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// What every element is. Of an empty list it says nothing.
    pub kind: Kind,
    /// Elements that follow; never more than the bytes left.
    pub len: usize,
}

/// Head of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Map {
    /// What every key is. Of an empty map it says nothing.
    pub key: Kind,
    /// The same of values.
    pub value: Kind,
    /// Pairs that follow; never more than the bytes left.
    pub len: usize,
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A call that expects an answer.
    Call,
    /// The answer.
    Reply,
    /// The answer when the call failed.
    Exception,
    /// A call that expects none.
    Oneway,
}

/// The envelope of a call; the struct of its arguments follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Name of the method.
    pub name: &'a [u8],
    /// What the message is for.
    pub kind: MessageKind,
    /// Chosen by the caller.
    pub sequence: i32,
}

impl MessageKind {
    /// The kind of a number on the wire.
    const fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(MessageKind::Call),
            2 => Some(MessageKind::Reply),
            3 => Some(MessageKind::Exception),
            4 => Some(MessageKind::Oneway),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Binary => "binary",
            Dialect::Compact => "compact",
        })
    }
}
