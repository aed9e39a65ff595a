//! [`Kind`]: the types of values, and their numbers in both forms.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// One byte.
    I8,
    /// 16 signed bits.
    I16,
    /// 32 signed bits, also of enums.
    I32,
    /// 64 signed bits.
    I64,
    /// A 64-bit IEEE number.
    Double,
    /// Bytes or text with a length.
    Binary,
    /// Fields up to a stop.
    Struct,
    /// Pairs.
    Map,
    /// Elements without order.
    Set,
    /// Elements in order.
    List,
    /// 16 bytes.
    Uuid,
}

impl Kind {
    /// The kind of a type number in the binary form.
    pub(super) const fn from_binary(number: u8) -> Option<Self> {
        Some(match number {
            2 => Kind::Bool,
            3 => Kind::I8,
            4 => Kind::Double,
            6 => Kind::I16,
            8 => Kind::I32,
            10 => Kind::I64,
            11 => Kind::Binary,
            12 => Kind::Struct,
            13 => Kind::Map,
            14 => Kind::Set,
            15 => Kind::List,
            16 => Kind::Uuid,
            _ => return None,
        })
    }

    /// The kind of a type number in the compact form; both booleans are [`Kind::Bool`].
    pub(super) const fn from_compact(number: u8) -> Option<Self> {
        Some(match number {
            1 | 2 => Kind::Bool,
            3 => Kind::I8,
            4 => Kind::I16,
            5 => Kind::I32,
            6 => Kind::I64,
            7 => Kind::Double,
            8 => Kind::Binary,
            9 => Kind::List,
            10 => Kind::Set,
            11 => Kind::Map,
            12 => Kind::Struct,
            13 => Kind::Uuid,
            _ => return None,
        })
    }

    /// The fewest bytes a value takes in the binary form.
    pub(super) const fn binary_bytes_min(self) -> usize {
        match self {
            Kind::Bool | Kind::I8 | Kind::Struct => 1,
            Kind::I16 => 2,
            Kind::I32 | Kind::Binary => 4,
            Kind::Set | Kind::List => 5,
            Kind::Map => 6,
            Kind::I64 | Kind::Double => 8,
            Kind::Uuid => 16,
        }
    }

    /// The fewest bytes a value takes in the compact form.
    pub(super) const fn compact_bytes_min(self) -> usize {
        match self {
            Kind::Double => 8,
            Kind::Uuid => 16,
            _ => 1,
        }
    }
}
