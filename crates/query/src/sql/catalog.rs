//! The tables a query can name: one snapshot per table and query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use luneta_model::{Signal, Tenant};
use luneta_store::Store;

use crate::scan::LakeTable;

/// The schema `lake`: the tables of one tenant, as they were when the query first named them.
#[derive(Debug)]
pub struct LakeSchema {
    store: Arc<Store>,
    tenant: Tenant,
    pinned: Mutex<HashMap<Signal, Arc<LakeTable>>>,
}

impl LakeSchema {
    /// The tables of `tenant`.
    pub fn new(store: Arc<Store>, tenant: Tenant) -> Self {
        Self { store, tenant, pinned: Mutex::default() }
    }

    /// Takes a snapshot of every table a statement names.
    pub async fn pin(&self, statement: &Statement) -> Result<()> {
        let (tables, _) = resolve_table_references(statement, true)?;
        for table in tables {
            self.table(table.table()).await?;
        }
        Ok(())
    }

    /// The tables the query has named.
    pub fn pinned(&self) -> Vec<Arc<LakeTable>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

#[async_trait]
impl SchemaProvider for LakeSchema {
    fn table_names(&self) -> Vec<String> {
        Signal::ALL.iter().map(|s| s.table().to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(signal) = Signal::from_table(name) else { return Ok(None) };
        if let Some(table) = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(&signal) {
            return Ok(Some(Arc::clone(table) as _));
        }
        let snapshot = self.store.snapshot(&self.tenant, signal).await.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let table = Arc::new(LakeTable::new(signal, snapshot, Arc::clone(&self.store)));
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).insert(signal, Arc::clone(&table));
        Ok(Some(table as _))
    }

    fn table_exist(&self, name: &str) -> bool {
        Signal::from_table(name).is_some()
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
