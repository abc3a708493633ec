//! What one replica tells another: nothing gets lost, nothing gets younger, nothing becomes a number.
#![allow(clippy::unwrap_used)]

mod adopting;
mod documents;
mod properties;
mod replicas;
mod world;
