//! [`Reader`]: walks bytes in either form.

use super::{DEPTH_MAX, Dialect, Fault, Field, FieldIds, Kind, List, Map, Message, MessageKind, Read};

/// The first two bytes of a message in the binary form's strict envelope.
const BINARY_VERSION: u32 = 0x8001;
/// The first byte of a message in the compact form.
const COMPACT_ID: u8 = 0x82;
/// Version of the compact form: the lower five bits of the second byte.
const COMPACT_VERSION: u8 = 1;

/// A position in bytes of one form. Clones are bookmarks.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// The compact form keeps a field's boolean in the field's head.
    flag: Option<bool>,
}

impl<'a> Reader<'a> {
    /// Reads from the first byte on.
    pub fn new(data: &'a [u8], dialect: Dialect) -> Self {
        Self { data, at: 0, dialect, flag: None }
    }

    /// Bytes read.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Bytes not read yet.
    pub fn left(&self) -> usize {
        self.data.len() - self.at
    }

    /// A fault of what was read last, for callers that know what should have been there.
    #[cold]
    pub fn fault(&self, reason: &'static str) -> Fault {
        Fault { dialect: self.dialect, offset: self.at, reason }
    }

    /// The envelope of a message; the binary form has one with a version and an older one without.
    pub fn message(&mut self) -> Read<Message<'a>> {
        match self.dialect {
            Dialect::Binary => self.binary_message(),
            Dialect::Compact => self.compact_message(),
        }
    }

    fn binary_message(&mut self) -> Read<Message<'a>> {
        let word = self.fixed().map(u32::from_be_bytes)?;
        let (name, kind) = if word >> 31 == 0 {
            let name = self.take(word as usize)?;
            (name, self.byte()?)
        } else if word >> 16 == BINARY_VERSION {
            (self.bytes()?, word as u8)
        } else {
            return Err(self.fault("the message has a version other than 1"));
        };
        let kind = self.message_kind(kind)?;
        Ok(Message { name, kind, sequence: self.i32()? })
    }

    fn compact_message(&mut self) -> Read<Message<'a>> {
        if self.byte()? != COMPACT_ID {
            return Err(self.fault("a message begins with the byte 0x82"));
        }
        let byte = self.byte()?;
        if byte & 0x1f != COMPACT_VERSION {
            return Err(self.fault("the message has a version other than 1"));
        }
        let kind = self.message_kind(byte >> 5)?;
        // Not zigzag: the specification calls it an unsigned number.
        let sequence = self.varint32()? as i32;
        Ok(Message { name: self.bytes()?, kind, sequence })
    }

    fn message_kind(&self, number: u8) -> Read<MessageKind> {
        MessageKind::from_wire(number).ok_or_else(|| self.fault("a message type is not in 1 to 4"))
    }

    /// The head of a struct's next field, `None` behind the last. Its value must be read or
    /// skipped before the next call.
    pub fn field(&mut self, ids: &mut FieldIds) -> Read<Option<Field>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let field = match self.dialect {
            Dialect::Binary => {
                let kind = self.kind(head)?;
                Field { id: self.i16()?, kind }
            }
            Dialect::Compact => {
                let kind = self.kind(head & 0x0f)?;
                let id = match head >> 4 {
                    0 => self.i16()?,
                    step => match ids.last.checked_add(i16::from(step)) {
                        Some(id) => id,
                        None => return Err(self.fault("a field id is over 32767")),
                    },
                };
                self.flag = (kind == Kind::Bool).then_some(head & 0x0f == 1);
                Field { id, kind }
            }
        };
        ids.last = field.id;
        Ok(Some(field))
    }

    /// The head of a list or a set.
    pub fn list(&mut self) -> Read<List> {
        let (kind, len) = match self.dialect {
            Dialect::Binary => {
                let kind = self.byte()?;
                (kind, self.binary_len()?)
            }
            Dialect::Compact => {
                let head = self.byte()?;
                let len = if head >> 4 == 15 { self.compact_len()? } else { usize::from(head >> 4) };
                (head & 0x0f, len)
            }
        };
        let kind = self.kind_of_many(kind, len)?;
        self.check_room(len, self.bytes_min(kind))?;
        Ok(List { kind, len })
    }

    /// The head of a map.
    pub fn map(&mut self) -> Read<Map> {
        let (key, value, len) = match self.dialect {
            Dialect::Binary => {
                let (key, value) = (self.byte()?, self.byte()?);
                (key, value, self.binary_len()?)
            }
            Dialect::Compact => match self.compact_len()? {
                0 => (0, 0, 0),
                len => {
                    let kinds = self.byte()?;
                    (kinds >> 4, kinds & 0x0f, len)
                }
            },
        };
        let (key, value) = (self.kind_of_many(key, len)?, self.kind_of_many(value, len)?);
        self.check_room(len, self.bytes_min(key) + self.bytes_min(value))?;
        Ok(Map { key, value, len })
    }

    /// A boolean: a field's, or an element's.
    pub fn bool(&mut self) -> Read<bool> {
        if let Some(flag) = self.flag.take() {
            return Ok(flag);
        }
        let byte = self.byte()?;
        // Elements of compact lists: 2 is false, and some writers say 0.
        Ok(match self.dialect {
            Dialect::Binary => byte != 0,
            Dialect::Compact => byte == 1,
        })
    }

    /// One byte.
    pub fn i8(&mut self) -> Read<i8> {
        Ok(self.byte()? as i8)
    }

    /// 16 signed bits.
    pub fn i16(&mut self) -> Read<i16> {
        match self.dialect {
            Dialect::Binary => self.fixed().map(i16::from_be_bytes),
            Dialect::Compact => {
                let value = zigzag(u64::from(self.varint32()?));
                i16::try_from(value).map_err(|_| self.fault("a number has more than 16 bits"))
            }
        }
    }

    /// 32 signed bits.
    pub fn i32(&mut self) -> Read<i32> {
        match self.dialect {
            Dialect::Binary => self.fixed().map(i32::from_be_bytes),
            Dialect::Compact => Ok(zigzag(u64::from(self.varint32()?)) as i32),
        }
    }

    /// 64 signed bits.
    pub fn i64(&mut self) -> Read<i64> {
        match self.dialect {
            Dialect::Binary => self.fixed().map(i64::from_be_bytes),
            Dialect::Compact => self.varint().map(zigzag),
        }
    }

    /// A 64-bit IEEE number. Writers of the compact form agree on little endian.
    pub fn double(&mut self) -> Read<f64> {
        match self.dialect {
            Dialect::Binary => self.fixed().map(f64::from_be_bytes),
            Dialect::Compact => self.fixed().map(f64::from_le_bytes),
        }
    }

    /// Bytes or text.
    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let len = match self.dialect {
            Dialect::Binary => self.binary_len()?,
            Dialect::Compact => self.compact_len()?,
        };
        self.take(len)
    }

    /// 16 bytes.
    pub fn uuid(&mut self) -> Read<[u8; 16]> {
        self.fixed()
    }

    /// Passes over a value, at most [`DEPTH_MAX`] levels deep.
    pub fn skip(&mut self, kind: Kind) -> Read<()> {
        self.skip_within(kind, DEPTH_MAX)
    }

    fn skip_within(&mut self, kind: Kind, levels: usize) -> Read<()> {
        let Some(levels) = levels.checked_sub(1) else {
            return Err(self.fault("values are nested too deeply"));
        };
        match kind {
            Kind::Bool => self.bool().map(drop),
            Kind::I8 => self.i8().map(drop),
            Kind::I16 => self.i16().map(drop),
            Kind::I32 => self.i32().map(drop),
            Kind::I64 => self.i64().map(drop),
            Kind::Double => self.double().map(drop),
            Kind::Binary => self.bytes().map(drop),
            Kind::Uuid => self.uuid().map(drop),
            Kind::Struct => {
                let mut ids = FieldIds::default();
                while let Some(field) = self.field(&mut ids)? {
                    self.skip_within(field.kind, levels)?;
                }
                Ok(())
            }
            Kind::List | Kind::Set => {
                let list = self.list()?;
                (0..list.len).try_for_each(|_| self.skip_within(list.kind, levels))
            }
            Kind::Map => {
                let map = self.map()?;
                (0..map.len).try_for_each(|_| {
                    self.skip_within(map.key, levels)?;
                    self.skip_within(map.value, levels)
                })
            }
        }
    }

    fn kind(&self, number: u8) -> Read<Kind> {
        let kind = match self.dialect {
            Dialect::Binary => Kind::from_binary(number),
            Dialect::Compact => Kind::from_compact(number),
        };
        kind.ok_or_else(|| self.fault("a type number is none of the format's"))
    }

    /// The kind of elements. Writers put anything there when there are none.
    fn kind_of_many(&self, number: u8, len: usize) -> Read<Kind> {
        if len == 0 { Ok(Kind::Struct) } else { self.kind(number) }
    }

    fn bytes_min(&self, kind: Kind) -> usize {
        match self.dialect {
            Dialect::Binary => kind.binary_bytes_min(),
            Dialect::Compact => kind.compact_bytes_min(),
        }
    }

    fn check_room(&self, len: usize, bytes_min: usize) -> Read<()> {
        if len > self.left() / bytes_min {
            return Err(self.fault("a length reaches beyond the end"));
        }
        Ok(())
    }

    fn binary_len(&mut self) -> Read<usize> {
        let len = self.fixed().map(i32::from_be_bytes)?;
        usize::try_from(len).map_err(|_| self.fault("a length is negative"))
    }

    fn compact_len(&mut self) -> Read<usize> {
        let len = self.varint32()?;
        if len > i32::MAX as u32 {
            return Err(self.fault("a length is negative"));
        }
        Ok(len as usize)
    }

    fn byte(&mut self) -> Read<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        // A boolean left unread must not be taken for the next one.
        self.flag = None;
        match self.data.get(self.at..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(self.fault("the bytes end inside a value")),
        }
    }

    fn take(&mut self, len: usize) -> Read<&'a [u8]> {
        match self.data.get(self.at..).and_then(|rest| rest.get(..len)) {
            Some(bytes) => {
                self.at += len;
                Ok(bytes)
            }
            None => Err(self.fault("a length reaches beyond the end")),
        }
    }

    fn varint32(&mut self) -> Read<u32> {
        let value = self.varint()?;
        u32::try_from(value).map_err(|_| self.fault("a number has more than 32 bits"))
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault("a number has more than 64 bits"))
    }
}

/// Signed numbers of small size are small unsigned ones in the compact form.
const fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
