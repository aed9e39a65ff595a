//! Reads MessagePack, without trust in its lengths.
//!
//! <https://github.com/msgpack/msgpack/blob/master/spec.md>

/// What begins at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Head {
    /// Nothing.
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond 63 bits.
    Large(u64),
    /// A number with a fraction.
    Double(f64),
    /// Text of so many bytes.
    Text(usize),
    /// Bytes, so many.
    Bytes(usize),
    /// A list of so many values.
    List(usize),
    /// A map of so many pairs.
    Map(usize),
    /// A value of a kind of its own, of so many bytes.
    Extension(i8, usize),
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end within it; more may come.
    Short,
    /// No value begins with that byte.
    Invalid,
}

/// A place in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// At the start of bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Bytes that were not read yet.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next bytes, so many.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or(Stop::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or(Stop::Short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    fn len8(&mut self) -> Result<usize, Stop> {
        Ok(usize::from(u8::from_be_bytes(self.array()?)))
    }

    fn len16(&mut self) -> Result<usize, Stop> {
        Ok(usize::from(u16::from_be_bytes(self.array()?)))
    }

    fn len32(&mut self) -> Result<usize, Stop> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    /// What begins here. Of text, bytes, lists, maps and extensions, the content comes next.
    pub fn head(&mut self) -> Result<Head, Stop> {
        let [byte] = self.array()?;
        Ok(match byte {
            0x00..=0x7f => Head::Int(i64::from(byte)),
            0x80..=0x8f => Head::Map(usize::from(byte & 0x0f)),
            0x90..=0x9f => Head::List(usize::from(byte & 0x0f)),
            0xa0..=0xbf => Head::Text(usize::from(byte & 0x1f)),
            0xc0 => Head::Nil,
            0xc1 => return Err(Stop::Invalid),
            0xc2 => Head::Bool(false),
            0xc3 => Head::Bool(true),
            0xc4 => Head::Bytes(self.len8()?),
            0xc5 => Head::Bytes(self.len16()?),
            0xc6 => Head::Bytes(self.len32()?),
            0xc7 => self.extension(Self::len8)?,
            0xc8 => self.extension(Self::len16)?,
            0xc9 => self.extension(Self::len32)?,
            0xca => Head::Double(f64::from(f32::from_be_bytes(self.array()?))),
            0xcb => Head::Double(f64::from_be_bytes(self.array()?)),
            0xcc => Head::Int(i64::from(u8::from_be_bytes(self.array()?))),
            0xcd => Head::Int(i64::from(u16::from_be_bytes(self.array()?))),
            0xce => Head::Int(i64::from(u32::from_be_bytes(self.array()?))),
            0xcf => {
                let number = u64::from_be_bytes(self.array()?);
                i64::try_from(number).map_or(Head::Large(number), Head::Int)
            }
            0xd0 => Head::Int(i64::from(i8::from_be_bytes(self.array()?))),
            0xd1 => Head::Int(i64::from(i16::from_be_bytes(self.array()?))),
            0xd2 => Head::Int(i64::from(i32::from_be_bytes(self.array()?))),
            0xd3 => Head::Int(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(|_| Ok(1 << (byte - 0xd4)))?,
            0xd9 => Head::Text(self.len8()?),
            0xda => Head::Text(self.len16()?),
            0xdb => Head::Text(self.len32()?),
            0xdc => Head::List(self.len16()?),
            0xdd => Head::List(self.len32()?),
            0xde => Head::Map(self.len16()?),
            0xdf => Head::Map(self.len32()?),
            0xe0..=0xff => Head::Int(i64::from(byte as i8)),
        })
    }

    fn extension(&mut self, len: impl FnOnce(&mut Self) -> Result<usize, Stop>) -> Result<Head, Stop> {
        let len = len(self)?;
        let [kind] = self.array()?;
        Ok(Head::Extension(kind as i8, len))
    }

    /// Goes behind the value here, however deep it is.
    pub fn skip(&mut self) -> Result<(), Stop> {
        let mut scan = Scan::default();
        let len = scan.end(self.bytes)?;
        self.bytes = self.bytes.get(len..).unwrap_or_default();
        Ok(())
    }
}

