//! What Jaeger sets right before it shows a trace, unless the trace is wanted raw.

use std::collections::{HashMap, HashSet};

use opentelemetry_proto::tonic::trace::v1::Span;

use super::model::Tag;
use crate::attribute_text;

const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Where a span stands in its trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: u64,
    /// Id of its parent; 0 for a root.
    pub parent: u64,
    /// Its kind, by OTLP's number.
    pub kind: i32,
}

impl Place {
    /// The place of a span as it was sent.
    pub fn of(span: &Span) -> Self {
        let (id, parent) = (attribute_text::span_id(&span.span_id), attribute_text::span_id(&span.parent_span_id));
        Self { id, parent, kind: span.kind }
    }
}

/// Gives servers ids of their own where they share that of their client, as Zipkin's do: the client
/// becomes their parent, and its children become theirs.
pub fn unshare(places: &mut [Place]) {
    let mut used: HashMap<u64, bool> = HashMap::with_capacity(places.len());
    for place in &*places {
        *used.entry(place.id).or_default() |= place.kind == CLIENT;
    }
    let (mut moved, mut fresh) = (HashMap::new(), HashSet::new());
    let mut free = 0;
    for place in places.iter_mut() {
        if place.kind != SERVER || !used.get(&place.id).is_some_and(|client| *client) {
            continue;
        }
        // A trace is far from having every id there is.
        free += 1;
        while used.contains_key(&free) {
            free += 1;
        }
        moved.insert(place.id, free);
        fresh.insert(free);
        *place = Place { id: free, parent: place.id, ..*place };
    }
    for place in places.iter_mut().filter(|place| !fresh.contains(&place.id)) {
        place.parent = moved.get(&place.parent).copied().unwrap_or(place.parent);
    }
}

/// Clients of old send the address of a peer as a number.
pub fn address(tag: Tag) -> Tag {
    let number = tag.value.as_i64().filter(|_| tag.key == "ip" || tag.key == "peer.ipv4");
    match number {
        // Some send it signed.
        Some(number) => {
            let text = std::net::Ipv4Addr::from(number as u32).to_string();
            Tag { kind: "string", value: text.into(), ..tag }
        }
        None => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(from: &[(u64, u64, i32)]) -> Vec<Place> {
        from.iter().map(|(id, parent, kind)| Place { id: *id, parent: *parent, kind: *kind }).collect()
    }

    #[test]
    fn shared_ids_are_split() {
        let cases = [
            // Nothing is shared.
            (vec![(1, 0, SERVER), (5, 1, CLIENT), (6, 5, SERVER)], vec![(1, 0, SERVER), (5, 1, CLIENT), (6, 5, SERVER)]),
            // The server takes the first free id, and the children of its client.
            (
                vec![(1, 0, SERVER), (5, 1, CLIENT), (5, 1, SERVER), (7, 5, 1)],
                vec![(1, 0, SERVER), (5, 1, CLIENT), (2, 5, SERVER), (7, 2, 1)],
            ),
            // A root that both share.
            (vec![(9, 0, CLIENT), (9, 0, SERVER)], vec![(9, 0, CLIENT), (1, 9, SERVER)]),
            // Two servers answered the same client; neither becomes the other's child.
            (
                vec![(9, 0, CLIENT), (9, 0, SERVER), (9, 0, SERVER), (3, 9, 1)],
                vec![(9, 0, CLIENT), (1, 9, SERVER), (2, 9, SERVER), (3, 2, 1)],
            ),
            // Equal ids of two local spans stay.
            (vec![(4, 0, 1), (4, 0, 1)], vec![(4, 0, 1), (4, 0, 1)]),
        ];
        for (from, to) in cases {
            let mut moved = places(&from);
            unshare(&mut moved);
            assert_eq!(moved, places(&to), "{from:?}");
        }
    }
}
