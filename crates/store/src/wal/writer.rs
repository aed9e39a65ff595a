//! The thread that writes the log.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::record::Encoded;
use super::segment::{self, HEADER_LEN};
use crate::StoreError;

/// Bytes written under one `fdatasync`, at most (the last record may go over).
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One batch on its way to disk.
pub(crate) struct Append {
    /// The record.
    pub(crate) encoded: Encoded,
    /// Called on the writer's thread once the record is durable, before `done` is told.
    pub(crate) publish: Box<dyn FnOnce() + Send>,
    /// Told how it went.
    pub(crate) done: oneshot::Sender<Result<(), Arc<io::Error>>>,
}

enum Command {
    Append(Append),
    /// Ends the current segment and calls with its number: all records up to then are in segments
    /// up to that number, and none of the later ones is.
    Rotate(Box<dyn FnOnce(u64) + Send>),
}

/// Handle of the log. The thread ends when the handle is dropped, after what was sent before.
#[derive(Debug)]
pub(crate) struct Wal {
    dir: PathBuf,
    commands: Mutex<Option<Sender<Command>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    segments: Arc<Mutex<BTreeMap<u64, u64>>>,
}

impl Wal {
    /// Starts the writer; its first segment gets `next_number`.
    pub(crate) fn start(
        dir: &Path,
        next_number: u64,
        segments: Vec<(u64, u64)>,
        segment_bytes_max: u64,
    ) -> Result<Self, StoreError> {
        let (commands, inbox) = channel();
        let segments = Arc::new(Mutex::new(segments.into_iter().collect::<BTreeMap<_, _>>()));
        let writer = Writer { dir: dir.to_owned(), next_number, current: None, segment_bytes_max, segments: segments.clone() };
        let thread = std::thread::Builder::new()
            .name("luneta-wal".into())
            .spawn(move || writer.run(&inbox))
            .map_err(StoreError::io(dir))?;
        Ok(Self { dir: dir.to_owned(), commands: Mutex::new(Some(commands)), thread: Mutex::new(Some(thread)), segments })
    }

    /// Hands a batch to the writer.
    pub(crate) fn append(&self, append: Append) -> Result<(), StoreError> {
        self.send(Command::Append(append))
    }

    /// Ends the current segment; `then` runs on the writer's thread, between two batches.
    pub(crate) fn rotate(&self, then: Box<dyn FnOnce(u64) + Send>) -> Result<(), StoreError> {
        self.send(Command::Rotate(then))
    }

    fn send(&self, command: Command) -> Result<(), StoreError> {
        let commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = commands.as_ref().ok_or(StoreError::Closed)?;
        sender.send(command).map_err(|_| StoreError::Stopped("log writer"))
    }

    /// Deletes the segments up to and including `position`: their rows are in the lake.
    pub(crate) fn release(&self, position: u64) -> Result<(), StoreError> {
        let numbers: Vec<u64> = {
            let segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
            segments.range(..=position).map(|(n, _)| *n).collect()
        };
        for number in numbers {
            let path = segment::path(&self.dir, number);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(path)(e)),
                _ => {}
            }
            self.segments.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        }
        Ok(())
    }

    /// Segments on disk and their bytes together.
    pub(crate) fn size(&self) -> (u64, u64) {
        let segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        (segments.len() as u64, segments.values().sum())
    }

    /// Writes what was sent and ends the thread.
    pub(crate) fn stop(&self) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the log writer ended in a panic");
        }
    }
}

impl Drop for Wal {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Writer {
    dir: PathBuf,
    next_number: u64,
    current: Option<Segment>,
    segment_bytes_max: u64,
    segments: Arc<Mutex<BTreeMap<u64, u64>>>,
}

struct Segment {
    number: u64,
    file: File,
    /// Bytes known to be whole and durable.
    len: u64,
    schemas: HashSet<u32>,
    series: HashSet<u32>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Command>) {
        let mut held = None;
        while let Some(first) = held.take().or_else(|| inbox.recv().ok()) {
            match first {
                Command::Rotate(then) => {
                    self.current = None;
                    then(self.next_number - 1);
                }
                Command::Append(first) => {
                    let mut bytes = first.encoded.record.len();
                    let mut group = vec![first];
                    while bytes < GROUP_BYTES_MAX {
                        match inbox.try_recv() {
                            Ok(Command::Append(next)) => {
                                bytes += next.encoded.record.len();
                                group.push(next);
                            }
                            Ok(other) => {
                                held = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.append(group);
                }
            }
        }
    }

    fn append(&mut self, group: Vec<Append>) {
        match self.write(&group) {
            Ok(()) => {
                for append in group {
                    (append.publish)();
                    // A receiver that went away does not make the batch less durable.
                    let _ = append.done.send(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!("log: {error}");
                let error = Arc::new(error);
                for append in group {
                    let _ = append.done.send(Err(error.clone()));
                }
            }
        }
    }

    /// Writes a group whole or not at all.
    fn write(&mut self, group: &[Append]) -> io::Result<()> {
        if self.current.as_ref().is_some_and(|s| s.len >= self.segment_bytes_max) {
            self.current = None;
        }
        let mut segment = match self.current.take() {
            Some(segment) => segment,
            None => self.create()?,
        };
        match segment.write(group) {
            Ok(()) => {
                self.note(&segment);
                self.current = Some(segment);
                Ok(())
            }
            Err(error) => {
                // What was written of the group is taken back, and later groups go to a new
                // segment: after a failed sync nobody knows what the old one holds.
                if let Err(e) = segment.file.set_len(segment.len) {
                    tracing::warn!("log: cannot take back an unfinished write: {e}");
                }
                self.note(&segment);
                Err(error)
            }
        }
    }

    fn note(&self, segment: &Segment) {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).insert(segment.number, segment.len);
    }

    fn create(&mut self) -> io::Result<Segment> {
        let number = self.next_number;
        let path = segment::path(&self.dir, number);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let written = file.write_all(&segment::header(number)).and_then(|()| File::open(&self.dir)?.sync_all());
        if let Err(error) = written {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.next_number += 1;
        let segment = Segment { number, file, len: HEADER_LEN as u64, schemas: HashSet::new(), series: HashSet::new() };
        self.note(&segment);
        Ok(segment)
    }
}

impl Segment {
    fn write(&mut self, group: &[Append]) -> io::Result<()> {
        let mut len = self.len;
        let mut put = |file: &mut File, bytes: &[u8]| {
            len += bytes.len() as u64;
            file.write_all(bytes)
        };
        let (mut added, mut told) = (HashSet::new(), HashSet::new());
        for append in group {
            let Encoded { schemas, series, .. } = &append.encoded;
            for schema in schemas.iter().chain(series.iter().map(|series| &series.schema)) {
                if !self.schemas.contains(&schema.id) && added.insert(schema.id) {
                    put(&mut self.file, &schema.record)?;
                }
            }
            for series in series {
                if !self.series.contains(&series.id) && told.insert(series.id) {
                    put(&mut self.file, &series.record().map_err(io::Error::other)?)?;
                }
            }
            put(&mut self.file, &append.encoded.record)?;
        }
        self.file.sync_data()?;
        self.len = len;
        self.schemas.extend(added);
        self.series.extend(told);
        Ok(())
    }
}
