//! Laws of the thrift reader: what was written comes back, and nothing makes it panic.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use luneta_receive::thrift::{DEPTH_MAX, Dialect, Field, FieldIds, Kind, MessageKind, Read, Reader};
use proptest::collection::vec;
use proptest::prelude::*;
use support::thrift::{Value, oneway};

const DIALECTS: [Dialect; 2] = [Dialect::Binary, Dialect::Compact];

/// Reads any value back into the form it was written from.
fn read(reader: &mut Reader<'_>, kind: Kind) -> Read<Value> {
    Ok(match kind {
        Kind::Bool => Value::Bool(reader.bool()?),
        Kind::I8 => Value::I8(reader.i8()?),
        Kind::I16 => Value::I16(reader.i16()?),
        Kind::I32 => Value::I32(reader.i32()?),
        Kind::I64 => Value::I64(reader.i64()?),
        Kind::Double => Value::Double(reader.double()?),
        Kind::Binary => Value::Binary(reader.bytes()?.to_vec()),
        Kind::Uuid => Value::Uuid(reader.uuid()?),
        Kind::Struct => {
            let (mut ids, mut fields) = (FieldIds::default(), Vec::new());
            while let Some(field) = reader.field(&mut ids)? {
                fields.push((field.id, read(reader, field.kind)?));
            }
            Value::Struct(fields)
        }
        Kind::List | Kind::Set => {
            let list = reader.list()?;
            Value::List((0..list.len).map(|_| read(reader, list.kind)).collect::<Read<_>>()?)
        }
        Kind::Map => {
            let map = reader.map()?;
            let pair = |_| Ok((read(reader, map.key)?, read(reader, map.value)?));
            Value::Map((0..map.len).map(pair).collect::<Read<_>>()?)
        }
    })
}

/// Structs of every kind of value, lists of one kind each.
fn structs() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::I8),
        any::<i16>().prop_map(Value::I16),
        any::<i32>().prop_map(Value::I32),
        any::<i64>().prop_map(Value::I64),
        (-1e300..1e300).prop_map(Value::Double),
        vec(any::<u8>(), 0..40).prop_map(Value::Binary),
        any::<[u8; 16]>().prop_map(Value::Uuid),
        vec(any::<bool>(), 0..20).prop_map(|v| Value::List(v.into_iter().map(Value::Bool).collect())),
        vec(any::<(i64, bool)>(), 0..20)
            .prop_map(|v| Value::Map(v.into_iter().map(|(k, b)| (Value::I64(k), Value::Bool(b))).collect())),
    ];
    let fields = |value: BoxedStrategy<Value>| vec((any::<i16>(), value), 0..6).prop_map(Value::Struct).boxed();
    fields(leaf.boxed()).prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![fields(inner.clone()), vec(inner, 0..20).prop_map(|items| Value::Struct(vec![(1, Value::List(items))])),]
            .boxed()
    })
}

proptest! {
    #[test]
    fn what_was_written_comes_back(value in structs()) {
        for dialect in DIALECTS {
            let bytes = value.write(dialect);
            let mut reader = Reader::new(&bytes, dialect);
            prop_assert_eq!(&read(&mut reader, Kind::Struct).unwrap(), &value);
            prop_assert_eq!(reader.left(), 0);
            let mut reader = Reader::new(&bytes, dialect);
            reader.skip(Kind::Struct).unwrap();
            prop_assert_eq!(reader.left(), 0);
        }
    }

    #[test]
    fn truncated_bytes_are_refused(value in structs(), cut: prop::sample::Index) {
        for dialect in DIALECTS {
            let bytes = value.write(dialect);
            let part = &bytes[..cut.index(bytes.len())];
            let fault = Reader::new(part, dialect).skip(Kind::Struct).unwrap_err();
            prop_assert!(fault.offset <= part.len());
            prop_assert!(read(&mut Reader::new(part, dialect), Kind::Struct).is_err());
        }
    }

    #[test]
    fn flipped_bits_never_panic(value in structs(), at: prop::sample::Index, bit in 0..8u32) {
        for dialect in DIALECTS {
            let mut bytes = value.write(dialect);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let _ = Reader::new(&bytes, dialect).skip(Kind::Struct);
            let _ = read(&mut Reader::new(&bytes, dialect), Kind::Struct);
        }
    }

    #[test]
    fn noise_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        for dialect in DIALECTS {
            let _ = Reader::new(&bytes, dialect).message();
            let _ = Reader::new(&bytes, dialect).skip(Kind::Struct);
            let _ = Reader::new(&bytes, dialect).skip(Kind::Map);
        }
    }
}

#[test]
fn envelopes_of_every_form() {
    for dialect in DIALECTS {
        let bytes = oneway(dialect, "emitBatch", &Value::Struct(Vec::new()));
        let mut reader = Reader::new(&bytes, dialect);
        let message = reader.message().unwrap();
        assert_eq!((message.name, message.kind, message.sequence), (&b"emitBatch"[..], MessageKind::Oneway, 7));
        assert_eq!(reader.left(), 1);
    }
    // The older envelope: name, type, sequence.
    let old = [0, 0, 0, 2, b'o', b'k', 1, 0, 0, 0, 9];
    let message = Reader::new(&old, Dialect::Binary).message().unwrap();
    assert_eq!((message.name, message.kind, message.sequence), (&b"ok"[..], MessageKind::Call, 9));
}

