//! The way to a Kubernetes API server, for programs that act and for programs that only ask: connecting, requests with
//! an end, a Lease that one process holds at a time, replicas that are counted, and the API server's word on who is
//! calling.
//!
//! Nothing here changes a workload. The only object that is written is a Lease; reviews are questions, and store nothing.

mod connect;
mod describe;
pub mod election;
pub mod lease;
mod replicas;
pub mod request;
mod request_header;
mod reviews;

pub use connect::{Cluster, ConnectSettings, connect};
pub use describe::{describe, in_one_line};
pub use replicas::ReplicaWatch;
pub use request_header::RequestHeader;
pub use reviews::KubeReviews;

/// Reads the clock.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
