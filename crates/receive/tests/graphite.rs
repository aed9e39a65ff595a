//! Graphite: what lines come to, and the listeners on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use luneta_model::{SinkError, Tenant};
use luneta_receive::graphite::line::{Line, Time};
use luneta_receive::graphite::{decode, tcp, udp};
use luneta_receive::{DecodeOptions, Decoded, Reason, ReceiveConfig, ReceiveState};
use proptest::prelude::*;
use support::{MemorySink, NOW, render};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket};

fn run(bytes: &[u8]) -> Decoded {
    decode::plaintext(bytes, Tenant::default(), &DecodeOptions::at(NOW)).unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/src/graphite/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn clients_are_understood() {
    let (tcp, udp) = (fixture("graphyte_tcp.metrics.graphite"), fixture("graphyte_udp.metrics.graphite"));
    assert_eq!(tcp, udp);
    let decoded = run(&tcp);
    assert_eq!(decoded.tally.message("metrics"), None);
    insta::assert_snapshot!(render(&decoded.batch));
}

#[test]
fn lines_are_read() {
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], f64, Time);
    let at = Time::At;
    let cases: [Case<'_>; 12] = [
        ("a.b 1 1700000000", "a.b", &[], 1.0, at(1_700_000_000_000_000_000)),
        ("a 1.5e3 1700000000.25\r", "a", &[], 1500.0, at(1_700_000_000_250_000_000)),
        ("  a\t-0.5   1700000000.123456789123 ", "a", &[], -0.5, at(1_700_000_000_123_456_789)),
        ("a 1 -1", "a", &[], 1.0, Time::Arrival),
        ("a 1 -1.0", "a", &[], 1.0, Time::Arrival),
        ("a 1 1.7e9", "a", &[], 1.0, at(1_700_000_000_000_000_000)),
        ("a 1 0", "a", &[], 1.0, at(0)),
        ("a 1 1700000000000", "a", &[], 1.0, Time::OutOfRange),
        ("a 1 -2", "a", &[], 1.0, Time::OutOfRange),
        ("a 1 inf", "a", &[], 1.0, Time::OutOfRange),
        ("a;x=1;y=a=b 1 -1", "a", &[("x", "1"), ("y", "a=b")], 1.0, Time::Arrival),
        ("ä;x=ö;x=2 1 -1", "ä", &[("x", "ö")], 1.0, Time::Arrival),
    ];
    for (text, path, tags, value, time) in cases {
        let line = Line { path, tags: tags.to_vec(), value, time };
        assert_eq!(Line::read(text), Some(line), "{text}");
    }
}

#[test]
fn broken_lines_cost_themselves() {
    let broken = [
        "a",
        "a 1",
        "a 1 2 3",
        "a x 1",
        "a nan 1",
        "a inf 1",
        "a 1 x",
        "a 1 nan",
        ";x=1 1 1",
        "a; 1 1",
        "a;x 1 1",
        "a;=1 1 1",
        "a;x= 1 1",
        "a;x=~1 1 1",
        "a;x!=1 1 1",
    ];
    for line in broken {
        let decoded = run(format!("good 1 1\n{line}\n\ngood 2 2\n").as_bytes());
        assert_eq!((decoded.batch.len(), decoded.tally.rejected()), (2, [(Reason::Malformed, 1)].as_slice()), "{line:?}");
    }
    let decoded = run(b"a\xff 1 1\nb 1 99999999999\n");
    assert_eq!(decoded.tally.warned(), [(Reason::InvalidUtf8, 1)]);
    assert_eq!(decoded.tally.rejected(), [(Reason::TimeOutOfRange, 1)]);
}

#[test]
fn few_bytes_cannot_stand_for_many_rows() {
    let options = DecodeOptions { expanded_bytes_max: 10_000, ..DecodeOptions::at(NOW) };
    let error = decode::plaintext("a 1 1\n".repeat(100).as_bytes(), Tenant::default(), &options).unwrap_err();
    assert_eq!(error.reason(), Reason::DecompressedTooLarge);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        path in "[a-zA-Z0-9_.ü-]{1,16}", value in -1e12..1e12_f64, seconds in 0..9_000_000_000_i64, nanos in 0..1_000_000_000_u32,
        tags in prop::collection::btree_map("[a-z.ü]{1,6}", "[a-z:/=ö]{1,8}", 0..4),
    ) {
        let list = tags.iter().map(|(key, value)| format!(";{key}={value}")).collect::<Vec<_>>().concat();
        let text = format!("{path}{list} {value} {seconds}.{nanos:09}");
        let line = Line::read(&text).unwrap();
        let tags: Vec<_> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let time = seconds * 1_000_000_000 + i64::from(nanos);
        prop_assert_eq!(line, Line { path: &path, tags, value, time: Time::At(time) });
    }

    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\n'), Just(b';'), Just(b'='), any::<u8>()], 0..200)) {
        run(&bytes);
    }

    #[test]
    fn any_cut_is_safe(cut in 0..200_usize) {
        let mut bytes = fixture("graphyte_tcp.metrics.graphite");
        bytes.truncate(cut);
        run(&bytes);
    }
}

async fn wait(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

fn state() -> (Arc<MemorySink>, ReceiveState) {
    let sink = MemorySink::shared();
    (sink.clone(), ReceiveState::new(sink, ReceiveConfig::default()))
}

#[tokio::test]
async fn tcp_gathers_lines_and_writes_the_last_at_the_end() {
    let (sink, state) = state();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(tcp::serve(listener, state.clone(), async { stopped.await.unwrap_or_default() }));
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"a 1 1700000000\nbroken\nb 2 1700000000").await.unwrap();
        stream.shutdown().await.unwrap();
    }
    wait(|| sink.rows() == 40).await;
    assert!(sink.batches.lock().unwrap().len() < 20);
    let requests = || state.stats.snapshot().protocols.iter().find(|p| p.protocol == "graphite_tcp").unwrap().requests;
    let before = requests();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&[b"x".repeat(100_000).as_slice(), b"\nc 3 1700000000\n"].concat()).await.unwrap();
    wait(|| requests() == before + 1).await;
    stop.send(()).unwrap();
    task.await.unwrap();
    assert_eq!(sink.rows(), 41);
    let refused: Vec<_> = state.stats.snapshot().refused.iter().map(|r| (r.reason, r.items)).collect();
    assert_eq!(refused, [(Reason::Malformed, 20), (Reason::BodyTooLarge, 1)]);
}

#[tokio::test]
async fn datagrams_wait_for_a_store_that_is_full() {
    let (sink, state) = state();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(udp::serve(socket, state.clone(), std::future::pending()));
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(20) };
    *sink.refusal.lock().unwrap() = Some(busy);
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"a 1 1700000000\n", address).await.unwrap();
    client.send_to(b"b 1 1700000000", address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    *sink.refusal.lock().unwrap() = None;
    wait(|| sink.rows() == 2).await;
    assert!(state.stats.snapshot().refused.is_empty());
}
