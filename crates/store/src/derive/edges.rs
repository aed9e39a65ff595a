//! Calls from one service to another: tables `edge_counts` and `edge_halves`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, Int64Array, StringArray};
use arrow::error::ArrowError;
use luneta_model::Table;

use super::Derived;
use super::histogram::Histogram;
use super::rows::{Counts, durations, interval_of, times};
use super::spans::{SpanKey, Spans};

/// Pairs of services told apart; further servers are counted together.
const PAIRS_MAX: usize = 10_000;
/// What they are called.
const OTHER: &str = "(other)";

/// One end of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Half<'a> {
    /// The client's span.
    pub(super) call: SpanKey,
    pub(super) service: &'a str,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    /// When the span came, likewise.
    pub(super) arrived: i64,
    /// Nanoseconds.
    pub(super) duration: i64,
    pub(super) weight: f64,
    pub(super) failed: bool,
    pub(super) is_messaging: bool,
    /// What a client says of its server.
    pub(super) peer: Option<&'a str>,
    /// Whether a client has had an answer; a message may have several.
    pub(super) answered: bool,
}

/// One row. The order is that of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    client: &'a str,
    time: i64,
    server: &'a str,
    connection_type: &'static str,
}

#[derive(Debug, Default)]
struct Edge {
    counts: Counts,
    errors: f64,
    client: Histogram,
    server: Histogram,
    hop: Histogram,
    /// Whether the call shown failed, its duration, and its trace.
    shown: (bool, i64, [u8; 16]),
}

