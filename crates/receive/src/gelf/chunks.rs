//! Messages that come in several datagrams, put together again.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::GelfSettings;

/// How a chunk begins.
pub const MAGIC: [u8; 2] = [0x1e, 0x0f];
/// Magic, id, number, count.
const HEADER_BYTES: usize = 12;
/// Chunks a message may have.
const CHUNKS_MAX: u8 = 128;

/// Who sends, and the id of the message.
type Id = (IpAddr, [u8; 8]);

/// What a datagram comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A message that is whole.
    Whole(Vec<u8>),
    /// Others must come first.
    Waiting,
    /// It is no chunk that can be.
    Invalid,
}

/// Chunks that wait for others.
#[derive(Debug)]
pub struct Chunks {
    settings: GelfSettings,
    waiting: HashMap<Id, Partial>,
    /// The oldest first; an entry may be of a message that is gone.
    order: VecDeque<(i64, Id)>,
    bytes: usize,
}

#[derive(Debug)]
struct Partial {
    since: i64,
    parts: Vec<Option<Vec<u8>>>,
    missing: u8,
    bytes: usize,
}

impl Chunks {
    /// None yet.
    pub fn new(settings: GelfSettings) -> Self {
        Self { settings, waiting: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    /// Takes a chunk that came at a time, in nanoseconds since 1970.
    pub fn push(&mut self, peer: IpAddr, chunk: &[u8], now: i64) -> Outcome {
        let Some((header, content)) = chunk.split_first_chunk::<HEADER_BYTES>() else { return Outcome::Invalid };
        let [m0, m1, id @ .., number, count] = *header;
        if [m0, m1] != MAGIC || count == 0 || count > CHUNKS_MAX || number >= count {
            return Outcome::Invalid;
        }
        if count == 1 {
            return Outcome::Whole(content.to_vec());
        }
        let id = (peer, id);
        let order = &mut self.order;
        let partial = self.waiting.entry(id).or_insert_with(|| {
            order.push_back((now, id));
            Partial { since: now, parts: vec![None; usize::from(count)], missing: count, bytes: 0 }
        });
        if partial.parts.len() != usize::from(count) {
            return Outcome::Invalid;
        }
        // A network may bring one twice.
        if let Some(part @ None) = partial.parts.get_mut(usize::from(number)) {
            *part = Some(content.to_vec());
            partial.missing -= 1;
            partial.bytes += content.len();
            self.bytes += content.len();
        }
        if partial.missing > 0 {
            return Outcome::Waiting;
        }
        match self.waiting.remove(&id) {
            Some(whole) => {
                self.bytes -= whole.bytes;
                Outcome::Whole(whole.parts.into_iter().flatten().flatten().collect())
            }
            None => Outcome::Waiting,
        }
    }

    /// Forgets messages that waited too long, and the oldest of too many; returns how many.
    pub fn expire(&mut self, now: i64) -> u64 {
        let settings = self.settings;
        let wait_max = i64::try_from(settings.chunk_time_max.as_nanos()).unwrap_or(i64::MAX);
        let mut forgotten = 0;
        while let Some((since, id)) = self.order.front().copied() {
            let too_many = self.waiting.len() > settings.chunked_messages_max || self.bytes > settings.chunked_bytes_max;
            // A clock that was set back makes nothing older.
            if !too_many && now.saturating_sub(since) <= wait_max {
                break;
            }
            self.order.pop_front();
            // An id that was used again is another message.
            if self.waiting.get(&id).is_some_and(|partial| partial.since == since)
                && let Some(partial) = self.waiting.remove(&id)
            {
                self.bytes -= partial.bytes;
                forgotten += 1;
            }
        }
        forgotten
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn chunk(id: u8, number: u8, count: u8, content: &str) -> Vec<u8> {
        [&MAGIC[..], &[id; 8], &[number, count], content.as_bytes()].concat()
    }

    fn settings() -> GelfSettings {
        GelfSettings { chunk_time_max: Duration::from_nanos(10), chunked_messages_max: 2, chunked_bytes_max: 10 }
    }

    #[test]
    fn chunks_come_in_any_order() {
        let mut chunks = Chunks::new(settings());
        let whole = |text: &str| Outcome::Whole(text.as_bytes().to_vec());
        let cases = [
            (chunk(1, 1, 3, "b"), Outcome::Waiting),
            (chunk(2, 0, 2, "x"), Outcome::Waiting),
            (chunk(1, 1, 3, "b"), Outcome::Waiting),
            (chunk(1, 2, 3, "c"), Outcome::Waiting),
            (chunk(1, 0, 4, "a"), Outcome::Invalid),
            (chunk(1, 0, 3, "a"), whole("abc")),
            (chunk(2, 1, 2, "y"), whole("xy")),
            (chunk(3, 0, 1, "one"), whole("one")),
            (chunk(4, 2, 2, "x"), Outcome::Invalid),
            (chunk(4, 0, 0, "x"), Outcome::Invalid),
            (chunk(4, 0, 129, "x"), Outcome::Invalid),
            (MAGIC.to_vec(), Outcome::Invalid),
        ];
        for (datagram, expected) in cases {
            assert_eq!(chunks.push(PEER, &datagram, 0), expected, "{datagram:x?}");
        }
        assert!(chunks.is_empty());
        assert_eq!((chunks.bytes, chunks.expire(100), chunks.order.len()), (0, 0, 0));
    }

    #[test]
    fn senders_are_told_apart() {
        let mut chunks = Chunks::new(settings());
        assert_eq!(chunks.push(PEER, &chunk(1, 0, 2, "a"), 0), Outcome::Waiting);
        assert_eq!(chunks.push(IpAddr::V4(Ipv4Addr::BROADCAST), &chunk(1, 1, 2, "b"), 0), Outcome::Waiting);
        assert_eq!(chunks.len(), 2);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut chunks = Chunks::new(settings());
        for id in 0..3 {
            chunks.push(PEER, &chunk(id, 0, 2, "a"), i64::from(id));
        }
        assert_eq!((chunks.expire(5), chunks.len()), (1, 2));
        chunks.push(PEER, &chunk(2, 1, 3, "no"), 5);
        assert_eq!((chunks.expire(12), chunks.len()), (1, 1));
        chunks.push(PEER, &chunk(9, 0, 2, "more than may be"), 12);
        assert_eq!((chunks.expire(12), chunks.len(), chunks.bytes), (2, 0, 0));
    }
}
