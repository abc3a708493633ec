//! The way to a cluster, for whatever of the exporter asks one.

use anyhow::Context as _;
use lag_cluster::{Cluster, ConnectSettings, connect};
use lag_runtime::{config::KubernetesConfig, version};
use std::time::Duration;

/// Finds the cluster; nothing is sent yet. `who` needs it, for messages. A call may take `call_timeout` instead of what is
/// configured.
pub(crate) async fn find(
    config: &KubernetesConfig,
    who: &'static str,
    call_timeout: Option<Duration>,
) -> anyhow::Result<Cluster> {
    let settings = ConnectSettings {
        kubeconfig: config.kubeconfig.clone(),
        context: config.context.clone(),
        user_agent: format!("kafka-lag-exporter/{}", version::VERSION),
        call_timeout: call_timeout.unwrap_or(config.timeout),
    };
    connect(&settings)
        .await
        .with_context(|| format!("{who} needs a cluster"))
}
