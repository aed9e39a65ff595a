//! Files that grow, are rotated, copied, emptied, and read by a server that is killed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use luneta_model::SinkError;
use luneta_receive::ReceiveError;
use luneta_receive::filelog::{Destination, Settings, StartAt, run};
use luneta_receive::text::{Grouping, Sourced};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Keeps entries, and refuses so many batches before.
#[derive(Default)]
struct Kept {
    entries: Mutex<Vec<String>>,
    busy: AtomicU32,
}

#[async_trait]
impl Destination for Kept {
    async fn deliver(&self, batch: Arc<Vec<Sourced>>) -> Result<(), ReceiveError> {
        if self.busy.load(SeqCst) > 0 {
            self.busy.fetch_sub(1, SeqCst);
            return Err(SinkError::Busy { reason: "full".into(), retry_after: Duration::from_millis(1) }.into());
        }
        let texts = batch.iter().flat_map(|sourced| &sourced.entries).map(|e| String::from_utf8_lossy(&e.bytes).into_owned());
        let texts: Vec<_> = texts.collect();
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(ReceiveError::Malformed("no".into()));
        }
        self.entries.lock().unwrap().extend(texts);
        Ok(())
    }
}

/// A reader at work, and what stops it.
type Reading = (JoinHandle<Result<u64, ReceiveError>>, oneshot::Sender<()>);

/// A folder of files, and who reads them.
struct Place {
    folder: tempfile::TempDir,
    kept: Arc<Kept>,
    reading: Option<Reading>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), kept: Arc::default(), reading: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn settings(&self, pattern: &str) -> Settings {
        let mut settings = Settings::new(vec![self.path(pattern).display().to_string()]);
        settings.start_at = StartAt::Beginning;
        settings.checkpoints = Some(self.path("positions/filelog.json"));
        settings.bounds.poll_interval = Duration::from_millis(5);
        settings.bounds.flush_period = Duration::from_millis(40);
        settings.lines.grouping = Grouping::None;
        settings
    }

    async fn start(&mut self, settings: Settings) {
        let (stop, stopped) = oneshot::channel::<()>();
        let kept = self.kept.clone();
        let task = tokio::spawn(run(settings, kept, async {
            let _ = stopped.await;
        }));
        self.reading = Some((task, stop));
        // The first look decides what was there before.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }

    /// As `kill -9` does: nothing is ended in order.
    async fn kill(&mut self) {
        let (task, _stop) = self.reading.take().unwrap();
        task.abort();
        let _ = task.await;
        // A round that was under way ends before another begins.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }

    async fn expect(&self, expected: &[&str]) {
        let started = Instant::now();
        while self.kept.entries.lock().unwrap().len() < expected.len() && started.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // None comes that is not expected.
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert_eq!(*self.kept.entries.lock().unwrap(), expected);
    }
}

fn lines(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| format!("2026-11-22T10:00:00Z INFO line {n}")).collect()
}

