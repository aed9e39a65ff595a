//! Our own table `luneta_delete_request`: log records that somebody asked to delete.

use luneta_model::Tenant;
use uuid::Uuid;

use super::Catalog;
use crate::{DeleteRequest, StoreError, now_ms};

/// Requests that were processed are told of for so long.
const TOLD_MS: i64 = 30 * 24 * 3_600_000;

type Row = (String, String, String, i64, i64, i64, Option<i64>);

impl Catalog {
    /// Keeps a request.
    pub(crate) async fn add_request(&mut self, tenant: &Tenant, query: &str, times: [i64; 2]) -> Result<(), StoreError> {
        let now = now_ms();
        let connection = self.ready().await?;
        sqlx::query("DELETE FROM luneta_delete_request WHERE processed_ms < ?")
            .bind(now - TOLD_MS)
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO luneta_delete_request VALUES (?, ?, ?, ?, ?, ?, NULL)")
            .bind(Uuid::now_v7().simple().to_string())
            .bind(tenant.as_str())
            .bind(query)
            .bind(times[0])
            .bind(times[1])
            .bind(now)
            .execute(connection)
            .await?;
        self.done();
        Ok(())
    }

    /// Requests that wait, and those processed not long ago, in the order they were made.
    pub(crate) async fn requests(&mut self) -> Result<Vec<DeleteRequest>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT request_id, tenant, query, start_ns, end_ns, created_ms, processed_ms FROM luneta_delete_request \
             WHERE processed_ms IS NULL OR processed_ms >= ? ORDER BY created_ms, request_id",
        )
        .bind(now_ms() - TOLD_MS)
        .fetch_all(self.ready().await?)
        .await?;
        self.done();
        let request = |(id, tenant, query, start_ns, end_ns, created_ms, processed_ms): Row| {
            let tenant = Tenant::new(&tenant).map_err(|error| StoreError::CatalogContent(error.to_string()))?;
            Ok(DeleteRequest { id, tenant, query, start_ns, end_ns, created_ms, processed_ms })
        };
        rows.into_iter().map(request).collect()
    }

    /// Notes that nothing is left of what a request asks to delete.
    pub(crate) async fn processed(&mut self, id: &str) -> Result<(), StoreError> {
        let statement = "UPDATE luneta_delete_request SET processed_ms = ? WHERE request_id = ?";
        sqlx::query(statement).bind(now_ms()).bind(id).execute(self.ready().await?).await?;
        self.done();
        Ok(())
    }

    /// Forgets a request that was not processed; whether there was one.
    pub(crate) async fn cancel(&mut self, id: &str) -> Result<bool, StoreError> {
        let statement = "DELETE FROM luneta_delete_request WHERE request_id = ? AND processed_ms IS NULL";
        let cancelled = sqlx::query(statement).bind(id).execute(self.ready().await?).await?;
        self.done();
        Ok(cancelled.rows_affected() > 0)
    }
}
