//! What alerts may do, against an API server: in the process where thousands of deliveries are made, over HTTP elsewhere.
#![allow(clippy::unwrap_used)]

mod api;
mod crashes;
mod faster;
mod figure;
mod repeats;
mod sim;
mod stores;
mod telling;
mod world;
