//! Tests of several crates together, and of the repository itself.
#![allow(clippy::unwrap_used)]

mod absence;
mod credentials;
mod freshness;
mod pages;
mod purity;
mod reference;
mod repository;
mod throttling;
mod tree;
