//! One file: what was read of it, what waits, and up to where all was handed on.

use std::cmp::Ordering;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checkpoints::Mark;
use super::print::{self, Print, TAIL_BYTES};
use crate::text::{Assembler, Entry, Lines, Source};

/// Bytes read of one file before the next has its turn.
pub(super) const TURN_BYTES: usize = 256 * 1024;
/// A file that has not grown for so long is closed; it is opened again when it does.
const OPEN_TIME_MAX: Duration = Duration::from_mins(1);

/// Which file it is, whatever its name.
pub(super) type Identity = (u64, u64);

/// Device and inode.
pub(super) fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// A file that is read.
#[derive(Debug)]
pub(super) struct Tailed {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    pub(super) source: Arc<Source>,
    file: Option<File>,
    /// Its beginning, as far as it was there.
    pub(super) head: Print,
    /// Up to where it was read.
    pub(super) read_to: u64,
    /// The last bytes before that.
    recent: Vec<u8>,
    /// The beginning of a line, and how many bytes of it there were.
    held: Vec<u8>,
    held_seen: usize,
    assembler: Assembler,
    /// Up to where all is durable.
    pub(super) durable: u64,
    pub(super) tail: Print,
    /// How often it was begun anew.
    pub(super) generation: u32,
    /// When it grew last, and when it was looked at.
    pub(super) grown_at: Instant,
    pub(super) looked_at: Instant,
    /// Since when its name is another file's, or nobody's.
    pub(super) gone_since: Option<Instant>,
    /// It began as a copy of another one, which is read on.
    pub(super) is_copy: bool,
}

/// What a look at a file found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing new.
    Nothing,
    /// Bytes behind those read.
    More,
    /// It is shorter than it was, or begins otherwise.
    Truncated,
}

impl Tailed {
    /// A file, to be read from a position on.
    pub(super) fn new(path: PathBuf, file: File, from: u64, source: Arc<Source>, head_bytes: usize) -> io::Result<Self> {
        let identity = identity(&file.metadata()?);
        let (head, tail) = (Print::head(&file, head_bytes)?, Print::tail(&file, from)?);
        let len = from.min(TAIL_BYTES);
        let recent = print::read(&file, from - len, len as usize)?;
        let now = Instant::now();
        Ok(Self {
            path,
            identity,
            source,
            file: Some(file),
            head,
            read_to: from,
            recent,
            held: Vec::new(),
            held_seen: 0,
            assembler: Assembler::new(from),
            durable: from,
            tail,
            generation: 0,
            grown_at: now,
            looked_at: now,
            gone_since: None,
            is_copy: false,
        })
    }

