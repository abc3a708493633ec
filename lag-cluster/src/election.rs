//! One of several processes leads, the others know whom to follow.
//!
//! The Lease is the only thing that they share. A leader counts from the moment it *sent* its last renewal and stops after
//! its deadline; the others count from the moment they *saw* it and begin after the duration of the lease, which is longer
//! ([`LeaseTimes`](crate::lease::LeaseTimes)). So two lead at once only if a clock runs half as fast again as the other: no
//! times of two machines are compared. Whoever acts on a role still should be harmless when doubled; for the exporter it
//! costs calls, and no number is wrong.

use crate::lease::{Claim, Held, duration, holder};
use k8s_openapi::api::coordination::v1::LeaseSpec;
use lag_core::port::{PortError, PortErrorKind};
use std::{pin::pin, time::Duration};
use tokio::{
    select,
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};

/// An end of the process does not wait longer for the API server; the lease then runs out by itself.
const GIVE_UP_LIMIT: Duration = Duration::from_secs(3);

/// What a process is among its equals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// It holds the lease.
    Leading {
        /// Not beyond this moment, whatever this value says: it moves with every renewal.
        until: Instant,
    },
    /// Another one does.
    Following {
        /// Its identity.
        holder: String,
        /// Where it says that it can be read.
        url: Option<String>,
    },
    /// Nobody, as far as is known: the API server was not reached yet, or our own lease could not be renewed.
    Waiting,
}

/// Takes part for as long as the process runs.
#[derive(Debug)]
pub struct Election {
    claim: Claim,
    role: watch::Sender<Role>,
}

/// What came of one look at the lease.
enum Step {
    Taken(Box<Held>),
    Wait(Duration),
}

/// What is known of a lease that is not ours.
#[derive(Default)]
struct Watched {
    /// As last seen, and since when it looks like this.
    last: Option<(LeaseSpec, Instant)>,
    /// Why it could not be read or taken, so that it is told once.
    trouble: Option<PortErrorKind>,
}

impl Election {
    /// An election for this claim, and what it says of our role.
    #[must_use]
    pub fn new(claim: Claim) -> (Self, watch::Receiver<Role>) {
        let (role, told) = watch::channel(Role::Waiting);
        (Self { claim, role }, told)
    }

    /// Takes part until told to stop, then gives the lease up, so that another one takes it with its next look.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            // Whoever is stopped in the middle of taking it may have got it: then it runs out by itself.
            let held = select! {
                biased;
                () = &mut stop => return,
                held = self.turn() => held,
            };
            let lease = self.claim.place();
            tracing::info!(lease, "this replica leads");
            let is_stopped = select! {
                biased;
                () = &mut stop => true,
                () = self.lead(&held) => false,
            };
            // First of all: from here on nothing is done in the name of the lease.
            self.role.send_replace(Role::Waiting);
            if is_stopped {
                match timeout(GIVE_UP_LIMIT, held.give_up()).await {
                    Ok(Ok(())) => tracing::info!(lease, "the lease is given up"),
                    Ok(Err(error)) => tracing::warn!(%error, "the next leader has to wait"),
                    Err(_) => tracing::warn!(
                        lease,
                        "the lease could not be given up in time; the next leader has to wait"
                    ),
                }
                return;
            }
            tracing::warn!(lease, "this replica leads no more");
        }
    }

    /// Waits until the lease is ours.
    async fn turn(&self) -> Held {
        let mut watched = Watched::default();
        loop {
            let pause = match self.step(&mut watched).await {
                Ok(Step::Taken(held)) => return *held,
                Ok(Step::Wait(pause)) => {
                    if watched.trouble.take().is_some() {
                        tracing::info!(lease = self.claim.place(), "the lease can be read again");
                    }
                    pause
                }
                Err(error) => {
                    if watched.trouble.replace(error.kind) != Some(error.kind) {
                        tracing::warn!(%error, "while this lasts, this replica cannot become the leader");
                    }
                    self.claim.times.retry_every
                }
            };
            sleep(pause).await;
        }
    }

    /// Looks, and takes what is free: never held, given up, not renewed for its duration since we first saw it like
    /// this, or ours from before we lost sight of it. A write that was overtaken is refused by the API server.
    async fn step(&self, watched: &mut Watched) -> Result<Step, PortError> {
        let pause = self.claim.times.retry_every;
        let look = self.claim.look(pause).await?;
        let spec = look.spec();
        if let Some(holder) = holder(&spec).filter(|holder| *holder != self.claim.identity()) {
            self.follow(holder, look.url());
            let since = match &watched.last {
                Some((last, since)) if *last == spec => *since,
                _ => Instant::now(),
            };
            let left = duration(&spec).saturating_sub(since.elapsed());
            watched.last = Some((spec.clone(), since));
            if !left.is_zero() {
                return Ok(Step::Wait(left.min(pause)));
            }
            tracing::warn!(
                lease = self.claim.place(),
                holder,
                "the leader is gone without giving up"
            );
        }
        match self.claim.take_over(look, pause).await {
            Ok(held) => Ok(Step::Taken(Box::new(held))),
            Err(error) if error.kind == PortErrorKind::Busy => Ok(Step::Wait(pause)),
            Err(error) => Err(error),
        }
    }

    fn follow(&self, holder: &str, url: Option<String>) {
        let role = Role::Following {
            holder: holder.to_owned(),
            url,
        };
        self.role.send_if_modified(|now| {
            let is_new = *now != role;
            if is_new {
                tracing::info!(lease = self.claim.place(), holder, "another replica leads");
                *now = role;
            }
            is_new
        });
    }

    /// Leads until the lease is lost or could not be renewed for too long.
    async fn lead(&self, held: &Held) {
        let mut news = held.news();
        loop {
            let (renewed, is_lost) = {
                let seen = news.borrow_and_update();
                (seen.renewed, seen.lost_to.is_some())
            };
            let until = renewed + self.claim.times.deadline;
            if is_lost || until <= Instant::now() {
                return;
            }
            self.role.send_replace(Role::Leading { until });
            // Both only wait, so neither loses anything when the other is first.
            select! {
                changed = news.changed() => if changed.is_err() { return },
                () = sleep_until(until) => {}
            }
        }
    }
}
