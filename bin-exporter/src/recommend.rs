//! The policies for replicas, and who counts for them.

use jiff::SignedDuration;
use lag_core::Workload;
use lag_runtime::{
    Now, Recommender, Replicas,
    config::Config,
    shutdown::{Shutdown, Trigger},
};
use std::{collections::BTreeSet, io, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Who counts the replicas of workloads. Only when a rule names one is a cluster looked for, and asked.
#[derive(Default)]
pub(crate) struct Counting {
    counted: (BTreeSet<Workload>, Duration),
    now: Option<Counter>,
    /// What was counted before another configuration still holds until it is too old.
    before: Option<Replicas>,
}

/// One that runs.
struct Counter {
    known: Replicas,
    /// Ends it when dropped.
    _end: Trigger,
}

/// One that could run.
pub(crate) enum Wanted {
    /// The one that does.
    Same,
    /// None.
    Nobody,
    #[cfg(feature = "cluster")]
    Watch(Box<lag_cluster::ReplicaWatch>),
}

impl Counting {
    /// Who would count for a configuration. Nothing begins.
    pub(crate) async fn prepare(&self, config: &Config) -> anyhow::Result<Wanted> {
        if self.counted == counted(config) {
            return Ok(Wanted::Same);
        }
        if config.recommend.workloads().is_empty() {
            return Ok(Wanted::Nobody);
        }
        watch(config).await
    }

    /// Begins to count for it.
    #[cfg_attr(
        not(feature = "cluster"),
        expect(
            clippy::needless_pass_by_value,
            reason = "with the feature it is taken"
        )
    )]
    pub(crate) fn begin(
        &mut self,
        config: &Config,
        wanted: Wanted,
        now: &Now,
        shutdown: &Shutdown,
        tasks: &mut JoinSet<io::Result<()>>,
    ) {
        let next = match wanted {
            Wanted::Same => return,
            Wanted::Nobody => None,
            #[cfg(feature = "cluster")]
            Wanted::Watch(watch) => Some(run(*watch, now, shutdown, tasks)),
        };
        #[cfg(not(feature = "cluster"))]
        let _ = (now, shutdown, tasks);
        self.counted = counted(config);
        let before = std::mem::replace(&mut self.now, next);
        self.before = before.map(|counter| counter.known);
    }

    /// The policies of a configuration, with what is counted.
    pub(crate) fn recommender(&self, config: &Config) -> anyhow::Result<Recommender> {
        let before = self.before.clone();
        let replicas = self.now.as_ref().map(|counter| {
            let known = counter.known.clone();
            let both: Replicas = Arc::new(move |workload, now| {
                known(workload, now).or_else(|| before.as_ref()?(workload, now))
            });
            both
        });
        Ok(Recommender {
            book: Arc::new(config.recommend.clone()),
            max_age: SignedDuration::try_from(config.lag.max_age)?,
            replicas,
        })
    }
}

fn counted(config: &Config) -> (BTreeSet<Workload>, Duration) {
    let workloads: BTreeSet<_> = config.recommend.workloads().into_iter().cloned().collect();
    let interval = if workloads.is_empty() {
        Duration::ZERO
    } else {
        config.collect.interval
    };
    (workloads, interval)
}

#[cfg(feature = "cluster")]
async fn watch(config: &Config) -> anyhow::Result<Wanted> {
    let who = "a rule under recommend that names a workload";
    let cluster = crate::cluster::find(&config.kubernetes, who, None).await?;
    tracing::info!(cluster.host = cluster.host, "replicas are counted");
    let workloads = config.recommend.workloads().into_iter().cloned();
    let interval = config.collect.interval;
    let watch = lag_cluster::ReplicaWatch::new(cluster, workloads, interval);
    Ok(Wanted::Watch(Box::new(watch)))
}

#[cfg(not(feature = "cluster"))]
async fn watch(_: &Config) -> anyhow::Result<Wanted> {
    anyhow::bail!(
        "a rule under recommend names a workload, and this program was built without the feature cluster: leave workload \
         out, or build it with that feature"
    )
}

#[cfg(feature = "cluster")]
fn run(
    watch: lag_cluster::ReplicaWatch,
    now: &Now,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<io::Result<()>>,
) -> Counter {
    let known = Arc::new(watch.known());
    let (trigger, mut retired) = lag_runtime::shutdown::channel();
    let (now, mut end) = (now.clone(), shutdown.clone());
    tasks.spawn(async move {
        let mut ended = end.clone();
        let until = async move {
            tokio::select! {
                () = retired.requested() => {}
                () = ended.requested() => {}
            }
        };
        watch.run(now, until).await;
        // The task of one that was replaced has nothing to do, and ends with the program like all others.
        end.requested().await;
        Ok(())
    });
    Counter {
        known,
        _end: trigger,
    }
}
