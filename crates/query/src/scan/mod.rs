//! One table of the lake as DataFusion sees it: files and fresh rows under one snapshot.
//!
//! People query the logical columns. The scan's own schema adds the promoted attribute columns
//! behind them, hidden from `SELECT *`: a filter on `attributes['http.route']` becomes a filter on
//! the column `attributes.http.route`, which statistics, bloom filters and row filters understand.
//! What a file holds differently is translated per file by the [`adapter`].

pub mod adapter;
pub(crate) mod bodies;
mod deletes;
pub mod dictionaries;
pub mod functions;
mod memory;
pub mod opened;
mod picked;
mod points;
mod prune;
mod reading;
mod traces;

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, cast};
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use luneta_model::{AttributeScope, Signal, Table, schema};
use luneta_store::{LakeFile, Store, TableSnapshot};

use adapter::LakeAdapterFactory;
use bodies::RowFilter;
use deletes::Selections;
use functions::AttributeAccess;
use opened::{NotingReaderFactory, Opened};
pub use picked::KnownFiles;
use picked::{Lake, PickedSource};
use reading::Reading;
use traces::Picked;
pub(crate) use traces::TraceId;

/// The address of the lake's object store inside the engine.
pub const LAKE_URL: &str = "luneta://lake/";

/// Names of attributes that only a filter asks for: no column of people's begins with this.
const ASKED: &str = "\0asked ";

/// Columns of few texts, by which people group: scans give views of the files' dictionaries, which
/// are quicker to make, to hash and to compare than copies.
const VIEWED: [&str; 4] = ["severity_text", "name", "kind", "status_code"];

fn logical(table: Table) -> Schema {
    let viewed = |field: &Arc<Field>| match (VIEWED.contains(&field.name().as_str()), field.data_type()) {
        (true, DataType::Utf8) => Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    };
    let all = table.signal().map_or_else(|| schema::stored(table), schema::logical);
    Schema::new(all.fields().iter().map(viewed).collect::<Vec<_>>())
}

/// A snapshot of one table.
#[derive(Debug)]
pub struct LakeTable {
    table: Table,
    snapshot: TableSnapshot,
    logical: SchemaRef,
    /// Logical columns, then promoted ones.
    scan: SchemaRef,
    store: Arc<Store>,
    opened: Arc<Opened>,
    known: Arc<KnownFiles>,
}

impl LakeTable {
    /// The table of a snapshot of `store`; `opened` notes which files are read, `known` what was learnt
    /// of them.
    pub fn new(table: Table, snapshot: TableSnapshot, store: Arc<Store>, opened: Arc<Opened>, known: Arc<KnownFiles>) -> Self {
        let logical = Arc::new(logical(table));
        let scan = scan_schema(&logical, &snapshot.schema);
        Self { table, snapshot, logical, scan, store, opened, known }
    }

    /// The snapshot behind the table.
    pub fn snapshot(&self) -> &TableSnapshot {
        &self.snapshot
    }

    /// Which signal's rows these are, if they are not derived.
    pub fn signal(&self) -> Option<Signal> {
        self.table.signal()
    }

    fn physical_filter(&self, state: &dyn Session, filters: &[Expr], promoted: bool) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let schema = DFSchema::try_from(Arc::clone(&self.scan))?;
        let filters = filters
            .iter()
            .map(|f| {
                let f = unqualify(f.clone())?;
                let f = if promoted { use_promoted(f, &self.scan)? } else { f };
                state.create_physical_expr(f, &schema)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok((!filters.is_empty()).then(|| conjunction(filters)))
    }

    async fn files(
        &self,
        state: &dyn Session,
        files: &[Picked],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        projection: &[usize],
        limit: Option<usize>,
        strays: HashSet<String>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut options = TableParquetOptions::new();
        options.global = state.config_options().execution.parquet.clone();
        let metadata_cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let reader = CachedParquetFileReaderFactory::new(self.store.object_store(), metadata_cache);
        let reader = Arc::new(NotingReaderFactory::new(reader, Arc::clone(&self.opened)));
        let mut source = ParquetSource::new(Arc::clone(&self.scan))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(reader)
            .with_pushdown_filters(true)
            .with_reorder_filters(true)
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true);
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        let target = state.config().target_partitions().max(1);
        let deleted = deletes::selections(&self.store.object_store(), files, &self.opened).await?;
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse(LAKE_URL)?, Arc::new(source))
            .with_file_groups(group(files, target, &deleted))
            .with_projection_indices(Some(projection.to_vec()))?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(LakeAdapterFactory::new(strays))))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Spreads files over partitions so that each has about the same bytes.
