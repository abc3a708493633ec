//! The ports, played: every call goes into one journal, and a script says how it ends.

use lag_core::{
    Effect, Note, Target,
    escalate::{CheckState, ScaleSubject},
    port::{
        BoxFuture, Notifier, PortError, PortErrorKind, Scalable, Scaler, StateNotice, StateSession,
    },
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

/// A call of a port.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    /// Whether the lock is still ours.
    Lock,
    Save(Box<CheckState>),
    Restart {
        workload: String,
        mark: String,
    },
    Read {
        workload: String,
    },
    Scale {
        workload: String,
        to: u32,
    },
    Tell {
        who: String,
        notes: Vec<Note>,
        dropped: u64,
    },
    Event {
        reason: String,
        note: String,
        is_warning: bool,
    },
}

impl Call {
    /// The call in a word or two.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Lock => "lock".to_owned(),
            Self::Save(_) => "save".to_owned(),
            Self::Restart { workload, .. } => format!("restart {workload}"),
            Self::Read { workload } => format!("read {workload}"),
            Self::Scale { workload, to } => format!("scale {workload} to {to}"),
            Self::Tell { who, .. } => format!("tell {who}"),
            Self::Event { .. } => "event".to_owned(),
        }
    }
}

/// How a call ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// As it should.
    Well,
    /// Refused, nothing done.
    Fails(PortErrorKind),
    /// Carried out, but the answer is an error.
    FailsAfter(PortErrorKind),
    /// Nothing done, and no answer ever.
    Hangs,
    /// Carried out, and no answer ever.
    HangsAfter,
}

/// Not now.
pub(crate) const DOWN: End = End::Fails(PortErrorKind::Unavailable);

/// Says how each call ends; it may have somebody else change the cluster first.
pub(crate) type Script = Box<dyn FnMut(&Call, &mut Cluster) -> End + Send>;

/// A workload's number, version and restarts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    pub(crate) replicas: u32,
    pub(crate) version: u32,
    pub(crate) restarts: Vec<String>,
}

/// Workloads by name, as the API server has them.
pub(crate) type Cluster = BTreeMap<String, Deployment>;

/// What outlives a run.
#[derive(Default)]
pub(crate) struct Outside {
    pub(crate) saved: CheckState,
    /// All that was ever saved to be told.
    pub(crate) noted: Vec<Note>,
    pub(crate) cluster: Cluster,
    /// What each notifier's people have received.
    pub(crate) received: BTreeMap<String, Vec<Note>>,
    pub(crate) journal: Vec<Call>,
    pub(crate) script: Option<Script>,
}

/// Shared by all fakes.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Outside>>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    pub(crate) fn get(&self) -> MutexGuard<'_, Outside> {
        self.0.lock().unwrap()
    }

    /// One call: journal, script, effect, answer.
    async fn call<T: Send>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut Outside) -> Result<T, PortError> + Send,
    ) -> Result<T, PortError> {
        let answer = {
            let outside = &mut *self.get();
            outside.journal.push(call.clone());
            let end = match outside.script.as_mut() {
                Some(script) => script(&call, &mut outside.cluster),
                None => End::Well,
            };
            let failed =
                |kind: PortErrorKind| PortError::new(kind, format!("{} failed", call.word()));
            match end {
                End::Well => Some(effect(outside)),
                End::Fails(kind) => Some(Err(failed(kind))),
                End::FailsAfter(kind) => {
                    let _ = effect(outside);
                    Some(Err(failed(kind)))
                }
                End::Hangs => None,
                End::HangsAfter => {
                    let _ = effect(outside);
                    None
                }
            }
        };
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

/// State as the last run has left it.
#[derive(Debug)]
pub(crate) struct Session {
    state: CheckState,
    outside: Shared,
}

impl Session {
    pub(crate) fn open(outside: &Shared) -> Self {
        let state = outside.get().saved.clone();
        let outside = outside.clone();
        Self { state, outside }
    }
}

impl StateSession for Session {
    fn state(&self) -> &CheckState {
        &self.state
    }

    fn notice(&self) -> Option<&StateNotice> {
        None
    }

    fn still_ours(&mut self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(self.outside.call(Call::Lock, |_| Ok(())))
    }

    fn save<'a>(&'a mut self, state: &'a CheckState) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            let save = |outside: &mut Outside| {
                outside.saved.clone_from(state);
                outside.noted.extend_from_slice(&state.outbox);
                Ok(())
            };
            let call = Call::Save(Box::new(state.clone()));
            self.outside.call(call, save).await?;
            self.state.clone_from(state);
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Kubernetes: the last mark again restarts nothing, a write over another version is a conflict.
#[derive(Debug)]
pub(crate) struct Hand(pub(crate) Shared);

fn name(target: &Target) -> String {
    target.workload.name.clone()
}

impl Scaler for Hand {
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        let call = Call::Restart {
            workload: name(target),
            mark: mark.to_owned(),
        };
        Box::pin(self.0.call(call, move |outside| {
            let deployment = outside.cluster.get_mut(&name(target)).unwrap();
            if deployment.restarts.last().is_some_and(|last| last == mark) {
                return Ok(Effect::AlreadyRestarted);
            }
            deployment.restarts.push(mark.to_owned());
            deployment.version += 1;
            Ok(Effect::Restarted)
        }))
    }

    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        let workload = name(target);
        Box::pin(self.0.call(Call::Read { workload }, move |outside| {
            let deployment = &outside.cluster[&name(target)];
            Ok(Scalable {
                subject: ScaleSubject::Replicas,
                replicas: deployment.replicas,
                at: deployment.replicas,
                most: None,
                owner: None,
                version: deployment.version.to_string(),
            })
        }))
    }

    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        let workload = name(target);
        Box::pin(self.0.call(Call::Scale { workload, to }, move |outside| {
            let deployment = outside.cluster.get_mut(&name(target)).unwrap();
            if deployment.version.to_string() != found.version {
                let what = "the object has been modified";
                return Err(PortError::new(PortErrorKind::Conflict, what));
            }
            let from = std::mem::replace(&mut deployment.replicas, to);
            deployment.version += 1;
            Ok(Effect::Scaled { from, to })
        }))
    }

    fn record<'a>(
        &'a self,
        _: &'a Target,
        reason: &'a str,
        note: &'a str,
        is_warning: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let call = Call::Event {
            reason: reason.to_owned(),
            note: note.to_owned(),
            is_warning,
        };
        Box::pin(self.0.call(call, |_| Ok(())))
    }
}

/// A robot.
#[derive(Debug)]
pub(crate) struct Robot(pub(crate) &'static str, pub(crate) Shared);

impl Notifier for Robot {
    fn name(&self) -> &str {
        self.0
    }

    fn notify<'a>(
        &'a self,
        notes: &'a [&'a Note],
        dropped: u64,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        let notes: Vec<Note> = notes.iter().copied().cloned().collect();
        let call = Call::Tell {
            who: self.0.to_owned(),
            notes: notes.clone(),
            dropped,
        };
        Box::pin(self.1.call(call, move |outside| {
            let received = outside.received.entry(self.0.to_owned()).or_default();
            received.extend(notes);
            Ok(())
        }))
    }
}
