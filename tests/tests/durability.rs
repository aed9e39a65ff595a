//! Acknowledged means durable: nothing that was answered with success is lost by `kill -9`, and
//! nothing is there twice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use luneta_tests::send::{Export, gauge, log_records, metric_list, now, numbered_log, numbered_span, spans};
use luneta_tests::{Options, Random, Server};

const ROUNDS: u64 = 50;
const WRITERS: usize = 3;
/// Every kill comes within this time from the moment the writers start.
const LIFE_MAX_MS: u64 = 400;

/// Small flushes, log segments and merges, so that kills meet all of them.
const CONFIG: &str = "luneta:\n  flush: {bytes: 60000, interval: 1s}\n";

/// A batch of rows with the numbers from `first` on, of the signal that `first` picks.
fn batch(first: u64, rows: u64) -> Export {
    let time = now();
    let numbers = first..first + rows;
    match first / 1000 % 3 {
        0 => spans("writer", numbers.map(|n| numbered_span(n, time)).collect()),
        1 => log_records("writer", numbers.map(|n| numbered_log(n, time)).collect()),
        _ => metric_list("writer", numbers.map(|n| gauge("g", time, n as f64)).collect()),
    }
}

/// The numbers in a table, with how often each is there.
fn numbers(server: &Server, table: &str) -> HashMap<u64, u64> {
    let query = match table {
        "spans" => "SELECT duration_ns, count(*) FROM spans GROUP BY 1",
        "logs" => "SELECT CAST(attributes['n'] AS BIGINT), count(*) FROM logs GROUP BY 1",
        _ => "SELECT CAST(value AS BIGINT), count(*) FROM metrics GROUP BY 1",
    };
    server.sql(query).iter().map(|r| (r[0].as_u64().unwrap(), r[1].as_u64().unwrap())).collect()
}

/// A batch sent: the number of its first row, how many rows, and whether it was acknowledged.
type Sent = (u64, u64, bool);

fn check(server: &Server, sent: &[Sent], when: &str) {
    let mut found: HashMap<&str, HashMap<u64, u64>> =
        ["spans", "logs", "metrics"].into_iter().map(|t| (t, numbers(server, t))).collect();
    for &(first, rows, acknowledged) in sent {
        let table = batch(first, 0).table();
        let there = found.get_mut(table).unwrap();
        let counts: Vec<u64> = (first..first + rows).map(|n| there.remove(&n).unwrap_or(0)).collect();
        let all = |n: u64| counts.iter().all(|c| *c == n);
        // A batch is taken whole or not at all.
        let good = if acknowledged { all(1) } else { all(0) || all(1) };
        assert!(good, "{when}: {rows} {table} from {first}, acknowledged: {acknowledged}, are there {counts:?} times");
    }
    for (table, rest) in found {
        assert!(rest.is_empty(), "{when}: {table} holds rows nobody sent: {rest:?}");
    }
}

