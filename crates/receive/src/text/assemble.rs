//! [`Assembler`]: lines into entries. It knows of each entry where it begins and ends, so that who reads a file knows
//! up to where all is handed on.

use std::collections::VecDeque;

use super::container::{Unwrapped, unwrap};
use super::format::{Grouping, Lines};
use super::{exception, head};

/// Bytes of entries that may wait for another one that began before them.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Which output of a program a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The name in `log.iostream`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }

    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Stream::Stdout),
            b"stderr" => Some(Stream::Stderr),
            _ => None,
        }
    }
}

/// What becomes a record: a line, or lines that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its bytes, without the end of its last line.
    pub bytes: Vec<u8>,
    /// How many it had, where some were cut; else 0.
    pub bytes_sent: usize,
    /// The time its envelope tells, in nanoseconds since 1970.
    pub time: Option<i128>,
    /// The output its envelope tells.
    pub stream: Option<Stream>,
}

/// What the next line of a group may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Anything: indented lines belong to it.
    Plain,
    /// A brace or a bracket alone: one that closes it belongs to it.
    Open,
    /// Frames of a traceback of Python.
    Frames,
    /// The exception was named; another traceback may follow.
    Raised,
    /// Another traceback is announced.
    Chained,
}

/// An entry that grows.
#[derive(Debug)]
struct Group {
    entry: Entry,
    /// Where its first line begins, and its last one ends.
    start: u64,
    end: u64,
    open: bool,
    state: State,
    /// Its last line is not whole.
    partial: bool,
    /// Empty lines behind it, which belong to it if more follows.
    blank: usize,
    /// Bytes so far, those that were cut too.
    seen: usize,
}

/// Lines into entries.
#[derive(Debug)]
pub struct Assembler {
    groups: VecDeque<Group>,
    /// Up to where lines were taken.
    read_to: u64,
    waiting_bytes: usize,
}

/// What to do with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It belongs to the group.
    Append(State),
    /// It does if more follows.
    Blank,
    /// It begins another one.
    New,
}

impl Assembler {
    /// Nothing read, up to a position.
    pub fn new(position: u64) -> Self {
        Self { groups: VecDeque::new(), read_to: position, waiting_bytes: 0 }
    }

    /// Takes a line without its end, of which `sent` bytes were there to read, and the position behind it.
    pub fn push(&mut self, lines: &Lines, line: &[u8], sent: usize, end: u64) {
        self.push_from(lines, line, sent, end, (None, None));
    }

    /// The same of a line whose time and stream are known, where no envelope tells others.
    pub fn push_from(&mut self, lines: &Lines, line: &[u8], sent: usize, end: u64, known: (Option<i128>, Option<Stream>)) {
        let cut = sent.saturating_sub(line.len() + 1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Unwrapped { content, time, stream, partial } = unwrap(line, lines.wrapping);
        let (time, stream) = (time.or(known.0), stream.or(known.1));
        let start = std::mem::replace(&mut self.read_to, end);
        let group = self.groups.iter_mut().find(|group| group.open && group.entry.stream == stream);
        let blank = content.trim_ascii().is_empty();
        self.waiting_bytes += content.len();
        match group {
            Some(group) if group.partial => {
                group.end = end;
                group.partial = partial;
                group.add(&content, cut, lines.bytes_max);
            }
            Some(group) => match group.step(&content, blank, lines) {
                Step::Append(state) => {
                    (group.end, group.partial, group.state) = (end, partial, state);
                    for _ in 0..=std::mem::take(&mut group.blank) {
                        group.add(b"\n", 0, lines.bytes_max);
                    }
                    group.add(&content, cut, lines.bytes_max);
                    if ends(&content, lines) && !partial {
                        group.open = false;
                    }
                }
                Step::Blank => {
                    group.end = end;
                    group.blank += 1;
                }
                Step::New => {
                    group.open = false;
                    self.begin(lines, &content, cut, (start, end), Entry { time, stream, ..Entry::default() }, partial);
                }
            },
            None => self.begin(lines, &content, cut, (start, end), Entry { time, stream, ..Entry::default() }, partial),
        }
        if self.waiting_bytes > WAITING_BYTES_MAX {
            self.close();
        }
    }

    fn begin(&mut self, lines: &Lines, content: &[u8], cut: usize, (start, end): (u64, u64), entry: Entry, partial: bool) {
        if content.trim_ascii().is_empty() && !partial && cut == 0 {
            return;
        }
        let state = match content {
            _ if is_traceback(content) => frames(content),
            b"{" | b"[" | b"(" => State::Open,
            _ => State::Plain,
        };
        let alone = matches!(lines.grouping, Grouping::None) || ends(content, lines);
        let open = partial || !alone;
        let mut group = Group { entry, start, end, open, state, partial, blank: 0, seen: 0 };
        group.add(content, cut, lines.bytes_max);
        self.groups.push_back(group);
    }

    /// Ends entries that wait for more, as nothing has come for a while.
    pub fn close(&mut self) {
        for group in &mut self.groups {
            group.open = false;
        }
    }

    /// Whether an entry waits for more.
    pub fn is_open(&self) -> bool {
        self.groups.iter().any(|group| group.open)
    }

    /// The entries that are whole, in their order, and the position behind them: nothing before it is still waiting,
    /// and nothing behind it was handed on.
    pub fn take(&mut self) -> (Vec<Entry>, u64) {
        let (mut whole, mut end) = (0, 0);
        for (at, group) in self.groups.iter().enumerate() {
            if group.open {
                break;
            }
            end = end.max(group.end);
            if end <= self.groups.get(at + 1).map_or(self.read_to, |next| next.start) {
                whole = at + 1;
            }
        }
        let entries: Vec<_> = self.groups.drain(..whole).map(|group| group.entry).collect();
        self.waiting_bytes = self.groups.iter().map(|group| group.entry.bytes.len()).sum();
        (entries, self.groups.front().map_or(self.read_to, |group| group.start))
    }
}

impl Group {
    fn add(&mut self, content: &[u8], cut: usize, bytes_max: usize) {
        self.seen += content.len() + cut;
        let room = bytes_max.saturating_sub(self.entry.bytes.len()).min(content.len());
        self.entry.bytes.extend_from_slice(&content[..room]);
        self.entry.bytes_sent = if self.seen > self.entry.bytes.len() { self.seen } else { 0 };
    }

