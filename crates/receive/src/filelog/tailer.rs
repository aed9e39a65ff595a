//! [`Tailer`]: all files of a receiver, looked at in turn.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checkpoints::{self, Mark};
use super::file::{Found, Identity, TURN_BYTES, Tailed, identity};
use super::paths::{Patterns, is_packed, may_be_rotated};
use super::{Settings, StartAt, kubernetes, print};
use crate::ReceiveError;
use crate::text::{Entry, Lines, Source, Sourced};

/// How often files are looked for, and those looked at that do not grow.
const SCAN_INTERVAL: Duration = Duration::from_secs(1);
/// A file that has not grown for so long is one that does not.
const IDLE_TIME: Duration = Duration::from_mins(1);
/// How long a file is read on that has lost its name: programs write to it until they are told.
const GONE_TIME_MAX: Duration = Duration::from_secs(10);

/// What a round brought.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Entries by their files.
    pub(super) batch: Vec<Sourced>,
    /// Up to where each file is durable when the batch is.
    pub(super) positions: Vec<(Identity, u32, u64)>,
    /// Bytes read.
    pub(super) bytes: usize,
    /// There is more to read at once.
    pub(super) more: bool,
}

/// The files of a receiver.
#[derive(Debug)]
pub(super) struct Tailer {
    settings: Settings,
    patterns: Patterns,
    lines: Lines,
    host: Option<String>,
    files: Vec<Tailed>,
    /// Positions of files that were not found yet.
    marks: Vec<Mark>,
    /// Those that are not read, by the names they have: an inode may be another file's one day.
    skipped: HashMap<Identity, PathBuf>,
    /// Those that could not be read, which was told.
    failed: HashSet<Identity>,
    scanned_at: Option<Instant>,
    first_scan: bool,
    /// Whose turn it is.
    turn: usize,
    /// Something is to be kept.
    changed: bool,
}

impl Tailer {
    /// The files of `settings`, each from where it was left.
    pub(super) fn new(settings: Settings) -> Result<Self, ReceiveError> {
        let patterns = Patterns::new(&settings)?;
        let marks = match &settings.checkpoints {
            None => Vec::new(),
            Some(path) => checkpoints::load(path).unwrap_or_else(|e| {
                tracing::error!(error = %e, file = %path.display(), "positions in files cannot be read; reading begins anew");
                Vec::new()
            }),
        };
        let host = fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
        Ok(Self {
            lines: settings.lines(),
            patterns,
            host: host.filter(|name| !name.is_empty()),
            files: Vec::new(),
            marks,
            skipped: HashMap::new(),
            failed: HashSet::new(),
            scanned_at: None,
            first_scan: true,
            turn: 0,
            changed: false,
            settings,
        })
    }

    /// Looks for files, and reads what is new in them, each in its turn.
    pub(super) fn round(&mut self) -> Round {
        let mut round = Round::default();
        if self.scanned_at.is_none_or(|at| at.elapsed() >= SCAN_INTERVAL) {
            self.scan();
        }
        let count = self.files.len();
        for n in 0..count {
            let at = (self.turn + n) % count;
            if round.bytes >= self.settings.bounds.batch_bytes {
                round.more = true;
                self.turn = at;
                break;
            }
            self.visit(at, &mut round);
        }
        let before = self.files.len();
        self.files.retain(|file| file.gone_since.is_none_or(|_| file.grown_at.elapsed() < GONE_TIME_MAX));
        self.changed |= self.files.len() != before;
        round
    }

    /// Ends all entries that wait, and brings them.
    pub(super) fn last_round(&mut self) -> Round {
        let mut round = Round::default();
        for at in 0..self.files.len() {
            self.files[at].flush(&self.lines, Duration::ZERO);
            self.hand_on(at, &mut round);
        }
        round
    }

    /// Moves on, as what a round brought is durable.
    ///
    /// # Errors
    /// When positions cannot be kept.
    pub(super) fn commit(&mut self, positions: &[(Identity, u32, u64)]) -> io::Result<()> {
        let by_identity: HashMap<Identity, usize> = self.files.iter().enumerate().map(|(n, file)| (file.identity, n)).collect();
        for (identity, generation, position) in positions {
            if let Some(at) = by_identity.get(identity) {
                self.files[*at].commit(*generation, *position);
                self.changed = true;
            }
        }
        let Some(path) = self.settings.checkpoints.as_ref().filter(|_| self.changed) else { return Ok(()) };
        let marks = self.files.iter().map(Tailed::mark).chain(self.marks.iter().cloned());
        checkpoints::store(path, marks.collect())?;
        self.changed = false;
        Ok(())
    }

