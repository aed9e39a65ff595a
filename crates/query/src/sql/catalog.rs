//! The tables a query can name: one snapshot per table and query.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::resolve::resolve_table_references;
use luneta_model::{Signal, Tenant};
use luneta_store::Store;

use super::derived::{self, Definition};
use super::{keys, parse};
use crate::error::QueryError;
use crate::scan::LakeTable;
use crate::scan::opened::Opened;

/// The schema `lake`: the tables of one tenant, as they were when the query first named them.
#[derive(Debug)]
pub struct LakeSchema {
    store: Arc<Store>,
    tenant: Tenant,
    pinned: Mutex<HashMap<Signal, Arc<LakeTable>>>,
    derived: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
    opened: Arc<Opened>,
}

impl LakeSchema {
    /// The tables of `tenant`.
    pub fn new(store: Arc<Store>, tenant: Tenant) -> Self {
        Self { store, tenant, pinned: Mutex::default(), derived: Mutex::default(), opened: Arc::default() }
    }

    /// Takes a snapshot of every table a statement needs. Returns the derived tables it names.
    pub async fn pin(&self, statement: &Statement) -> Result<Vec<&'static str>, QueryError> {
        let (named, _) = resolve_table_references(statement, true)?;
        // Lists of tables and columns show all there are.
        let all = named.iter().any(|t| t.schema() == Some("information_schema"));
        for table in &named {
            self.table(table.table()).await?;
        }
        let wanted = |name: &str| all || named.iter().any(|t| t.table() == name);
        let derived: Vec<_> = derived::TABLES.iter().filter(|(name, _)| wanted(name)).collect();
        for (_, definition) in &derived {
            for name in sources(*definition)? {
                self.table(&name).await?;
            }
        }
        Ok(derived.into_iter().map(|(name, _)| *name).collect())
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
        Signal::ALL.iter().map(|s| s.table()).chain(derived).map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(signal) = Signal::from_table(name) else {
            return Ok(self.derived.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned());
        };
        if let Some(table) = self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(&signal) {
            return Ok(Some(Arc::clone(table) as _));
        }
        let snapshot = self.store.snapshot(&self.tenant, signal).await.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let table = Arc::new(LakeTable::new(signal, snapshot, Arc::clone(&self.store), Arc::clone(&self.opened)));
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).insert(signal, Arc::clone(&table));
        Ok(Some(table as _))
    }

    fn table_exist(&self, name: &str) -> bool {
        Signal::from_table(name).is_some() || derived::definition(name).is_some()
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
