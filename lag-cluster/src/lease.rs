//! One holder at a time, by a `coordination.k8s.io/v1` Lease with client-go's times.
//!
//! It is advisory, so whoever holds it asks [`Held::check`] before acting. Clocks of machines are never compared: a
//! holder is gone when its lease has not changed for the lease's duration by our own clock.
//!
//! One run at a time takes it with [`Claim::take`]; a process that runs for ever and waits for its turn is an
//! [`Election`](crate::election::Election).

mod look;
mod times;

pub(crate) use look::{Look, duration, holder};
pub use times::LeaseTimes;

use crate::{
    Now,
    request::{Failure, LIMIT, within},
};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Client,
    api::{Api, ObjectMeta, PostParams},
};
use lag_core::port::{PortError, PortErrorKind};
use std::{fmt, time::Duration};
use tokio::{
    select,
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

/// A check does not wait longer than this for a holder that may be gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the holder can be read by the others.
const URL_ANNOTATION: &str = "kafka-lag.io/url";

/// Which Lease, and who wants it.
#[derive(Clone)]
pub struct Claim {
    api: Api<Lease>,
    name: String,
    /// The object, for people.
    place: String,
    /// Different for every process.
    identity: String,
    /// Where others can read us.
    url: Option<String>,
    pub(crate) times: LeaseTimes,
    now: Now,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("place", &self.place)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// A lease that is ours, renewed by a task until it is given up or dropped.
pub struct Held {
    claim: Claim,
    seen: watch::Receiver<Seen>,
    stop: oneshot::Sender<()>,
    task: Renewing,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

/// What the renewing task knows.
pub(crate) struct Seen {
    /// Just before the last renewal that worked was sent.
    pub(crate) renewed: Instant,
    /// Who has it now, if it is not ours any more.
    pub(crate) lost_to: Option<String>,
}

/// What came of a write.
enum Written {
    /// It is ours, and looks like this.
    Ours(Box<Lease>),
    /// Somebody else's, or nobody's.
    Lost(String),
}

impl Claim {
    /// A claim of the Lease `name` in `namespace`. `identity` must differ for every process (name of the pod and a
    /// random suffix). The client must not retry by itself.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str, now: Now) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            place: format!("lease {namespace}/{name}"),
            identity: identity.to_owned(),
            url: None,
            times: LeaseTimes::RUN,
            now,
        }
    }

    /// Writes onto the Lease where others can read the holder, as annotation `kafka-lag.io/url`.
    #[must_use]
    pub fn advertising(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// With other times.
    #[must_use]
    pub fn with_times(mut self, times: LeaseTimes) -> Self {
        self.times = times;
        self
    }

    /// The process that claims, as the Lease names it.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The object, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Takes the lease. A holder that does not renew is waited out, as long as its lease lasts.
    ///
    /// # Errors
    /// [`PortErrorKind::Busy`] when somebody else holds it and renews, or what the API server said.
    pub async fn take(&self) -> Result<Held, PortError> {
        let mut first: Option<(LeaseSpec, Instant)> = None;
        loop {
            let look = self.look(LIMIT).await?;
            let spec = look.spec();
            let Some(holder) = holder(&spec) else {
                return self.take_over(look, LIMIT).await;
            };
            let (before, since) = first.get_or_insert_with(|| (spec.clone(), Instant::now()));
            let left = duration(&spec).saturating_sub(since.elapsed());
            if *before != spec || left > PATIENCE {
                return Err(self.busy(holder));
            }
            if left.is_zero() {
                tracing::warn!(
                    lease = self.place,
                    holder,
                    "the holder is gone without giving up"
                );
                return self.take_over(look, LIMIT).await;
            }
            sleep(left.min(self.times.retry_every)).await;
        }
    }

    /// How the Lease is now.
    pub(crate) async fn look(&self, limit: Duration) -> Result<Look, PortError> {
        let found = within(limit, self.api.get_opt(&self.name)).await;
        let lease = found.map_err(|failure| self.failed("read", failure))?;
        Ok(Look { lease })
    }

    /// Writes our name into the lease that was found, or into a new one.
    pub(crate) async fn take_over(&self, look: Look, limit: Duration) -> Result<Held, PortError> {
        let is_new = look.lease.is_none();
        let mut lease = look.lease.unwrap_or_else(|| Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        if let Some(url) = &self.url {
            let annotations = lease.metadata.annotations.get_or_insert_default();
            annotations.insert(URL_ANNOTATION.to_owned(), url.clone());
        }
        let now = MicroTime((self.now)());
        let spec = lease.spec.get_or_insert_default();
        if !is_new && spec.holder_identity.as_ref() != Some(&self.identity) {
            let transitions = spec.lease_transitions.unwrap_or(0);
            spec.lease_transitions = Some(transitions.saturating_add(1));
        }
        spec.lease_transitions.get_or_insert(0);
        spec.holder_identity = Some(self.identity.clone());
        spec.lease_duration_seconds = Some(self.times.seconds());
        spec.acquire_time = Some(now.clone());
        spec.renew_time = Some(now);
        let sent = Instant::now();
        let answer = if is_new {
            within(limit, self.api.create(&PostParams::default(), &lease)).await
        } else {
            self.put(&lease, limit).await
        };
        let lease = answer.map_err(|failure| {
            if failure.is_conflict() {
                self.busy("another run, which was faster")
            } else {
                self.failed("take", failure)
            }
        })?;
        let (tell, seen) = watch::channel(Seen {
            renewed: sent,
            lost_to: None,
        });
        let (stop, stopped) = oneshot::channel();
        Ok(Held {
            claim: self.clone(),
            seen,
            stop,
            task: Renewing(tokio::spawn(self.clone().renew(lease, tell, stopped))),
        })
    }

    /// Renews until stopped or lost; returns the lease as last seen.
    async fn renew(
        self,
        mut lease: Lease,
        tell: watch::Sender<Seen>,
        mut stopped: oneshot::Receiver<()>,
    ) -> Lease {
        let mut pause = self.times.renew_every;
        loop {
            // Both branches only wait, so neither loses anything when the other is first.
            select! {
                _ = &mut stopped => return lease,
                () = sleep(pause) => {}
            }
            let sent = Instant::now();
            let now = MicroTime((self.now)());
            match self
                .write(&lease, |spec| spec.renew_time = Some(now.clone()))
                .await
            {
                Ok(Written::Ours(renewed)) => {
                    lease = *renewed;
                    pause = self.times.renew_every;
                    tell.send_modify(|seen| seen.renewed = sent);
                }
                Ok(Written::Lost(to)) => {
                    tracing::warn!(lease = self.place, holder = to, "the lease was lost");
                    tell.send_modify(|seen| seen.lost_to = Some(to));
                    return lease;
                }
                Err(failure) => {
                    let error = self.failed("renew", failure);
                    tracing::debug!(%error, "it is tried again");
                    pause = self.times.retry_every;
                }
            }
        }
    }

    /// Changes our lease. A conflict need not be a loss: somebody may have set a label, or the answer to our own last
    /// write may have been lost. So it is looked at, and written once more if it is the one that we took.
    async fn write(
        &self,
        lease: &Lease,
        change: impl Fn(&mut LeaseSpec),
    ) -> Result<Written, Failure> {
        let changed = |mut lease: Lease| {
            change(lease.spec.get_or_insert_default());
            lease
        };
        let ours = |lease| Written::Ours(Box::new(lease));
        let limit = self.times.retry_every;
        match self.put(&changed(lease.clone()), limit).await {
            Ok(lease) => return Ok(ours(lease)),
            Err(failure) if failure.is_conflict() || failure.is_not_found() => {}
            Err(failure) => return Err(failure),
        }
        let found = within(limit, self.api.get_opt(&self.name)).await?;
        let claim = |lease: &Lease| {
            let spec = lease.spec.clone().unwrap_or_default();
            (spec.holder_identity, spec.acquire_time)
        };
        match found {
            Some(found) if claim(&found) == claim(lease) => {
                self.put(&changed(found), limit).await.map(ours)
            }
            found => {
                let spec = found.and_then(|found| found.spec).unwrap_or_default();
                Ok(Written::Lost(holder(&spec).unwrap_or("nobody").to_owned()))
            }
        }
    }

    async fn put(&self, lease: &Lease, limit: Duration) -> Result<Lease, Failure> {
        let params = PostParams::default();
        within(limit, self.api.replace(&self.name, &params, lease)).await
    }

    fn failed(&self, what: &str, failure: Failure) -> PortError {
        failure.into_error(&format!("{what} {}", self.place))
    }

    fn busy(&self, holder: &str) -> PortError {
        let what = format!("already running ({} is held by {holder})", self.place);
        PortError::new(PortErrorKind::Busy, what)
    }
}

impl Held {
    /// Whether it is still ours, and will be for a while.
    ///
    /// # Errors
    /// [`PortErrorKind::Busy`] when it is somebody else's now, [`PortErrorKind::Unavailable`] when it could not be
    /// renewed for so long that it may run out.
    pub fn check(&self) -> Result<(), PortError> {
        let seen = self.seen.borrow();
        let place = &self.claim.place;
        if let Some(holder) = &seen.lost_to {
            let what = format!("{place} is not ours any more, but of {holder}");
            return Err(PortError::new(PortErrorKind::Busy, what));
        }
        let age = seen.renewed.elapsed();
        if age > self.claim.times.deadline {
            let seconds = age.as_secs();
            let what = format!("{place} could not be renewed for {seconds} s, and may run out");
            return Err(PortError::new(PortErrorKind::Unavailable, what));
        }
        Ok(())
    }

    /// What the renewing task knows, as it changes.
    pub(crate) fn news(&self) -> watch::Receiver<Seen> {
        self.seen.clone()
    }

    /// Makes it free for the next run at once.
    ///
    /// # Errors
    /// What the API server said; the lease then runs out by itself.
    pub async fn give_up(self) -> Result<(), PortError> {
        let Self {
            claim,
            seen,
            stop,
            mut task,
        } = self;
        // A task that has ended by itself needs no sign.
        let _ = stop.send(());
        let lease = (&mut task.0).await.map_err(|error| {
            let what = format!("renewing {} broke off: {error}", claim.place);
            PortError::new(PortErrorKind::Unavailable, what)
        })?;
        if seen.borrow().lost_to.is_some() {
            return Ok(());
        }
        let now = MicroTime((claim.now)());
        let free = |spec: &mut LeaseSpec| {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            spec.acquire_time = Some(now.clone());
            spec.renew_time = Some(now.clone());
        };
        let written = claim.write(&lease, free).await;
        written
            .map(|_| ())
            .map_err(|failure| claim.failed("give up", failure))
    }
}

/// A task that ends with its owner.
struct Renewing(JoinHandle<Lease>);

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
