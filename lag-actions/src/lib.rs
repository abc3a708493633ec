//! Effects that change something: where state is kept, Kubernetes, and messages to people.
//!
//! [`execute`] carries out what [`lag_core::escalate::evaluate`] has worked out; the modules are its adapters.

mod execute;
pub mod kube;
pub mod notify;
pub mod state;

pub use execute::{Delivery, Hands, Now, Report, Unreachable, execute, note_lost_state};
