//! The ledger in a file, for one process.
//!
//! The calls of this module block, and it calls them directly: they are few and small, and a detour over a thread pool could be
//! cut between two of them.

use super::{LedgerStore, LedgerVersion};
use crate::state::{
    disk,
    place::{Kind, Lock},
};
use lag_core::{
    alert::Ledger,
    port::{BoxFuture, PortError, PortErrorKind},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

const LEDGER: Kind = Kind {
    noun: "ledger file",
    setting: "ledger.file",
};

/// Keeps the ledger in a file for its owner only, locked through an empty file beside it (`<path>.lock`) for as long as this
/// lives: a second process is refused. Replaced whole, and durable, with each save.
pub struct FileLedger {
    path: PathBuf,
    lock: Lock,
    kept: Mutex<(Arc<Ledger>, u64)>,
}

impl FileLedger {
    /// Takes the lock and reads; a file that is not there is an empty ledger.
    ///
    /// # Errors
    /// [`PortErrorKind::Busy`] when another process has it, [`PortErrorKind::Invalid`] when the text is no ledger.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, PortError> {
        let path = disk::behind_links(path.as_ref());
        LEDGER.check_place(&path)?;
        let lock = Lock::take(LEDGER, disk::with_end(&path, ".lock"))?;
        disk::sweep(&path);
        let ledger = match LEDGER.read(&path)? {
            None => Ledger::default(),
            Some(text) => Ledger::from_json(&text).map_err(|error| {
                let what = format!("{}: {error}", LEDGER.place(&path));
                PortError::new(PortErrorKind::Invalid, what)
            })?,
        };
        Ok(Self {
            path,
            lock,
            kept: Mutex::new((Arc::new(ledger), 0)),
        })
    }

    fn read(&self) -> Result<(Arc<Ledger>, LedgerVersion), PortError> {
        self.lock.check()?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((Arc::clone(&kept.0), version(kept.1)))
    }

    fn write(&self, ledger: &Ledger, over: &LedgerVersion) -> Result<LedgerVersion, PortError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if version(kept.1) != *over {
            let what = format!("{} was saved meanwhile", LEDGER.place(&self.path));
            return Err(PortError::new(PortErrorKind::Conflict, what));
        }
        self.lock.check()?;
        let text = ledger.to_json();
        disk::replace(&self.path, text.as_bytes())
            .map_err(|error| LEDGER.failed("write", &self.path, &error))?;
        *kept = (Arc::new(ledger.clone()), kept.1 + 1);
        Ok(version(kept.1))
    }
}

impl fmt::Debug for FileLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLedger")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl LedgerStore for FileLedger {
    fn load(&self) -> BoxFuture<'_, Result<(Arc<Ledger>, LedgerVersion), PortError>> {
        Box::pin(async { self.read() })
    }

    fn save<'a>(
        &'a self,
        ledger: &'a Ledger,
        over: &'a LedgerVersion,
    ) -> BoxFuture<'a, Result<LedgerVersion, PortError>> {
        Box::pin(async { self.write(ledger, over) })
    }
}

/// Counted from the start: nobody else writes while the lock is held.
fn version(number: u64) -> LedgerVersion {
    LedgerVersion(Some(number.to_string()))
}
