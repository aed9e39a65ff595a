//! The first version's model, and how its spans become those of the second.
//!
//! A span of the first version is a bag of marked moments: `cs` and `cr` frame a client's call,
//! `sr` and `ss` a server's, `ms`/`ws` and `wr`/`mr` the sending and taking of a message. Client and
//! server may share one span; each becomes a span of its own here, as Zipkin's server does it.

use std::borrow::Cow;

use super::span::{self, Annotation, Endpoint, Entries, Ids, Kind, shorten};

/// Sides a span is split into; real ones have two. Moments of further services go to the first.
const SIDES_MAX: usize = 16;

/// A span as sent.
#[derive(Debug, Default)]
pub(super) struct Span<'a> {
    pub(super) ids: Ids,
    pub(super) name: Cow<'a, str>,
    /// Microseconds since 1970, 0 when not sent.
    pub(super) timestamp: u64,
    /// Microseconds, 0 when not sent.
    pub(super) duration: u64,
    pub(super) debug: bool,
    pub(super) annotations: Entries<Marked<'a>>,
    pub(super) binary: Entries<BinaryAnnotation<'a>>,
}

/// A moment, and the service that marked it.
#[derive(Debug, Default)]
pub(super) struct Marked<'a> {
    pub(super) timestamp: u64,
    pub(super) value: Cow<'a, str>,
    pub(super) endpoint: Option<Endpoint<'a>>,
}

/// A tag, or an address (`ca`, `sa`, `ma`), and the service that set it.
#[derive(Debug, Default)]
pub(super) struct BinaryAnnotation<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) value: Option<Cow<'a, str>>,
    pub(super) endpoint: Option<Endpoint<'a>>,
}

/// The sides of a span; at least one. Names are cut to `text_bytes_max` before they are copied to
/// each.
pub(super) fn split(mut source: Span<'_>, text_bytes_max: usize) -> Vec<span::Span<'_>> {
    let mut annotations = std::mem::take(&mut source.annotations);
    let mut binary = std::mem::take(&mut source.binary);
    shorten(&mut source.name, text_bytes_max);
    let endpoints = annotations.kept.iter_mut().filter_map(|a| a.endpoint.as_mut());
    for endpoint in endpoints.chain(binary.kept.iter_mut().filter_map(|b| b.endpoint.as_mut())) {
        endpoint.shorten(text_bytes_max);
    }
    let mut split = Split { sides: Vec::with_capacity(2), source, marks: Marks::default() };
    let first = split.open(None);
    split.sides[first].annotations.dropped = annotations.dropped;
    split.sides[first].tags.dropped = binary.dropped;
    for annotation in annotations.kept {
        split.annotation(annotation);
    }
    split.complete_calls();
    split.time_calls();
    split.time_messages();
    let addresses = split.tags(binary.kept);
    split.address(addresses);
    split.sides
}

struct Split<'a> {
    source: Span<'a>,
    sides: Vec<span::Span<'a>>,
    marks: Marks<'a>,
}

/// The moments that frame calls and messages.
#[derive(Default)]
struct Marks<'a> {
    client_send: Option<Mark<'a>>,
    client_receive: Option<Mark<'a>>,
    server_receive: Option<Mark<'a>>,
    server_send: Option<Mark<'a>>,
    message_send: Option<Mark<'a>>,
    message_receive: Option<Mark<'a>>,
    wire_send: Option<Mark<'a>>,
    wire_receive: Option<Mark<'a>>,
}

#[derive(Clone)]
struct Mark<'a> {
    timestamp: u64,
    endpoint: Option<Endpoint<'a>>,
}

/// Remote endpoints said by `ca`, `sa` and `ma`.
#[derive(Default)]
struct Addresses<'a> {
    client: Option<Endpoint<'a>>,
    server: Option<Endpoint<'a>>,
    broker: Option<Endpoint<'a>>,
}

impl<'a> Marks<'a> {
    /// Where a moment of this name is kept, and the kind it tells.
    fn slot(&mut self, value: &str) -> Option<(Option<Kind<'static>>, &mut Option<Mark<'a>>)> {
        Some(match value {
            "cs" => (Some(Kind::Client), &mut self.client_send),
            "cr" => (Some(Kind::Client), &mut self.client_receive),
            "sr" => (Some(Kind::Server), &mut self.server_receive),
            "ss" => (Some(Kind::Server), &mut self.server_send),
            "ms" => (Some(Kind::Producer), &mut self.message_send),
            "mr" => (Some(Kind::Consumer), &mut self.message_receive),
            "ws" => (None, &mut self.wire_send),
            "wr" => (None, &mut self.wire_receive),
            _ => return None,
        })
    }

    fn no_calls(&self) -> bool {
        let calls = [&self.client_send, &self.client_receive, &self.server_receive, &self.server_send];
        calls.iter().all(|mark| mark.is_none())
    }
}

