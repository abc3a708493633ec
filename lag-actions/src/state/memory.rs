//! State that lives as long as the process: for dry runs and tests.

use lag_core::{
    escalate::CheckState,
    port::{BoxFuture, PortError, PortErrorKind, StateNotice, StateSession, StateStore},
};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Keeps state in memory, with the same lock as the other stores.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    saved: Arc<RwLock<CheckState>>,
    lock: Arc<Mutex<()>>,
}

impl MemoryState {
    /// Begins with this state, for example one that was peeked elsewhere.
    #[must_use]
    pub fn new(state: CheckState) -> Self {
        Self {
            saved: Arc::new(RwLock::new(state)),
            lock: Arc::default(),
        }
    }

    fn read(&self) -> CheckState {
        let saved = self.saved.read().unwrap_or_else(PoisonError::into_inner);
        saved.clone()
    }
}

impl StateStore for MemoryState {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn StateSession>, PortError>> {
        let session = self.lock.clone().try_lock_owned().map(|lock| Session {
            state: self.read(),
            saved: self.saved.clone(),
            _lock: lock,
        });
        Box::pin(async {
            let session = session.map_err(|_| {
                PortError::new(PortErrorKind::Busy, "already running (state in memory)")
            })?;
            Ok(Box::new(session) as Box<dyn StateSession>)
        })
    }

    fn peek(&self) -> BoxFuture<'_, Result<CheckState, PortError>> {
        Box::pin(async { Ok(self.read()) })
    }
}

#[derive(Debug)]
struct Session {
    state: CheckState,
    saved: Arc<RwLock<CheckState>>,
    _lock: OwnedMutexGuard<()>,
}

impl StateSession for Session {
    fn state(&self) -> &CheckState {
        &self.state
    }

    fn notice(&self) -> Option<&StateNotice> {
        None
    }

    fn still_ours(&mut self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }

    fn save<'a>(&'a mut self, state: &'a CheckState) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.state = state.clone();
            *self.saved.write().unwrap_or_else(PoisonError::into_inner) = state.clone();
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}
