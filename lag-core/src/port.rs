//! What the core needs from the world, as traits that adapters implement and tests fake.

use crate::{InstanceId, LagSnapshot};
use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc};

/// A boxed future, so that ports are objects without a macro crate.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What came of collecting several instances. Of one instance it is whole or failed, never a part; an instance in
/// neither list was not asked this time, and nothing changes for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// Instances that answered whole.
    pub snapshot: LagSnapshot,
    /// Instances that did not.
    pub failed: BTreeMap<InstanceId, Failure>,
}

/// Why an instance could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A short word from a closed list.
    pub kind: &'static str,
    /// What happened and what to do about it, for people; free of secrets.
    pub detail: Arc<str>,
}

/// Where lag comes from.
pub trait LagSource: fmt::Debug + Send + Sync {
    /// Asks for the current points of all instances of the source. Failures are part of the answer, because one
    /// failing instance must not hide the others.
    fn collect(&self) -> BoxFuture<'_, Collected>;
}
