//! Looks up texts in the token indexes of files.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::files::{BodyFilter, TokenDamage, TokenIndex};
use crate::recent::RecentFiles;
use crate::{LakeFile, Store};

/// Bytes read to learn the words of an index; large ones take a second read.
const HEAD_BYTES: u64 = 64 * 1024;
/// Bytes of words kept in memory.
const WORDS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of filters kept in memory.
const FILTERS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why it cannot be told which bodies hold a text.
#[derive(Debug, thiserror::Error)]
enum TokenIndexError {
    #[error(transparent)]
    Damaged(#[from] TokenDamage),
    #[error("the token index was made for {0} rows")]
    OtherRows(u64),
    #[error("the token index cannot be read: {0}")]
    Read(#[from] object_store::Error),
}

/// The indexes read last.
#[derive(Debug)]
pub(crate) struct TokenIndexes {
    words: RecentFiles<TokenIndex>,
    filters: RecentFiles<Bytes>,
}

impl Default for TokenIndexes {
    fn default() -> Self {
        Self { words: RecentFiles::new(WORDS_BYTES_MAX), filters: RecentFiles::new(FILTERS_BYTES_MAX) }
    }
}

impl TokenIndexes {
    async fn find(
        &self,
        store: &dyn ObjectStore,
        file: &LakeFile,
        filter: &BodyFilter,
    ) -> Result<Option<Vec<Range<u64>>>, TokenIndexError> {
        let Some(place) = &file.token_index else { return Ok(None) };
        let path = Path::from(file.path.as_str());
        let words = if let Some(words) = self.words.get(file.data_file_id) {
            words
        } else {
            let words = read_words(store, &path, place).await?;
            let bytes = words.memory_bytes();
            self.words.insert(file.data_file_id, words, bytes)
        };
        if words.rows != file.rows {
            return Err(TokenIndexError::OtherRows(words.rows));
        }
        if !words.needs_filters(filter) {
            return Ok(Some(words.find(filter, &[])));
        }
        let filters = self.filters(store, file.data_file_id, &path, place, &words).await?;
        Ok(Some(words.find(filter, &filters)))
    }

    async fn filters(
        &self,
        store: &dyn ObjectStore,
        file: i64,
        path: &Path,
        place: &Range<u64>,
        words: &TokenIndex,
    ) -> Result<Arc<Bytes>, TokenIndexError> {
        if let Some(filters) = self.filters.get(file) {
            return Ok(filters);
        }
        let inside = words.filters();
        let filters = store.get_range(path, place.start + inside.start..place.start + inside.end).await?;
        words.check_filters(&filters)?;
        let bytes = filters.len();
        Ok(self.filters.insert(file, filters, bytes))
    }
}

async fn read_words(store: &dyn ObjectStore, path: &Path, place: &Range<u64>) -> Result<TokenIndex, TokenIndexError> {
    let length = place.end.saturating_sub(place.start);
    let read = async |bytes: u64| store.get_range(path, place.start..place.start + bytes).await;
    let mut head = read(length.min(HEAD_BYTES)).await?;
    let size = TokenIndex::head_bytes(&head)? as u64;
    if size > HEAD_BYTES && size <= length {
        head = read(size).await?;
    }
    Ok(TokenIndex::decode(&head, length)?)
}

impl Store {
    /// The rows of a file of logs whose bodies may pass a filter, in order; no other row does. `None` when the file
    /// has no index that could tell.
    pub async fn find_bodies(&self, file: &LakeFile, filter: &BodyFilter) -> Option<Vec<Range<u64>>> {
        let found = self.tokens.find(self.object_store().as_ref(), file, filter).await;
        found.unwrap_or_else(|error| {
            tracing::warn!("{}: {error}: it is read without", file.path);
            None
        })
    }
}