fn group(files: &[Picked], target: usize, deleted: &Selections) -> Vec<FileGroup> {
    let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); target.min(files.len()).max(1)];
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.file.size));
    for file in sorted {
        if let Some(least) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            least.0 += file.file.size;
            least.1.push(file.partitioned(deleted.get(&file.file.data_file_id)));
        }
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

fn scan_schema(logical: &Schema, physical: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = logical.fields().iter().cloned().collect();
    for field in physical.fields() {
        if AttributeScope::split_column(field.name()).is_some() {
            let data_type = match field.data_type() {
                DataType::Dictionary(_, value) => value.as_ref().clone(),
                other => other.clone(),
            };
            fields.push(Arc::new(Field::new(field.name(), data_type, true)));
        }
    }
    Arc::new(Schema::new(fields))
}

/// The name of the promoted column an attribute access reads, with `service.name` special.
pub(crate) fn promoted_column(access: &AttributeAccess<'_>) -> String {
    if access.scope == AttributeScope::Resource && access.key == "service.name" {
        return "service_name".to_owned();
    }
    format!("{}{}", access.scope.prefix(), access.key)
}

fn unqualify(filter: Expr) -> Result<Expr> {
    filter
        .transform(|e| {
            Ok(match e {
                Expr::Column(c) if c.relation.is_some() => Transformed::yes(Expr::Column(Column::new_unqualified(c.name))),
                other => Transformed::no(other),
            })
        })
        .map(|t| t.data)
}

/// Replaces attribute accesses by promoted columns.
fn use_promoted(filter: Expr, scan: &Schema) -> Result<Expr> {
    filter
        .transform(|e| {
            let Some(access) = AttributeAccess::of_expr(&e) else { return Ok(Transformed::no(e)) };
            // The type of a value can be told only where the file is read.
            if access.is_tagged() {
                return Ok(Transformed::no(e));
            }
            let name = promoted_column(&access);
            let Ok(field) = scan.field_with_name(&name) else {
                // No file has a column for it, and files that may hold the key elsewhere are filtered
                // in another way.
                let nothing = ScalarValue::try_from(access.data_type())?;
                return Ok(Transformed::yes(Expr::Literal(nothing, None)));
            };
            let column = Expr::Column(Column::new_unqualified(name));
            let wanted = access.data_type();
            Ok(Transformed::yes(if field.data_type() == &wanted { column } else { cast(column, wanted) }))
        })
        .map(|t| t.data)
}

