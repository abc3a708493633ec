//! What triggers of KEDA ask for, and what they are told.
#![allow(clippy::unwrap_used)]

mod answers;
mod parse;
mod sustain;
mod world;
