//! Writes thrift in both forms, as a client would.

use luneta_receive::thrift::Dialect;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Binary(Vec<u8>),
    Struct(Vec<(i16, Value)>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Uuid([u8; 16]),
}

impl Value {
    pub fn text(text: &str) -> Self {
        Value::Binary(text.as_bytes().to_vec())
    }

    fn number(&self, dialect: Dialect) -> u8 {
        let (binary, compact) = match self {
            Value::Bool(b) => (2, if *b { 1 } else { 2 }),
            Value::I8(_) => (3, 3),
            Value::I16(_) => (6, 4),
            Value::I32(_) => (8, 5),
            Value::I64(_) => (10, 6),
            Value::Double(_) => (4, 7),
            Value::Binary(_) => (11, 8),
            Value::Struct(_) => (12, 12),
            Value::List(_) => (15, 9),
            Value::Map(_) => (13, 11),
            Value::Uuid(_) => (16, 13),
        };
        if dialect == Dialect::Binary { binary } else { compact }
    }

    pub fn write(&self, dialect: Dialect) -> Vec<u8> {
        let mut out = Vec::new();
        match dialect {
            Dialect::Binary => self.binary(&mut out),
            Dialect::Compact => self.compact(&mut out),
        }
        out
    }

    fn binary(&self, out: &mut Vec<u8>) {
        match self {
            Value::Bool(b) => out.push(u8::from(*b)),
            Value::I8(n) => out.push(*n as u8),
            Value::I16(n) => out.extend(n.to_be_bytes()),
            Value::I32(n) => out.extend(n.to_be_bytes()),
            Value::I64(n) => out.extend(n.to_be_bytes()),
            Value::Double(n) => out.extend(n.to_be_bytes()),
            Value::Binary(bytes) => {
                out.extend((bytes.len() as i32).to_be_bytes());
                out.extend(bytes);
            }
            Value::Struct(fields) => {
                for (id, value) in fields {
                    out.push(value.number(Dialect::Binary));
                    out.extend(id.to_be_bytes());
                    value.binary(out);
                }
                out.push(0);
            }
            Value::List(items) => {
                out.push(items.first().map_or(12, |i| i.number(Dialect::Binary)));
                out.extend((items.len() as i32).to_be_bytes());
                for item in items {
                    item.binary(out);
                }
            }
            Value::Map(pairs) => {
                let (key, value) = pairs.first().map_or((0, 0), |(k, v)| (k.number(Dialect::Binary), v.number(Dialect::Binary)));
                out.extend([key, value]);
                out.extend((pairs.len() as i32).to_be_bytes());
                for (key, value) in pairs {
                    key.binary(out);
                    value.binary(out);
                }
            }
            Value::Uuid(bytes) => out.extend(bytes),
        }
    }

    fn compact(&self, out: &mut Vec<u8>) {
        match self {
            Value::Bool(b) => out.push(if *b { 1 } else { 2 }),
            Value::I8(n) => out.push(*n as u8),
            Value::I16(n) => zigzag(out, i64::from(*n)),
            Value::I32(n) => zigzag(out, i64::from(*n)),
            Value::I64(n) => zigzag(out, *n),
            Value::Double(n) => out.extend(n.to_le_bytes()),
            Value::Binary(bytes) => {
                varint(out, bytes.len() as u64);
                out.extend(bytes);
            }
            Value::Struct(fields) => {
                let mut last = 0i16;
                for (id, value) in fields {
                    let kind = value.number(Dialect::Compact);
                    if let Some(step @ 1..=15) = id.checked_sub(last) {
                        out.push((step as u8) << 4 | kind);
                    } else {
                        out.push(kind);
                        zigzag(out, i64::from(*id));
                    }
                    last = *id;
                    // A boolean is said by its type.
                    if !matches!(value, Value::Bool(_)) {
                        value.compact(out);
                    }
                }
                out.push(0);
            }
            Value::List(items) => {
                let kind = items.first().map_or(0, |i| i.number(Dialect::Compact));
                if items.len() < 15 {
                    out.push((items.len() as u8) << 4 | kind);
                } else {
                    out.push(0xf0 | kind);
                    varint(out, items.len() as u64);
                }
                for item in items {
                    item.compact(out);
                }
            }
            Value::Map(pairs) => {
                varint(out, pairs.len() as u64);
                if let Some((key, value)) = pairs.first() {
                    out.push(key.number(Dialect::Compact) << 4 | value.number(Dialect::Compact));
                }
                for (key, value) in pairs {
                    key.compact(out);
                    value.compact(out);
                }
            }
            Value::Uuid(bytes) => out.extend(bytes),
        }
    }
}

/// The envelope of a one-way call, and its arguments.
pub fn oneway(dialect: Dialect, name: &str, arguments: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match dialect {
        Dialect::Binary => {
            out.extend([0x80, 1, 0, 4]);
            Value::text(name).binary(&mut out);
            out.extend(7i32.to_be_bytes());
        }
        Dialect::Compact => {
            out.extend([0x82, 0x81]);
            varint(&mut out, 7);
            Value::text(name).compact(&mut out);
        }
    }
    out.extend(arguments.write(dialect));
    out
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
