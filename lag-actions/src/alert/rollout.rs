//! Whether a rollout is going on: then nothing is scaled.

use crate::kube::KubeScaler;
use lag_core::{
    Target,
    port::{BoxFuture, PortError, Scaler},
};

/// Changes workloads, and sees whether one is being rolled out.
pub trait AlertScaler: Scaler {
    /// Whether a rollout is going on. Of a kind that does not tell, none is.
    fn is_rolling_out<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<bool, PortError>>;
}

impl AlertScaler for KubeScaler {
    fn is_rolling_out<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<bool, PortError>> {
        Box::pin(self.look_for_rollout(target))
    }
}