    /// What to keep of it.
    pub(super) fn mark(&self) -> Mark {
        let (device, inode) = self.identity;
        Mark { path: self.path.clone(), device, inode, head: self.head, offset: self.durable, tail: self.tail }
    }

    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            let file = File::open(&self.path)?;
            if identity(&file.metadata()?) != self.identity {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the file has another name now"));
            }
            self.file = Some(file);
        }
        self.file.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Whether there is more of it.
    pub(super) fn look(&mut self) -> io::Result<Found> {
        let (read_to, head, recent) = (self.read_to, self.head, Print::of(&self.recent));
        let file = self.file()?;
        let len = file.metadata()?.len();
        // One that was truncated may have grown beyond where it was, and all its files may begin alike.
        let is_same = || Ok::<_, io::Error>(head.begins(file)? && recent.precedes(file, read_to)?);
        Ok(match len.cmp(&read_to) {
            Ordering::Equal => Found::Nothing,
            Ordering::Greater if is_same()? => Found::More,
            Ordering::Less | Ordering::Greater => Found::Truncated,
        })
    }

    /// Reads a turn's worth of lines; how many bytes there were.
    pub(super) fn read(&mut self, lines: &Lines, head_bytes: usize) -> io::Result<usize> {
        let (from, known) = (self.read_to, self.head.len());
        let file = self.file()?;
        let bytes = print::read(file, from, TURN_BYTES)?;
        if known < head_bytes as u64 {
            // It grows with the file, and must not grow over what was not read yet.
            let fresh = Print::head(file, head_bytes.min(from as usize + bytes.len()))?;
            self.head = fresh;
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        self.grown_at = Instant::now();
        let mut rest = bytes.as_slice();
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, behind) = (&rest[..at], &rest[at + 1..]);
            self.read_to += at as u64 + 1;
            if self.held_seen == 0 {
                let kept = &line[..line.len().min(lines.bytes_max)];
                self.assembler.push(lines, kept, line.len() + 1, self.read_to);
            } else {
                self.hold(line, lines.bytes_max);
                self.push_held(lines, 1);
            }
            rest = behind;
        }
        self.hold(rest, lines.bytes_max);
        self.read_to += rest.len() as u64;
        self.recent.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES as usize)..]);
        let excess = self.recent.len().saturating_sub(TAIL_BYTES as usize);
        self.recent.drain(..excess);
        Ok(bytes.len())
    }

    fn hold(&mut self, bytes: &[u8], bytes_max: usize) {
        let room = bytes_max.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes[..room]);
        self.held_seen += bytes.len();
    }

    fn push_held(&mut self, lines: &Lines, end: usize) {
        let held = std::mem::take(&mut self.held);
        let seen = std::mem::take(&mut self.held_seen);
        self.assembler.push(lines, &held, seen + end, self.read_to);
    }

    /// Ends what waits for more, when nothing has come for so long.
    pub(super) fn flush(&mut self, lines: &Lines, period: Duration) {
        if (self.held_seen > 0 || self.assembler.is_open()) && self.grown_at.elapsed() >= period {
            if self.held_seen > 0 {
                self.push_held(lines, 1);
            }
            self.assembler.close();
        }
    }

    /// Entries that are whole, and the position behind them.
    pub(super) fn take(&mut self) -> (Vec<Entry>, u64) {
        self.assembler.take()
    }

    /// Moves on to a position before which all is durable.
    pub(super) fn commit(&mut self, generation: u32, position: u64) {
        if generation != self.generation || position == self.durable {
            return;
        }
        self.durable = position;
        if let Ok(tail) = self.file().and_then(|file| Print::tail(file, position)) {
            self.tail = tail;
        }
    }

    /// Begins anew, as the file did. What waits is ended first, unless it is in a copy.
    pub(super) fn begin_anew(&mut self, lines: &Lines, in_copy: bool) -> Vec<Entry> {
        let mut entries = Vec::new();
        if !in_copy {
            self.flush(lines, Duration::ZERO);
            entries = self.take().0;
        }
        self.held.clear();
        self.recent.clear();
        (self.held_seen, self.read_to, self.durable) = (0, 0, 0);
        (self.head, self.tail) = (Print::of(&[]), Print::of(&[]));
        self.assembler = Assembler::new(0);
        self.generation += 1;
        self.is_copy = false;
        entries
    }

    /// Goes back to a position, as what follows is wanted after all.
    pub(super) fn go_back(&mut self, position: u64) {
        self.held.clear();
        (self.held_seen, self.read_to) = (0, position);
        self.assembler = Assembler::new(position);
        self.durable = self.durable.min(position);
        self.generation += 1;
        self.is_copy = false;
    }

    /// Up to where all that was read was handed on: lines that wait for more are behind it.
    pub(super) fn safe(&mut self) -> u64 {
        let (entries, position) = self.take();
        debug_assert!(entries.is_empty(), "entries are taken when they are whole");
        position
    }

    /// Whether a file has all of this one, and begins as it did.
    pub(super) fn is_copied_by(&self, file: &File) -> io::Result<bool> {
        Ok(self.read_to > 0 && self.head.begins(file)? && Print::of(&self.recent).precedes(file, self.read_to)?)
    }

    /// Closes a file that has not grown for long.
    pub(super) fn rest(&mut self) {
        if self.gone_since.is_none() && self.held_seen == 0 && self.grown_at.elapsed() > OPEN_TIME_MAX {
            self.file = None;
        }
    }
}