    fn visit(&mut self, at: usize, round: &mut Round) {
        let file = &mut self.files[at];
        let idle = file.grown_at.elapsed() > IDLE_TIME;
        if idle && file.looked_at.elapsed() < SCAN_INTERVAL {
            return;
        }
        file.looked_at = Instant::now();
        if file.gone_since.is_none() && !is_named(&file.path, file.identity) {
            file.gone_since = Some(Instant::now());
            // It may have another name that is to be read too; and its own may be another file's.
            file.grown_at = Instant::now();
            self.scanned_at = None;
            self.follow_name(at);
        }
        match self.files[at].look() {
            Ok(Found::Nothing) => {}
            Ok(Found::More) => self.read(at, round),
            Ok(Found::Truncated) => self.truncated(at, round),
            Err(e) => {
                let path = &self.files[at].path;
                tracing::debug!(error = %e, file = %path.display(), "a file cannot be read");
            }
        }
        self.files[at].flush(&self.lines, self.settings.bounds.flush_period);
        self.hand_on(at, round);
        self.files[at].rest();
    }

    fn read(&mut self, at: usize, round: &mut Round) {
        let file = &mut self.files[at];
        match file.read(&self.lines, self.settings.bounds.fingerprint_bytes) {
            Ok(bytes) => {
                round.bytes += bytes;
                round.more |= bytes == TURN_BYTES;
            }
            Err(e) => tracing::warn!(error = %e, file = %file.path.display(), "a file cannot be read"),
        }
    }

    fn hand_on(&mut self, at: usize, round: &mut Round) {
        let file = &mut self.files[at];
        let (entries, position) = file.take();
        if position != file.durable {
            round.positions.push((file.identity, file.generation, position));
        }
        push(round, &file.source, entries);
    }

    /// A file that lost its name while it was closed is found in its folder.
    fn follow_name(&mut self, at: usize) {
        let (path, identity) = (self.files[at].path.clone(), self.files[at].identity);
        let renamed = siblings(&path).find(|(_, metadata)| super::file::identity(metadata) == identity);
        if let Some((path, _)) = renamed {
            self.files[at].path = path;
        }
    }

    /// A file that was emptied: what was not read of it may be in a copy beside it.
    fn truncated(&mut self, at: usize, round: &mut Round) {
        let copy = siblings(&self.files[at].path).find_map(|(path, metadata)| {
            let file = File::open(&path).ok().filter(|_| metadata.len() >= self.files[at].read_to)?;
            self.files[at].is_copied_by(&file).ok()?.then_some((path, file, identity(&metadata)))
        });
        let safe = self.files[at].safe();
        let in_copy = copy.is_some();
        if let Some((path, file, identity)) = copy {
            self.read_copy(path, file, identity, safe);
        }
        let file = &mut self.files[at];
        tracing::info!(file = %file.path.display(), "a file was truncated, and is read from its beginning");
        let entries = file.begin_anew(&self.lines, in_copy);
        push(round, &file.source, entries);
        self.changed = true;
        self.read(at, round);
    }

    fn read_copy(&mut self, path: PathBuf, file: File, identity: Identity, from: u64) {
        if let Some(known) = self.files.iter_mut().find(|file| file.identity == identity) {
            if known.is_copy {
                known.go_back(from);
            }
            return;
        }
        self.read_to_its_end(path, file, from);
    }

    /// Reads a file that nobody asked for by its name.
    fn read_to_its_end(&mut self, path: PathBuf, file: File, from: u64) {
        let source = self.source(&path);
        match Tailed::new(path, file, from, source, self.settings.bounds.fingerprint_bytes) {
            Ok(mut file) => {
                file.gone_since = Some(Instant::now());
                self.files.push(file);
            }
            Err(e) => tracing::warn!(error = %e, "an older file cannot be read"),
        }
    }

    /// Looks for files.
    fn scan(&mut self) {
        self.scanned_at = Some(Instant::now());
        let mut known: HashMap<Identity, usize> = self.files.iter().enumerate().map(|(n, file)| (file.identity, n)).collect();
        for path in self.patterns.paths() {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let identity = identity(&metadata);
            if !metadata.is_file() || self.skipped.get(&identity) == Some(&path) {
                continue;
            }
            if let Some(at) = known.get(&identity) {
                let file = &mut self.files[*at];
                // One file may have two names; the one it is known by counts while it has it.
                if file.path != path && (file.gone_since.is_some() || !is_named(&file.path, identity)) {
                    file.path = path;
                    self.changed = true;
                }
                file.gone_since = None;
                continue;
            }
            if self.files.len() >= self.settings.bounds.files_max {
                self.skipped.insert(identity, path.clone());
                tracing::warn!(file = %path.display(), "left out, as there are as many files as may be");
                continue;
            }
            let before = self.files.len();
            if let Err(e) = self.begin(&path, identity)
                && self.failed.insert(identity)
            {
                tracing::warn!(error = %e, file = %path.display(), "a file cannot be read");
            }
            known.extend(self.files.iter().enumerate().skip(before).map(|(n, file)| (file.identity, n)));
        }
        if std::mem::take(&mut self.first_scan) {
            self.rotated_meanwhile();
        }
    }

