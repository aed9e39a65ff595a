//! Messages of many connections or datagrams, written together: one message is little for a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use luneta_model::{Signal, Tenant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::{DecodeOptions, Decoded, Protocol, ReceiveError, ReceiveState, Tally, intake};

/// Bytes that are enough for a batch.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes a message takes besides its own.
const MESSAGE_BYTES: usize = 128;
/// How long messages are kept that the server has no room for.
const RETRY_TIME_MAX: Duration = Duration::from_secs(30);
/// How long the writer waits before it asks for room again.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// How long messages already taken may need when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// Messages into rows.
pub(crate) type Decode<T> = Arc<dyn Fn(&[T], Tenant, &DecodeOptions) -> Result<Decoded, ReceiveError> + Send + Sync>;

/// Where messages are put; clones share everything.
pub(crate) struct Gathering<T> {
    protocol: &'static Protocol,
    state: ReceiveState,
    sender: mpsc::UnboundedSender<Waiting<T>>,
    /// Bytes of messages that may wait.
    room: Arc<Semaphore>,
    room_max: u32,
}

impl<T> Clone for Gathering<T> {
    fn clone(&self) -> Self {
        let Self { protocol, state, sender, room, room_max } = self;
        Self { protocol, state: state.clone(), sender: sender.clone(), room: room.clone(), room_max: *room_max }
    }
}

/// A message that waits.
struct Waiting<T> {
    message: T,
    bytes: usize,
    /// Its share of the queue.
    room: OwnedSemaphorePermit,
    /// Who wants to know whether it was kept.
    done: Option<oneshot::Sender<bool>>,
}

impl<T: Send + Sync + 'static> Gathering<T> {
    /// Starts to write what is put in, until all clones are gone.
    pub(crate) fn start(protocol: &'static Protocol, state: ReceiveState, decode: Decode<T>) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let room_max = state.config.logs.queue_bytes_max.clamp(MESSAGE_BYTES, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        let writer = tokio::spawn(Writer { protocol, state: state.clone(), decode }.run(receiver));
        let room = Arc::new(Semaphore::new(room_max));
        (Self { protocol, state, sender, room, room_max: room_max as u32 }, writer)
    }

    /// Puts a message in; a sender that is faster than the store must wait.
    pub(crate) async fn put(&self, message: T, bytes: usize) {
        self.arrived(bytes);
        let Ok(room) = self.room.clone().acquire_many_owned(self.share(bytes)).await else { return };
        let _ = self.sender.send(Waiting { message, bytes, room, done: None });
    }

    /// Puts a message in; one that finds no room is counted and forgotten.
    pub(crate) fn put_now(&self, message: T, bytes: usize) {
        self.arrived(bytes);
        match self.room.clone().try_acquire_many_owned(self.share(bytes)) {
            Ok(room) => {
                let _ = self.sender.send(Waiting { message, bytes, room, done: None });
            }
            Err(_) => self.refuse(&ReceiveError::Busy),
        }
    }

    /// Puts a message in, and waits until it is durable; false when it is not kept.
    pub(crate) async fn keep(&self, message: T, bytes: usize) -> bool {
        self.arrived(bytes);
        let (done, kept) = oneshot::channel();
        let Ok(room) = self.room.clone().acquire_many_owned(self.share(bytes)).await else { return false };
        let _ = self.sender.send(Waiting { message, bytes, room, done: Some(done) });
        kept.await.unwrap_or(false)
    }

    /// Counts what could not be read.
    pub(crate) fn refuse(&self, error: &ReceiveError) {
        self.state.stats.refuse(self.protocol, Some(Signal::Logs), error, (self.state.config.clock)());
    }

    /// Counts messages that were left out or changed before they could be put in.
    pub(crate) fn count(&self, tally: &Tally) {
        self.state.stats.accept(self.protocol, Signal::Logs, 0, tally, (self.state.config.clock)());
    }

    fn arrived(&self, bytes: usize) {
        let counts = self.state.stats.of(self.protocol);
        counts.request();
        counts.body(bytes);
    }

    /// A message that is larger than the queue has it for itself.
    fn share(&self, bytes: usize) -> u32 {
        u32::try_from(bytes + MESSAGE_BYTES).unwrap_or(u32::MAX).min(self.room_max)
    }
}

/// Waits until what was taken is written.
pub(crate) async fn finish<T>(gathering: Gathering<T>, writer: JoinHandle<()>) {
    drop(gathering);
    let _ = tokio::time::timeout(GRACE, writer).await;
}

struct Writer<T> {
    protocol: &'static Protocol,
    state: ReceiveState,
    decode: Decode<T>,
}

impl<T: Send + Sync + 'static> Writer<T> {
    async fn run(self, mut receiver: mpsc::UnboundedReceiver<Waiting<T>>) {
        while let Some(first) = receiver.recv().await {
            let deadline = tokio::time::Instant::now() + self.state.config.logs.gather_time;
            let (mut bytes, mut urgent) = (first.bytes, first.done.is_some());
            let mut batch = vec![first];
            while bytes < BATCH_BYTES {
                // Somebody waits for an answer: only what is there already goes along.
                let more = if urgent {
                    receiver.try_recv().ok()
                } else {
                    tokio::time::timeout_at(deadline, receiver.recv()).await.ok().flatten()
                };
                let Some(more) = more else { break };
                bytes += more.bytes;
                urgent |= more.done.is_some();
                batch.push(more);
            }
            self.write(batch, bytes).await;
        }
    }

    async fn write(&self, batch: Vec<Waiting<T>>, bytes: usize) {
        let (mut messages, mut waiting, mut rooms) = (Vec::with_capacity(batch.len()), Vec::new(), Vec::new());
        for Waiting { message, room, done, .. } in batch {
            messages.push(message);
            rooms.push(room);
            waiting.extend(done);
        }
        let kept = self.try_write(messages, bytes).await;
        if let Err(error) = &kept {
            self.state.stats.refuse(self.protocol, Some(Signal::Logs), error, (self.state.config.clock)());
        }
        for done in waiting {
            let _ = done.send(kept.is_ok());
        }
    }

    async fn try_write(&self, messages: Vec<T>, bytes: usize) -> Result<(), ReceiveError> {
        // A message carries neither tenant nor credentials: where those are asked for, it is refused.
        let tenant = (self.state.config.admission)(&HeaderMap::new())?;
        let started = Instant::now();
        let mut share = self.state.reservation(&tenant);
        while let Err(error) = share.grow_to(bytes) {
            if started.elapsed() > RETRY_TIME_MAX {
                return Err(error);
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
        let (options, decode) = (self.state.decode_options(), self.decode.clone());
        let work = move || decode(&messages, tenant, &options);
        let Decoded { batch, mut tally } = if bytes < self.state.config.bodies.offload_bytes_min {
            work()?
        } else {
            tokio::task::spawn_blocking(work).await.map_err(|e| ReceiveError::Internal(e.to_string()))??
        };
        let delivered = intake::deliver_patiently(&self.state, self.protocol, batch, &mut tally, RETRY_TIME_MAX).await;
        drop(share);
        delivered.map(|_| ())
    }
}
