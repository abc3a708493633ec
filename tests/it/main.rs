//! Tests of several crates together, and of the repository itself.
#![allow(clippy::unwrap_used)]

mod absence;
mod credentials;
mod freshness;
mod purity;
mod repository;
mod throttling;