impl<'a> Split<'a> {
    /// Adds a side.
    fn open(&mut self, local: Option<Endpoint<'a>>) -> usize {
        let Span { ids, ref name, debug, .. } = self.source;
        self.sides.push(span::Span { ids, name: name.clone(), debug, local, ..span::Span::default() });
        self.sides.len() - 1
    }

    /// The side of a service: one of its name, one without a name yet, or a new one. What names no
    /// service belongs to the first.
    fn side(&mut self, endpoint: Option<&Endpoint<'a>>) -> usize {
        let Some(endpoint) = endpoint else { return 0 };
        for (i, side) in self.sides.iter_mut().enumerate() {
            match &side.local {
                Some(local) if local.service == endpoint.service => return i,
                Some(_) => {}
                None => {
                    side.local = Some(endpoint.clone());
                    return i;
                }
            }
        }
        if self.sides.len() < SIDES_MAX { self.open(Some(endpoint.clone())) } else { 0 }
    }

    fn side_of(&mut self, mark: &Mark<'a>) -> &mut span::Span<'a> {
        let index = self.side(mark.endpoint.as_ref());
        &mut self.sides[index]
    }

    fn annotation(&mut self, marked: Marked<'a>) {
        let index = self.side(marked.endpoint.as_ref());
        let side = &mut self.sides[index];
        match self.marks.slot(&marked.value) {
            Some((kind, slot)) => {
                if let Some(kind) = kind {
                    side.kind = kind;
                }
                *slot = Some(Mark { timestamp: marked.timestamp, endpoint: marked.endpoint });
            }
            None => side.annotations.push(Annotation { timestamp: marked.timestamp, value: marked.value }),
        }
    }

    /// A call whose end agrees with timestamp and duration began at the timestamp.
    fn complete_calls(&mut self) {
        let (timestamp, duration) = (self.source.timestamp, self.source.duration);
        let begin = |end: &Mark<'a>| {
            let agrees = timestamp != 0 && duration != 0 && timestamp.checked_add(duration) == Some(end.timestamp);
            agrees.then(|| Mark { timestamp, endpoint: end.endpoint.clone() })
        };
        let marks = &mut self.marks;
        if marks.client_send.is_none() {
            marks.client_send = marks.client_receive.as_ref().and_then(begin);
        }
        if marks.server_receive.is_none() {
            marks.server_receive = marks.server_send.as_ref().and_then(begin);
        }
    }

    fn time_calls(&mut self) {
        let Marks { client_send, client_receive, server_receive, server_send, .. } = &self.marks;
        let (sent, answered) = (client_send.clone(), client_receive.clone());
        let (received, replied) = (server_receive.clone(), server_send.clone());
        match (&sent, &received, &answered, &replied) {
            (Some(sent), Some(received), ..) => {
                self.time(sent, answered.as_ref());
                let (client, server) = self.two_sides(sent, received, Kind::Client, Kind::Server);
                if answered.is_none() && self.source.duration == 0 {
                    // A call without an answer has no duration.
                    self.sides[client].duration = 0;
                }
                let server = &mut self.sides[server];
                server.shared = true;
                server.timestamp = received.timestamp;
                if let Some(replied) = &replied {
                    server.duration = replied.timestamp.saturating_sub(received.timestamp);
                }
            }
            (Some(sent), _, Some(answered), _) => self.time(sent, Some(answered)),
            (_, Some(received), _, Some(replied)) => self.time(received, Some(replied)),
            _ => self.time_incomplete(),
        }
        // Only a server that joined its client's span leaves timestamp or duration to it.
        let left_to_client = self.source.timestamp == 0 || (replied.is_some() && self.source.duration == 0);
        if let (None, Some(received), true) = (&sent, &received, left_to_client) {
            self.side_of(received).shared = true;
        }
    }

    /// What is known of calls that lack an end or a beginning.
    fn time_incomplete(&mut self) {
        let Marks { client_send, client_receive, server_receive, server_send, .. } = &self.marks;
        for side in &mut self.sides {
            let (begin, end, name) = match side.kind {
                Kind::Client => (client_send, client_receive, "cr"),
                Kind::Server => (server_receive, server_send, "ss"),
                _ => continue,
            };
            if let Some(begin) = begin {
                side.timestamp = begin.timestamp;
            }
            if let Some(end) = end {
                side.annotations.push(Annotation { timestamp: end.timestamp, value: name.into() });
            }
        }
        if self.source.timestamp != 0 {
            self.sides[0].timestamp = self.source.timestamp;
            self.sides[0].duration = self.source.duration;
        }
    }

