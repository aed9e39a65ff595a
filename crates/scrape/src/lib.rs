//! Scraping as Prometheus does: `scrape_configs` in its own schema, targets found and relabelled,
//! asked on a clock, their samples written to the [`luneta_model::Sink`].
//!
//! [`Scraper`] is the whole of it. What decides is in functions of bytes, configuration and a
//! passed-in time: [`relabel`], [`target`], [`append`], [`series`]; sockets and clocks are in
//! [`client`], [`discovery`], [`worker`] and [`pool`].

pub mod append;
pub mod config;
pub mod relabel;
pub mod series;
pub mod target;
pub mod view;

mod client;
mod discovery;
mod error;
mod oauth2;
mod pool;
mod protocols;
mod scraper;
mod worker;

pub use config::{ConfigSource, ScrapeConfig};
pub use error::{ConfigError, ScrapeError};
pub use protocols::ScrapeProtocol;
pub use scraper::{OWN_JOB, OwnMetrics, OwnTarget, Scraper, ScraperConfig};
