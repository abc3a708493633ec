//! A ledger that lasts as long as the process, for dry runs and tests.

use super::{LedgerStore, LedgerVersion};
use lag_core::{
    alert::Ledger,
    port::{BoxFuture, PortError, PortErrorKind},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the ledger in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryLedger(Arc<Mutex<(Arc<Ledger>, u64)>>);

impl MemoryLedger {
    /// Begins with this ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new((Arc::new(ledger), 0))))
    }

    fn now(&self) -> (Arc<Ledger>, LedgerVersion) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&kept.0), version(kept.1))
    }

    fn put(&self, ledger: &Ledger, over: &LedgerVersion) -> Result<LedgerVersion, PortError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if version(kept.1) != *over {
            let what = "the ledger in memory was changed meanwhile";
            return Err(PortError::new(PortErrorKind::Conflict, what));
        }
        *kept = (Arc::new(ledger.clone()), kept.1 + 1);
        Ok(version(kept.1))
    }
}

impl LedgerStore for MemoryLedger {
    fn load(&self) -> BoxFuture<'_, Result<(Arc<Ledger>, LedgerVersion), PortError>> {
        Box::pin(async { Ok(self.now()) })
    }

    fn save<'a>(
        &'a self,
        ledger: &'a Ledger,
        over: &'a LedgerVersion,
    ) -> BoxFuture<'a, Result<LedgerVersion, PortError>> {
        Box::pin(async { self.put(ledger, over) })
    }
}

fn version(number: u64) -> LedgerVersion {
    LedgerVersion(Some(number.to_string()))
}