    /// Begins to read a file that was not known.
    fn begin(&mut self, path: &Path, identity: Identity) -> io::Result<()> {
        let file = File::open(path)?;
        if is_packed(&print::read(&file, 0, 5)?) {
            tracing::info!(file = %path.display(), "left out, as it is compressed");
            self.skipped.insert(identity, path.to_owned());
            return Ok(());
        }
        let len = file.metadata()?.len();
        let (from, is_copy) = self.position(path, &file, identity, len)?;
        let source = self.source(path);
        let mut tailed = Tailed::new(path.to_owned(), file, from, source, self.settings.bounds.fingerprint_bytes)?;
        tailed.is_copy = is_copy;
        self.files.push(tailed);
        self.changed = true;
        Ok(())
    }

    /// Where reading of a file begins, and whether it is a copy of one that is read.
    fn position(&mut self, path: &Path, file: &File, identity: Identity, len: u64) -> io::Result<(u64, bool)> {
        let is = |mark: &Mark| {
            Ok::<_, io::Error>(len >= mark.offset && mark.head.begins(file)? && mark.tail.precedes(file, mark.offset)?)
        };
        if let Some(at) = self.marks.iter().position(|mark| (mark.device, mark.inode) == identity) {
            let mark = self.marks.swap_remove(at);
            if is(&mark)? {
                return Ok((mark.offset, false));
            }
            // It was truncated meanwhile, or its inode is another file's now.
            self.rest_of(&mark);
            return Ok((0, false));
        }
        for mark in &self.marks {
            let alike = mark.path == path || may_be_rotated(path, &mark.path);
            if alike && mark.offset > 0 && is(mark)? {
                return Ok((mark.offset, false));
            }
        }
        // Those that were there before are what they are.
        for known in self.files.iter().filter(|_| !self.first_scan) {
            if may_be_rotated(path, &known.path) && known.is_copied_by(file)? {
                return Ok((len, true));
            }
        }
        let was_there = self.first_scan && !self.marks.iter().any(|mark| mark.path == path);
        Ok((if was_there && self.settings.start_at == StartAt::End { len } else { 0 }, false))
    }

    /// Files that were rotated while nobody read them, to names nobody asked for.
    fn rotated_meanwhile(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        for mark in marks {
            let known = self.files.iter().any(|file| file.identity == (mark.device, mark.inode));
            // A file whose name is nobody's may come back: a disk that is not there yet.
            if !known && !self.rest_of(&mark) && !mark.path.exists() && self.marks.len() < self.settings.bounds.files_max {
                self.marks.push(mark);
            }
        }
    }

    /// Reads the rest of a file that has another name now, or of its copy; whether there is one.
    fn rest_of(&mut self, mark: &Mark) -> bool {
        for (path, metadata) in siblings(&mark.path) {
            if metadata.len() < mark.offset || self.files.iter().any(|file| file.identity == identity(&metadata)) {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            let is = |file: &File| Ok::<_, io::Error>(mark.head.begins(file)? && mark.tail.precedes(file, mark.offset)?);
            if mark.offset > 0 && is(&file).unwrap_or(false) {
                self.read_to_its_end(path, file, mark.offset);
                return true;
            }
        }
        false
    }

    /// How entries of a file are read, and what is said of it.
    fn source(&self, path: &Path) -> Arc<Source> {
        let settings = &self.settings;
        let mut resource = settings.resource.clone();
        if settings.of_containers() {
            // Names by which containers are found are links to the files of pods.
            let told = kubernetes::resource(path);
            let told =
                if told.is_empty() { fs::canonicalize(path).map(|p| kubernetes::resource(&p)).unwrap_or_default() } else { told };
            resource.extend(told);
        }
        if let Some(host) = &self.host
            && !resource.iter().any(|(key, _)| key == "host.name" || key == "k8s.pod.name")
        {
            resource.push(("host.name".to_owned(), host.clone()));
        }
        let mut attributes = settings.attributes.clone();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).filter(|_| settings.file_name);
        attributes.extend(name.map(|name| ("log.file.name".to_owned(), name)));
        if settings.file_path {
            attributes.push(("log.file.path".to_owned(), path.display().to_string()));
        }
        Arc::new(Source { format: settings.format.clone(), zone: settings.zone.clone(), resource, attributes })
    }
}

fn push(round: &mut Round, source: &Arc<Source>, entries: Vec<Entry>) {
    if !entries.is_empty() {
        round.batch.push(Sourced { source: Arc::clone(source), entries });
    }
}

fn is_named(path: &Path, identity: Identity) -> bool {
    fs::metadata(path).is_ok_and(|metadata| super::file::identity(&metadata) == identity)
}

/// Files that may be older ones of a file, by their names.
fn siblings(path: &Path) -> impl Iterator<Item = (PathBuf, fs::Metadata)> {
    let path = path.to_owned();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let sibling = path.with_file_name(entry.file_name());
        let metadata = fs::metadata(&sibling).ok().filter(|_| may_be_rotated(&sibling, &path))?;
        metadata.is_file().then_some((sibling, metadata))
    })
}
