//! The catalog: which files make up the lake. DuckLake 1.0 tables in SQLite.
//!
//! Whatever is committed here is the truth; a file that no row names does not exist. Every commit
//! is one transaction that adds a snapshot (`commit`). [`Lake`] (`image`) is the newest snapshot in
//! memory. Other programs may commit too: each transaction of ours, and each reader, first looks
//! whether the snapshot moved.

mod commit;
mod ddl;
mod image;
mod keys;
mod names;
mod requests;
mod text;
mod upkeep;
mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

pub(crate) use commit::{AddFile, Change, FileColumn, Kind};
pub(crate) use image::{Lake, LakeTable};
pub(crate) use upkeep::Doomed;

use crate::StoreError;

/// The writing connection and the newest snapshot it knows.
#[derive(Debug)]
pub(crate) struct Catalog {
    path: PathBuf,
    connection: SqliteConnection,
    /// Set while a transaction runs. When it is still set afterwards, the transaction failed or its
    /// caller went away, and nobody knows in what state the connection is.
    suspect: bool,
    lake: Arc<Lake>,
}

impl Catalog {
    /// Opens the catalog, or makes it. `data_path` is the folder of the files.
    pub(crate) async fn open(path: &Path, data_path: &Path) -> Result<Self, StoreError> {
        let mut connection = options(path).create_if_missing(true).connect().await?;
        create(&mut connection, data_path).await?;
        let lake = image::load(&mut connection, None).await?;
        Ok(Self { path: path.to_owned(), connection, suspect: false, lake: Arc::new(lake) })
    }

    /// A connection fit for a transaction; [`Catalog::done`] says that it went well.
    async fn ready(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.suspect {
            self.connection = options(&self.path).connect().await?;
        }
        self.suspect = true;
        Ok(&mut self.connection)
    }

    /// The transaction ended well.
    fn done(&mut self) {
        self.suspect = false;
    }

    /// The newest snapshot known.
    pub(crate) fn lake(&self) -> Arc<Lake> {
        self.lake.clone()
    }

    /// Looks for commits of others; returns the newest snapshot.
    pub(crate) async fn refresh(&mut self) -> Result<Arc<Lake>, StoreError> {
        let known = self.lake.clone();
        let mut tx = self.ready().await?.begin().await?;
        let moved = image::newest_snapshot(&mut tx).await? != known.snapshot_id;
        let newest = if moved { Arc::new(image::load(&mut tx, Some(&known)).await?) } else { known };
        tx.rollback().await?;
        self.done();
        self.lake = newest;
        Ok(self.lake.clone())
    }

    /// The last log segment whose rows are in the lake.
    pub(crate) async fn log_position(&mut self) -> Result<u64, StoreError> {
        let position = log_position(self.ready().await?).await?;
        self.done();
        Ok(position)
    }
}

/// A connection that only looks whether the snapshot moved, and waits for no commit.
#[derive(Debug)]
pub(crate) struct Watch(SqliteConnection);

impl Watch {
    /// Opens a second connection to an existing catalog.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(options(path).connect().await?))
    }

    /// The newest snapshot.
    pub(crate) async fn newest_snapshot(&mut self) -> Result<i64, StoreError> {
        image::newest_snapshot(&mut self.0).await
    }
}

async fn log_position(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let (position,): (i64,) = sqlx::query_as("SELECT position FROM luneta_log WHERE id = 1").fetch_one(connection).await?;
    Ok(position as u64)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(Duration::from_secs(10))
        .disable_statement_logging()
}

async fn create(connection: &mut SqliteConnection, data_path: &Path) -> Result<(), StoreError> {
    let data_path = format!("{}/", data_path.display());
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let exists: Option<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'ducklake_snapshot'")
            .fetch_optional(&mut *tx)
            .await?;
    sqlx::query(ddl::FILE_KEYS).execute(&mut *tx).await?;
    sqlx::query(ddl::DELETE_REQUESTS).execute(&mut *tx).await?;
    if exists.is_some() {
        let version: Option<(String,)> =
            sqlx::query_as("SELECT value FROM ducklake_metadata WHERE key = 'version'").fetch_optional(&mut *tx).await?;
        if version.as_ref().is_none_or(|(v,)| v != "1.0") {
            return Err(StoreError::CatalogContent(format!("DuckLake version {version:?} is not 1.0")));
        }
        for (table, column, statement) in ddl::LATER_COLUMNS {
            let found: Option<(i64,)> = sqlx::query_as("SELECT 1 FROM pragma_table_info(?) WHERE name = ?")
                .bind(table)
                .bind(column)
                .fetch_optional(&mut *tx)
                .await?;
            if found.is_none() {
                sqlx::query(*statement).execute(&mut *tx).await?;
            }
        }
        // The data folder may have been moved; its files are found relative to it.
        sqlx::query("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path' AND value <> ?")
            .bind(&data_path)
            .bind(&data_path)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        return Ok(());
    }
    for statement in ddl::STATEMENTS {
        sqlx::query(*statement).execute(&mut *tx).await?;
    }
    sqlx::query("INSERT INTO ducklake_metadata VALUES ('data_path', ?, NULL, NULL)").bind(&data_path).execute(&mut *tx).await?;
    sqlx::query("INSERT INTO ducklake_snapshot VALUES (0, ?, 0, 1, 0)")
        .bind(text::write_snapshot_time(crate::now_ms()))
        .execute(&mut *tx)
        .await?;
    sqlx::query("INSERT INTO ducklake_schema VALUES (0, ?, 0, NULL, 'main', 'main/', 1)")
        .bind(uuid::Uuid::now_v7().to_string())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
