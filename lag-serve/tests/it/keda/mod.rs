//! KEDA's external scaler, asked by a client generated from the same proto.

mod answers;
#[allow(unreachable_pub, clippy::pedantic)] // generated; see crate::proto
#[rustfmt::skip]
mod pb;
mod properties;
mod services;
mod streams;
mod world;