fn refs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_read_as_they_grow() {
    let mut place = Place::new();
    place.append("a.log", "1\n2\n");
    place.start(place.settings("*.log")).await;
    place.append("a.log", "3\nha");
    place.expect(&["1", "2", "3", "ha"]).await;
    place.append("a.log", "lf\n4\n");
    // New files are read from their beginnings, wherever reading began.
    place.append("b.log", "5\n");
    place.expect(&["1", "2", "3", "ha", "lf", "4", "5"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_begins_at_the_end() {
    let mut place = Place::new();
    place.append("a.log", "old\n");
    place.start(Settings { start_at: StartAt::End, ..place.settings("*.log") }).await;
    place.append("a.log", "new\n");
    place.expect(&["new"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_outlive_the_reader() {
    let mut place = Place::new();
    let all = lines(0, 300);
    place.append("a.log", &text(&all[..100]));
    place.start(place.settings("*.log")).await;
    place.expect(&refs(&all[..100])).await;
    place.kill().await;
    place.append("a.log", &text(&all[100..200]));
    place.start(Settings { start_at: StartAt::End, ..place.settings("*.log") }).await;
    place.expect(&refs(&all[..200])).await;
    place.append("a.log", &text(&all[200..]));
    place.expect(&refs(&all)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_is_read_again() {
    let mut place = Place::new();
    let all = lines(0, 10);
    place.kept.busy.store(u32::MAX, SeqCst);
    place.append("a.log", &text(&all));
    place.start(place.settings("*.log")).await;
    place.expect(&[]).await;
    place.kill().await;
    place.kept.busy.store(2, SeqCst);
    place.start(place.settings("*.log")).await;
    place.expect(&refs(&all)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_by_renaming() {
    for pattern in ["app.log", "app.log*"] {
        let mut place = Place::new();
        let all = lines(0, 60);
        place.append("app.log", &text(&all[..20]));
        place.start(place.settings(pattern)).await;
        let mut writer = OpenOptions::new().append(true).open(place.path("app.log")).unwrap();
        fs::rename(place.path("app.log"), place.path("app.log.1")).unwrap();
        // The program goes on in the old file until it is told.
        writer.write_all(text(&all[20..40]).as_bytes()).unwrap();
        place.expect(&refs(&all[..40])).await;
        place.append("app.log", &text(&all[40..]));
        place.expect(&refs(&all)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_while_nobody_reads() {
    for pattern in ["app.log", "app.log*"] {
        let mut place = Place::new();
        let all = lines(0, 60);
        place.append("app.log", &text(&all[..20]));
        place.start(place.settings(pattern)).await;
        place.expect(&refs(&all[..20])).await;
        place.kill().await;
        place.append("app.log", &text(&all[20..40]));
        fs::rename(place.path("app.log"), place.path("app.log.1")).unwrap();
        place.append("app.log", &text(&all[40..]));
        place.start(Settings { start_at: StartAt::End, ..place.settings(pattern) }).await;
        let started = Instant::now();
        while place.kept.entries.lock().unwrap().len() < 60 && started.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Two files have no order between them.
        let mut read = place.kept.entries.lock().unwrap().clone();
        read[20..].sort_by_key(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
        assert_eq!(read, all, "{pattern}");
    }
}

fn copy_and_truncate(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    File::options().write(true).open(from).unwrap().set_len(0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_by_copying() {
    for pattern in ["app.log", "app.log*"] {
        for slow in [false, true] {
            let mut place = Place::new();
            let all = lines(0, 60);
            place.append("app.log", &text(&all[..20]));
            place.start(place.settings(pattern)).await;
            place.expect(&refs(&all[..20])).await;
            if slow {
                fs::copy(place.path("app.log"), place.path("app.log.1")).unwrap();
                tokio::time::sleep(Duration::from_millis(1200)).await;
                File::options().write(true).open(place.path("app.log")).unwrap().set_len(0).unwrap();
            } else {
                copy_and_truncate(&place.path("app.log"), &place.path("app.log.1"));
            }
            place.append("app.log", &text(&all[20..40]));
            place.expect(&refs(&all[..40])).await;
            // As long as before, and with other content.
            tokio::time::sleep(Duration::from_millis(1200)).await;
            place.append("app.log", &text(&all[40..]));
            place.expect(&refs(&all)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_has_what_was_not_read() {
    for pattern in ["app.log", "app.log*"] {
        let mut place = Place::new();
        let all = lines(0, 60);
        place.append("app.log", &text(&all[..20]));
        place.start(place.settings(pattern)).await;
        place.expect(&refs(&all[..20])).await;
        place.kill().await;
        place.append("app.log", &text(&all[20..40]));
        copy_and_truncate(&place.path("app.log"), &place.path("app.log.1"));
        place.append("app.log", &text(&all[40..]));
        place.start(place.settings(pattern)).await;
        let started = Instant::now();
        while place.kept.entries.lock().unwrap().len() < 60 && started.elapsed() < Duration::from_secs(10) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut read = place.kept.entries.lock().unwrap().clone();
        read.sort_by_key(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap());
        assert_eq!(read, all, "{pattern}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_files_and_folders_are_left_out() {
    let mut place = Place::new();
    fs::write(place.path("a.log.gz"), b"\x1f\x8b\x08\x00rest\nof it\n").unwrap();
    fs::create_dir(place.path("b.log")).unwrap();
    place.append("c.log", "1\n");
    place.start(place.settings("*.log*")).await;
    place.expect(&["1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_line_costs_no_other() {
    let mut place = Place::new();
    place.append("a.log", "1\n2\npoison\n4\n5\n");
    place.start(place.settings("*.log")).await;
    place.expect(&["1", "2", "4", "5"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lines_and_many_files() {
    let mut place = Place::new();
    for n in 0..50 {
        place.append(&format!("{n:02}.log"), &format!("{n}\n"));
    }
    place.append("99.log", &format!("{}\nend\n", "x".repeat(3 * 1024 * 1024)));
    let mut settings = place.settings("*.log");
    settings.bounds.entry_bytes_max = 100;
    settings.follow = false;
    place.start(settings).await;
    let (task, _stop) = place.reading.take().unwrap();
    assert_eq!(task.await.unwrap().unwrap(), 52);
    let mut entries = place.kept.entries.lock().unwrap().clone();
    entries.sort();
    let long = "x".repeat(100);
    assert_eq!(&entries[50..], ["end", &long]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_file_is_read_to_its_end() {
    let mut place = Place::new();
    place.append("a.log", "1\n");
    place.start(place.settings("*.log")).await;
    let mut writer = OpenOptions::new().append(true).open(place.path("a.log")).unwrap();
    fs::remove_file(place.path("a.log")).unwrap();
    writer.write_all(b"2\n").unwrap();
    place.expect(&["1", "2"]).await;
    place.append("a.log", "3\n");
    place.expect(&["1", "2", "3"]).await;
}
