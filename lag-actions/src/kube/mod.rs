//! Kubernetes: connecting, restarting, scaling, events, rights.
//!
//! Requests are made by hand and sent through [`kube::Client`]: what a dry run prints is then what a run would send.
//! No request is ever repeated here. Who repeats is the next run, which knows from the state what was wanted.

mod autoscaler;
mod call;
mod event;
mod evict;
mod fault;
mod resource;
mod restart;
mod rights;
mod rollout;
mod scale;
mod scaler;
mod workload;

pub use lag_cluster::{Cluster, ConnectSettings, connect};
pub use rights::{MissingRight, Needs, StateNeeds, missing_rights};
pub use scaler::{KubeScaler, Print, ScalerSettings};
