//! Keeps credentials until shortly before they expire.

mod shared;
mod state;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture, future::Shared};
use tokio::{runtime::Handle, task::AbortHandle, time::timeout};

pub(super) use self::shared::Reason;
use self::{
    shared::share,
    state::{Note, Plan, State},
};
use super::{Credentials, CredentialsError, CredentialsFuture, ProvideCredentials};
use crate::{Clock, SystemClock};

/// Sources have time-outs of their own (a program of the CLI profile may take a minute); this
/// one is for those that forget.
const LONGEST_REFRESH: Duration = Duration::from_secs(120);
/// How long one caller waits to learn that a set without expiry was replaced.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a refresh came to, for all who wait for it.
type Outcome = Result<Credentials, Arc<CredentialsError>>;

/// Keeps the credentials of another source, so that it is asked as seldom as possible.
///
/// * A set that expires is renewed from 15 minutes before its end on (one that lives for less
///   than an hour: in its last quarter). Until it really ends it is handed out at once, also
///   while it is being renewed.
/// * A set without an expiry is asked for again after a minute, because mounted files and
///   variables change. When the source does not answer, the set stays in use; when it says
///   that nothing is set up any more, or wrongly, that is reported.
/// * There is never more than one question at a time. Callers without a set wait for it and
///   share its result, be it credentials or an error. Errors are not kept.
/// * While an old set serves, failed questions are spaced: one second, doubling up to one
///   minute. The first failure is a warning in the log, the next success is told, too.
/// * [`invalidate`](ProvideCredentials::invalidate) drops the set, unless it arrived within the
///   last second: then the set that was refused is the one before.
///
/// Clones share what is kept. A Tokio runtime is needed: a question is a task of its own, so
/// that it does not end with the caller who happened to ask.
///
/// ```
/// use aliyun_cms::{CachedCredentials, OidcCredentials};
/// let kept = CachedCredentials::new(OidcCredentials::from_environment());
/// ```
#[derive(Clone)]
pub struct CachedCredentials(Arc<Inner>);

struct Inner {
    source: Arc<dyn ProvideCredentials>,
    clock: Arc<dyn Clock>,
    state: Mutex<State<Running>>,
}

impl CachedCredentials {
    /// Keeps what `source` gives. Nothing is asked for yet.
    #[must_use]
    pub fn new(source: impl ProvideCredentials + 'static) -> Self {
        Self::with_parts(Arc::new(source), Arc::new(SystemClock))
    }

    /// With the time from elsewhere than the system. Forgets what is kept.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        Self::with_parts(self.0.source.clone(), Arc::new(clock))
    }

    fn with_parts(source: Arc<dyn ProvideCredentials>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            source,
            clock,
            state: Mutex::default(),
        }))
    }

    /// Starts a refresh, or finds the one that runs, and waits for it if there is nothing else.
    async fn refreshed(&self) -> Result<Credentials, CredentialsError> {
        let (running, meanwhile) = {
            let mut state = self.0.lock();
            let meanwhile = match state.plan(self.0.clock.now()) {
                Plan::Use(credentials) => return Ok(credentials), // somebody was quicker
                Plan::Refresh { meanwhile } => meanwhile,
            };
            let running = match &state.running {
                Some(running) => running.outcome.clone(),
                None => state.running.insert(self.start()?).outcome.clone(),
            };
            (running, meanwhile)
        };
        let outcome = match meanwhile {
            None => running.await,
            Some(old) if old.expiry().is_some() => Ok(old),
            // Files and variables answer at once, and a rotated key should not be used again.
            Some(old) => timeout(PATIENCE, running).await.unwrap_or(Ok(old)),
        };
        outcome.map_err(|error| share(&error))
    }

    /// Asks the source in a task of its own. Were the question a part of the caller's future, it
    /// would stop when that is dropped, and nobody would go on with it while an old set serves.
    /// The task is bounded, and gives its result to whoever waits and to the state.
    fn start(&self) -> Result<Running, CredentialsError> {
        let runtime = Handle::try_current().map_err(|error| unavailable(error.to_string()))?;
        let task = runtime.spawn(self.0.clone().refresh());
        let handle = task.abort_handle();
        let outcome = task.map(|ended| {
            ended.unwrap_or_else(|error| {
                let what = match error.is_panic() {
                    true => "it panicked",
                    false => "the Tokio runtime was shut down",
                };
                Err(Arc::new(unavailable(what)))
            })
        });
        Ok(Running {
            task: handle,
            outcome: outcome.boxed().shared(),
        })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State<Running>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that ended by itself took itself out; this one panicked, or its runtime is gone.
        state.running.take_if(|running| running.task.is_finished());
        state
    }

    async fn refresh(self: Arc<Self>) -> Outcome {
        let asked = timeout(LONGEST_REFRESH, self.source.provide_credentials()).await;
        let asked = asked.unwrap_or_else(|_| {
            let seconds = LONGEST_REFRESH.as_secs();
            Err(unavailable(format!("it did not answer for {seconds} s")))
        });
        let (outcome, note) = self.lock().settle(asked, self.clock.now());
        match note {
            None => {}
            Some(Note::Failing { error, until }) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                until = until.map(tracing::field::display),
                "credentials could not be renewed; the old ones stay in use"
            ),
            Some(Note::Recovered) => tracing::info!("credentials were renewed again"),
        }
        outcome
    }
}

/// A question that was put to the source.
struct Running {
    task: AbortHandle,
    outcome: Shared<BoxFuture<'static, Outcome>>,
}

fn unavailable(text: impl Into<String>) -> CredentialsError {
    CredentialsError::Unavailable {
        provider: "the source of credentials".to_owned(),
        source: text.into().into(),
    }
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        let plan = self.0.lock().plan(self.0.clock.now());
        match plan {
            Plan::Use(credentials) => CredentialsFuture::ready(Ok(credentials)),
            Plan::Refresh { .. } => CredentialsFuture::new(self.refreshed()),
        }
    }

    fn invalidate(&self) {
        let is_dropped = self.0.lock().invalidate(self.0.clock.now());
        if is_dropped {
            self.0.source.invalidate();
        }
    }
}

impl fmt::Debug for CachedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredentials")
            .field("source", &self.0.source)
            .field("kept", &self.0.lock().kept())
            .finish_non_exhaustive()
    }
}
