//! Effects that change something: where state is kept, Kubernetes, and messages to people.

pub mod kube;
pub mod notify;
pub mod state;
