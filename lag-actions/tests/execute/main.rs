//! What turns plans into calls: in which order, what a failure stops, and what a crash leaves behind.
#![allow(clippy::unwrap_used, missing_docs)]

mod audit;
mod conflicts;
mod crashes;
mod deliveries;
mod events;
mod order;
mod ports;
mod world;
