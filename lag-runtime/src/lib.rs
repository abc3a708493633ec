//! What every kafka-lag process needs: flags, configuration, the collection loop, logs, shutdown.
//!
//! Binaries compose these; nothing here serves requests or changes a cluster.

pub mod args;
mod clock;
pub mod collect;
pub mod config;
mod connect;
pub mod credentials;
pub mod log;
pub mod shutdown;
mod source;
pub mod version;

pub use clock::{Now, system_clock};
pub use connect::{Account, SourceError, builder, client, connect, is_local};
pub use source::{CmsSource, NAMESPACE};
