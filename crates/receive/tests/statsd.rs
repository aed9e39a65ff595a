//! StatsD and DogStatsD: what lines come to, and the listeners on real sockets.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use luneta_model::{Signal, SinkError, Tenant};
use luneta_receive::statsd::{Settings, decode, tcp, udp};
use luneta_receive::{DecodeOptions, Decoded, Reason, ReceiveConfig, ReceiveError, ReceiveState};
use proptest::prelude::*;
use support::{MemorySink, NOW, render};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram};
use tokio::sync::oneshot;

fn metrics(lines: &str) -> Decoded {
    decode::metrics(lines.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW)).unwrap()
}

fn logs(lines: &str) -> Decoded {
    decode::logs(lines.as_bytes(), Tenant::default(), &DecodeOptions::at(NOW)).unwrap()
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/src/statsd/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Values of a column, in order.
fn column(rendered: &str, name: &str) -> Vec<String> {
    let prefix = format!("{name} = ");
    rendered.lines().filter_map(|line| line.trim().strip_prefix(&prefix)).map(ToOwned::to_owned).collect()
}

#[test]
fn clients_are_understood() {
    for client in ["statsd", "statsd_tcp", "datadog", "hot_shots"] {
        let decoded = metrics(&fixture(&format!("{client}.metrics.statsd")));
        assert_eq!(decoded.tally.message("metrics"), None, "{client}");
        insta::assert_snapshot!(format!("{client}.metrics"), render(&decoded.batch));
    }
    for client in ["datadog", "hot_shots"] {
        let decoded = logs(&fixture(&format!("{client}.logs.statsd")));
        assert_eq!(decoded.tally.message("records"), None, "{client}");
        insta::assert_snapshot!(format!("{client}.logs"), render(&decoded.batch));
    }
}

#[test]
fn lines_come_to_values() {
    let cases: [(&str, &[&str]); 18] = [
        ("a:1|c\na:2|c\n", &["3.0"]),
        ("a:2|c|@0.1", &["20.0"]),
        ("a:1:2:3|c|@0.5", &["12.0"]),
        ("a:1|c|#x:1,y\na:1|c|#y,x:1\na:1|c|#x:2", &["2.0", "1.0"]),
        ("a:1|c\r\n\r\na:1|c\r\n", &["2.0"]),
        ("a:7|g\na:+3|g\na:-1|g", &["9.0"]),
        ("a:+3|g", &["3.0"]),
        ("a:-3|g\na:0|g\na:-5|g", &["-5.0"]),
        ("a:1:2:3|g", &["3.0"]),
        ("a:x|s\na:y|s\na:x|s", &["2"]),
        ("a:b:c|s\na:b|s", &["2"]),
        ("a:1|c|T1700000000\na:1|c|T1700000000\na:1|c|T1700000001\na:1|c", &["1.0", "2.0", "1.0"]),
        ("a:5|g\na:7|g|T1700000000", &["5.0", "7.0"]),
        ("a:1|c|e:it-false,cn-x,pu-y|card:low|", &["1.0"]),
        ("a:1|c|c:ci-abc\na:1|c|c:abc\na:1|c|c:in-7", &["1.0", "2.0"]),
        ("a:1e3|c\na:.5|c\na:-2.5|c", &["998.0"]),
        ("größe:1|c|#ü:ö", &["1.0"]),
        ("a.b:1|c\na-b:1|c", &["1.0", "1.0"]),
    ];
    for (lines, expected) in cases {
        let decoded = metrics(lines);
        assert_eq!(decoded.tally.message("metrics"), None, "{lines}");
        let rendered = render(&decoded.batch);
        let values = [column(&rendered, "value_double"), column(&rendered, "value_int")].concat();
        assert_eq!(values, expected, "{lines}\n{rendered}");
    }
}

#[test]
fn broken_lines_cost_themselves() {
    let broken = [
        "a",
        "a:1",
        "a:1|",
        "a:1|x",
        ":1|c",
        "a:|c",
        "a:one|c",
        "a:nan|c",
        "a:inf|g",
        "a:1|c|@0",
        "a:1|c|@2",
        "a:1|c|@x",
        "a:1:x|c",
        "a|b:1|c",
        "a:1|c|Tx",
        "a:1|c|T-1",
        "_e{1}:a|b",
        "_e{9,1}:a|b",
        "_e{1,1}:ä|b",
        "_sc|x",
        "_sc|x|9",
        "_sc||0",
        "\0",
    ];
    for line in broken {
        let lines = format!("good:1|c\n{line}\ngood:2|c\n_sc|up|0\n");
        let (points, records) = (metrics(&lines), logs(&lines));
        assert_eq!(column(&render(&points.batch), "value_double"), ["3.0"], "{line:?}");
        assert_eq!(records.batch.len(), 1, "{line:?}");
        let rejected = [points.tally.rejected(), records.tally.rejected()].concat();
        assert_eq!(rejected, [(Reason::Malformed, 1)], "{line:?}");
    }
    let text = [b"a:1|c|#x:\xff\n".as_slice(), b"b:1|c"].concat();
    let decoded = decode::metrics(&text, Tenant::default(), &DecodeOptions::at(NOW)).unwrap();
    assert_eq!((decoded.batch.len(), decoded.tally.warned()), (2, [(Reason::InvalidUtf8, 1)].as_slice()));
}

#[test]
fn tags_become_resource_and_attributes() {
    let lines = "a:1|c|#service:shop,env:prod,version:2,host:n1,url:http://x/y,a:1,a:2,,:z,bare\n\
                 b:1|c|#host:\nc:1|h|#z:1\nc:-2|h|#z:1\nc:0|h|@0.5|#z:1\nd:3|ms|@0.1\nd:5|ms|@0.1|c:ci-77";
    insta::assert_snapshot!(render(&metrics(lines).batch));
}

#[test]
fn events_and_checks_become_records() {
    let lines = "_e{5,17}:title|text\\nsecond line\n_e{1,0}:t||d:1700000000|h:n2|k:key|p:low|s:src|t:error|#host:n1,env:prod|c:ci-9|card:low\n\
                 _e{3,3}:a|b|c|d|t:success\n_sc|db.up|2|d:1700000000|h:n1|#a:b|m:it is m\\: gone|c:ci-9\n_sc|db.up|3";
    let decoded = logs(lines);
    assert_eq!(decoded.tally.message("records"), None);
    insta::assert_snapshot!(render(&decoded.batch));
}

#[test]
fn a_counter_that_fell_is_not_monotonic() {
    let rendered = render(&metrics("up:1|c\nboth:1|c|#a:1\nboth:-1|c|#a:2\n").batch);
    assert_eq!(column(&rendered, "is_monotonic"), ["true", "false", "false"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        name in "[a-zA-Z_.ü-]{1,12}", value in -1e6..1e6_f64, tags in prop::collection::btree_map("[a-z.ü]{1,6}", "[a-z:/ =ö]{1,8}", 0..4),
    ) {
        let list: Vec<_> = tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        let rendered = render(&metrics(&format!("{name}:{value}|c|#{}", list.join(","))).batch);
        prop_assert_eq!(column(&rendered, "metric_name"), [name]);
        let read: f64 = column(&rendered, "value_double")[0].parse().unwrap();
        prop_assert_eq!(read.to_bits(), value.to_bits());
        for (key, value) in &tags {
            prop_assert!(rendered.contains(value.as_str()), "{} {}", key, rendered);
        }
    }

    #[test]
    fn any_cut_is_safe(cut in 0..2000_usize, damage in prop::collection::vec((0..2000_usize, any::<u8>()), 0..6)) {
        for name in ["datadog.metrics.statsd", "datadog.logs.statsd", "statsd.metrics.statsd"] {
            let mut bytes = fixture(name).into_bytes();
            for (at, byte) in &damage {
                let len = bytes.len();
                bytes[at % len] = *byte;
            }
            bytes.truncate(cut % (bytes.len() + 1));
            let options = DecodeOptions::at(NOW);
            decode::metrics(&bytes, Tenant::default(), &options).unwrap();
            decode::logs(&bytes, Tenant::default(), &options).unwrap();
        }
    }
}

/// A listener, and what it feeds.
struct Server {
    address: SocketAddr,
    sink: Arc<MemorySink>,
    state: ReceiveState,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

fn settings(flush_ms: u64, series_max: usize) -> ReceiveConfig {
    let statsd = Settings { flush_interval: Duration::from_millis(flush_ms), series_max };
    ReceiveConfig { statsd, ..ReceiveConfig::default() }
}

async fn start_udp(config: ReceiveConfig) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(udp::serve(socket, state.clone(), async { stopped.await.unwrap_or_default() }));
    Server { address, sink, state, stop, task }
}

async fn start_tcp(config: ReceiveConfig) -> Server {
    let sink = MemorySink::shared();
    let state = ReceiveState::new(sink.clone(), config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(tcp::serve(listener, state.clone(), async { stopped.await.unwrap_or_default() }));
    Server { address, sink, state, stop, task }
}

impl Server {
    /// Sends datagrams, and waits until they were read.
    async fn send(&self, datagrams: &[&str]) {
        let before = self.requests();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for datagram in datagrams {
            socket.send_to(datagram.as_bytes(), self.address).await.unwrap();
        }
        wait(|| self.requests() == before + datagrams.len() as u64).await;
    }

    fn requests(&self) -> u64 {
        let counts = self.state.stats.snapshot().protocols;
        counts.iter().filter(|p| p.protocol.starts_with("statsd")).map(|p| p.requests).sum()
    }

    fn refused(&self, reason: Reason) -> (u64, u64) {
        let refused = self.state.stats.snapshot().refused;
        let of = refused.iter().filter(|r| r.reason == reason);
        of.fold((0, 0), |(requests, items), r| (requests + r.requests, items + r.items))
    }

    fn values(&self) -> Vec<Vec<String>> {
        let batches = self.sink.batches.lock().unwrap();
        let metrics = batches.iter().filter(|b| b.signal == Signal::Metrics);
        metrics.map(|batch| column(&render(batch), "value_double")).collect()
    }

    async fn stop(self) -> Arc<MemorySink> {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        self.sink
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

const NEVER: u64 = 3_600_000;

#[tokio::test]
async fn intervals_are_written_and_the_last_at_the_end() {
    let server = start_udp(settings(200, 100)).await;
    server.send(&["a:1|c\nbroken\nlevel:7|g", "a:2|c\n_sc|up|0"]).await;
    let counted = || server.values().concat().iter().map(|v| v.parse::<f64>().unwrap()).sum::<f64>();
    let records = || server.sink.batches.lock().unwrap().iter().filter(|b| b.signal == Signal::Logs).count();
    wait(|| (counted() - 10.0).abs() < 1e-9 && records() == 1).await;
    wait(|| server.refused(Reason::Malformed) == (0, 1)).await;
    // A gauge that is not set is not written again, but changes from where it was.
    let before = server.sink.rows();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.sink.rows(), before);
    server.send(&["level:+2|g"]).await;
    let sink = server.stop().await;
    let last = sink.batches.lock().unwrap().last().map(render).unwrap();
    assert_eq!(column(&last, "value_double"), ["9.0"]);
}

#[tokio::test]
async fn series_are_bounded() {
    let server = start_udp(settings(NEVER, 2)).await;
    server.send(&["a:1|c\nb:1|c\nc:1|c\na:1|c", "d:1|h\n"]).await;
    let state = server.state.clone();
    let sink = server.stop().await;
    assert_eq!(sink.rows(), 2);
    let refused = state.stats.snapshot().refused;
    assert_eq!(refused.iter().map(|r| (r.reason, r.items)).collect::<Vec<_>>(), [(Reason::Busy, 2)]);
}

#[tokio::test]
async fn bytes_of_series_are_bounded() {
    let server = start_udp(settings(NEVER, 4)).await;
    let name = "n".repeat(3500);
    server.send(&[&format!("{name}:1|c\n{name}x:1|c"), "a:1|s"]).await;
    let members: Vec<String> = (0..100).map(|i| format!("a:{i}|s")).collect();
    server.send(&[&members.join("\n")]).await;
    let state = server.state.clone();
    assert_eq!(server.stop().await.rows(), 2);
    let refused: Vec<_> = state.stats.snapshot().refused.iter().map(|r| (r.reason, r.items > 50)).collect();
    assert_eq!(refused, [(Reason::Busy, true)]);
}

#[tokio::test]
async fn a_store_that_is_full_is_asked_again() {
    let server = start_udp(settings(50, 100)).await;
    let busy = SinkError::Busy { reason: "memtable is full".into(), retry_after: Duration::from_millis(20) };
    *server.sink.refusal.lock().unwrap() = Some(busy);
    server.send(&["a:1|c"]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.send(&["a:2|c"]).await;
    *server.sink.refusal.lock().unwrap() = None;
    wait(|| server.sink.rows() == 2).await;
    assert_eq!(server.values().concat(), ["1.0", "2.0"]);
    assert!(server.state.stats.snapshot().refused.is_empty());
}

#[tokio::test]
async fn tcp_takes_lines_of_bounded_length() {
    let server = start_tcp(settings(NEVER, 100)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"a:1|c\na:").await.unwrap();
    wait(|| server.requests() == 1).await;
    stream.write_all(b"2|c\n").await.unwrap();
    stream.write_all("x".repeat(100_000).as_bytes()).await.unwrap();
    stream.write_all(b"\na:4|c").await.unwrap();
    stream.shutdown().await.unwrap();
    wait(|| server.requests() == 3).await;
    let state = server.state.clone();
    let sink = server.stop().await;
    assert_eq!(column(&render(&sink.batches.lock().unwrap()[0]), "value_double"), ["7.0"]);
    let refused: Vec<_> = state.stats.snapshot().refused.iter().map(|r| (r.reason, r.items)).collect();
    assert_eq!(refused, [(Reason::BodyTooLarge, 1)]);
}

#[tokio::test]
async fn unix_sockets_and_udp_are_one() {
    let server = start_udp(settings(NEVER, 100)).await;
    let path = std::env::temp_dir().join(format!("luneta-statsd-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let unix = tokio::spawn(udp::serve_unix(UnixDatagram::bind(&path).unwrap(), server.state.clone(), std::future::pending()));
    let client = UnixDatagram::unbound().unwrap();
    client.send_to(b"a:1|c", &path).await.unwrap();
    wait(|| server.requests() == 1).await;
    server.send(&["a:2|c"]).await;
    let sink = server.stop().await;
    assert_eq!(column(&render(&sink.batches.lock().unwrap()[0]), "value_double"), ["3.0"]);
    unix.abort();
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn where_a_token_is_needed_datagrams_are_refused() {
    let admission = Arc::new(|_: &axum::http::HeaderMap| Err(ReceiveError::Unauthorized("a token is needed".into())));
    let server = start_udp(ReceiveConfig { admission, ..settings(NEVER, 100) }).await;
    server.send(&["a:1|c"]).await;
    assert_eq!(server.refused(Reason::Unauthorized), (1, 0));
    assert_eq!(server.stop().await.rows(), 0);
}