#[test]
fn wrong_envelopes_say_why() {
    let cases: [(Dialect, &[u8], &str); 7] = [
        (Dialect::Binary, &[0x80, 2, 0, 1], "version other than 1"),
        (Dialect::Binary, &[0x80, 1, 0, 9, 0, 0, 0, 0], "message type"),
        (Dialect::Binary, &[0x7f, 0xff, 0xff, 0xff], "reaches beyond the end"),
        (Dialect::Binary, &[0x80, 1, 0, 1, 0xff, 0xff, 0xff, 0xff], "negative"),
        (Dialect::Compact, &[0x83, 0x81], "0x82"),
        (Dialect::Compact, &[0x82, 0x82], "version other than 1"),
        (Dialect::Compact, &[0x82, 0x81, 0], "end inside"),
    ];
    for (dialect, bytes, expected) in cases {
        let fault = Reader::new(bytes, dialect).message().unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
        assert!(fault.starts_with(&format!("malformed thrift ({dialect}) at byte ")), "{fault}");
    }
}

#[test]
fn lengths_are_checked_before_anything_is_done() {
    let lists: [(Dialect, &[u8]); 6] = [
        (Dialect::Binary, &[12, 0x7f, 0xff, 0xff, 0xff, 0]),
        (Dialect::Binary, &[10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (Dialect::Binary, &[12, 0x80, 0, 0, 0]),
        (Dialect::Compact, &[0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0]),
        (Dialect::Compact, &[0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        (Dialect::Compact, &[0x27, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (dialect, bytes) in lists {
        let fault = Reader::new(bytes, dialect).list().unwrap_err();
        assert!(["a length reaches beyond the end", "a length is negative"].contains(&fault.reason), "{fault}");
    }
    let maps: [(Dialect, &[u8]); 2] = [(Dialect::Binary, &[2, 2, 0, 0, 0, 9, 1, 1]), (Dialect::Compact, &[9, 0x11, 1, 1])];
    for (dialect, bytes) in maps {
        assert_eq!(Reader::new(bytes, dialect).map().unwrap_err().reason, "a length reaches beyond the end");
    }
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let long = [0xff; 11];
    assert_eq!(Reader::new(&long, Dialect::Compact).i64().unwrap_err().reason, "a number has more than 64 bits");
    let wide = [0xff, 0xff, 0xff, 0xff, 0x1f];
    assert_eq!(Reader::new(&wide, Dialect::Compact).i32().unwrap_err().reason, "a number has more than 32 bits");
    assert_eq!(Reader::new(&[0x80, 0x80, 0x04], Dialect::Compact).i16().unwrap_err().reason, "a number has more than 16 bits");
    // Field ids count up to 32767.
    let fields = [0x05, 0xfe, 0xff, 0x03, 0x00, 0x15, 0x00, 0x00];
    let fault = Reader::new(&fields, Dialect::Compact).skip(Kind::Struct).unwrap_err();
    assert_eq!(fault.reason, "a field id is over 32767");
    for (dialect, head) in [(Dialect::Binary, [5, 0, 1]), (Dialect::Compact, [0x1e, 0, 0])] {
        let fault = Reader::new(&head, dialect).field(&mut FieldIds::default()).unwrap_err();
        assert_eq!(fault.reason, "a type number is none of the format's");
    }
}

#[test]
fn empty_containers_may_leave_their_kinds_unsaid() {
    assert_eq!(Reader::new(&[0, 0, 0, 0, 0], Dialect::Binary).list().unwrap().len, 0);
    assert_eq!(Reader::new(&[0], Dialect::Compact).list().unwrap().len, 0);
    assert_eq!(Reader::new(&[0, 0, 0, 0, 0, 0], Dialect::Binary).map().unwrap().len, 0);
    assert_eq!(Reader::new(&[0], Dialect::Compact).map().unwrap().len, 0);
}

#[test]
fn booleans_live_in_the_head_of_compact_fields() {
    let bytes = [0x11, 0x12, 0x19, 0x31, 1, 2, 0, 0];
    let mut reader = Reader::new(&bytes, Dialect::Compact);
    let mut ids = FieldIds::default();
    assert_eq!(reader.field(&mut ids).unwrap(), Some(Field { id: 1, kind: Kind::Bool }));
    assert!(reader.bool().unwrap());
    // The second is left unread, which the list behind it does not notice.
    assert_eq!(reader.field(&mut ids).unwrap().unwrap().id, 2);
    assert_eq!(reader.field(&mut ids).unwrap().unwrap().kind, Kind::List);
    assert_eq!(reader.list().unwrap().len, 3);
    assert_eq!([reader.bool().unwrap(), reader.bool().unwrap(), reader.bool().unwrap()], [true, false, false]);
    assert_eq!(reader.field(&mut ids).unwrap(), None);
}

#[test]
fn nesting_is_bounded() {
    for dialect in DIALECTS {
        let nested = |levels: usize| (1..levels).fold(Value::Struct(Vec::new()), |inner, _| Value::Struct(vec![(1, inner)]));
        assert!(Reader::new(&nested(DEPTH_MAX).write(dialect), dialect).skip(Kind::Struct).is_ok());
        let fault = Reader::new(&nested(DEPTH_MAX + 1).write(dialect), dialect).skip(Kind::Struct).unwrap_err();
        assert_eq!(fault.reason, "values are nested too deeply");
        // Lists of lists without end: the bytes decide, not the stack.
        let brackets = if dialect == Dialect::Binary { [15, 0, 0, 0, 1].repeat(100_000) } else { vec![0x19; 500_000] };
        assert!(Reader::new(&brackets, dialect).skip(Kind::List).is_err());
    }
}
