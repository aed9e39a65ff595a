//! Walks protobuf's wire format without building messages.
//!
//! A [`Message`] is a view of bytes; [`Message::next`] yields its fields one by one. Nothing is
//! allocated but the description of a [`Fault`].

// Measured: a field that is passed through memory costs a stalled load each, a third of all time.
#![allow(clippy::inline_always)]

use std::borrow::Cow;
use std::fmt;

/// Where and why bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    offset: usize,
    /// Fields from the inside out.
    path: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The bytes are not protobuf, or not this message.
    Malformed(Cow<'static, str>),
    /// The bytes are not another format, as its reader tells it.
    Foreign(String),
    /// The rows would take more memory than allowed.
    TooLarge,
    /// The builders refused, which they never should.
    Internal(String),
}

/// Faults are rare and large; the box keeps the good path narrow.
pub(crate) type Walk<T> = Result<T, Box<Fault>>;

impl Fault {
    #[allow(clippy::unnecessary_box_returns)] // faults travel boxed, see `Walk`
    pub(crate) fn new(offset: usize, kind: FaultKind) -> Box<Self> {
        Box::new(Self { kind, offset, path: Vec::new() })
    }

    #[cold]
    #[allow(clippy::unnecessary_box_returns)]
    fn malformed(offset: usize, reason: &'static str) -> Box<Self> {
        Self::new(offset, FaultKind::Malformed(reason.into()))
    }
}

impl From<arrow::error::ArrowError> for Box<Fault> {
    fn from(error: arrow::error::ArrowError) -> Self {
        Fault::new(0, FaultKind::Internal(error.to_string()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Malformed(reason) => {
                write!(f, "malformed protobuf at byte {}", self.offset)?;
                for (i, field) in self.path.iter().rev().enumerate() {
                    f.write_str(if i == 0 { " in " } else { "." })?;
                    f.write_str(field)?;
                }
                write!(f, ": {reason}")
            }
            FaultKind::TooLarge => f.write_str("the request stands for too many rows"),
            FaultKind::Foreign(reason) | FaultKind::Internal(reason) => f.write_str(reason),
        }
    }
}

/// Adds the name of the field a fault happened in.
pub(crate) trait Within {
    fn within(self, field: &'static str) -> Self;
}

impl<T> Within for Walk<T> {
    #[inline(always)]
    fn within(self, field: &'static str) -> Self {
        match self {
            Ok(value) => Ok(value),
            Err(mut fault) => {
                fault.path.push(field);
                Err(fault)
            }
        }
    }
}

/// A message: the bytes from a position to an end. Positions count from the start of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    /// The request up to the end of this message.
    data: &'a [u8],
    at: usize,
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    /// Where the field began.
    offset: usize,
    payload: Payload<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Payload<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Message<'a>),
}

impl<'a> Message<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// The bytes not read yet.
    #[inline(always)]
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.data.len() - self.at
    }

    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.at
    }

    /// The part of this message between two positions.
    #[inline(always)]
    pub(crate) fn between(self, start: usize, end: usize) -> Self {
        Self { data: self.data.get(..end).unwrap_or(self.data), at: start.min(end) }
    }

    /// The next field, `None` at the end.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Walk<Option<Field<'a>>> {
        if self.at >= self.data.len() {
            return Ok(None);
        }
        let offset = self.at;
        let tag = self.varint()?;
        let number = (tag >> 3) as u32;
        if tag >> 32 != 0 || number == 0 {
            return Err(Fault::malformed(offset, "a field number is not in 1 to 536870911"));
        }
        let payload = match tag & 7 {
            0 => Payload::Varint(self.varint()?),
            1 => Payload::Fixed64(u64::from_le_bytes(self.take()?)),
            2 => Payload::Bytes(self.delimited()?),
            5 => Payload::Fixed32(u32::from_le_bytes(self.take()?)),
            3 | 4 => return Err(Fault::malformed(offset, "groups are not supported")),
            _ => return Err(Fault::malformed(offset, "a wire type is not in 0 to 5")),
        };
        Ok(Some(Field { number, offset, payload }))
    }

    #[inline(always)]
    fn varint(&mut self) -> Walk<u64> {
        match self.data.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => {
                let (value, at) = long_varint(self.data, self.at)?;
                self.at = at;
                Ok(value)
            }
        }
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Walk<[u8; N]> {
        match self.bytes().first_chunk::<N>() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(Fault::malformed(self.at, "the bytes end inside a number")),
        }
    }

    /// A message behind its length.
    #[inline(always)]
    pub(crate) fn delimited(&mut self) -> Walk<Message<'a>> {
        let start = self.at;
        let len = self.varint()?;
        if len > self.len() as u64 {
            return Err(Fault::malformed(start, "a length reaches beyond the end"));
        }
        let end = self.at + len as usize;
        let inner = Message { data: &self.data[..end], at: self.at };
        self.at = end;
        Ok(inner)
    }
}

