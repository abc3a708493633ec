//! Policies, bodies, clocks and processes.

use crate::api::Api;
use jiff::{SignedDuration, Timestamp};
use lag_actions::{
    Now,
    alert::{AlertHands, AlertScaler, Answer, ConfigMapLedger, Handled},
    kube::{Cluster, KubeScaler, ScalerSettings},
};
use lag_core::{
    Bounds, OnAutoscaler, RestartWay, Target, Workload, WorkloadKind,
    alert::{Alert, AlertPolicy, AllowedTarget, Fingerprint, Payload, Status, Step},
    port::Notifier,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;

pub(crate) const FIRING: &[u8] =
    include_bytes!("../../../lag-core/tests/fixtures/alertmanager/firing.json");
pub(crate) const PARTLY: &[u8] =
    include_bytes!("../../../lag-core/tests/fixtures/alertmanager/partly-resolved.json");
pub(crate) const RESOLVED: &[u8] =
    include_bytes!("../../../lag-core/tests/fixtures/alertmanager/resolved.json");
pub(crate) const NEWER: &[u8] =
    include_bytes!("../../../lag-core/tests/fixtures/alertmanager/firing-0.34-shape.json");

pub(crate) const DEADLINE: Duration = Duration::from_secs(8);

pub(crate) fn start() -> Timestamp {
    "2026-11-22T03:35:00Z".parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// Goes with the clock of tokio, which most tests pause.
pub(crate) fn clock() -> Now {
    let begin = Instant::now();
    Arc::new(move || start() + SignedDuration::try_from(begin.elapsed()).unwrap())
}

pub(crate) async fn wait(minutes: u64) {
    tokio::time::advance(Duration::from_secs(60 * minutes)).await;
}

pub(crate) fn target(name: &str) -> Target {
    Target {
        workload: Workload {
            namespace: "orders".into(),
            kind: WorkloadKind::Deployment,
            name: name.into(),
        },
        bounds: Bounds::try_from((1, 10)).unwrap(),
        partitions: None,
        restart: RestartWay::Rollout,
        autoscaler: OnAutoscaler::Refuse,
    }
}

/// One replica more for each alert, from 1 to 10; restarts as well.
pub(crate) fn allowed() -> AllowedTarget {
    AllowedTarget {
        restart: true,
        ..AllowedTarget::new("targets[0]", target("cd-consumer"))
    }
}

pub(crate) fn policy(targets: impl Into<Vec<AllowedTarget>>) -> AlertPolicy {
    let policy = AlertPolicy {
        targets: targets.into(),
        ..AlertPolicy::default()
    };
    policy.check().unwrap();
    policy
}

pub(crate) fn per_value() -> AlertPolicy {
    policy([AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 50_000.0,
            without: None,
        }),
        ..allowed()
    }])
}

pub(crate) fn alert(action: &str, workload: &str, starts_at: Timestamp) -> Alert {
    let labels = [
        ("alertname", "LagHigh"),
        ("action", action),
        ("namespace", "orders"),
        ("deployment", workload),
    ];
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let labels = labels.iter().map(pair).collect();
    Alert {
        status: Status::Firing,
        fingerprint: Fingerprint::of(&labels),
        labels,
        annotations: BTreeMap::new(),
        starts_at: Some(starts_at),
        ends_at: None,
    }
}

pub(crate) fn high() -> Alert {
    alert("scale-out", "cd-consumer", start())
}

pub(crate) fn resolved(alert: Alert) -> Alert {
    Alert {
        status: Status::Resolved,
        ..alert
    }
}

pub(crate) fn body(alerts: impl Into<Vec<Alert>>) -> Payload {
    Payload {
        alerts: alerts.into(),
        truncated_alerts: 0,
        group_key: String::new(),
    }
}

pub(crate) fn read(body: &[u8]) -> Payload {
    Payload::parse(body).unwrap()
}

pub(crate) fn scaler(cluster: &Cluster, now: &Now) -> KubeScaler {
    let settings = ScalerSettings {
        instance: "kafka-lag-scaler-1".to_owned(),
        ready_timeout: Duration::from_secs(5),
        now: Arc::clone(now),
    };
    KubeScaler::new(cluster, settings)
}

/// A replica that has just been started.
pub(crate) fn process(cluster: &Cluster, now: &Now) -> AlertHands {
    with(cluster, now, DEADLINE, Arc::new([]))
}

pub(crate) fn with(
    cluster: &Cluster,
    now: &Now,
    deadline: Duration,
    notifiers: Arc<[Box<dyn Notifier>]>,
) -> AlertHands {
    let store = ConfigMapLedger::new(cluster.client.clone(), "tools", "kafka-lag-scaler");
    let scaler: Arc<dyn AlertScaler> = Arc::new(scaler(cluster, now));
    AlertHands::new(
        Arc::new(store),
        scaler,
        notifiers,
        Arc::clone(now),
        deadline,
    )
}

pub(crate) fn replica(api: &Api, now: &Now) -> AlertHands {
    process(&api.cluster(0), now)
}

pub(crate) fn results(handled: &Handled) -> Vec<&'static str> {
    handled.results.iter().map(|one| one.result).collect()
}

/// As Alertmanager does: again until it is done.
pub(crate) async fn until_done(hands: &AlertHands, policy: &AlertPolicy, payload: &Payload) {
    for _ in 0..100 {
        if hands.handle(policy, payload).await.answer == Answer::Done {
            return;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    panic!("it is never done");
}
