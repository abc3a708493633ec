//! What every kafka-lag process needs: flags, configuration, the collection loop, following another replica, logs,
//! shutdown.
//!
//! Binaries compose these; nothing here serves requests or changes a cluster.

mod accounts;
pub mod args;
pub mod attend;
mod clock;
pub mod collect;
pub mod config;
mod connect;
pub mod credentials;
pub mod follow;
pub mod log;
mod permit;
mod recommend;
pub mod reload;
pub mod shutdown;
mod source;
pub mod usage;
pub mod version;

pub use accounts::{Account, Accounts};
pub use clock::{Now, system_clock};
pub use connect::{SourceError, announce, builder, client, connect, is_local, make};
pub use permit::Permit;
pub use recommend::{Recommender, Replicas};
pub use source::{CmsSource, NAMESPACE};
