//! Texts in logs: the same records wherever they lie, and no more of the files read than needed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use luneta_logql::{Params, ParseOptions, Query, Value};
use luneta_model::{Batch, Limits, LogRow, LogsBuilder, Sink as _, Tenant};
use luneta_query::{QueryConfig, QueryEngine, QueryError, QueryStats, SqlRequest};
use luneta_store::{Store, StoreConfig};

/// Records of one batch: some blocks of words.
const ROWS: u64 = 20_000;
/// A record with words that no other has.
const RARE: u64 = 9_000;
const START: i64 = 1_700_000_000_000_000_000;

fn config(dir: &Path) -> StoreConfig {
    let mut config = StoreConfig::new(dir);
    config.flush_interval = Duration::from_hours(1);
    config.compaction.enabled = false;
    config.compaction.files_min = 2;
    config.row_group_rows_max = 8192;
    config.retention = [Duration::from_hours(24 * 365 * 100); 3];
    config
}

fn id(n: u64) -> String {
    format!("{:032x}", u128::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

fn body(n: u64) -> String {
    match n {
        RARE => "Zanzibar quartz: 100% of user_7 unrefused".to_owned(),
        n if n.is_multiple_of(1000) => format!("connection refused by {}", id(n)),
        n => format!("GET /items/{n} took {} ms", n % 90),
    }
}

fn logs(part: u64) -> Batch {
    let mut b = LogsBuilder::new(Limits::default());
    b.origins.begin();
    b.origins.resource_str("service.name", "cart");
    let origin = b.origins.end();
    for n in ROWS * part..ROWS * (part + 1) {
        b.body_str(&body(n));
        let trace_id = if n % 5000 == 17 { u128::from(n).to_be_bytes() } else { [0; 16] };
        let row = LogRow { time: START + n as i64, trace_id, severity_number: 9, flags: n as u32, ..LogRow::default() };
        b.end_record(origin, &row).unwrap();
    }
    b.finish(Tenant::default()).unwrap()
}

struct Lake {
    engine: QueryEngine,
    store: Arc<Store>,
    _dir: tempfile::TempDir,
}

impl Lake {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(config(dir.path())).await.unwrap();
        let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default()).unwrap();
        Self { engine, store, _dir: dir }
    }

    async fn try_ask(&self, query: &str) -> Result<(Vec<i64>, QueryStats), QueryError> {
        let request = SqlRequest { query: query.to_owned(), ..SqlRequest::default() };
        let answer = self.engine.sql(&Tenant::default(), request).await?;
        let mut rows: Vec<i64> =
            answer.batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        rows.sort_unstable();
        Ok((rows, answer.stats))
    }

    async fn ask(&self, filter: &str) -> (Vec<i64>, QueryStats) {
        self.try_ask(&format!("SELECT CAST(flags AS BIGINT) FROM logs WHERE {filter}")).await.unwrap()
    }
}

/// Conditions, and the records that pass.
fn cases() -> Vec<(String, Vec<i64>)> {
    let all = || 0..ROWS * 2;
    let of = |passes: &dyn Fn(u64) -> bool| all().filter(|n| passes(*n)).map(|n| n as i64).collect::<Vec<_>>();
    let rare = vec![RARE as i64];
    let refused = || of(&|n| n.is_multiple_of(1000) && n != RARE);
    let one = format!("{:032x}", 5017);
    vec![
        ("body LIKE '%Zanzibar%'".into(), rare.clone()),
        ("body LIKE '%anziba%'".into(), rare.clone()),
        ("body LIKE '%zanzibar%'".into(), vec![]),
        ("body ILIKE '%zanzibar QUARTZ%'".into(), rare.clone()),
        ("lower(body) LIKE 'zanzibar%'".into(), rare.clone()),
        ("contains(body, 'quartz:')".into(), rare.clone()),
        ("strpos(body, 'quartz:') > 0".into(), rare.clone()),
        ("starts_with(body, 'Zan')".into(), rare.clone()),
        ("body LIKE '%100\\% of user\\_7%'".into(), rare.clone()),
        ("body ~ '[Zz]anzibar q.artz'".into(), rare.clone()),
        ("body ~* 'ZANZIBAR (quartz|amber)'".into(), rare.clone()),
        (format!("body = '{}'", body(RARE)), rare.clone()),
        (format!("body IN ('{}', 'x')", body(RARE)), rare.clone()),
        ("body LIKE '%connection refused%'".into(), refused()),
        ("body LIKE '%refused%'".into(), [refused(), rare.clone()].concat()),
        ("body LIKE '%refused%' AND body NOT LIKE '%connection%'".into(), rare.clone()),
        (format!("body LIKE '%{}%'", id(3000)), vec![3000]),
        (format!("body LIKE '%{}%'", &id(3000)[4..20]), vec![3000]),
        (format!("body LIKE '%{}%' OR body LIKE '%quartz%'", id(3000)), vec![3000, RARE as i64]),
        (format!("body LIKE '%{}%' OR flags = 5", id(3000)), vec![5, 3000]),
        ("body LIKE '%/items/4242 %'".into(), vec![4242]),
        ("body LIKE '%nowhere%'".into(), vec![]),
        ("search(body, 'quartz -nowhere')".into(), rare.clone()),
        ("search(body, '\"connection refused\" OR quartz service:cart level:info')".into(), [refused(), rare.clone()].concat()),
        ("search(logs.body, 'service:mail')".into(), vec![]),
        (format!("search(body, '{one}')"), vec![5017]),
        (format!("search(body, '{one} OR quartz')"), vec![5017, RARE as i64]),
    ]
}

