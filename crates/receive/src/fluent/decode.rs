//! The decoder of this protocol, as a function of bytes and options.

use luneta_model::Tenant;

use super::message::Message;
use super::msgpack::{Reader, Stop};
use crate::record::Records;
use crate::{DecodeOptions, Decoded, Reason, ReceiveError};

/// Messages, one after the other. Values that are none, as heartbeats are, are passed over.
pub fn forward(bytes: &[u8], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut messages = Vec::new();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let before = reader;
        reader.skip().map_err(|stop| ReceiveError::Malformed(why(stop).to_owned()))?;
        let len = before.len() - reader.len();
        let mut message = before;
        messages.push(message.take(len).unwrap_or_default());
    }
    gathered(&messages, tenant, options)
}

/// Messages that are whole, each alone. One that is broken costs only itself.
pub(super) fn gathered<M: AsRef<[u8]>>(messages: &[M], tenant: Tenant, options: &DecodeOptions) -> Result<Decoded, ReceiveError> {
    let mut records = Records::new(options, "");
    for bytes in messages {
        let bytes = bytes.as_ref();
        // A nil is a heartbeat.
        if bytes == [0xc0] {
            continue;
        }
        let added = match Message::read(bytes) {
            Ok(message) => message.add(&mut records),
            Err(stop) => Err(ReceiveError::Malformed(why(stop).to_owned())),
        };
        match added {
            Ok(()) => {}
            Err(error) if error.reason() == Reason::Internal => return Err(error),
            Err(error) => records.context.tally.reject(error.reason()),
        }
    }
    records.finish(tenant)
}

pub(super) const fn why(stop: Stop) -> &'static str {
    match stop {
        Stop::Short => "a message is cut off",
        Stop::Invalid => "a message is none of the forward protocol",
    }
}
