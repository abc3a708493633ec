//! What people are told, in both languages and both markups.
#![allow(clippy::unwrap_used)]

mod digest;
mod fit;
mod names;
mod notes;
mod words;