async fn check(lake: &Lake, place: &str) {
    for (filter, mut expected) in cases() {
        expected.sort_unstable();
        assert_eq!(lake.ask(&filter).await.0, expected, "{place}: {filter}");
    }
}

/// How often each pattern was counted.
async fn check_patterns(lake: &Lake, place: &str) {
    let refused = ROWS as i64 * 2 / 1000 - 1;
    let (counts, _) = lake.try_ask("SELECT sum(count) FROM log_patterns GROUP BY pattern_id").await.unwrap();
    assert_eq!(counts, [1, refused, ROWS as i64 * 2 - refused - 1], "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_with_a_text_are_the_same_in_memory_in_files_and_in_merged_files() {
    let lake = Lake::open().await;
    for part in 0..2 {
        lake.store.accept(logs(part)).await.unwrap();
    }
    check(&lake, "memory").await;
    check_patterns(&lake, "memory").await;
    lake.store.flush().await.unwrap();
    check(&lake, "one file").await;
    check_patterns(&lake, "one file").await;

    let lake = Lake::open().await;
    for part in 0..2 {
        lake.store.accept(logs(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    check(&lake, "two files").await;
    check_patterns(&lake, "two files").await;
    assert!(lake.store.compact().await.unwrap() > 0);
    check(&lake, "merged").await;
    check_patterns(&lake, "merged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_blocks_that_may_hold_a_text_are_read() {
    let lake = Lake::open().await;
    for part in 0..2 {
        lake.store.accept(logs(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    let read = async |filter: &str| {
        let (_, stats) = lake.ask(filter).await;
        (stats.files, stats.rows_read + stats.rows_pruned)
    };
    assert_eq!(read("body LIKE '%nowhere%'").await, (0, 0));
    assert_eq!(read("search(body, 'zanzibar -quartz')").await.0, 1);
    assert!(read("body ILIKE '%zanziba%'").await.1 <= 4096);
    let (files, all) = read("body LIKE '%took%'").await;
    assert!(files == 2 && all >= ROWS as usize * 2 - 100, "{files} files, {all} rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_of_logql_read_no_more() {
    let lake = Lake::open().await;
    for part in 0..2 {
        lake.store.accept(logs(part)).await.unwrap();
        lake.store.flush().await.unwrap();
    }
    let refused = ROWS as usize * 2 / 1000;
    for (filter, found, rows_max) in [
        ("|= `nowhere`", 0, 0),
        ("|= `Zanzibar quartz`", 1, 4096),
        ("|= `refused` |~ `(?i)ZANZI`", 1, 4096),
        ("|> `<_> quartz: <_>`", 1, 4096),
        ("|= `quartz` or `nowhere`", 1, 4096),
        ("|= `refused`", refused, ROWS as usize * 2),
        ("!= `took`", refused, ROWS as usize * 2),
    ] {
        let query = Query::parse(&format!("{{service_name=`cart`}} {filter}"), &ParseOptions::default()).unwrap();
        let params = Params { limit: 1000, ..Params::range(START, START + ROWS as i64 * 2, 0) };
        let timeout = Duration::from_mins(1);
        let answer =
            lake.engine.logql(&Tenant::default(), query, params, luneta_logql::Limits::default(), timeout).await.unwrap();
        let Value::Streams(streams) = answer.answer.value else { panic!("{filter}: no streams") };
        let entries: usize = streams.iter().map(|stream| stream.entries.len()).sum();
        assert_eq!(entries, found, "{filter}");
        assert!(answer.scanned.rows <= rows_max as u64, "{filter}: {} rows", answer.scanned.rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_that_cannot_be_read_say_why() {
    let lake = Lake::open().await;
    let cases = [
        ("search(body, 'a \"b')", "character 3 of the search: the quote is never closed"),
        ("search(body)", "search() takes the column `body` and a text"),
        ("search(body, service_name)", "search() takes the column `body` and a text"),
        ("search(service_name, 'x')", "search() takes the column `body` and a text"),
    ];
    for (filter, expected) in cases {
        let error = lake.try_ask(&format!("SELECT CAST(flags AS BIGINT) FROM logs WHERE {filter}")).await.unwrap_err();
        assert!(matches!(&error, QueryError::Parse { message, .. } if message.starts_with(expected)), "{filter}: {error}");
    }
}
