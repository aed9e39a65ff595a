//! Damage on disk: the server starts, says what it lost, and everything else can be read.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use luneta_tests::send::{log_records, now, numbered_log};
use luneta_tests::{Options, Server, until};

const BATCHES: u64 = 20;
const ROWS: u64 = 10;

fn send(server: &Server, batch: u64) {
    let numbers = batch * ROWS..(batch + 1) * ROWS;
    log_records("s", numbers.map(|n| numbered_log(n, now())).collect()).accepted(server);
}

fn numbers(server: &Server) -> Vec<u64> {
    let rows = server.sql("SELECT CAST(attributes['n'] AS BIGINT) AS n FROM logs ORDER BY n");
    rows.iter().map(|r| r[0].as_u64().unwrap()).collect()
}

fn warnings(server: &Server) -> String {
    server.status()["warnings"].to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The files of the table `logs`, in the order they were written.
fn of_logs(data: &Path) -> Vec<PathBuf> {
    let mut found = files(&data.join("lake"), "parquet");
    found.retain(|path| path.parent().and_then(Path::file_name).is_some_and(|table| table == "logs"));
    found
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Writes `bytes` at a place of a file; behind its end, that adds them.
fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn cut(path: &Path, bytes: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let len = file.metadata().unwrap().len();
    file.set_len(len.saturating_sub(bytes)).unwrap();
}

/// How the last log segment is damaged, and the least and the most batches that must survive.
type Tail = (&'static str, fn(&Path), u64, u64);

/// A write that the crash cut short, or blocks that were never written, at the end of the log.
#[test]
fn torn_log_tail() {
    let mut server = Server::with_defaults();
    for batch in 0..BATCHES {
        send(&server, batch);
    }
    server.kill9();
    let cases: [Tail; 9] = [
        ("garbage behind", |p| append(p, &[0xab; 1000]), BATCHES, BATCHES),
        ("zeros behind", |p| append(p, &[0; 4096]), BATCHES, BATCHES),
        (
            "the start of a record behind",
            |p| {
                let bytes = fs::read(p).unwrap();
                append(p, &bytes[20..60]);
            },
            BATCHES,
            BATCHES,
        ),
        ("one byte cut", |p| cut(p, 1), BATCHES - 1, BATCHES - 1),
        ("a few bytes cut", |p| cut(p, 13), BATCHES - 1, BATCHES - 1),
        ("half cut", |p| cut(p, fs::metadata(p).unwrap().len() / 2), 1, BATCHES - 2),
        ("cut behind the header", |p| cut(p, fs::metadata(p).unwrap().len() - 21), 0, 0),
        ("cut inside the header", |p| cut(p, fs::metadata(p).unwrap().len() - 5), 0, 0),
        (
            "the last byte flipped",
            |p| {
                let bytes = fs::read(p).unwrap();
                overwrite(p, bytes.len() as u64 - 1, &[!bytes[bytes.len() - 1]]);
            },
            BATCHES - 1,
            BATCHES - 1,
        ),
    ];
    for (name, damage, least, most) in cases {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        copy(server.data(), &data);
        let segments = files(&data.join("wal"), "wal");
        damage(segments.iter().rfind(|p| fs::metadata(p).unwrap().len() > 20).expect("a log segment with rows"));
        let mut damaged = Server::start(Options { data: Some(data), ..Options::default() });
        let found = numbers(&damaged);
        let batches = found.len() as u64 / ROWS;
        assert_eq!(found, (0..batches * ROWS).collect::<Vec<_>>(), "{name}: not a row more or less than whole batches");
        assert!((least..=most).contains(&batches), "{name}: {batches} batches survive");
        if name != "cut inside the header" {
            assert!(warnings(&damaged).contains("log segment"), "{name}: {}", warnings(&damaged));
        }
        // The log goes on behind the damage.
        send(&damaged, 1000);
        for _ in 0..2 {
            let rows = numbers(&damaged);
            assert_eq!(rows.len() as u64, (batches + 1) * ROWS, "{name}");
            assert_eq!(rows.last(), Some(&(1001 * ROWS - 1)), "{name}");
            damaged.kill9();
            damaged.restart();
        }
        damaged.cycle();
        assert_eq!(numbers(&damaged).len() as u64, (batches + 1) * ROWS, "{name}");
    }
}

fn append(path: &Path, bytes: &[u8]) {
    overwrite(path, fs::metadata(path).unwrap().len(), bytes);
}

/// Damage in the middle of the log costs the record it hits, not those behind it.
#[test]
fn damaged_log_record() {
    let mut server = Server::with_defaults();
    for batch in 0..BATCHES {
        send(&server, batch);
    }
    server.kill9();
    let segment = files(&server.data().join("wal"), "wal").into_iter().max_by_key(|p| fs::metadata(p).unwrap().len()).unwrap();
    let bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    overwrite(&segment, middle as u64, &[!bytes[middle]]);
    server.restart();
    let found = numbers(&server);
    assert_eq!(found.len() as u64, (BATCHES - 1) * ROWS, "one batch is lost: {}", warnings(&server));
    assert_eq!((found.first(), found.last()), (Some(&0), Some(&(BATCHES * ROWS - 1))));
    assert!(warnings(&server).contains("log segment"), "{}", warnings(&server));
}

/// Damage in the header of a log segment costs no record: each has a mark and a checksum of its own.
#[test]
fn damaged_log_header() {
    let mut server = Server::with_defaults();
    for batch in 0..3 {
        send(&server, batch);
    }
    server.kill9();
    let cases: [(&str, u64, &[u8]); 4] =
        [("magic", 3, &[0]), ("number", 15, &[0x20]), ("all of it", 0, &[0; 20]), ("all of it, with noise", 0, &[0xb7; 20])];
    for (name, at, bytes) in cases {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        copy(server.data(), &data);
        overwrite(&log_segment(&data), at, bytes);
        let mut damaged = Server::start(Options { data: Some(data), ..Options::default() });
        assert_eq!(numbers(&damaged), (0..3 * ROWS).collect::<Vec<_>>(), "{name}");
        assert!(warnings(&damaged).contains("header is damaged"), "{name}: {}", warnings(&damaged));
        send(&damaged, 3);
        damaged.cycle();
        assert_eq!(numbers(&damaged), (0..4 * ROWS).collect::<Vec<_>>(), "{name}");
        assert_eq!(warnings(&damaged), "[]", "{name}");
    }
    // A whole header of a version to come is no damage.
    overwrite(&log_segment(server.data()), 8, &[3]);
    let output = std::process::Command::new(luneta_tests::server::binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("version 3 is newer"), "{text}");
}

/// The segment with the rows.
fn log_segment(data: &Path) -> PathBuf {
    files(&data.join("wal"), "wal").into_iter().max_by_key(|p| fs::metadata(p).unwrap().len()).unwrap()
}

/// How a Parquet file is damaged.
type File = (&'static str, fn(&Path));

/// A Parquet file that cannot be read is put aside; the rows of the others stay.
#[test]
fn corrupt_file() {
    let mut server = Server::with_defaults();
    for batch in 0..3 {
        send(&server, batch);
        server.cycle();
    }
    assert_eq!(numbers(&server).len() as u64, 3 * ROWS);
    server.terminate();
    let cases: [File; 6] = [
        ("truncated", |p| cut(p, fs::metadata(p).unwrap().len() / 2)),
        ("empty", |p| cut(p, u64::MAX)),
        ("gone", |p| fs::remove_file(p).unwrap()),
        ("footer length flipped", |p| overwrite(p, fs::metadata(p).unwrap().len() - 8, &[0xff; 4])),
        ("footer overwritten", |p| overwrite(p, fs::metadata(p).unwrap().len() - 1500, &[0x5a; 1400])),
        ("overwritten with zeros", |p| overwrite(p, 0, &vec![0; fs::metadata(p).unwrap().len() as usize])),
    ];
    for (name, damage) in cases {
        let scratch = tempfile::tempdir().unwrap();
        let data = scratch.path().join("data");
        copy(server.data(), &data);
        let parquet = of_logs(&data);
        assert_eq!(parquet.len(), 3);
        damage(&parquet[1]);
        let mut damaged = Server::start(Options { data: Some(data.clone()), ..Options::default() });
        until(&format!("{name}: the rows of the other files"), Duration::from_secs(10), || {
            let reply =
                damaged.sql_request(&serde_json::json!({"query": "SELECT count(body), count(attributes['n']) FROM logs"}));
            reply.status == 200 && reply.json()["rows"] == serde_json::json!([[2 * ROWS, 2 * ROWS]])
        });
        assert_eq!(numbers(&damaged).len() as u64, 2 * ROWS, "{name}");
        assert!(warnings(&damaged).contains("quarantine"), "{name}: {}", warnings(&damaged));
        if name != "gone" {
            assert_eq!(files(&data.join("quarantine"), "parquet").len(), 1, "{name}");
        }
        // Life goes on: new rows, new files, and no complaint at the next start.
        send(&damaged, 1000);
        damaged.cycle();
        assert_eq!(numbers(&damaged).len() as u64, 3 * ROWS, "{name}");
        assert_eq!(warnings(&damaged), "[]", "{name}");
    }
}

/// Runs a query; returns its rows and warnings.
fn answer(server: &Server, query: &str) -> (serde_json::Value, serde_json::Value) {
    let reply = server.sql_request(&serde_json::json!({"query": query}));
    assert_eq!(reply.status, 200, "{query}: {}\n{}", reply.text(), server.stderr());
    let mut json = reply.json();
    (json["rows"].take(), json["warnings"].take())
}

/// Three files with a damaged one among them, whose footer is good. `live`: the server runs meanwhile.
fn check_damaged_page(undamaged: &Path, name: &str, damage: fn(&Path), live: bool) {
    const QUERY: &str = "SELECT count(body), count(attributes['n']), count(DISTINCT \"time\") FROM logs";
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    copy(undamaged, &data);
    let parquet = of_logs(&data);
    let start = || Server::start(Options { data: Some(data.clone()), ..Options::default() });
    let mut damaged = if live {
        let server = start();
        assert_eq!(answer(&server, QUERY).0[0][0], 3 * ROWS);
        damage(&parquet[1]);
        server
    } else {
        damage(&parquet[1]);
        start()
    };
    assert_eq!(warnings(&damaged), "[]", "{name}: nothing is known before anybody reads");
    let (rows, said) = answer(&damaged, QUERY);
    assert_eq!((&rows[0][0], &rows[0][1]), (&(2 * ROWS).into(), &(2 * ROWS).into()), "{name}");
    let file = parquet[1].file_name().unwrap().to_string_lossy().into_owned();
    for text in [said.to_string(), warnings(&damaged), damaged.stderr() + &damaged.stdout()] {
        assert!(text.contains(&file) && text.contains("with 10 rows was put into quarantine"), "{name}: {text}");
    }
    assert_eq!(files(&data.join("quarantine"), "parquet").len(), 1, "{name}");
    assert_eq!(answer(&damaged, QUERY).1, serde_json::Value::Null, "{name}: only the query that met the file says so");
    assert_eq!(numbers(&damaged).len() as u64, 2 * ROWS, "{name}");
    send(&damaged, 1000);
    damaged.cycle();
    assert_eq!(numbers(&damaged).len() as u64, 3 * ROWS, "{name}");
    assert_eq!(warnings(&damaged), "[]", "{name}");
}

/// A file whose footer is good and whose pages are not is found when a query reads them.
#[test]
fn corrupt_pages() {
    let mut server = Server::with_defaults();
    for batch in 0..3 {
        send(&server, batch);
        server.cycle();
    }
    server.terminate();
    let cases: [File; 4] = [
        ("zeros", |p| overwrite(p, 100, &[0; 400])),
        ("ones", |p| overwrite(p, 100, &[0xff; 400])),
        ("the first page header", |p| overwrite(p, 4, &[0x15, 0x7f, 0x7f])),
        ("every page", |p| overwrite(p, 4, &[0x5a; 1500])),
    ];
    for (name, damage) in cases {
        for live in [false, true] {
            check_damaged_page(server.data(), name, damage, live);
        }
    }
}

/// A file that the system refuses to read is not damaged: queries fail until it can be read again.
#[test]
fn file_that_cannot_be_opened() {
    let mut server = Server::with_defaults();
    for batch in 0..2 {
        send(&server, batch);
        server.cycle();
    }
    let file = of_logs(server.data()).remove(0);
    let kept = file.with_extension("kept");
    fs::rename(&file, &kept).unwrap();
    // Too many levels of links: unlike a permission, that stops the superuser too.
    std::os::unix::fs::symlink(&file, &file).unwrap();
    for _ in 0..2 {
        let reply = server.sql_request(&serde_json::json!({"query": "SELECT count(body) FROM logs"}));
        assert_eq!((reply.status, reply.json()["error"]["kind"].as_str()), (503, Some("file")), "{}", reply.text());
        assert_eq!(warnings(&server), "[]");
        server.terminate();
        server.restart();
    }
    assert!(!server.data().join("quarantine").exists());
    fs::rename(&kept, &file).unwrap();
    assert_eq!(numbers(&server), (0..2 * ROWS).collect::<Vec<_>>());
}

/// A leftover of a flush that a crash cut short is no row and is cleared away.
#[test]
fn orphaned_file() {
    let mut server = Server::with_defaults();
    send(&server, 0);
    server.cycle();
    server.terminate();
    let file = files(&server.data().join("lake"), "parquet").remove(0);
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    // Another name of the same form, as a flush would have chosen.
    let last = if name.chars().nth(10) == Some('0') { "1" } else { "0" };
    let orphan = file.with_file_name(format!("{}{last}{}", &name[..10], &name[11..]));
    fs::copy(&file, &orphan).unwrap();
    server.restart();
    assert_eq!(numbers(&server).len() as u64, ROWS);
    assert!(!orphan.exists(), "{} is still there", orphan.display());
    assert!(file.exists());
}

/// Two servers never share a folder.
#[test]
fn second_server_on_the_same_folder() {
    let server = Server::with_defaults();
    let output = std::process::Command::new(luneta_tests::server::binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.data())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("in use by another"), "{text}");
    assert!(server.address_file().exists(), "the second server removed the addresses of the first");
    send(&server, 0);
    assert_eq!(numbers(&server).len() as u64, ROWS);
}
