//! The state of a running simulator, shared by its connections and its handle.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    access::Access, config::KubeSimConfig, errors::KubeSimError, faults::FaultBook,
    journal::Journal, world::World,
};

/// Everything a request may look at, behind one lock, which is never held across an `.await`.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) access: Access,
    pub(crate) faults: FaultBook,
    pub(crate) journal: Journal,
}

#[derive(Debug)]
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn new(config: KubeSimConfig) -> Result<Self, KubeSimError> {
        let mut state = State {
            access: config.access,
            faults: FaultBook::new(config.faults),
            ..State::default()
        };
        for object in config.objects {
            let stored = state.world.put(object);
            stored.map_err(|refusal| KubeSimError::Object(refusal.message))?;
        }
        Ok(Self(Mutex::new(state)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
