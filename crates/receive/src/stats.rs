//! [`IntakeStats`]: what came in and what was refused, for `/metrics` and the status page.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use luneta_model::Signal;

use crate::{PROTOCOLS, Protocol, Reason, ReceiveError, Tally};

/// Refusals remembered.
const REFUSALS_MAX: usize = 64;
/// Bytes of a remembered message.
const MESSAGE_BYTES_MAX: usize = 512;
const REASONS: usize = Reason::ALL.len();
/// One slot per signal and one for requests whose signal is unknown.
const SIGNALS: usize = Signal::ALL.len() + 1;

/// Counters of every protocol, and the last refusals.
#[derive(Debug)]
pub struct IntakeStats {
    protocols: Vec<ProtocolStats>,
    recent: Mutex<VecDeque<RefusalNote>>,
}

/// Counters of one protocol.
#[derive(Debug)]
pub struct ProtocolStats {
    name: &'static str,
    requests: AtomicU64,
    body_bytes: AtomicU64,
    accepted: [AtomicU64; SIGNALS],
    refused: [[Refused; REASONS]; SIGNALS],
}

#[derive(Debug, Default)]
struct Refused {
    requests: AtomicU64,
    items: AtomicU64,
}

/// One refusal, as shown to the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalNote {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// Name of the protocol.
    pub protocol: &'static str,
    /// Why.
    pub reason: Reason,
    /// What the sender was told, cut to a bound.
    pub message: String,
}

/// Counters at one moment.
#[derive(Debug, Clone, Default)]
pub struct IntakeSnapshot {
    /// One entry per protocol.
    pub protocols: Vec<IntakeCount>,
    /// One entry per protocol, signal and reason that happened.
    pub refused: Vec<RefusedCount>,
    /// The last refusals, newest first.
    pub recent_refusals: Vec<RefusalNote>,
}

/// Requests and items of one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeCount {
    /// Name of the protocol.
    pub protocol: &'static str,
    /// Requests begun.
    pub requests: u64,
    /// Bytes of bodies as sent.
    pub body_bytes: u64,
    /// Items acknowledged, by signal.
    pub accepted: [(Signal, u64); 3],
}

/// Refusals of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCount {
    /// Name of the protocol.
    pub protocol: &'static str,
    /// `None` when the request did not get far enough to tell.
    pub signal: Option<Signal>,
    /// Why.
    pub reason: Reason,
    /// Whole requests refused.
    pub requests: u64,
    /// Items left out of requests that were otherwise kept, or values repaired in them.
    pub items: u64,
}

impl Default for IntakeStats {
    fn default() -> Self {
        Self { protocols: PROTOCOLS.iter().map(|p| ProtocolStats::new(p.name)).collect(), recent: Mutex::default() }
    }
}

impl IntakeStats {
    /// The counters of one protocol; the first protocol's for one that is not in the table.
    pub fn of(&self, protocol: &Protocol) -> &ProtocolStats {
        let index = self.protocols.iter().position(|p| p.name == protocol.name);
        &self.protocols[index.unwrap_or(0)]
    }

    /// Counts and remembers a refused request.
    pub fn refuse(&self, protocol: &Protocol, signal: Option<Signal>, error: &ReceiveError, at: i64) {
        let reason = error.reason();
        self.of(protocol).cell(signal, reason).requests.fetch_add(1, Relaxed);
        self.remember(protocol, reason, &error.to_string(), at);
    }

    /// Counts an acknowledged batch and what was left out of it.
    pub fn accept(&self, protocol: &Protocol, signal: Signal, items: u64, tally: &Tally, at: i64) {
        let stats = self.of(protocol);
        stats.accepted[slot(Some(signal))].fetch_add(items, Relaxed);
        for (reason, n) in tally.rejected().iter().chain(tally.warned()) {
            stats.cell(Some(signal), *reason).items.fetch_add(*n, Relaxed);
            self.remember(protocol, *reason, &format!("{n} {signal}: {}", reason.explanation()), at);
        }
    }

    /// All counters now.
    pub fn snapshot(&self) -> IntakeSnapshot {
        let mut out = IntakeSnapshot::default();
        for stats in &self.protocols {
            out.protocols.push(IntakeCount {
                protocol: stats.name,
                requests: stats.requests.load(Relaxed),
                body_bytes: stats.body_bytes.load(Relaxed),
                accepted: Signal::ALL.map(|s| (s, stats.accepted[slot(Some(s))].load(Relaxed))),
            });
            stats.push_refused(&mut out.refused);
        }
        if let Ok(recent) = self.recent.lock() {
            out.recent_refusals = recent.iter().rev().cloned().collect();
        }
        out
    }

    fn remember(&self, protocol: &Protocol, reason: Reason, message: &str, at: i64) {
        let message = luneta_model::Limits::cut(message, MESSAGE_BYTES_MAX).to_owned();
        if let Ok(mut recent) = self.recent.lock() {
            if recent.len() == REFUSALS_MAX {
                recent.pop_front();
            }
            recent.push_back(RefusalNote { at, protocol: protocol.name, reason, message });
        }
    }
}

impl ProtocolStats {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            requests: AtomicU64::default(),
            body_bytes: AtomicU64::default(),
            accepted: Default::default(),
            refused: std::array::from_fn(|_| std::array::from_fn(|_| Refused::default())),
        }
    }

    /// Counts a request begun.
    pub fn request(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    /// Counts the bytes of a body as sent.
    pub fn body(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn cell(&self, signal: Option<Signal>, reason: Reason) -> &Refused {
        &self.refused[slot(signal)][reason as usize]
    }

    fn push_refused(&self, out: &mut Vec<RefusedCount>) {
        let signals = Signal::ALL.into_iter().map(Some).chain([None]);
        for signal in signals {
            for reason in Reason::ALL {
                let cell = self.cell(signal, reason);
                let (requests, items) = (cell.requests.load(Relaxed), cell.items.load(Relaxed));
                if requests + items > 0 {
                    out.push(RefusedCount { protocol: self.name, signal, reason, requests, items });
                }
            }
        }
    }
}

const fn slot(signal: Option<Signal>) -> usize {
    match signal {
        Some(Signal::Spans) => 0,
        Some(Signal::Logs) => 1,
        Some(Signal::Metrics) => 2,
        None => 3,
    }
}
