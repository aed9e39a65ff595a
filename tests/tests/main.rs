//! One binary of all end-to-end tests.