    fn step(&self, line: &[u8], blank: bool, lines: &Lines) -> Step {
        // What is longer than an entry may be goes on in another one; nothing of it is lost.
        if self.entry.bytes.len() + line.len() >= lines.bytes_max {
            return Step::New;
        }
        let matches = |pattern: &regex::Regex| pattern.is_match(&String::from_utf8_lossy(line));
        match &lines.grouping {
            Grouping::None => Step::New,
            Grouping::Start(pattern) if matches(pattern) => Step::New,
            Grouping::Start(_) | Grouping::End(_) => Step::Append(State::Plain),
            Grouping::Auto => self.guess(line, blank),
        }
    }

    fn guess(&self, line: &[u8], blank: bool) -> Step {
        let indented = matches!(line.first(), Some(b' ' | b'\t'));
        match self.state {
            State::Frames | State::Raised | State::Chained if blank => Step::Blank,
            _ if blank => Step::New,
            // Loguru points at the frame that caught the exception.
            State::Frames if indented || line.starts_with(b"> File \"") => Step::Append(State::Frames),
            State::Frames if is_dated(line) => Step::New,
            State::Frames => Step::Append(State::Raised),
            State::Raised if self.blank > 0 && announces(line) => Step::Append(State::Chained),
            State::Raised if self.blank > 0 => Step::New,
            State::Raised if indented => Step::Append(State::Raised),
            // Messages of several lines end where another entry has its head.
            State::Raised if self.headed() && !head_like(line) => Step::Append(State::Raised),
            State::Chained if is_traceback(line) => Step::Append(frames(line)),
            State::Open => match line.first() {
                Some(b'}' | b']' | b')') => Step::Append(State::Plain),
                _ if indented => Step::Append(State::Open),
                _ => Step::New,
            },
            State::Plain if is_traceback(line) => {
                if self.failed() {
                    Step::Append(frames(line))
                } else {
                    Step::New
                }
            }
            State::Plain if indented => Step::Append(State::Plain),
            State::Plain if line.starts_with(b"Caused by: ") => Step::Append(State::Plain),
            State::Plain if self.failed() && names_exception(line) => Step::Append(State::Plain),
            State::Raised | State::Chained | State::Plain => Step::New,
        }
    }

    fn first_line(&self) -> std::borrow::Cow<'_, str> {
        let end = memchr::memchr(b'\n', &self.entry.bytes).unwrap_or(self.entry.bytes.len());
        super::without_colours(String::from_utf8_lossy(&self.entry.bytes[..end]))
    }

    /// Whether its first line tells of a warning or worse: then the stack trace that follows is its own.
    fn failed(&self) -> bool {
        let line = self.first_line();
        let place = super::Place { zone: &jiff::tz::TimeZone::UTC, now: 0 };
        head::read(&line, place).is_some_and(|record| record.severity_number >= 13)
    }

    /// Whether its first line has a head.
    fn headed(&self) -> bool {
        head::is_head(&self.first_line())
    }
}

fn head_like(line: &[u8]) -> bool {
    head::is_head(&super::without_colours(String::from_utf8_lossy(line)))
}

/// Whether a line begins with a digit or a brace, as no name of an exception does.
fn is_dated(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'0'..=b'9' | b'{' | b'['))
}

fn ends(line: &[u8], lines: &Lines) -> bool {
    matches!(&lines.grouping, Grouping::End(pattern) if pattern.is_match(&String::from_utf8_lossy(line)))
}

fn is_traceback(line: &[u8]) -> bool {
    line.ends_with(exception::TRACEBACK.as_bytes())
}

/// What follows a line that begins a traceback. All of one of a group of exceptions is indented.
fn frames(line: &[u8]) -> State {
    if matches!(line.first(), Some(b' ' | b'\t')) { State::Raised } else { State::Frames }
}

fn names_exception(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(exception::names_exception)
}

/// Whether a line announces another traceback of Python.
fn announces(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line == b"During handling of the above exception, another exception occurred:"
        || line == b"The above exception was the direct cause of the following exception:"
}
