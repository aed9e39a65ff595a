//! SQL: plan, run within bounds, and report what it took.

mod attributes;
mod catalog;
mod damage;
mod derived;
mod direct;
mod id_functions;
mod ids;
mod keys;
mod pushdown;
mod quantiles;
mod stats;
mod views;

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemoryCatalogProviderList, SchemaProvider as _};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{FunctionRegistry as _, SessionStateDefaults, TaskContext};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF};
use datafusion::optimizer::analyzer::Analyzer;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use futures::{FutureExt as _, StreamExt as _};
use luneta_model::Tenant;
use luneta_store::Store;

pub use keys::AttributeKey;
pub use stats::QueryStats;

use crate::error::QueryError;
use crate::logql::{INDEX_LABELS, Indexes};
use crate::promql::{Summaries, Translation};
use crate::scan::functions::AttributeGet;
use crate::scan::{KnownFiles, LAKE_URL, TraceId};
use crate::search;
use catalog::LakeSchema;

/// Damaged files one query takes out of the lake before it gives up; the next one goes on.
const DAMAGED_FILES_MAX: usize = 100;
/// Samples of one PromQL query in memory at once: 16 bytes each.
const PROMQL_SAMPLES_MAX: usize = 20_000_000;
/// Series in an answer to a PromQL query.
const PROMQL_SERIES_MAX: usize = 200_000;
/// Bytes of what is known of files of logs: some 6 MiB for three million records.
const LOG_INDEX_BYTES_MAX: usize = 128 << 20;
/// Points of a series: 11,000 steps, as in Prometheus, and the first point.
const PROMQL_POINTS_MAX: usize = 11_001;

/// Bounds on queries.
#[derive(Debug, Clone)]
pub struct QueryConfig {
    /// Bytes of memory all running queries share before they spill.
    pub memory_bytes_max: usize,
    /// Bytes of temporary files all running queries may write.
    pub spill_bytes_max: u64,
    /// Where they write them.
    pub spill_dir: PathBuf,
    /// Longest a query may run, and the default.
    pub timeout: Duration,
    /// Most rows one answer holds.
    pub rows_max: usize,
    /// Queries that run at once; more wait.
    pub concurrent_max: usize,
    /// Partitions a query runs on.
    pub partitions: usize,
    /// What one PromQL query may use.
    pub promql: luneta_promql::Limits,
    /// Names and labels of OTLP's metrics in PromQL.
    pub translation: Translation,
    /// What one LogQL query may use.
    pub logql: luneta_logql::Limits,
    /// How texts of LogQL are read.
    pub logql_text: luneta_logql::ParseOptions,
    /// Attributes of resources that are labels of streams in LogQL.
    pub log_labels: Arc<[String]>,
    /// Bytes of memory for what is known of files of logs: which rows are of which stream, and when.
    pub log_index_bytes_max: usize,
    /// How long a request to delete log records can be cancelled: before, none is processed.
    pub delete_cancel_period: Duration,
}

impl Default for QueryConfig {
    fn default() -> Self {
        Self {
            memory_bytes_max: 512 * 1024 * 1024,
            spill_bytes_max: 4 * 1024 * 1024 * 1024,
            spill_dir: std::env::temp_dir(),
            timeout: Duration::from_mins(1),
            rows_max: 1_000_000,
            concurrent_max: 16,
            partitions: std::thread::available_parallelism().map_or(2, NonZeroUsize::get).min(8),
            promql: luneta_promql::Limits {
                samples_max: PROMQL_SAMPLES_MAX,
                series_max: PROMQL_SERIES_MAX,
                points_max: PROMQL_POINTS_MAX,
            },
            translation: Translation::default(),
            logql: luneta_logql::Limits::default(),
            logql_text: luneta_logql::ParseOptions::default(),
            log_labels: INDEX_LABELS.map(str::to_owned).into(),
            log_index_bytes_max: LOG_INDEX_BYTES_MAX,
            delete_cancel_period: Duration::ZERO,
        }
    }
}

