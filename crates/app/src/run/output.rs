//! What a child prints, shown as it comes and kept as logs.
//!
//! Its standard output and standard error are pipes. Every byte goes on to our own at once; what is whole lines becomes
//! records beside that, and never holds it up. Lines that the child's own logging has exported already bear a mark, which
//! is taken out and shown to nobody.

use std::fs::File;
use std::io::{IsTerminal as _, PipeReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use luneta_receive::filelog::{Destination as _, local_zone};
use luneta_receive::text::{Assembler, Lines, Source, Sourced, Stream, Wrapping};
use tokio::sync::mpsc;

use super::marks::{MARK, Unmarked};
use super::{Environment, ServerAddress, notice};
use crate::client::Client;
use crate::send::{self, Server};

/// Bytes of lines that may wait for the server; those beyond are shown, and not kept.
const QUEUE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of an entry that are kept.
const ENTRY_BYTES_MAX: usize = 1024 * 1024;
/// How long entries wait for others, to be handed on together.
const FLUSH_PERIOD: Duration = Duration::from_millis(300);
/// Who has said nothing for so long has ended what was to say.
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes handed on at once.
const BATCH_BYTES: usize = 1024 * 1024;
/// How long what is left may take when the child has ended.
const GRACE: Duration = Duration::from_secs(5);
/// How long pipes are read on that children of the child still hold.
const PIPES_TIME_MAX: Duration = Duration::from_millis(500);
/// The variables that tell the child which pipes are ours, and which of them stand for terminals.
const PIPES_VARIABLE: &str = "LUNETA_RUN_OUTPUT";
const TERMINALS_VARIABLE: &str = "LUNETA_RUN_TERMINAL";

/// A line, or what there is of one.
struct Line {
    stream: Stream,
    time: i64,
    bytes: Vec<u8>,
    sent: usize,
}

/// The child's ends of the pipes, and ours.
pub struct Output {
    readers: [(Stream, PipeReader); 2],
    writers: Option<[Stdio; 2]>,
}

impl Output {
    /// Opens pipes, and tells the child of them in `environment`.
    pub fn open(environment: &mut Environment) -> Result<Self> {
        let (out_reader, out_writer) = std::io::pipe().context("cannot open a pipe")?;
        let (err_reader, err_writer) = std::io::pipe().context("cannot open a pipe")?;
        let (mut names, mut writers) = (Vec::new(), Vec::new());
        for writer in [out_writer, err_writer] {
            let file = File::from(OwnedFd::from(writer));
            let metadata = file.metadata().context("cannot look at a pipe")?;
            names.push(format!("{}:{}", metadata.dev(), metadata.ino()));
            writers.push(Stdio::from(file));
        }
        environment.insert(PIPES_VARIABLE.to_owned(), names.join(","));
        let terminals = [("stdout", std::io::stdout().is_terminal()), ("stderr", std::io::stderr().is_terminal())];
        let terminals: Vec<_> = terminals.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        environment.insert(TERMINALS_VARIABLE.to_owned(), terminals.join(","));
        let writers = <[Stdio; 2]>::try_from(writers).ok();
        Ok(Self { readers: [(Stream::Stdout, out_reader), (Stream::Stderr, err_reader)], writers })
    }

    /// The child's standard output and standard error.
    pub fn stdio(&mut self) -> [Stdio; 2] {
        self.writers.take().unwrap_or_else(|| [Stdio::inherit(), Stdio::inherit()])
    }

    /// Starts to show what comes, and to keep it.
    pub fn start(self, server: &ServerAddress, service: &str) -> Keeping {
        let (sender, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let lost = Arc::new(AtomicUsize::new(0));
        let (ended, both_ended) = mpsc::channel::<()>(1);
        for (stream, reader) in self.readers {
            let pump =
                Pump { stream, sender: sender.clone(), waiting: waiting.clone(), lost: lost.clone(), held: Vec::new(), seen: 0 };
            let ended = ended.clone();
            std::thread::spawn(move || {
                pump.run(reader);
                drop(ended);
            });
        }
        let client = Client::at_url(&server.otlp_http);
        let writer = tokio::spawn(write(receiver, waiting, Server(client), source(service)));
        Keeping { both_ended, writer, lost }
    }
}

/// What is said of all records.
fn source(service: &str) -> Source {
    let mut resource = vec![("service.name".to_owned(), service.to_owned())];
    let told = std::env::var("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    for (key, value) in told.split(',').filter_map(|pair| pair.split_once('=')) {
        if !resource.iter().any(|(known, _)| known == key.trim()) {
            resource.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    if let Ok(host) = std::fs::read_to_string("/proc/sys/kernel/hostname")
        && !host.trim().is_empty()
    {
        resource.push(("host.name".to_owned(), host.trim().to_owned()));
    }
    Source { zone: local_zone(), resource, ..Source::default() }
}

/// The work beside the child.
pub struct Keeping {
    both_ended: mpsc::Receiver<()>,
    writer: tokio::task::JoinHandle<()>,
    lost: Arc<AtomicUsize>,
}

impl Keeping {
    /// Waits until what the child printed is shown and kept.
    pub async fn finish(mut self) {
        // It resolves when both pumps have dropped their senders.
        let _ = tokio::time::timeout(PIPES_TIME_MAX, self.both_ended.recv()).await;
        let abort = self.writer.abort_handle();
        if tokio::time::timeout(GRACE, self.writer).await.is_err() {
            abort.abort();
            notice::say("the server did not take the last lines in time; they were shown, and are not kept");
        }
        let lost = self.lost.load(Relaxed);
        if lost > 0 {
            notice::say(&format!("the server was too slow for {lost} lines; they were shown, and are not kept"));
        }
    }
}

/// One pipe.
struct Pump {
    stream: Stream,
    sender: mpsc::UnboundedSender<Line>,
    waiting: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
    held: Vec<u8>,
    /// Bytes of the line so far, those that were cut too.
    seen: usize,
}

impl Pump {
    fn run(mut self, mut reader: PipeReader) {
        let mut marks = Unmarked::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let len = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let shown = marks.push(&buffer[..len]);
            self.show(&shown.bytes);
            self.keep(&shown.bytes, &shown.marked_at);
        }
        let rest = marks.finish();
        self.show(&rest);
        self.keep(&rest, &[]);
        if self.seen > 0 {
            self.end_line(false);
        }
    }

    /// A terminal that is gone is no reason to keep the child from going on.
    fn show(&self, bytes: &[u8]) {
        let result = match self.stream {
            Stream::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Stream::Stderr => std::io::stderr().lock().write_all(bytes),
        };
        drop(result);
    }

    /// Cuts at ends of lines; `marked_at` are the places of marks.
    fn keep(&mut self, bytes: &[u8], marked_at: &[usize]) {
        let mut marks = marked_at.iter().peekable();
        let mut at = 0;
        while let Some(len) = bytes[at..].iter().position(|byte| *byte == b'\n') {
            self.hold(&bytes[at..at + len], &mut marks, at + len);
            self.end_line(true);
            at += len + 1;
        }
        self.hold(&bytes[at..], &mut marks, bytes.len());
    }

    fn hold<'m>(&mut self, bytes: &[u8], marks: &mut std::iter::Peekable<impl Iterator<Item = &'m usize>>, end: usize) {
        while marks.next_if(|mark| **mark <= end).is_some() {
            // It stays with the line until that ends.
            self.held.splice(0..0, MARK.iter().copied());
            self.seen += MARK.len();
        }
        let room = ENTRY_BYTES_MAX.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes[..room]);
        self.seen += bytes.len();
    }

    fn end_line(&mut self, ended: bool) {
        let bytes = std::mem::take(&mut self.held);
        let sent = std::mem::take(&mut self.seen) + usize::from(ended);
        if bytes.starts_with(MARK) {
            return;
        }
        if self.waiting.load(Relaxed) > QUEUE_BYTES_MAX {
            self.lost.fetch_add(1, Relaxed);
            return;
        }
        self.waiting.fetch_add(bytes.len() + 64, Relaxed);
        let _ = self.sender.send(Line { stream: self.stream, time: send::now(), bytes, sent });
    }
}

/// Makes entries of lines, and hands them on until there are no more.
async fn write(mut receiver: mpsc::UnboundedReceiver<Line>, waiting: Arc<AtomicUsize>, server: Server, source: Source) {
    let lines = Lines { wrapping: Wrapping::None, bytes_max: ENTRY_BYTES_MAX, ..Lines::default() };
    let source = Arc::new(source);
    let mut assembler = Assembler::new(0);
    let (mut position, mut bytes, mut since, mut spoke_at) = (0, 0, Instant::now(), Instant::now());
    loop {
        let wait = FLUSH_PERIOD.saturating_sub(since.elapsed());
        let next = tokio::time::timeout(wait, receiver.recv()).await;
        let is_over = matches!(next, Ok(None));
        if let Ok(Some(line)) = &next {
            spoke_at = Instant::now();
            position += line.sent as u64;
            bytes += line.bytes.len() + 64;
            let known = (Some(i128::from(line.time)), Some(line.stream));
            assembler.push_from(&lines, &line.bytes, line.sent.max(1), position, known);
            if bytes < BATCH_BYTES && since.elapsed() < FLUSH_PERIOD {
                continue;
            }
        }
        if is_over || spoke_at.elapsed() >= PAUSE {
            assembler.close();
        }
        let (entries, _) = assembler.take();
        if !entries.is_empty() {
            deliver(&server, Sourced { source: source.clone(), entries }).await;
        }
        waiting.fetch_sub(std::mem::take(&mut bytes), Relaxed);
        since = Instant::now();
        if is_over {
            return;
        }
    }
}

async fn deliver(server: &Server, sourced: Sourced) {
    let batch = Arc::new(vec![sourced]);
    while let Err(error) = server.deliver(batch.clone()).await {
        let Some(delay) = error.retry_after() else {
            tracing::error!(%error, "lines of the command are refused, and not kept");
            return;
        };
        tokio::time::sleep(delay).await;
    }
}
