//! The staged reaction: every rule of the design and every reason to wait, as tests of `evaluate` and `settle`.
#![allow(clippy::unwrap_used)]

mod ending;
mod holds;
mod opinion;
mod properties;
mod retries;
mod rules;
mod scale;
mod workloads;
mod world;
