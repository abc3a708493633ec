//! The policies for replicas, and who counts for them.

use jiff::SignedDuration;
use lag_runtime::{Now, Recommender, config::Config, shutdown::Shutdown};
use std::{io, sync::Arc};
use tokio::task::JoinSet;

/// The recommender of all collectors. Only when a rule names a workload is a cluster looked for, and asked.
pub(crate) async fn start(
    config: &Config,
    now: &Now,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<Recommender> {
    let mut recommender = Recommender {
        book: Arc::new(config.recommend.clone()),
        max_age: SignedDuration::try_from(config.lag.max_age)?,
        replicas: None,
    };
    if !config.recommend.workloads().is_empty() {
        recommender.replicas = Some(count(config, now, shutdown, tasks).await?);
    }
    Ok(recommender)
}

#[cfg(feature = "cluster")]
async fn count(
    config: &Config,
    now: &Now,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<lag_runtime::Replicas> {
    use lag_cluster::ReplicaWatch;

    let who = "a rule under recommend that names a workload";
    let cluster = crate::cluster::find(&config.kubernetes, who, None).await?;
    tracing::info!(cluster.host = cluster.host, "replicas are counted");
    let workloads = config.recommend.workloads().into_iter().cloned();
    let watch = ReplicaWatch::new(cluster, workloads, config.collect.interval);
    let known = watch.known();
    let (now, mut end) = (now.clone(), shutdown.clone());
    tasks.spawn(async move {
        watch.run(now, async move { end.requested().await }).await;
        Ok(())
    });
    Ok(Arc::new(known))
}

#[cfg(not(feature = "cluster"))]
async fn count(
    _: &Config,
    _: &Now,
    _: &Shutdown,
    _: &mut JoinSet<io::Result<()>>,
) -> anyhow::Result<lag_runtime::Replicas> {
    anyhow::bail!(
        "a rule under recommend names a workload, and this program was built without the feature cluster: leave workload \
         out, or build it with that feature"
    )
}
