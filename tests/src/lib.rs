//! Starts the real binary and talks to it: the ground that the tests in `tests/` stand on.
//!
//! Nothing here depends on other crates of the project: what these tests believe about the server
//! they learned from its documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and ends")]

pub mod clients;
pub mod expect;
pub mod full;
pub mod golden;
pub mod random;
pub mod send;
pub mod server;
pub mod thrift;
pub mod wait;

pub use random::Random;
pub use server::{Options, Reply, Server, binary};
pub use wait::{until, until_some};