    fn time_messages(&mut self) {
        let Marks { message_send, message_receive, wire_send, wire_receive, .. } = &self.marks;
        let (sent, received) = (message_send.clone(), message_receive.clone());
        let (flushed, arrived) = (wire_send.clone(), wire_receive.clone());
        match (&sent, &received) {
            (Some(sent), Some(received)) => {
                let (producer, consumer) = self.two_sides(sent, received, Kind::Producer, Kind::Consumer);
                let begin = arrived.as_ref().unwrap_or(received).timestamp;
                let consumer = &mut self.sides[consumer];
                consumer.shared = true;
                consumer.timestamp = begin;
                consumer.duration = received.timestamp.saturating_sub(begin);
                let producer = &mut self.sides[producer];
                producer.timestamp = sent.timestamp;
                producer.duration = flushed.map_or(0, |end| end.timestamp.saturating_sub(sent.timestamp));
            }
            (Some(sent), None) => self.time(sent, flushed.as_ref()),
            (None, Some(received)) => match &arrived {
                Some(arrived) => self.time(arrived, Some(received)),
                None => self.time(received, None),
            },
            (None, None) => {
                for (mark, name) in [(flushed, "ws"), (arrived, "wr")] {
                    if let Some(mark) = mark {
                        let annotation = Annotation { timestamp: mark.timestamp, value: name.into() };
                        self.side_of(&mark).annotations.push(annotation);
                    }
                }
            }
        }
    }

    /// Times the side a mark belongs to; timestamp and duration of the span come first.
    fn time(&mut self, begin: &Mark<'a>, end: Option<&Mark<'a>>) {
        let (timestamp, duration) = (self.source.timestamp, self.source.duration);
        let side = self.side_of(begin);
        if timestamp != 0 && duration != 0 {
            (side.timestamp, side.duration) = (timestamp, duration);
            return;
        }
        side.timestamp = begin.timestamp;
        if let Some(end) = end {
            side.duration = end.timestamp.saturating_sub(begin.timestamp);
        }
    }

    /// The sides of two marks. A service that calls itself has both on one; then the second is opened.
    fn two_sides(&mut self, one: &Mark<'a>, other: &Mark<'a>, kind: Kind<'a>, other_kind: Kind<'a>) -> (usize, usize) {
        let first = self.side(one.endpoint.as_ref());
        let mut second = self.side(other.endpoint.as_ref());
        if first == second {
            self.sides[first].kind = kind;
            second = self.open(other.endpoint.clone());
            self.sides[second].kind = other_kind;
        }
        (first, second)
    }

    /// Puts tags to their sides; what is left is addresses.
    fn tags(&mut self, binary: Vec<BinaryAnnotation<'a>>) -> Addresses<'a> {
        let mut addresses = Addresses::default();
        for BinaryAnnotation { key, value, endpoint } in binary {
            let address = match &*key {
                "ca" => Some(&mut addresses.client),
                "sa" => Some(&mut addresses.server),
                "ma" => Some(&mut addresses.broker),
                _ => None,
            };
            // The value of an address is true, or `1`, or "true": clients differ.
            if let (Some(address), Some(_)) = (address, &endpoint) {
                *address = endpoint;
                continue;
            }
            let index = self.side(endpoint.as_ref());
            match value {
                // An empty `lc` only says which service a local span belongs to.
                Some(value) if key == "lc" && value.is_empty() => {}
                Some(value) => self.sides[index].tags.push((key, value)),
                None => {}
            }
        }
        addresses
    }

    /// Gives the sides their remote endpoints.
    fn address(&mut self, addresses: Addresses<'a>) {
        let Addresses { client, server, broker } = addresses;
        if self.marks.no_calls() && (client.is_some() || server.is_some()) {
            // With one address alone, the span is that of the first side: `ca` is what a server
            // says, `sa` may be said by anybody.
            let index = if server.is_some() { self.side(client.as_ref()) } else { 0 };
            let side = &mut self.sides[index];
            if server.is_none() {
                side.kind = Kind::Server;
            }
            side.remote = server.or(client);
            return;
        }
        let Marks { client_send, client_receive, server_receive, server_send, message_send, message_receive, .. } = &self.marks;
        let serving = server_receive.clone().or_else(|| server_send.clone());
        let calling = client_send.clone().or_else(|| client_receive.clone());
        let messaging = [message_send.clone(), message_receive.clone()];
        if let (Some(mut client), Some(serving)) = (client, serving)
            && Some(&client) != serving.endpoint.as_ref()
        {
            // Some servers name themselves in `ca`; a call from oneself would be read from that.
            if serving.endpoint.as_ref().is_some_and(|own| own.service == client.service) {
                client.service = Cow::default();
            }
            self.side_of(&serving).remote = client.unless_empty();
        }
        if let (Some(server), Some(calling)) = (server, calling) {
            self.side_of(&calling).remote = Some(server);
        }
        if let Some(broker) = broker {
            for mark in messaging.into_iter().flatten() {
                self.side_of(&mark).remote = Some(broker.clone());
            }
        }
    }
}