/// A number of several bytes, and where it ends.
#[inline(never)]
fn long_varint(data: &[u8], at: usize) -> Walk<(u64, usize)> {
    let bytes = data.get(at..).unwrap_or_default();
    let mut value = 0u64;
    for (i, &byte) in bytes.iter().take(10).enumerate() {
        if i == 9 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Ok((value, at + i + 1));
        }
    }
    let reason = if bytes.len() < 10 { "the bytes end inside a number" } else { "a number has more than 64 bits" };
    Err(Fault::malformed(at, reason))
}

impl<'a> Field<'a> {
    #[cold]
    #[allow(clippy::unnecessary_box_returns)]
    fn unexpected(self, wanted: &str) -> Box<Fault> {
        let got = match self.payload {
            Payload::Varint(_) => "a varint",
            Payload::Fixed64(_) => "64 fixed bits",
            Payload::Fixed32(_) => "32 fixed bits",
            Payload::Bytes(_) => "bytes with a length",
        };
        let reason = format!("field {} should be {wanted}, is {got}", self.number);
        Fault::new(self.offset, FaultKind::Malformed(reason.into()))
    }

    /// Where the field began.
    pub(crate) fn offset(self) -> usize {
        self.offset
    }

    /// An embedded message.
    #[inline(always)]
    pub(crate) fn message(self) -> Walk<Message<'a>> {
        match self.payload {
            Payload::Bytes(inner) => Ok(inner),
            _ => Err(self.unexpected("bytes with a length")),
        }
    }

    /// A `bytes` field.
    #[inline(always)]
    pub(crate) fn bytes(self) -> Walk<&'a [u8]> {
        Ok(self.message()?.bytes())
    }

    /// Any integer or bool stored as a varint.
    #[inline(always)]
    pub(crate) fn varint(self) -> Walk<u64> {
        match self.payload {
            Payload::Varint(value) => Ok(value),
            _ => Err(self.unexpected("a varint")),
        }
    }

    /// A `sint32` field.
    #[inline(always)]
    pub(crate) fn sint32(self) -> Walk<i32> {
        let raw = self.varint()? as u32;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    /// A `fixed64` or `sfixed64` field.
    #[inline(always)]
    pub(crate) fn fixed64(self) -> Walk<u64> {
        match self.payload {
            Payload::Fixed64(value) => Ok(value),
            _ => Err(self.unexpected("64 fixed bits")),
        }
    }

    /// A `double` field.
    #[inline(always)]
    pub(crate) fn double(self) -> Walk<f64> {
        Ok(f64::from_bits(self.fixed64()?))
    }

    /// A `fixed32` field.
    #[inline(always)]
    pub(crate) fn fixed32(self) -> Walk<u32> {
        match self.payload {
            Payload::Fixed32(value) => Ok(value),
            _ => Err(self.unexpected("32 fixed bits")),
        }
    }

    /// An element of a repeated `fixed64`, or many of them packed.
    pub(crate) fn repeated_fixed64(self, mut each: impl FnMut(u64)) -> Walk<()> {
        match self.payload {
            Payload::Fixed64(value) => each(value),
            Payload::Bytes(packed) => {
                let (chunks, rest) = packed.bytes().as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(Fault::malformed(self.offset, "packed 64-bit numbers do not fill their length"));
                }
                for chunk in chunks {
                    each(u64::from_le_bytes(*chunk));
                }
            }
            _ => return Err(self.unexpected("64 fixed bits, or many packed")),
        }
        Ok(())
    }

    /// An element of a repeated varint, or many of them packed.
    pub(crate) fn repeated_varint(self, mut each: impl FnMut(u64)) -> Walk<()> {
        match self.payload {
            Payload::Varint(value) => each(value),
            Payload::Bytes(mut packed) => {
                while packed.len() > 0 {
                    each(packed.varint()?);
                }
            }
            _ => return Err(self.unexpected("a varint, or many packed")),
        }
        Ok(())
    }
}