/// The attribute columns filters read.
fn attribute_columns(filters: &[Expr]) -> Result<Vec<(AttributeScope, String, String)>> {
    let mut found = Vec::new();
    for filter in filters {
        filter.apply(|e| {
            if let Some(access) = AttributeAccess::of_expr(e) {
                found.push((access.scope, access.key.to_owned(), promoted_column(&access)));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(found)
}

/// Whether the file answers filters on these attributes from columns alone.
fn answers_from_columns(file: &LakeFile, columns: &[(AttributeScope, String, String)]) -> bool {
    columns.iter().all(|(scope, key, column)| {
        (file.ours && column == "service_name")
            || (file.ours
                && !file.strays.contains(column)
                && (file.stats.contains_key(column) || scope.known().iter().any(|(known, _)| known == key)))
    })
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.logical)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.logical.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let wanted = attribute_columns(filters)?;
        let (columnar, mixed): (Vec<_>, Vec<_>) =
            self.snapshot.files.iter().cloned().partition(|f| answers_from_columns(f, &wanted));
        let in_columns = self.physical_filter(state, filters, true)?;
        let mut parts = Vec::new();
        let columnar = match &in_columns {
            Some(predicate) => prune::by_statistics(predicate, &self.scan, columnar)?,
            None => columnar,
        };
        let ids = traces::wanted(filters);
        let footers = state.runtime_env().cache_manager.get_file_metadata_cache();
        let columnar = traces::pick(&self.store, &footers, columnar, ids.as_deref()).await;
        let (few, columnar): (Vec<_>, Vec<_>) = columnar.into_iter().partition(Picked::is_few);
        let texts =
            Arc::new(if self.signal() == Some(Signal::Logs) { RowFilter::of(filters) } else { RowFilter::All(Vec::new()) });
        let columnar = bodies::pick(&self.store, &footers, columnar, &texts).await;
        parts.extend(self.columnar(state, filters, columnar, projection, limit).await?);
        let mixed = traces::pick(&self.store, &footers, mixed, ids.as_deref()).await;
        let (few_mixed, mixed): (Vec<_>, Vec<_>) = mixed.into_iter().partition(Picked::is_few);
        let mixed = bodies::pick(&self.store, &footers, mixed, &texts).await;
        let few: Vec<_> = few.into_iter().chain(few_mixed).collect();
        if let Some(ids) = ids.filter(|_| !few.is_empty()) {
            let reading = Reading::new(Arc::clone(&self.scan), projection, self.physical_filter(state, filters, false)?)?;
            parts.push(self.rows(few, &footers, &ids, reading).await?);
        }
        if !mixed.is_empty() {
            let predicate = self.physical_filter(state, filters, false)?;
            let strays = strays_of(&mixed);
            parts.push(self.mixed(state, &mixed, predicate, projection, strays).await?);
        }
        if !self.snapshot.memory.is_empty() {
            let predicate = self.physical_filter(state, filters, false)?;
            let source =
                memory::MemorySource::new(self.snapshot.memory.clone(), Arc::clone(&self.scan), projection, predicate, limit)?;
            parts.push(DataSourceExec::from_data_source(source));
        }
        match parts.len() {
            0 => Ok(Arc::new(EmptyExec::new(Arc::new(self.scan.project(projection)?)))),
            1 => Ok(parts.remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }
}

/// Files with the same filters left to check together.
fn by_open_filters(filters: &[Expr], files: Vec<Picked>) -> Vec<(Vec<Expr>, Vec<Picked>)> {
    let mut groups: Vec<(Vec<Expr>, Vec<Picked>)> = Vec::new();
    for file in files {
        let open = prune::open_filters(filters, &file.file);
        match groups.iter_mut().find(|(known, _)| *known == open) {
            Some((_, files)) => files.push(file),
            None => groups.push((open, vec![file])),
        }
    }
    groups
}

/// Files without strays together, those with strays apart: only the latter need the overflow map.
fn by_strays(files: Vec<Picked>) -> Vec<(Vec<Picked>, HashSet<String>)> {
    let (clean, stray): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| f.file.ours && f.file.strays.is_empty());
    let strays = strays_of(&stray);
    [(clean, HashSet::new()), (stray, strays)].into_iter().filter(|(files, _)| !files.is_empty()).collect()
}

/// The columns that are not the whole truth in these files; `*` stands for all.
fn strays_of(files: &[Picked]) -> HashSet<String> {
    let all = files.iter().any(|f| !f.file.ours).then(|| "*".to_owned());
    files.iter().flat_map(|f| f.file.strays.iter().cloned()).chain(all).collect()
}

impl LakeTable {
    /// The rows that trace indexes name.
    async fn rows(
        &self,
        mut files: Vec<Picked>,
        footers: &Arc<FileMetadataCache>,
        ids: &[TraceId],
        reading: Reading,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let store = self.store.object_store();
        let deleted = deletes::selections(&store, &files, &self.opened).await?;
        for file in &mut files {
            file.keep(deleted.get(&file.file.data_file_id));
        }
        let files = files.into_iter().map(|file| (file.clone(), strays_of(&[file]))).collect();
        let lake = Lake { store, footers: Arc::clone(footers), opened: Arc::clone(&self.opened), known: Arc::clone(&self.known) };
        Ok(DataSourceExec::from_data_source(PickedSource::new(lake, files, ids, reading)))
    }

    /// Files that answer filters from columns.
    async fn columnar(
        &self,
        state: &dyn Session,
        filters: &[Expr],
        files: Vec<Picked>,
        projection: &[usize],
        limit: Option<usize>,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let mut parts = Vec::new();
        for (filters, files) in by_open_filters(filters, files) {
            // Readers leave out filters on lists and maps without a word: those are applied behind them.
            let (mut nested, mut plain) = (Vec::new(), Vec::new());
            for filter in filters {
                if self.reads_nested(&filter)? { nested.push(filter) } else { plain.push(filter) }
            }
            let predicate = self.physical_filter(state, &plain, true)?;
            let rest = self.physical_filter(state, &nested, true)?;
            for (files, strays) in by_strays(files) {
                parts.push(match &rest {
                    Some(rest) => self.filtered(state, &files, predicate.clone(), rest, projection, strays).await?,
                    None => self.files(state, &files, predicate.clone(), projection, limit, strays).await?,
                });
            }
        }
        Ok(parts)
    }

    /// Whether a filter reads a list or a map.
    fn reads_nested(&self, filter: &Expr) -> Result<bool> {
        let filter = use_promoted(unqualify(filter.clone())?, &self.scan)?;
        let nested = |name: &str| self.scan.field_with_name(name).is_ok_and(|field| field.data_type().is_nested());
        Ok(filter.column_refs().into_iter().any(|column| nested(&column.name)))
    }

    /// Files read with one filter, and filtered again behind the reader. The attributes that `rest` asks
    /// for are computed by the scan, which knows where each file has them; whole maps are not read.
    async fn filtered(
        &self,
        state: &dyn Session,
        files: &[Picked],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        rest: &Arc<dyn PhysicalExpr>,
        projection: &[usize],
        strays: HashSet<String>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (rest, asked) = asked_attributes(rest, &self.scan)?;
        let mut wanted: Vec<usize> = projection.to_vec();
        wanted.extend(collect_columns(&rest).iter().filter_map(|c| self.scan.index_of(c.name()).ok()));
        wanted.sort_unstable();
        wanted.dedup();
        let mut needed = wanted.clone();
        needed.extend(asked.iter().flat_map(|(_, expr)| collect_columns(expr)).map(|column| column.index()));
        needed.sort_unstable();
        needed.dedup();
        let scan = self.files(state, files, predicate, &needed, None, strays).await?;
        let mut exprs = wanted.iter().map(|at| self.column(*at, &scan.schema())).collect::<Result<Vec<_>>>()?;
        for (alias, expr) in asked {
            exprs.push(ProjectionExpr { expr: reassign_expr_columns(expr, &scan.schema())?, alias });
        }
        let computed = Arc::new(ProjectionExec::try_new(exprs, scan)?);
        let rest = reassign_expr_columns(rest, &computed.schema())?;
        let filtered = Arc::new(FilterExec::try_new(rest, computed)?);
        let exprs = projection.iter().map(|at| self.column(*at, &filtered.schema())).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(exprs, filtered)?))
    }

    /// A column of the scan as it is called in a plan.
    fn column(&self, at: usize, schema: &Schema) -> Result<ProjectionExpr> {
        let name = self.scan.field(at).name();
        Ok(ProjectionExpr { expr: Arc::new(PhysicalColumn::new_with_schema(name, schema)?), alias: name.clone() })
    }

    /// Files where a filtered attribute may sit in the overflow map: filter after reading.
    async fn mixed(
        &self,
        state: &dyn Session,
        files: &[Picked],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        projection: &[usize],
        strays: HashSet<String>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match predicate {
            Some(predicate) => self.filtered(state, files, None, &predicate, projection, strays).await,
            None => self.files(state, files, None, projection, None, strays).await,
        }
    }
}

/// A filter without the attributes it asks for: each is a column with a name of its own, behind those of
/// the scan.
type Asked = (Arc<dyn PhysicalExpr>, Vec<(String, Arc<dyn PhysicalExpr>)>);

fn asked_attributes(filter: &Arc<dyn PhysicalExpr>, scan: &Schema) -> Result<Asked> {
    let mut asked: Vec<(String, Arc<dyn PhysicalExpr>)> = Vec::new();
    let filter = Arc::clone(filter).transform_down(|expr| {
        if AttributeAccess::of_physical(&expr).is_none() {
            return Ok(Transformed::no(expr));
        }
        let at = asked.iter().position(|(_, known)| known.eq(&expr)).unwrap_or_else(|| {
            asked.push((format!("{ASKED}{}", asked.len()), Arc::clone(&expr)));
            asked.len() - 1
        });
        let column = PhysicalColumn::new(&asked[at].0, scan.fields().len() + at);
        Ok(Transformed::new(Arc::new(column) as Arc<dyn PhysicalExpr>, true, TreeNodeRecursion::Jump))
    })?;
    Ok((filter.data, asked))
}