/// Looks for the end of a value in bytes that are still coming: what was seen is not seen again.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    /// Where the next head is, or bytes are missing.
    at: usize,
    /// Values that are still to come.
    values: u64,
}

impl Default for Scan {
    fn default() -> Self {
        Self { at: 0, values: 1 }
    }
}

impl Scan {
    /// Where the first value of `bytes` ends. The bytes of the call before must still be their start.
    pub fn end(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        while self.values > 0 {
            let rest = bytes.get(self.at..).ok_or(Stop::Short)?;
            let mut reader = Reader::new(rest);
            let (content, inner) = match reader.head()? {
                Head::Text(len) | Head::Bytes(len) | Head::Extension(_, len) => (len, 0),
                Head::List(len) => (0, len as u64),
                Head::Map(len) => (0, 2 * len as u64),
                _ => (0, 0),
            };
            self.at += rest.len() - reader.len() + content;
            self.values += inner;
            self.values -= 1;
        }
        if self.at <= bytes.len() { Ok(self.at) } else { Err(Stop::Short) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let cases: [(&[u8], Result<Head, Stop>); 24] = [
            (&[0x7f], Ok(Head::Int(127))),
            (&[0xff], Ok(Head::Int(-1))),
            (&[0xe0], Ok(Head::Int(-32))),
            (&[0xcc, 0xff], Ok(Head::Int(255))),
            (&[0xd0, 0x80], Ok(Head::Int(-128))),
            (&[0xd1, 0xff, 0xfe], Ok(Head::Int(-2))),
            (&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Ok(Head::Large(u64::MAX))),
            (&[0xcf, 0, 0, 0, 0, 0, 0, 0, 5], Ok(Head::Int(5))),
            (&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], Ok(Head::Double(1.5))),
            (&[0xca, 0x3f, 0xc0, 0, 0], Ok(Head::Double(1.5))),
            (&[0xa3], Ok(Head::Text(3))),
            (&[0xd9, 0x20], Ok(Head::Text(32))),
            (&[0xdb, 0xff, 0xff, 0xff, 0xff], Ok(Head::Text(u32::MAX as usize))),
            (&[0xc4, 1], Ok(Head::Bytes(1))),
            (&[0x92], Ok(Head::List(2))),
            (&[0xdc, 1, 0], Ok(Head::List(256))),
            (&[0x82], Ok(Head::Map(2))),
            (&[0xdf, 0, 1, 0, 0], Ok(Head::Map(65536))),
            (&[0xd7, 0], Ok(Head::Extension(0, 8))),
            (&[0xc7, 8, 0], Ok(Head::Extension(0, 8))),
            (&[0xc0], Ok(Head::Nil)),
            (&[0xc1], Err(Stop::Invalid)),
            (&[0xcd, 1], Err(Stop::Short)),
            (&[], Err(Stop::Short)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Reader::new(bytes).head(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn ends_are_found_as_bytes_come() {
        let value = [0x93, 0xa1, b'a', 0x81, 0xa1, b'k', 0x92, 1, 0xc4, 3, 0, 0, 0, 0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut scan = Scan::default();
        for end in 0..value.len() {
            assert_eq!(scan.end(&value[..end]), Err(Stop::Short), "{end}");
        }
        assert_eq!(scan.end(&[&value[..], &[1, 2, 3]].concat()), Ok(value.len()));
        let deep = vec![0x91; 1_000_000];
        assert_eq!(Scan::default().end(&deep), Err(Stop::Short));
        assert_eq!(Scan::default().end(&[0xdf, 0xff, 0xff, 0xff, 0xff, 0xc1]), Err(Stop::Invalid));
    }
}
