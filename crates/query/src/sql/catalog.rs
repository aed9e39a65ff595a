//! The tables a query can name: one snapshot per table and query.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::internal_datafusion_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use luneta_model::{Signal, Table, Tenant};
use luneta_store::Store;

use super::derived::{self, Definition};
use super::{keys, parse};
use crate::error::QueryError;
use crate::scan::opened::Opened;
use crate::scan::{KnownFiles, LakeTable};

/// The schema `lake`: the tables of one tenant, as they were when the query first named them.
#[derive(Debug)]
pub struct LakeSchema {
    store: Arc<Store>,
    tenant: Tenant,
    pinned: Mutex<HashMap<Table, Arc<LakeTable>>>,
    derived: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
    opened: Arc<Opened>,
    known: Arc<KnownFiles>,
}

impl LakeSchema {
    /// The tables of `tenant`.
    pub fn new(store: Arc<Store>, tenant: Tenant, known: Arc<KnownFiles>) -> Self {
        Self { store, tenant, pinned: Mutex::default(), derived: Mutex::default(), opened: Arc::default(), known }
    }

    /// Takes a snapshot of every table a statement needs. Returns the derived tables among them, those
    /// that others are made of first.
    pub async fn pin(&self, statement: &Statement) -> Result<Vec<&'static str>, QueryError> {
        let (named, _) = resolve_table_references(statement, true)?;
        // Lists of tables and columns show all there are.
        let all = named.iter().any(|t| t.schema() == Some("information_schema"));
        for table in &named {
            self.table(table.table()).await?;
        }
        let mut wanted: HashSet<String> = named.iter().map(|t| t.table().to_owned()).collect();
        let mut derived = Vec::new();
        for (name, definition) in derived::TABLES.iter().rev().copied() {
            if all || wanted.contains(name) {
                derived.push(name);
                for source in sources(definition)? {
                    self.table(&source).await?;
                    wanted.insert(source);
                }
            }
        }
        derived.reverse();
        Ok(derived)
    }

    /// Makes derived tables from the pinned ones. `context` is over this schema.
    pub async fn derive(&self, names: &[&str], context: &SessionContext) -> Result<(), QueryError> {
        for name in names {
            let table = match derived::definition(name) {
                Some(Definition::Sql(sql)) => derived::view(context, sql).await?,
                Some(Definition::AttributeKeys) => keys::table(&self.pinned())?,
                None => continue,
            };
            self.derived.lock().unwrap_or_else(PoisonError::into_inner).insert((*name).to_owned(), table);
        }
        Ok(())
    }

    /// Takes a snapshot of tables at one moment.
    async fn take<const N: usize>(&self, tables: [Table; N]) -> Result<()> {
        let snapshots = self.store.snapshots(&self.tenant, tables).await;
        let snapshots = snapshots.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        for (table, snapshot) in tables.into_iter().zip(snapshots) {
            let (store, opened, known) = (Arc::clone(&self.store), Arc::clone(&self.opened), Arc::clone(&self.known));
            pinned.insert(table, Arc::new(LakeTable::new(table, snapshot, store, opened, known)));
        }
        Ok(())
    }

    /// A table of the lake, as it was when the query first named it.
    pub async fn lake_table(&self, wanted: Table) -> Result<Arc<LakeTable>> {
        let pinned = || self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(&wanted).map(Arc::clone);
        if pinned().is_none() {
            match wanted {
                // Calls move from one to the other.
                Table::EdgeCounts | Table::EdgeHalves => self.take([Table::EdgeCounts, Table::EdgeHalves]).await?,
                other => self.take([other]).await?,
            }
        }
        pinned().ok_or_else(|| internal_datafusion_err!("a table that was taken is there"))
    }

    /// The files the query has begun to read.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The tables the query has named.
    pub fn pinned(&self) -> Vec<Arc<LakeTable>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The tables behind a derived one.
fn sources(definition: Definition) -> Result<Vec<String>, QueryError> {
    match definition {
        Definition::Sql(sql) => {
            let (tables, _) = resolve_table_references(&parse(sql)?, true)?;
            Ok(tables.iter().map(|t| t.table().to_owned()).collect())
        }
        Definition::AttributeKeys => Ok(Signal::ALL.iter().map(|s| s.table().to_owned()).collect()),
    }
}

#[async_trait]
impl SchemaProvider for LakeSchema {
    fn table_names(&self) -> Vec<String> {
        let derived = derived::TABLES.iter().map(|(name, _)| *name);
        // `edge_metrics` is what people read of calls.
        let read = Table::ALL.iter().filter(|table| !matches!(table, Table::EdgeCounts | Table::EdgeHalves));
        read.map(|table| table.name()).chain(derived).map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(wanted) = Table::from_name(name) else {
            return Ok(self.derived.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned());
        };
        Ok(Some(self.lake_table(wanted).await?))
    }

    fn table_exist(&self, name: &str) -> bool {
        Table::from_name(name).is_some() || derived::definition(name).is_some()
    }
}

/// The catalog `luneta`, with the one schema `lake`.
#[derive(Debug)]
pub struct LakeCatalog(Arc<LakeSchema>);

impl LakeCatalog {
    /// A catalog of one schema.
    pub fn new(schema: Arc<LakeSchema>) -> Self {
        Self(schema)
    }
}

impl CatalogProvider for LakeCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec!["lake".into()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == "lake").then(|| Arc::clone(&self.0) as _)
    }
}
