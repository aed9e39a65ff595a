//! [`ScrapeError`]: what can go wrong, for the one who must act.

use luneta_receive::prometheus::exposition::ExpositionError;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The text is not YAML.
    #[error("{path} is not YAML: {reason}")]
    NotYaml {
        /// Which file.
        path: String,
        /// Where and why.
        reason: String,
    },
    /// A key or a value is wrong.
    #[error("{path}: {reason}")]
    Key {
        /// The path of the key, such as `scrape_configs[0].job_name`.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn key(path: impl Into<String>, reason: impl Into<String>) -> Self {
        ConfigError::Key { path: path.into(), reason: reason.into() }
    }
}

/// A scrape that failed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum ScrapeError {
    /// No answer in time.
    #[error("no answer within {0}")]
    Timeout(String),
    /// The connection or the request failed.
    #[error("{0}")]
    Request(String),
    /// The answer is not 200.
    #[error("the target answered with status {0}")]
    Status(String),
    /// A file with credentials cannot be read.
    #[error("cannot read {0}")]
    Credentials(String),
    /// There is no access token.
    #[error("no token by oauth2: {0}")]
    Token(String),
    /// The body is larger than `body_size_limit`, or than may be in memory.
    #[error("the body has more than {0} bytes")]
    BodyTooLarge(u64),
    /// Bodies of all targets take too much memory.
    #[error("the bodies of all targets together take more memory than allowed")]
    Memory,
    /// The format is not known.
    #[error("the target sends {0}, and no fallback_scrape_protocol is set")]
    ContentType(String),
    /// The body is broken.
    #[error(transparent)]
    Exposition(#[from] ExpositionError),
    /// A sample is not as it must be after relabelling.
    #[error("{0}")]
    Sample(String),
    /// A bound of the configuration.
    #[error("{key} of {max} exceeded: {what}")]
    Limit {
        /// The key that sets the bound.
        key: &'static str,
        /// The bound.
        max: u64,
        /// What is over it.
        what: String,
    },
}
