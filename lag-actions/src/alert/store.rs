//! Where the ledger is kept.

use lag_core::{
    alert::Ledger,
    port::{BoxFuture, PortError},
};
use std::{fmt, sync::Arc};

/// Which text of the ledger it was. Only the store that gave it out can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerVersion(pub(super) Option<String>);

impl LedgerVersion {
    /// There is no ledger yet.
    pub(super) const NONE: Self = Self(None);
}

impl fmt::Display for LedgerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("none"))
    }
}

/// Keeps a ledger, whole, with a version. Loading one that is not there gives an empty one.
pub trait LedgerStore: fmt::Debug + Send + Sync {
    /// The ledger as it is now, never an older one.
    ///
    /// [`PortErrorKind::Invalid`](lag_core::port::PortErrorKind::Invalid) when it cannot be read: nothing may be changed then.
    fn load(&self) -> BoxFuture<'_, Result<(Arc<Ledger>, LedgerVersion), PortError>>;

    /// Saves over this version, whole and durable, or fails with
    /// [`PortErrorKind::Conflict`](lag_core::port::PortErrorKind::Conflict) when it is not the version that is there. After any other failure
    /// nobody knows which one is there.
    fn save<'a>(
        &'a self,
        ledger: &'a Ledger,
        over: &'a LedgerVersion,
    ) -> BoxFuture<'a, Result<LedgerVersion, PortError>>;
}
