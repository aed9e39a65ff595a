//! Jaeger's messages in thrift, binary and compact, written from its interface definition alone.

use crate::send::span::Span;

/// The forms of thrift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Numbers of fixed width.
    Binary,
    /// Numbers as short as they are.
    Compact,
}

/// Values of the types that Jaeger's messages need.
enum Value {
    Int32(i32),
    Int64(i64),
    Text(String),
    List(Vec<Value>),
    Struct(Vec<(u8, Value)>),
}

/// A call of `emitBatch`, as a datagram holds it.
pub fn emit_batch(form: Form, service: &str, spans: &[Span]) -> Vec<u8> {
    const NAME: &[u8] = b"emitBatch";
    let mut out = match form {
        // Version, one way, length of the name; after it the number of the call.
        Form::Binary => [&[0x80, 1, 0, 4, 0, 0, 0, 9][..], NAME, &[0, 0, 0, 1]].concat(),
        Form::Compact => [&[0x82, 0x81, 1, 9][..], NAME].concat(),
    };
    write(form, &Value::Struct(vec![(1, batch(service, spans))]), &mut out);
    out
}

/// A `Batch`, as a request over HTTP holds it.
pub fn http_batch(service: &str, spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::new();
    write(Form::Binary, &batch(service, spans), &mut out);
    out
}

fn batch(service: &str, spans: &[Span]) -> Value {
    let process = Value::Struct(vec![(1, Value::Text(service.to_owned()))]);
    Value::Struct(vec![(1, process), (2, Value::List(spans.iter().map(span).collect()))])
}

fn span(span: &Span) -> Value {
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b)).cast_signed();
    let micros = |nanos: u64| Value::Int64((nanos / 1000).cast_signed());
    let (high, low) = span.trace_id.split_at(8);
    Value::Struct(vec![
        (1, Value::Int64(number(low))),
        (2, Value::Int64(number(high))),
        (3, Value::Int64(number(&span.span_id))),
        (4, Value::Int64(number(&span.parent_span_id))),
        (5, Value::Text(span.name.clone())),
        (7, Value::Int32(1)),
        (8, micros(span.start_time_unix_nano)),
        (9, micros(span.end_time_unix_nano - span.start_time_unix_nano)),
    ])
}

/// The number of a value's type: in the binary form, then in the compact one.
fn type_of(form: Form, value: &Value) -> u8 {
    let (binary, compact) = match value {
        Value::Int32(_) => (8, 5),
        Value::Int64(_) => (10, 6),
        Value::Text(_) => (11, 8),
        Value::Struct(_) => (12, 12),
        Value::List(_) => (15, 9),
    };
    if form == Form::Binary { binary } else { compact }
}

fn write(form: Form, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Int32(n) if form == Form::Binary => out.extend(n.to_be_bytes()),
        Value::Int64(n) if form == Form::Binary => out.extend(n.to_be_bytes()),
        Value::Int32(n) => variable(zigzag(i64::from(*n)), out),
        Value::Int64(n) => variable(zigzag(*n), out),
        Value::Text(text) => {
            length(form, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::List(items) => {
            // Lists here hold structs alone.
            let kind = type_of(form, &Value::Struct(Vec::new()));
            match form {
                Form::Binary => out.push(kind),
                Form::Compact if items.len() < 15 => out.push(((items.len() as u8) << 4) | kind),
                Form::Compact => out.push(0xf0 | kind),
            }
            if form == Form::Binary || items.len() >= 15 {
                length(form, items.len(), out);
            }
            for item in items {
                write(form, item, out);
            }
        }
        Value::Struct(fields) => {
            let mut last = 0;
            for (id, field) in fields {
                let kind = type_of(form, field);
                match form {
                    Form::Binary => out.extend([kind, 0, *id]),
                    Form::Compact => out.push(((id - last) << 4) | kind),
                }
                last = *id;
                write(form, field, out);
            }
            out.push(0);
        }
    }
}

fn length(form: Form, len: usize, out: &mut Vec<u8>) {
    match form {
        Form::Binary => out.extend((len as u32).to_be_bytes()),
        Form::Compact => variable(len as u64, out),
    }
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

fn variable(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
