//! What the core needs from the world, as traits that adapters implement and tests fake.

use crate::{
    Effect, InstanceId, LagSnapshot, Note, Target, User,
    escalate::{CheckState, ScaleSubject},
};
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

/// Why a configuration was not loaded again. The one before still holds, whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct ReloadError {
    /// Whether the configuration is to blame, and not the world around it.
    pub is_mistake: bool,
    /// What is wrong and what would work, for people; free of secrets.
    pub words: String,
}

/// Loads the configuration again when asked.
pub trait Reload: fmt::Debug + Send + Sync {
    /// What came of it, in words. Several that ask at the same time may get the answer of one load that began after all of
    /// them had asked.
    fn reload(&self) -> BoxFuture<'_, Result<String, ReloadError>>;
}

/// Why an adapter could not do something, as a closed kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortErrorKind {
    /// It does not exist.
    NotFound,
    /// We may not.
    Forbidden,
    /// Somebody else was faster.
    Conflict,
    /// Another run holds the lock or the lease.
    Busy,
    /// Not now: network, time-out, server error.
    Unavailable,
    /// Slower, please.
    RateLimited,
    /// It will never work like this.
    Invalid,
}

impl PortErrorKind {
    /// The kind as a word, for labels and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Conflict => "conflict",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Invalid => "invalid",
        }
    }
}

/// An adapter's failure: what was being done, what went wrong, what to do; free of secrets, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PortError {
    /// What an operator can branch on.
    pub kind: PortErrorKind,
    /// For people.
    pub what: String,
}

impl PortError {
    /// A failure of this kind.
    pub fn new(kind: PortErrorKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
        }
    }
}

/// Where state is kept.
pub trait StateStore: fmt::Debug + Send + Sync {
    /// Takes the lock and reads. [`PortErrorKind::Busy`] when another run has it.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn StateSession>, PortError>>;

    /// Reads without lock and without changing anything; a store that does not exist yet is an empty state.
    fn peek(&self) -> BoxFuture<'_, Result<CheckState, PortError>>;
}

/// What reading the state has brought up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateNotice {
    /// It could not be read; it lies there now, and the run starts with none. Nothing may be changed in this run.
    Lost {
        /// Where the unreadable one lies.
        moved_to: String,
        /// What was wrong with it.
        reason: String,
    },
    /// The first post's file was taken over.
    Imported {
        /// How many groups.
        groups: usize,
    },
}

/// State, locked until this is closed or dropped.
pub trait StateSession: fmt::Debug + Send {
    /// As read, or as last saved.
    fn state(&self) -> &CheckState;
    /// What reading has brought up.
    fn notice(&self) -> Option<&StateNotice>;
    /// Whether the lock is still ours: asked before every change of the world.
    fn still_ours(&mut self) -> BoxFuture<'_, Result<(), PortError>>;
    /// Saves whole or not at all; durable when it returns.
    fn save<'a>(&'a mut self, state: &'a CheckState) -> BoxFuture<'a, Result<(), PortError>>;
    /// Gives the lock up.
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>>;
}

/// A workload's number, as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalable {
    /// Whose number would be changed.
    pub subject: ScaleSubject,
    /// Replicas the workload has now (`spec.replicas`).
    pub replicas: u32,
    /// The subject's own number now: replicas, or the autoscaler's minimum.
    pub at: u32,
    /// The autoscaler's maximum, if it is the subject.
    pub most: Option<u32>,
    /// Who owns the number and must not be fought, for example `HorizontalPodAutoscaler/cust`.
    pub owner: Option<String>,
    /// Version of the object that was read: a write with an older one is a conflict.
    pub version: String,
}

/// Changes workloads. Every write is bounded and safe to send twice.
pub trait Scaler: fmt::Debug + Send + Sync {
    /// Restarts. `mark` is the same for every try of one restart: the same mark twice restarts once.
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>>;

    /// Reads whose number would be changed, and how it stands.
    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>>;

    /// Writes `to` if the object is still the one that was found; [`PortErrorKind::Conflict`] otherwise.
    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>>;

    /// Leaves a trace at the workload (a Kubernetes Event). Best effort: its failure stops nothing.
    fn record<'a>(
        &'a self,
        target: &'a Target,
        reason: &'a str,
        note: &'a str,
        is_warning: bool,
    ) -> BoxFuture<'a, Result<(), PortError>>;
}

/// Tells people.
pub trait Notifier: fmt::Debug + Send + Sync {
    /// Its name in configuration, state and logs; unique, no secret.
    fn name(&self) -> &str;

    /// Sends one digest. `Ok` only when the service says that it has it.
    fn notify<'a>(
        &'a self,
        notes: &'a [&'a Note],
        dropped: u64,
    ) -> BoxFuture<'a, Result<(), PortError>>;
}

/// What somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Access {
    /// The values of a metric in a namespace: verb `list` of a resource of `external.metrics.k8s.io/v1beta1`.
    Metric {
        /// The namespace of the path.
        namespace: String,
        /// The name of the metric, which is the resource.
        metric: String,
    },
    /// Anything else, by its path: verb `get` of no resource.
    Path(String),
}

/// The API server's answer to "may they?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// They may.
    pub allowed: bool,
    /// Why, if it says so; empty otherwise.
    pub reason: String,
}

/// Asks the API server who somebody is and what they may do.
pub trait Reviews: fmt::Debug + Send + Sync {
    /// Whose token this is; `None` when it is nobody's.
    fn authenticate<'a>(&'a self, token: &'a str)
    -> BoxFuture<'a, Result<Option<User>, PortError>>;

    /// Whether this user may see it.
    fn authorize<'a>(
        &'a self,
        user: &'a User,
        what: &'a Access,
    ) -> BoxFuture<'a, Result<Verdict, PortError>>;
}
