//! Whether ledger and cluster could be read once.

use lag_actions::alert::{AlertScaler, LedgerStore};
use lag_core::{
    alert::AlertPolicy,
    port::{PortError, PortErrorKind},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Between two tries.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Set once, and never taken back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ready(Arc<AtomicBool>);

impl Ready {
    pub(crate) fn is_ready(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Tries until both were read.
    pub(crate) async fn find_out(
        &self,
        (ledger, scaler): (Arc<dyn LedgerStore>, Arc<dyn AlertScaler>),
        policy: &AlertPolicy,
    ) {
        let mut told = None;
        while let Err(error) = look(&*ledger, &*scaler, policy).await {
            if told.as_ref() != Some(&error.what) {
                tracing::warn!(%error, "not ready");
                told = Some(error.what);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        self.0.store(true, Relaxed);
        tracing::info!("ready: ledger and cluster were read");
    }
}

/// A workload that is not there, or may not be read, was looked for in a cluster that answers: only its own alerts fail,
/// and those of all others can be done.
async fn look(
    ledger: &dyn LedgerStore,
    scaler: &dyn AlertScaler,
    policy: &AlertPolicy,
) -> Result<(), PortError> {
    ledger.load().await?;
    let Some(first) = policy.targets.first() else {
        return Ok(());
    };
    let kind = &first.target.workload.kind;
    let read = if kind.can_scale() {
        scaler.scalable(&first.target).await.map(drop)
    } else {
        scaler.is_rolling_out(&first.target).await.map(drop)
    };
    match read {
        Err(error)
            if matches!(
                error.kind,
                PortErrorKind::NotFound | PortErrorKind::Forbidden
            ) =>
        {
            tracing::warn!(%error, "a workload of the allow-list cannot be read");
            Ok(())
        }
        read => read,
    }
}
