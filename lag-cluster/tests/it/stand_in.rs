//! A stand-in and a way to it.

use kube_sim::{KubeSim, KubeSimConfig};
use lag_cluster::{Cluster, ConnectSettings, connect};
use std::time::Duration;

pub(crate) async fn started(config: KubeSimConfig) -> (KubeSim, Cluster) {
    started_with(config, Duration::from_secs(60)).await
}

pub(crate) async fn started_with(
    config: KubeSimConfig,
    call_timeout: Duration,
) -> (KubeSim, Cluster) {
    let sim = KubeSim::start(config).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), sim.kubeconfig()).unwrap();
    let settings = ConnectSettings {
        kubeconfig: Some(file.path().to_owned()),
        call_timeout,
        ..ConnectSettings::default()
    };
    let cluster = connect(&settings).await.unwrap();
    (sim, cluster)
}
