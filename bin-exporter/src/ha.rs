//! `--lease`: of several replicas one asks the cloud, and the others read it.
//!
//! The election says what this replica is; from that follow the permit of the collectors and whom the follower reads. The
//! permit carries the moment until which the lease is surely ours, so that collectors stop by themselves when nothing else
//! of the process gets its turn.

use anyhow::Context as _;
use jiff::SignedDuration;
use lag_cluster::{
    election::{Election, Role},
    lease::{Claim, LeaseTimes},
};
use lag_core::{BoardCell, Standing};
use lag_runtime::{
    Now, Permit,
    attend::Attendance,
    collect::BoardRules,
    config::{KubernetesConfig, LeaseConfig, process_env},
    follow::Follower,
    shutdown::Shutdown,
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::Instant};

use crate::cluster;

/// A place among the replicas, not taken yet.
pub(crate) struct Seat {
    claim: Claim,
    identity: String,
    follow_interval: Duration,
    /// How long one leader may take to follow another.
    grace: Duration,
}

/// What a standby fills, and by which rules.
pub(crate) struct Followed {
    pub(crate) board: Arc<BoardCell>,
    pub(crate) updated: watch::Sender<()>,
    pub(crate) rules: watch::Receiver<BoardRules>,
}

impl Seat {
    /// Finds the cluster and says who we are. Nothing is sent yet.
    pub(crate) async fn find(
        config: &LeaseConfig,
        kubernetes: &KubernetesConfig,
        listeners: &[TcpListener],
        now: &Now,
    ) -> anyhow::Result<Self> {
        let first = listeners
            .first()
            .context("there is no address to listen on")?;
        let url = config.url(first.local_addr()?.port())?;
        let found = cluster::find(kubernetes, "--lease", None).await?;
        let identity = identity()?;
        tracing::info!(
            lease = config.lease.to_string(),
            identity,
            url,
            cluster = found.host,
            "one of several replicas"
        );
        let (namespace, name) = (&config.lease.namespace, &config.lease.name);
        let claim = Claim::new(found.client, namespace, name, &identity, now.clone())
            .advertising(&url)
            .with_times(LeaseTimes::lasting(config.duration));
        Ok(Self {
            claim,
            identity,
            follow_interval: config.follow_interval,
            grace: config.duration + 3 * config.follow_interval,
        })
    }

    /// Takes part: spawns what votes and what follows. The permit is for the collectors.
    pub(crate) fn take(
        self,
        followed: Followed,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<std::io::Result<()>>,
    ) -> anyhow::Result<(Permit, Arc<Standing>)> {
        let Followed {
            board,
            updated,
            rules,
        } = followed;
        let standing = Arc::new(Standing::of(self.identity));
        let attendance = Attendance {
            board: board.clone(),
            updated: updated.clone(),
            standing: standing.clone(),
            every: self.follow_interval,
            grace: SignedDuration::try_from(self.grace)?,
        };
        let every = self.follow_interval;
        let follower = Follower::new(board, updated, standing.clone(), rules, every)?;
        let (election, role) = Election::new(self.claim);
        let (permit, permitted) = watch::channel(None);
        let (leader, followed) = watch::channel(None);

        let mut end = shutdown.clone();
        tasks.spawn(async move {
            election.run(async move { end.requested().await }).await;
            Ok(())
        });
        let (clock, end) = (now.clone(), shutdown.clone());
        tasks.spawn(async move {
            follower.run(followed, clock, end).await;
            Ok(())
        });
        let (clock, end) = (now.clone(), shutdown.clone());
        tasks.spawn(async move {
            attendance.run(clock, end).await;
            Ok(())
        });
        let (shown, clock, end) = (standing.clone(), now.clone(), shutdown.clone());
        tasks.spawn(async move {
            translate(role, (permit, leader), (&shown, &clock), end).await;
            Ok(())
        });
        Ok((Permit::told_by(permitted), standing))
    }
}

/// Tells collectors, follower and metrics what a new role means for them, until the end of the process.
async fn translate(
    mut role: watch::Receiver<Role>,
    (permit, leader): (
        watch::Sender<Option<Instant>>,
        watch::Sender<Option<String>>,
    ),
    (standing, now): (&Standing, &Now),
    mut shutdown: Shutdown,
) {
    loop {
        let (until, url) = match &*role.borrow_and_update() {
            Role::Leading { until } => (Some(*until), None),
            // An address that is missing is told by the follower, like one that cannot be used.
            Role::Following { url, .. } => (None, Some(url.clone().unwrap_or_default())),
            Role::Waiting => (None, None),
        };
        // Before the permit: whoever reads what a collection brought should also read that this replica leads.
        standing.lead(until.is_some(), now());
        permit.send_replace(until);
        leader.send_if_modified(|now| {
            let is_new = *now != url;
            *now = url;
            is_new
        });
        // Both only wait. The election ends with the process and not before.
        tokio::select! {
            () = shutdown.requested() => return,
            Ok(()) = role.changed() => {}
        }
    }
}

/// Unique for every process: the pod's name, or the machine's, with a random number.
fn identity() -> anyhow::Result<String> {
    let host = process_env("HOSTNAME").unwrap_or_else(|| "kafka-lag-exporter".to_owned());
    let number = getrandom::u32().context("the system gives no random number")?;
    Ok(format!("{host}-{number:08x}"))
}