#[test]
fn kill_at_any_moment() {
    let mut server = Server::start(Options::config(CONFIG));
    let next = Arc::new(AtomicU64::new(1));
    let sent = Arc::new(Mutex::new(Vec::<Sent>::new()));
    let mut random = Random::new(2);
    let mut flushes = 0;
    for round in 0..ROUNDS {
        let life = Duration::from_millis(20 + random.number() % LIFE_MAX_MS);
        let stop = Arc::new(AtomicBool::new(false));
        std::thread::scope(|scope| {
            let writer = |export: &Export| {
                let url = format!("{}{}", server.otlp_http(), export.path());
                let headers = [("content-type", "application/x-protobuf")];
                // No answer is no acknowledgement.
                server.try_post(&url, &headers, &export.protobuf()).is_ok_and(|r| r.status == 200)
            };
            for _ in 0..WRITERS {
                let (next, sent, stop) = (Arc::clone(&next), Arc::clone(&sent), Arc::clone(&stop));
                scope.spawn(move || {
                    while !stop.load(Ordering::SeqCst) {
                        let first = next.fetch_add(1000, Ordering::SeqCst);
                        let rows = 1 + first % 97;
                        let acknowledged = writer(&batch(first, rows));
                        sent.lock().unwrap().push((first, rows, acknowledged));
                    }
                });
            }
            std::thread::sleep(life);
            flushes += server.status()["flushes"]["count"].as_u64().unwrap();
            let pid = rustix::process::Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            stop.store(true, Ordering::SeqCst);
        });
        server.kill9();
        server.restart();
        // Counting everything every time would take most of the time; the numbers of rows tell.
        if round % 10 == 9 {
            check(&server, &sent.lock().unwrap(), &format!("after kill {}", round + 1));
        }
    }
    let sent = sent.lock().unwrap();
    let acknowledged = sent.iter().filter(|(_, _, a)| *a).count();
    assert!(acknowledged as u64 > ROUNDS, "only {acknowledged} batches were acknowledged: the test is too quick to tell");
    assert!(flushes > ROUNDS / 5, "only {flushes} flushes: the test does not meet them");
    check(&server, &sent, "at the end");
    server.cycle();
    check(&server, &sent, "from files");
    assert_eq!(server.status()["warnings"], serde_json::json!([]));
}

/// SIGTERM ends well: everything is in files, and the log is empty.
#[test]
fn sigterm_drains() {
    let mut server = Server::with_defaults();
    let sent: Vec<Sent> = (0..30).map(|i| (1 + i * 1000, 50, true)).collect();
    for &(first, rows, _) in &sent {
        batch(first, rows).accepted(&server);
    }
    assert!(server.status()["memory"]["rows"].as_u64().unwrap() > 0);
    let status = server.terminate();
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
    assert!(!server.address_file().exists(), "the file of addresses outlives the server");
    server.restart();
    let now = server.status();
    assert_eq!(now["memory"]["rows"], 0, "{now}");
    for (table, rows) in [("spans", 500), ("logs", 500), ("metrics", 500)] {
        assert_eq!(now["signals"][table]["rows"], rows, "{now}");
        assert!(now["signals"][table]["files"].as_u64().unwrap() > 0, "{now}");
    }
    check(&server, &sent, "after SIGTERM");
}

/// SIGTERM while requests come: each is either acknowledged and there, or refused.
#[test]
fn sigterm_under_load() {
    let mut server = Server::start(Options::config(CONFIG));
    let sent = Mutex::new(Vec::<Sent>::new());
    let next = AtomicU64::new(1);
    let stop = AtomicBool::new(false);
    let pid = rustix::process::Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let first = next.fetch_add(1000, Ordering::SeqCst);
                    let export = batch(first, 20);
                    let url = format!("{}{}", server.otlp_http(), export.path());
                    let reply = server.try_post(&url, &[("content-type", "application/x-protobuf")], &export.protobuf());
                    let acknowledged = reply.as_ref().is_ok_and(|r| r.status == 200);
                    if let Ok(reply) = &reply {
                        assert!(acknowledged || reply.status == 503, "{}: {}", reply.status, reply.text());
                    }
                    sent.lock().unwrap().push((first, 20, acknowledged));
                    if reply.is_err() {
                        return;
                    }
                }
            });
        }
        luneta_tests::until("some acknowledged batches", Duration::from_secs(10), || sent.lock().unwrap().len() > 30);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        luneta_tests::until("the end of writers", Duration::from_secs(30), || {
            let ended = sent.lock().unwrap().iter().filter(|(_, _, a)| !a).count() >= WRITERS;
            stop.store(ended, Ordering::SeqCst);
            ended
        });
    });
    let status = server.wait();
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
    server.restart();
    assert_eq!(server.status()["memory"]["rows"], 0);
    check(&server, &sent.lock().unwrap(), "after SIGTERM under load");
}
