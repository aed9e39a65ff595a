//! Our own table `luneta_file_keys`: keys in the overflow maps of files.

use std::collections::{HashMap, HashSet};

use luneta_model::{AttributeScope, AttributeType};
use sqlx::sqlite::SqliteConnection;

use crate::{MapKey, StoreError};

/// Scope, key, type letter and rows, as the table's JSON has them.
type Entry = (String, String, String, u64);

/// Writes what a new file's maps hold.
pub(super) async fn insert(connection: &mut SqliteConnection, file: i64, keys: &[MapKey]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let entries: Vec<Entry> =
        keys.iter().map(|k| (k.scope.column().to_owned(), k.key.clone(), letter(k.kind).to_owned(), k.count)).collect();
    let json = serde_json::to_string(&entries).map_err(|e| StoreError::CatalogContent(e.to_string()))?;
    sqlx::query("INSERT INTO luneta_file_keys VALUES (?, ?)").bind(file).bind(json).execute(connection).await?;
    Ok(())
}

/// Reads what the maps of these files hold.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    files: &HashSet<i64>,
) -> Result<HashMap<i64, Vec<MapKey>>, StoreError> {
    let Some(first) = files.iter().min() else { return Ok(HashMap::new()) };
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT data_file_id, keys FROM luneta_file_keys WHERE data_file_id >= ?")
        .bind(first)
        .fetch_all(connection)
        .await?;
    let known = rows.into_iter().filter(|(file, _)| files.contains(file));
    Ok(known.map(|(file, json)| (file, parse(&json))).collect())
}

fn parse(json: &str) -> Vec<MapKey> {
    let entries: Vec<Entry> = serde_json::from_str(json).unwrap_or_default();
    let key = |(scope, key, letter, count): Entry| {
        let scope = AttributeScope::ALL.into_iter().find(|s| s.column() == scope)?;
        Some(MapKey { scope, key, kind: kind(&letter), count })
    };
    entries.into_iter().filter_map(key).collect()
}

const fn letter(kind: Option<AttributeType>) -> &'static str {
    match kind {
        Some(AttributeType::Text) => "s",
        Some(AttributeType::Int) => "i",
        Some(AttributeType::Double) => "d",
        Some(AttributeType::Bool) => "b",
        None => "",
    }
}

fn kind(letter: &str) -> Option<AttributeType> {
    let kinds = [AttributeType::Text, AttributeType::Int, AttributeType::Double, AttributeType::Bool];
    kinds.into_iter().find(|kind| self::letter(Some(*kind)) == letter)
}
