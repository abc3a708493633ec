//! `external.metrics.k8s.io/v1beta1`: what an HPA reads, answered from memory.

mod auth;
pub(crate) mod status;

pub use auth::{AuthMode, Guard, InvalidAuthMode};
