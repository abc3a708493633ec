//! What a Lease says.

use super::{LeaseTimes, URL_ANNOTATION};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use std::time::Duration;

/// How the Lease was found.
pub(crate) struct Look {
    /// The object; `None` when there is none yet.
    pub(crate) lease: Option<Lease>,
}

impl Look {
    pub(crate) fn spec(&self) -> LeaseSpec {
        let spec = self.lease.as_ref().and_then(|lease| lease.spec.clone());
        spec.unwrap_or_default()
    }

    /// Where the holder says that it can be read.
    pub(crate) fn url(&self) -> Option<String> {
        let annotations = self.lease.as_ref()?.metadata.annotations.as_ref()?;
        annotations.get(URL_ANNOTATION).cloned()
    }
}

pub(crate) fn holder(spec: &LeaseSpec) -> Option<&str> {
    spec.holder_identity
        .as_deref()
        .filter(|holder| !holder.is_empty())
}

/// How long it lasts; where that is missing or senseless, as long as usual.
pub(crate) fn duration(spec: &LeaseSpec) -> Duration {
    let seconds = spec.lease_duration_seconds.filter(|seconds| *seconds > 0);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(LeaseTimes::RUN.duration, Duration::from_secs)
}