/// Calls, and ends of calls.
#[derive(Debug, Default)]
pub(super) struct Edges<'a> {
    /// With the span that answered first.
    clients: HashMap<SpanKey, (Half<'a>, Option<[u8; 8]>), foldhash::fast::RandomState>,
    /// With the span itself, where it is known.
    servers: Vec<(Half<'a>, Option<[u8; 8]>)>,
    rows: HashMap<Key<'a>, Edge, foldhash::fast::RandomState>,
    pairs: HashSet<(&'a str, &'a str), foldhash::fast::RandomState>,
}

impl<'a> Edges<'a> {
    /// Takes what a span says of a call.
    pub(super) fn add(&mut self, spans: &Spans<'a>, row: usize, weight: f64, arrived: i64) {
        let kind = spans.kind(row);
        let is_client = matches!(kind, "CLIENT" | "PRODUCER");
        if !is_client && !matches!(kind, "SERVER" | "CONSUMER") {
            return;
        }
        let Some(service) = spans.service(row) else { return };
        let Some(call) = (if is_client { Some(spans.key(row)) } else { spans.caller(row) }) else { return };
        let messaging = spans.messaging(row);
        let half = Half {
            call,
            service,
            time: spans.start(row),
            arrived,
            duration: spans.duration(row),
            weight,
            failed: spans.failed(row),
            is_messaging: matches!(kind, "PRODUCER" | "CONSUMER") || (is_client && messaging.is_some()),
            peer: spans.peer(row).or(messaging),
            answered: false,
        };
        match spans.database(row) {
            // Databases send no spans: there is nothing to wait for.
            Some(system) if is_client && !half.is_messaging => {
                self.count(&half, None, half.peer.unwrap_or(system), "database");
            }
            _ if is_client => self.client(half),
            _ => self.servers.push((half, Some(spans.key(row).1))),
        }
    }

    /// Takes a client. A span that came twice is one.
    pub(super) fn client(&mut self, half: Half<'a>) {
        self.clients.entry(half.call).or_insert((half, None));
    }

    /// Takes a server of which only the call is known.
    pub(super) fn server(&mut self, half: Half<'a>) {
        self.servers.push((half, None));
    }

    /// Counts what has both ends.
    pub(super) fn pair(&mut self) {
        let servers = std::mem::take(&mut self.servers);
        for (server, id) in servers {
            let Some((client, answer)) = self.clients.get_mut(&server.call) else {
                self.servers.push((server, id));
                continue;
            };
            if client.answered && id.is_some() && *answer == id {
                continue;
            }
            client.answered = true;
            *answer = answer.or(id);
            let client = *client;
            let kind = if client.is_messaging || server.is_messaging { "messaging_system" } else { "" };
            self.count(&client, Some(&server), server.service, kind);
        }
        // One request has one answer; of a message there may be more.
        self.clients.retain(|_, (client, _)| !client.answered || client.is_messaging);
    }

    /// Gives up those who came before `limit`: clients whom nobody answered have called whom they say.
    pub(super) fn give_up(&mut self, limit: i64) {
        self.servers.retain(|(half, _)| half.arrived >= limit);
        let waited = |half: &Half<'a>| half.arrived < limit;
        let done: Vec<Half<'a>> = self.clients.values().map(|(half, _)| *half).filter(waited).collect();
        self.clients.retain(|_, (half, _)| !waited(half));
        for client in done.iter().filter(|c| !c.answered) {
            let kind = if client.is_messaging { "messaging_system" } else { "virtual_node" };
            if let Some(peer) = client.peer {
                self.count(client, None, peer, kind);
            }
        }
    }

    fn count(&mut self, client: &Half<'a>, server: Option<&Half<'a>>, name: &'a str, connection_type: &'static str) {
        if name == client.service {
            return;
        }
        let mut name = name;
        if !self.pairs.contains(&(client.service, name)) {
            if self.pairs.len() < PAIRS_MAX {
                self.pairs.insert((client.service, name));
            } else {
                name = OTHER;
            }
        }
        let key = Key { client: client.service, time: interval_of(client.time), server: name, connection_type };
        let edge = self.rows.entry(key).or_default();
        let failed = client.failed || server.is_some_and(|s| s.failed);
        edge.counts.add(client.time, client.weight);
        edge.errors += if failed { client.weight } else { 0.0 };
        edge.client.add(client.duration, client.weight);
        if let Some(server) = server {
            edge.server.add(server.duration, client.weight);
            // A message waits in a queue for as long as it likes.
            if server.duration <= client.duration && connection_type.is_empty() {
                edge.hop.add(client.duration - server.duration, client.weight);
            }
        }
        let shown = (failed, client.duration, client.call.0);
        if edge.counts.spans == 1 || shown > edge.shown {
            edge.shown = shown;
        }
    }

    /// Pairs what can be paired and gives the rows of both tables.
    pub(super) fn finish(mut self, derived: &mut Derived) -> Result<(), ArrowError> {
        self.pair();
        derived.push(Table::EdgeCounts, self.calls()?)?;
        derived.push(Table::EdgeHalves, self.halves()?)
    }

    fn calls(&self) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| **key);
        let text = |of: fn(&Key<'a>) -> &'a str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(key, _)| of(key))))
        };
        let mut columns = vec![
            times(rows.iter().map(|(key, _)| key.time)),
            text(|k| k.client),
            text(|k| k.server),
            text(|k| k.connection_type),
        ];
        columns.extend(Counts::columns(&rows.iter().map(|(_, edge)| &edge.counts).collect::<Vec<_>>()));
        columns.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, edge)| edge.errors))));
        let histograms: [fn(&Edge) -> &Histogram; 3] = [|e| &e.client, |e| &e.server, |e| &e.hop];
        for histogram in histograms {
            columns.extend(durations(rows.iter().map(|(_, edge)| histogram(edge))));
        }
        columns.push(ids(rows.iter().map(|(_, edge)| edge.shown.2), rows.is_empty(), 16)?);
        Ok(columns)
    }

    fn halves(&self) -> Result<Vec<ArrayRef>, ArrowError> {
        let clients = self.clients.values().map(|(half, _)| (half, true));
        let mut rows: Vec<(&Half<'a>, bool)> = clients.chain(self.servers.iter().map(|(half, _)| (half, false))).collect();
        rows.sort_unstable_by_key(|(half, is_client)| (half.service, half.time, half.call, *is_client));
        let flag = |of: fn(&Half<'a>) -> bool| -> ArrayRef {
            Arc::new(rows.iter().map(|(half, _)| Some(of(half))).collect::<BooleanArray>())
        };
        Ok(vec![
            times(rows.iter().map(|(half, _)| half.time)),
            times(rows.iter().map(|(half, _)| half.arrived)),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(half, _)| half.service))),
            ids(rows.iter().map(|(half, _)| half.call.0), rows.is_empty(), 16)?,
            ids(rows.iter().map(|(half, _)| half.call.1), rows.is_empty(), 8)?,
            Arc::new(rows.iter().map(|(_, is_client)| Some(*is_client)).collect::<BooleanArray>()),
            flag(|h| h.is_messaging),
            flag(|h| h.answered),
            flag(|h| h.failed),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(half, _)| half.duration))),
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|(half, _)| half.weight))),
            Arc::new(rows.iter().map(|(half, _)| half.peer).collect::<StringArray>()),
        ])
    }
}

/// A column of ids. The width of none cannot be told from the values.
fn ids<const N: usize>(values: impl Iterator<Item = [u8; N]>, none: bool, width: i32) -> Result<ArrayRef, ArrowError> {
    if none {
        return Ok(arrow::array::new_empty_array(&arrow::datatypes::DataType::FixedSizeBinary(width)));
    }
    Ok(Arc::new(FixedSizeBinaryArray::try_from_iter(values)?))
}
