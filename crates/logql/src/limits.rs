//! What a query may use. Every bound is the caller's to set.

/// Bounds of an evaluation; those beyond which Loki refuses by default are the same here.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Most entries of an answer.
    pub entries_max: usize,
    /// Most bytes of the lines and labels of an answer's entries.
    pub entry_bytes_max: usize,
    /// Most samples and counts in memory at once.
    pub samples_max: usize,
    /// Most series of an answer.
    pub series_max: usize,
    /// Most series of all parts of a query, while it is computed.
    pub inner_series_max: usize,
    /// Most points of a series.
    pub points_max: usize,
    /// Most labels that stages may add to an entry; the entry goes on without the others.
    pub labels_per_entry_max: usize,
    /// Most bytes that a template may make.
    pub template_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries_max: 5000,
            entry_bytes_max: 256 << 20,
            samples_max: 20_000_000,
            series_max: 500,
            inner_series_max: 200_000,
            points_max: 11_000,
            labels_per_entry_max: 2000,
            template_bytes_max: 1 << 20,
        }
    }
}
