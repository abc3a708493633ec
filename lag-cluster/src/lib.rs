//! The way to a Kubernetes API server, for programs that act and for programs that only ask: connecting, requests with
//! an end, a Lease that one process holds at a time, and replicas that are counted.
//!
//! Nothing here changes a workload. The only object that is written is a Lease.

mod connect;
mod describe;
pub mod lease;
mod replicas;
pub mod request;

pub use connect::{Cluster, ConnectSettings, connect};
pub use describe::{describe, in_one_line};
pub use replicas::ReplicaWatch;

/// Reads the clock.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
