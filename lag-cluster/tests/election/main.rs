//! Who leads, under a clock that the tests control.
#![allow(clippy::unwrap_used)]

mod handing_over;
mod outages;
mod world;
