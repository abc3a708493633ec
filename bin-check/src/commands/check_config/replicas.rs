//! What the section `lease` means.

use lag_core::PromDuration;
use lag_runtime::config::{Advertise, KubernetesConfig, LeaseConfig};
use std::fmt::Write as _;

pub(super) fn describe(config: &LeaseConfig, cluster: &KubernetesConfig) -> String {
    let every = PromDuration::from;
    let address = match &config.advertise {
        Some(Advertise::Url(url)) => url.clone(),
        Some(Advertise::Pod(ip)) => format!("{ip} (POD_IP), at the port that it listens on"),
        None => "not known here: the exporter needs POD_IP or --lease.advertise-url".to_owned(),
    };
    let cluster = cluster.kubeconfig.as_ref().map_or_else(
        || "KUBECONFIG, ~/.kube/config, or the cluster the exporter runs in".to_owned(),
        |path| path.display().to_string(),
    );
    let lines = [
        (
            "asks",
            format!("only the holder of the Lease {}", config.lease),
        ),
        (
            "others",
            format!(
                "read its board every {} and make no call",
                every(config.follow_interval)
            ),
        ),
        (
            "take over",
            format!(
                "{} after a leader died, at once after one that was ended",
                every(config.duration)
            ),
        ),
        ("address", address),
        ("cluster", cluster),
    ];
    let mut text = "replicas of the exporter\n".to_owned();
    for (what, value) in lines {
        let _ = writeln!(text, "  {what:<12}{value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lag_runtime::config::ObjectName;
    use std::time::Duration;

    #[test]
    fn who_asks_and_who_follows_is_told() {
        let config = LeaseConfig {
            lease: ObjectName {
                namespace: "ops".into(),
                name: "exporter".into(),
            },
            advertise: None,
            follow_interval: Duration::from_secs(5),
            duration: Duration::from_secs(15),
        };
        let cluster = KubernetesConfig {
            kubeconfig: None,
            context: None,
            timeout: Duration::from_secs(10),
        };
        assert_eq!(
            describe(&config, &cluster),
            "replicas of the exporter\n\
             \x20 asks        only the holder of the Lease ops/exporter\n\
             \x20 others      read its board every 5s and make no call\n\
             \x20 take over   15s after a leader died, at once after one that was ended\n\
             \x20 address     not known here: the exporter needs POD_IP or --lease.advertise-url\n\
             \x20 cluster     KUBECONFIG, ~/.kube/config, or the cluster the exporter runs in\n"
        );
    }
}
