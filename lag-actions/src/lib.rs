//! Effects that change something: where state is kept, Kubernetes, and messages to people.
//!
//! [`execute`] carries out what [`lag_core::escalate::evaluate`] has worked out; the modules are its adapters.

pub mod alert;
mod execute;
pub mod kube;
pub mod notify;
pub mod state;
mod unreachable;

pub use execute::{Delivery, Hands, Report, execute, note_lost_state};
pub use unreachable::Unreachable;

/// Reads the clock.
pub type Now = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;
