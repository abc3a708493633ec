//! How many replicas a group should have.
#![allow(clippy::unwrap_used)]

mod board;
mod drain;
mod enumeration;
mod properties;
mod steps;
mod world;
