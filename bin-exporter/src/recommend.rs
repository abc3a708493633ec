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
    use anyhow::Context as _;
    use lag_cluster::{ConnectSettings, ReplicaWatch, connect};

    let settings = ConnectSettings {
        kubeconfig: config.kubernetes.kubeconfig.clone(),
        context: config.kubernetes.context.clone(),
        user_agent: format!("kafka-lag-exporter/{}", lag_runtime::version::VERSION),
        call_timeout: config.kubernetes.timeout,
    };
    let cluster = connect(&settings)
        .await
        .context("a rule under recommend names a workload, and its cluster is not found")?;
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
