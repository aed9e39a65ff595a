//! Writers and readers at once: what was acknowledged is seen, once, at every moment of a flush.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use luneta_tests::send::{log_records, now, numbered_log, numbered_span, spans};
use luneta_tests::{Options, Server, until};
use serde_json::json;

const WRITERS: u64 = 4;
const ROWS: u64 = 20;
const FOR: Duration = Duration::from_secs(8);

#[test]
fn acknowledged_rows_are_seen_at_once() {
    // Every few hundred rows a flush, every few flushes a merge.
    let server = Server::start(Options::config("luneta:\n  flush: {bytes: 200000, interval: 1s}\n"));
    let next = AtomicU64::new(1);
    let acknowledged = AtomicU64::new(0);
    let begun = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let first = next.fetch_add(ROWS, Ordering::SeqCst);
                    begun.fetch_add(ROWS, Ordering::SeqCst);
                    spans("s", (first..first + ROWS).map(|n| numbered_span(n, now())).collect()).accepted(&server);
                    acknowledged.fetch_add(ROWS, Ordering::SeqCst);
                    // A client that asks for what it just sent gets it.
                    let id = format!("5a5a5a5a5a5a5a5a{first:016x}");
                    assert_eq!(server.value(&format!("SELECT count(*) FROM spans WHERE trace_id = '{id}'")), 1, "span {first}");
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !stop.load(Ordering::SeqCst) {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let row = &server.sql("SELECT count(*), count(DISTINCT duration_ns), max(duration_ns) FROM spans")[0];
                    let after = begun.load(Ordering::SeqCst);
                    let (count, distinct) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
                    assert_eq!(count, distinct, "rows are there twice");
                    assert!(count >= last, "{count} rows after {last}");
                    assert!((before..=after).contains(&count), "{count} rows of {before} acknowledged and {after} begun");
                    last = count;
                }
            });
        }
        scope.spawn(|| {
            let deadline = Instant::now() + FOR;
            while Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
            stop.store(true, Ordering::SeqCst);
        });
    });
    let status = server.status();
    assert!(status["flushes"]["count"].as_u64().unwrap() > 3, "the test met no flushes: {status}");
    assert_eq!(server.count("spans"), acknowledged.load(Ordering::SeqCst));
    assert_eq!(status["flushes"]["last_error"], json!(null));
    assert!(acknowledged.load(Ordering::SeqCst) > 40 * ROWS);
}

/// A flush takes place by itself, when its time has come, and empties memory.
#[test]
fn flushes_by_time() {
    let server = Server::start(Options::config("luneta:\n  flush: {interval: 1s}\n"));
    log_records("s", vec![numbered_log(1, now())]).accepted(&server);
    assert_eq!(server.count("logs"), 1);
    server.wait_flushed();
    let status = server.status();
    assert_eq!(status["signals"]["logs"]["files"], 1, "{status}");
    assert_eq!(server.count("logs"), 1);
}

/// A server at its memory bound answers that it is busy, and takes requests again after a flush.
#[test]
fn memory_bound() {
    let config = "luneta:\n  limits: {memory_bytes_max: 400000}\n  flush: {bytes: 100000, interval: 1s}\n";
    let server = Server::start(Options::config(config));
    let refused = AtomicU64::new(0);
    let accepted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (server, refused, accepted) = (&server, &refused, &accepted);
            scope.spawn(move || {
                for i in 0..30 {
                    let first = (writer * 1000 + i) * 200;
                    let reply = log_records("s", (first..first + 200).map(|n| numbered_log(n, now())).collect()).post(server);
                    match reply.status {
                        200 => accepted.fetch_add(200, Ordering::SeqCst),
                        429 => {
                            assert!(reply.headers.contains_key("retry-after"));
                            refused.fetch_add(1, Ordering::SeqCst)
                        }
                        other => panic!("{other}: {}", reply.text()),
                    };
                }
            });
        }
    });
    assert_eq!(server.count("logs"), accepted.load(Ordering::SeqCst), "with {refused:?} requests refused");
    assert!(accepted.load(Ordering::SeqCst) > 0);
    until("an accepted request", Duration::from_secs(10), || {
        log_records("s", vec![numbered_log(1, now())]).post(&server).status == 200
    });
    assert_eq!(server.refused("busy"), refused.load(Ordering::SeqCst));
}

/// A service that sends more than is written is told to wait, and others are not.
#[test]
fn one_that_floods_leaves_room_for_others() {
    let config = "luneta:\n  limits: {memory_bytes_max: 1000000}\n  flush: {bytes: 400000, interval: 1h}\n";
    let server = Server::start(Options::config(config));
    let batch = |service: &str, first: u64| log_records(service, (first..first + 200).map(|n| numbered_log(n, now())).collect());
    let refused = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 * WRITERS {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    refused.fetch_add(u64::from(batch("floods", 0).post(&server).status == 429), Ordering::SeqCst);
                }
            });
        }
        let deadline = Instant::now() + FOR;
        let mut first = 0;
        while Instant::now() < deadline {
            let reply = batch("other", first).post(&server);
            if reply.status != 200 {
                stop.store(true, Ordering::SeqCst);
                panic!("after {first} records: {}: {}", reply.status, reply.text());
            }
            first += 200;
            std::thread::sleep(Duration::from_millis(100));
        }
        stop.store(true, Ordering::SeqCst);
        assert_eq!(server.value("SELECT count(*) FROM logs WHERE service_name = 'other'"), first);
    });
    println!("{} requests of the other were told to wait", refused.load(Ordering::SeqCst));
}
