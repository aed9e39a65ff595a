//! Lines over TCP, without an answer: connections, and lines of bounded length.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Connections of one listener; more wait in its backlog.
const CONNECTIONS_MAX: usize = 1024;
/// Bytes of a line, its end included.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// A connection on which nothing comes for so long is closed.
const IDLE_TIME_MAX: Duration = Duration::from_hours(1);
/// How long a connection may be without bytes when the server stops.
const LAST_TIME_MAX: Duration = Duration::from_millis(50);
/// How often it is read then.
const LAST_READS_MAX: usize = 64;
/// How long connections may take to hand on what they have when the server stops.
const GRACE: Duration = Duration::from_secs(2);

/// What a connection brings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Whole lines; the last may lack its end.
    Lines(Vec<u8>),
    /// A line that was longer than [`LINE_BYTES_MAX`], and was left out.
    TooLong,
}

/// Hands what comes over connections to `take`, until `shutdown` resolves. A connection reads on
/// when `take` is done with what it read, so that a sender that is too fast must wait.
pub(crate) async fn serve<F: Future<Output = ()> + Send>(
    listener: TcpListener,
    name: &'static str,
    take: impl Fn(Chunk) -> F + Clone + Send + Sync + 'static,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stop, stopped) = watch::channel(false);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepting = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepting => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (take, stopped) = (take.clone(), stopped.clone());
                tokio::spawn(async move {
                    read(stream, take, stopped).await;
                    drop(place);
                });
            }
            Err(e) => {
                // Out of file handles, or the peer left already: both pass.
                tracing::warn!(error = %e, protocol = name, "accepting a connection failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    stop.send_replace(true);
    let _ = tokio::time::timeout(GRACE, places.acquire_many(CONNECTIONS_MAX as u32)).await;
}

async fn read<F: Future<Output = ()>>(mut stream: TcpStream, take: impl Fn(Chunk) -> F, mut stopped: watch::Receiver<bool>) {
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; 16 * 1024];
    let mut last_reads = 0;
    loop {
        let idle = if *stopped.borrow() { LAST_TIME_MAX } else { IDLE_TIME_MAX };
        if idle == LAST_TIME_MAX {
            last_reads += 1;
        }
        if last_reads > LAST_READS_MAX {
            return;
        }
        let reading = tokio::time::timeout(idle, stream.read(&mut buffer));
        let read = tokio::select! {
            read = reading => read,
            // Once more, for what has arrived already.
            _ = stopped.changed(), if idle == IDLE_TIME_MAX => continue,
        };
        // A connection that broke may have broken a line: what lacks its end is left out.
        let Ok(Ok(len)) = read else { return };
        if len == 0 {
            if let Some(chunk) = splitter.finish() {
                take(chunk).await;
            }
            return;
        }
        for chunk in splitter.push(buffer.get(..len).unwrap_or_default()) {
            take(chunk).await;
        }
    }
}

/// Cuts a stream at the ends of lines.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The beginning of a line.
    held: Vec<u8>,
    /// The rest of a line is left out.
    skipping: bool,
}

impl Splitter {
    /// Takes bytes; returns the lines that are whole, at most one run of them.
    fn push(&mut self, mut bytes: &[u8]) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        if self.skipping {
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return chunks };
            self.skipping = false;
            bytes = bytes.get(end + 1..).unwrap_or_default();
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, rest) = bytes.split_at(whole);
        if !lines.is_empty() {
            self.held.extend_from_slice(lines);
            chunks.push(Chunk::Lines(std::mem::take(&mut self.held)));
        }
        self.held.extend_from_slice(rest);
        if self.held.len() > LINE_BYTES_MAX {
            self.held.clear();
            self.skipping = true;
            chunks.push(Chunk::TooLong);
        }
        chunks
    }

    /// The last line, which had no end.
    fn finish(&mut self) -> Option<Chunk> {
        (!self.held.is_empty()).then(|| Chunk::Lines(std::mem::take(&mut self.held)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Chunk {
        Chunk::Lines(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_of_any_length() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        let cases: [(&[&str], Vec<Chunk>); 6] = [
            (&["a\nb\n"], vec![lines("a\nb\n")]),
            (&["a\nb", "c\nd"], vec![lines("a\n"), lines("bc\n"), lines("d")]),
            (&["a"], vec![lines("a")]),
            (&[], vec![]),
            (&[&long, "yz", "\nb\n"], vec![Chunk::TooLong, lines("b\n")]),
            (&["a\n", &long, "\nb"], vec![lines("a\n"), Chunk::TooLong, lines("b")]),
        ];
        for (parts, expected) in cases {
            let mut splitter = Splitter::default();
            let mut got: Vec<_> = parts.iter().flat_map(|part| splitter.push(part.as_bytes())).collect();
            got.extend(splitter.finish());
            assert_eq!(got, expected);
        }
    }

    proptest! {
        #[test]
        fn where_reads_end_means_nothing(text in "[ab\n]{0,200}", cuts in prop::collection::vec(0..200_usize, 0..8)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let mut splitter = Splitter::default();
            let mut got = Vec::new();
            for pair in cuts.windows(2) {
                got.extend(splitter.push(&text.as_bytes()[pair[0]..pair[1]]));
            }
            got.extend(splitter.finish());
            let joined: Vec<u8> = got.into_iter().flat_map(|chunk| match chunk {
                Chunk::Lines(lines) => lines,
                Chunk::TooLong => Vec::new(),
            }).collect();
            prop_assert_eq!(joined, text.as_bytes());
        }
    }
}