/// One statement to run.
#[derive(Debug, Clone, Default)]
pub struct SqlRequest {
    /// The text.
    pub query: String,
    /// Values for `$1`, `$2`….
    pub params: Vec<serde_json::Value>,
    /// Most rows wanted; the server's own bound holds too.
    pub limit: Option<usize>,
    /// How long it may take; the server's own bound holds too.
    pub timeout: Option<Duration>,
}

/// The answer to a statement.
#[derive(Debug)]
pub struct SqlAnswer {
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
    /// Whether rows beyond the limit were left out.
    pub truncated: bool,
    /// What it took.
    pub stats: QueryStats,
    /// What the answer lacks: files that proved damaged while it was read.
    pub warnings: Vec<String>,
}

/// What the engine is asked.
#[derive(Debug, Clone, Copy)]
enum Ask<'a> {
    Statement(&'a SqlRequest),
    Traces(&'a [TraceId], Option<&'a [&'a str]>),
}

/// Runs statements over a store.
#[derive(Debug)]
pub struct QueryEngine {
    store: Arc<Store>,
    session: SessionState,
    config: QueryConfig,
    running: tokio::sync::Semaphore,
    known: Arc<KnownFiles>,
    summaries: Arc<Summaries>,
    log_indexes: Arc<Indexes>,
}

impl QueryEngine {
    /// An engine over `store`.
    ///
    /// # Errors
    /// [`QueryError::Execution`] when the spill folder cannot be used.
    pub fn new(store: Arc<Store>, config: QueryConfig) -> Result<Self, QueryError> {
        let top = NonZeroUsize::MIN.saturating_add(4);
        let pool = TrackConsumersPool::new(FairSpillPool::new(config.memory_bytes_max), top);
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![config.spill_dir.clone()]))
            .with_max_temp_directory_size(config.spill_bytes_max);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).with_disk_manager_builder(disk).build_arc()?;
        let url = url::Url::parse(LAKE_URL).map_err(|e| QueryError::Execution(e.to_string()))?;
        runtime.register_object_store(&url, store.object_store());
        let running = tokio::sync::Semaphore::new(config.concurrent_max);
        let session = session(&config, &runtime)?;
        let log_indexes = Arc::new(Indexes::new(config.log_index_bytes_max));
        let (known, summaries) = (Arc::default(), Arc::default());
        Ok(Self { store, session, config, running, known, summaries, log_indexes })
    }

    /// The store behind the engine.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Its bounds.
    pub fn config(&self) -> &QueryConfig {
        &self.config
    }

    /// Footers of files that were read.
    pub(crate) fn footers(&self) -> Arc<FileMetadataCache> {
        self.session.runtime_env().cache_manager.get_file_metadata_cache()
    }

    /// Which series of metrics files hold, as far as they were read.
    pub(crate) fn summaries(&self) -> Arc<Summaries> {
        Arc::clone(&self.summaries)
    }

    /// Which streams files of logs hold, as far as they were read.
    pub(crate) fn log_indexes(&self) -> Arc<Indexes> {
        Arc::clone(&self.log_indexes)
    }

    /// Runs one statement for a tenant.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn sql(&self, tenant: &Tenant, request: SqlRequest) -> Result<SqlAnswer, QueryError> {
        self.ask(tenant, Ask::Statement(&request), request.timeout, request.limit).await
    }

    /// All columns of the spans of some traces, by start and span id, at most `limit`.
    ///
    /// # Errors
    /// [`QueryError`].
    pub(crate) async fn spans_of(&self, tenant: &Tenant, ids: &[TraceId], limit: usize) -> Result<SqlAnswer, QueryError> {
        self.ask(tenant, Ask::Traces(ids, None), None, Some(limit)).await
    }

    /// Some columns of the spans of some traces, in no order.
    ///
    /// # Errors
    /// [`QueryError`].
    pub(crate) async fn columns_of(&self, tenant: &Tenant, ids: &[TraceId], columns: &[&str]) -> Result<SqlAnswer, QueryError> {
        self.ask(tenant, Ask::Traces(ids, Some(columns)), None, None).await
    }

    async fn ask(
        &self,
        tenant: &Tenant,
        ask: Ask<'_>,
        timeout: Option<Duration>,
        limit: Option<usize>,
    ) -> Result<SqlAnswer, QueryError> {
        let timeout = timeout.unwrap_or(self.config.timeout).min(self.config.timeout);
        let limit = limit.unwrap_or(self.config.rows_max).min(self.config.rows_max);
        let started = Instant::now();
        let run = async {
            let _turn = self.running.acquire().await.map_err(|e| QueryError::Limit(e.to_string()))?;
            let mut warnings = Vec::new();
            loop {
                let lake = Arc::new(LakeSchema::new(Arc::clone(&self.store), tenant.clone(), Arc::clone(&self.known)));
                // Readers of Parquet panic on some damaged files; the connection should not go with them.
                let attempt = AssertUnwindSafe(self.run(&lake, ask, limit, started)).catch_unwind().await;
                let answer = attempt.unwrap_or_else(|_| Err(QueryError::Internal));
                let by_file = matches!(answer, Err(QueryError::File(_) | QueryError::Internal));
                if !by_file || warnings.len() >= DAMAGED_FILES_MAX {
                    return answer.map(|a| SqlAnswer { warnings, ..a });
                }
                match damage::put_aside(&self.store, &lake).await {
                    // The rest of the lake answers without the damaged file.
                    Some(warning) if !warnings.contains(&warning) => warnings.push(warning),
                    _ => return answer,
                }
            }
        };
        match tokio::time::timeout(timeout, run).await {
            Ok(answer) => answer,
            Err(_) => Err(QueryError::Timeout(timeout.as_millis() as u64)),
        }
    }

    async fn run(&self, lake: &Arc<LakeSchema>, ask: Ask<'_>, limit: usize, started: Instant) -> Result<SqlAnswer, QueryError> {
        let (physical, context) = match ask {
            Ask::Statement(request) => self.plan(lake, request).await?,
            Ask::Traces(ids, columns) => (direct::spans(lake, &self.session, ids, columns).await?, self.session.task_ctx()),
        };
        let planned = started.elapsed();
        let schema = views::plain_schema(&physical.schema());
        let mut stream = datafusion::physical_plan::execute_stream(Arc::clone(&physical), context)?;
        let (mut batches, mut rows, mut truncated) = (Vec::new(), 0, false);
        while let Some(batch) = stream.next().await {
            let batch = views::plain_batch(batch?, &schema)?;
            if rows + batch.num_rows() > limit {
                batches.push(batch.slice(0, limit - rows));
                rows = limit;
                truncated = true;
                break;
            }
            rows += batch.num_rows();
            batches.push(batch);
        }
        drop(stream);
        let stats = QueryStats::collect(&physical, lake, rows, planned, started.elapsed());
        Ok(SqlAnswer { schema, batches, truncated, stats, warnings: Vec::new() })
    }

    /// How a statement is run, and what it runs in.
    async fn plan(
        &self,
        lake: &Arc<LakeSchema>,
        request: &SqlRequest,
    ) -> Result<(Arc<dyn ExecutionPlan>, Arc<TaskContext>), QueryError> {
        let mut statement = parse(&request.query)?;
        search::expand(&mut statement)?;
        let derived = lake.pin(&statement).await?;
        let context = self.context(lake)?;
        lake.derive(&derived, &context).await?;
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let session = context.state();
        let plan = session.statement_to_plan(statement).await?;
        options.verify_plan(&plan).map_err(|_| QueryError::Plan {
            message: "only queries are allowed here: SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN".into(),
            position: None,
        })?;
        let plan = if request.params.is_empty() { plan } else { plan.with_param_values(parameters(&request.params))? };
        Ok((session.create_physical_plan(&plan).await?, context.task_ctx()))
    }

    /// Every table a query can name and its columns.
    ///
    /// # Errors
    /// [`QueryError::Store`].
    pub async fn tables(&self, tenant: &Tenant) -> Result<Vec<(String, SchemaRef)>, QueryError> {
        let lake = Arc::new(LakeSchema::new(Arc::clone(&self.store), tenant.clone(), Arc::clone(&self.known)));
        let derived = lake.pin(&parse("SHOW TABLES")?).await?;
        let context = self.context(&lake)?;
        lake.derive(&derived, &context).await?;
        let mut tables = Vec::new();
        for name in lake.table_names() {
            if let Some(table) = lake.table(&name).await? {
                tables.push((name, views::plain_schema(&table.schema())));
            }
        }
        Ok(tables)
    }

    /// The context of one query: what all queries share, and the tables of `lake`.
    fn context(&self, lake: &Arc<LakeSchema>) -> Result<SessionContext, QueryError> {
        let mut state = self.session.clone();
        // Planners are asked in order: ours know attributes and ids.
        state.register_expr_planner(Arc::new(attributes::AttributePlanner::new(&lake.pinned())))?;
        state.register_expr_planner(Arc::new(id_functions::IdPlanner))?;
        for planner in SessionStateDefaults::default_expr_planners() {
            state.register_expr_planner(planner)?;
        }
        state.register_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
        let context = SessionContext::new_with_state(state);
        context.register_catalog("luneta", Arc::new(catalog::LakeCatalog::new(Arc::clone(lake))));
        Ok(context)
    }
}

