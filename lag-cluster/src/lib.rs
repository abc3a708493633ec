//! The way to a Kubernetes API server, for programs that act and for programs that only ask: connecting, requests with
//! an end, and a Lease that one process holds at a time.
//!
//! Nothing here changes a workload. The only object that is written is a Lease.

mod connect;
mod describe;
pub mod election;
pub mod lease;
pub mod request;

pub use connect::{Cluster, ConnectSettings, connect};
pub use describe::{describe, in_one_line};

/// Reads the clock.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
