//! What readers no longer need: old snapshots, ended files, files to delete.

use std::collections::HashSet;

use sqlx::Connection;

use super::{Catalog, text};
use crate::{StoreError, now_ms};

/// A file that may be deleted from disk.
#[derive(Debug)]
pub(crate) struct Doomed {
    pub(crate) data_file_id: i64,
    /// Relative to the data path.
    pub(crate) path: String,
}

impl Catalog {
    /// Expires snapshots that stopped being the newest more than `keep_ms` ago and schedules the
    /// files that only they need.
    pub(crate) async fn expire(&mut self, keep_ms: i64) -> Result<(), StoreError> {
        let mut tx = self.ready().await?.begin_with("BEGIN IMMEDIATE").await?;
        let snapshots: Vec<(i64, String)> =
            sqlx::query_as("SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id")
                .fetch_all(&mut *tx)
                .await?;
        let limit = now_ms() - keep_ms;
        let oldest_kept = snapshots
            .windows(2)
            .find(|pair| text::read_snapshot_time(&pair[1].1).is_none_or(|end| end >= limit))
            .or(snapshots.windows(2).last().map(|_| &snapshots[snapshots.len() - 1..]))
            .map(|kept| kept[0].0);
        let Some(oldest_kept) = oldest_kept.filter(|id| snapshots.first().is_some_and(|first| first.0 < *id)) else {
            tx.rollback().await?;
            self.done();
            return Ok(());
        };
        for statement in [
            "DELETE FROM ducklake_snapshot WHERE snapshot_id < ?1",
            "DELETE FROM ducklake_snapshot_changes WHERE snapshot_id < ?1",
            "INSERT INTO ducklake_files_scheduled_for_deletion \
             SELECT f.data_file_id, s.path || t.path || f.path, 1, ?2 FROM ducklake_data_file f \
             JOIN ducklake_table t ON t.table_id = f.table_id JOIN ducklake_schema s ON s.schema_id = t.schema_id \
             WHERE f.end_snapshot <= ?1 AND f.path_is_relative = 1",
            "INSERT INTO ducklake_files_scheduled_for_deletion \
             SELECT f.delete_file_id, s.path || t.path || f.path, 1, ?2 FROM ducklake_delete_file f \
             JOIN ducklake_table t ON t.table_id = f.table_id JOIN ducklake_schema s ON s.schema_id = t.schema_id \
             WHERE f.path_is_relative = 1 AND (f.end_snapshot <= ?1 OR f.data_file_id IN \
             (SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot <= ?1))",
            "DELETE FROM ducklake_file_column_stats WHERE data_file_id IN \
             (SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot <= ?1)",
            "DELETE FROM luneta_file WHERE data_file_id NOT IN \
             (SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot IS NULL OR end_snapshot > ?1)",
            "DELETE FROM luneta_file_keys WHERE data_file_id NOT IN \
             (SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot IS NULL OR end_snapshot > ?1)",
            // DuckDB ends a file without its delete file when no row is left.
            "DELETE FROM ducklake_delete_file WHERE end_snapshot <= ?1 OR data_file_id IN \
             (SELECT data_file_id FROM ducklake_data_file WHERE end_snapshot <= ?1)",
            "DELETE FROM ducklake_data_file WHERE end_snapshot <= ?1",
            "DELETE FROM ducklake_view WHERE end_snapshot <= ?1",
        ] {
            let query = sqlx::query(statement).bind(oldest_kept);
            let query = if statement.contains("?2") { query.bind(text::write_snapshot_time(limit)) } else { query };
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.done();
        Ok(())
    }

    /// Files scheduled for deletion at least `keep_ms` ago.
    pub(crate) async fn doomed(&mut self, keep_ms: i64) -> Result<Vec<Doomed>, StoreError> {
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT data_file_id, path, schedule_start FROM ducklake_files_scheduled_for_deletion WHERE path_is_relative = 1",
        )
        .fetch_all(self.ready().await?)
        .await?;
        self.done();
        let limit = now_ms() - keep_ms;
        let due = |start: &str| text::read_snapshot_time(start).is_some_and(|start| start <= limit);
        Ok(rows.into_iter().filter(|r| due(&r.2)).map(|(data_file_id, path, _)| Doomed { data_file_id, path }).collect())
    }

    /// Forgets files that were deleted from disk.
    pub(crate) async fn deleted(&mut self, files: &[Doomed]) -> Result<(), StoreError> {
        let mut tx = self.ready().await?.begin_with("BEGIN IMMEDIATE").await?;
        for file in files {
            sqlx::query("DELETE FROM ducklake_files_scheduled_for_deletion WHERE data_file_id = ? AND path = ?")
                .bind(file.data_file_id)
                .bind(&file.path)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        self.done();
        Ok(())
    }

    /// Paths, relative to the data path, of all files the catalog knows: live, ended or scheduled.
    pub(crate) async fn known_paths(&mut self) -> Result<HashSet<String>, StoreError> {
        let rows: Vec<(String,)> = sqlx::query_as(
            "SELECT s.path || t.path || f.path FROM ducklake_data_file f \
             JOIN ducklake_table t ON t.table_id = f.table_id JOIN ducklake_schema s ON s.schema_id = t.schema_id \
             UNION ALL \
             SELECT path FROM ducklake_files_scheduled_for_deletion",
        )
        .fetch_all(self.ready().await?)
        .await?;
        self.done();
        Ok(rows.into_iter().map(|(path,)| path).collect())
    }
}
