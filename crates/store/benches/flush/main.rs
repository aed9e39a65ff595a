//! CPU time of taking rows and writing them to the lake: `cargo bench --bench flush -- [SIGNAL] [ROWS] [DIR]`.
//!
//! Batches are made beforehand. What is measured is the CPU time of the whole process (log writer,
//! flush and background work included) per row, and the bytes per row in the lake.

mod webshop;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use luneta_model::{Batch, Signal, Sink as _, Tenant};
use luneta_store::{Store, StoreConfig};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH_ROWS: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let signal = arguments.next().and_then(|s| Signal::from_table(&s));
    let rows: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(300_000);
    let dir = arguments.next().map(PathBuf::from);
    let runtime = tokio::runtime::Runtime::new()?;
    for signal in signal.map_or(Signal::ALL.to_vec(), |s| vec![s]) {
        let folder = dir.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("luneta-bench-{}", std::process::id())));
        runtime.block_on(run(signal, rows, folder.clone()))?;
        if dir.is_none() {
            std::fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

async fn run(signal: Signal, rows: usize, folder: PathBuf) -> Result<(), Box<dyn Error>> {
    let mut shop = webshop::WebShop::new();
    let batches: Vec<Batch> = (0..rows.div_ceil(BATCH_ROWS))
        .map(|_| match signal {
            Signal::Spans => shop.spans(BATCH_ROWS),
            Signal::Logs => shop.logs(BATCH_ROWS),
            Signal::Metrics => shop.metrics(BATCH_ROWS),
        })
        .collect();
    let memory: usize = batches.iter().map(Batch::memory_bytes).sum();
    let mut config = StoreConfig::new(folder);
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config.compaction.enabled = false;
    if let Some(level) = std::env::var("ZSTD_LEVEL").ok().and_then(|l| l.parse().ok()) {
        config.zstd_level = level;
    }
    let opening = Instant::now();
    let store = Store::open(config).await?;
    let opening = opening.elapsed();
    let (cpu, wall) = (cpu_time()?, Instant::now());
    for batch in batches {
        store.accept(batch).await?;
    }
    let accepted = cpu_time()?;
    store.flush().await?;
    let (flushed, wall) = (cpu_time()?, wall.elapsed());
    let snapshot = store.snapshot(&Tenant::default(), signal).await?;
    let bytes: u64 = snapshot.files.iter().map(|f| f.size).sum();
    let per_row = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1e6 / rows as f64;
    writeln!(
        std::io::stdout(),
        "{signal}: accept+flush {:.2} us CPU/row (last part {:.2}), wall {:.2}; lake {:.1} B/row in {} files, memory {} B/row, flush {} ms, open {} ms",
        per_row(cpu, flushed),
        per_row(accepted, flushed),
        wall.as_secs_f64() * 1e6 / rows as f64,
        bytes as f64 / rows as f64,
        snapshot.files.len(),
        memory / rows,
        store.stats().flush_last_ms,
        opening.as_millis(),
    )?;
    store.shutdown().await?;
    Ok(())
}

/// CPU time of this process.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let schedule = std::fs::read_to_string(task?.path().join("schedstat"))?;
        total += schedule.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(total))
}