/// What the sessions of all queries share: making it takes longer than many a query.
fn session(config: &QueryConfig, runtime: &Arc<RuntimeEnv>) -> Result<SessionState, QueryError> {
    let mut session = SessionConfig::new()
        .with_target_partitions(config.partitions)
        .with_information_schema(true)
        .with_default_catalog_and_schema("luneta", "lake")
        .with_create_default_catalog_and_schema(false);
    let options = session.options_mut();
    options.sql_parser.collect_spans = true;
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.schema_force_view_types = false;
    let mut analyzer = Analyzer::new().rules;
    analyzer.insert(0, Arc::new(ids::HexIds));
    let mut physical = PhysicalOptimizer::new().rules;
    physical.insert(0, Arc::new(pushdown::ProjectionIntoUnion));
    let mut state = SessionStateBuilder::new()
        .with_config(session)
        .with_runtime_env(Arc::clone(runtime))
        .with_default_features()
        .with_expr_planners(Vec::new())
        .with_scalar_functions(id_functions::functions())
        .with_analyzer_rules(analyzer)
        .with_physical_optimizer_rules(physical)
        .build();
    state.register_udf(Arc::new(ScalarUDF::from(AttributeGet::default())))?;
    state.register_udf(Arc::new(ScalarUDF::from(ids::Hex::default())))?;
    for single in quantiles::singles() {
        state.register_udf(Arc::new(single))?;
    }
    state.register_udaf(Arc::new(AggregateUDF::from(quantiles::DurationQuantiles::default())))?;
    Ok(state)
}

/// Reads exactly one statement.
fn parse(text: &str) -> Result<Statement, QueryError> {
    let mut statements = DFParser::parse_sql(text)?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(QueryError::Parse { message: "the query is empty".into(), position: None }),
        (Some(_), more) => {
            Err(QueryError::Parse { message: format!("one statement at a time: found {}", more + 1), position: None })
        }
    }
}

/// A name as SQL writes it.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub(crate) fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn parameters(values: &[serde_json::Value]) -> ParamValues {
    let scalar = |v: &serde_json::Value| match v {
        serde_json::Value::Null => ScalarValue::Null,
        serde_json::Value::Bool(b) => ScalarValue::Boolean(Some(*b)),
        serde_json::Value::Number(n) => match n.as_i64() {
            Some(i) => ScalarValue::Int64(Some(i)),
            None => ScalarValue::Float64(n.as_f64()),
        },
        serde_json::Value::String(s) => ScalarValue::Utf8(Some(s.clone())),
        other => ScalarValue::Utf8(Some(other.to_string())),
    };
    ParamValues::from(values.iter().map(scalar).collect::<Vec<_>>())
}
