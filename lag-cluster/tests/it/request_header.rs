//! Reading and following the request-header CA.

use crate::stand_in::{started, started_with};
use kube_sim::{Denial, Fault, FaultKind, KubeSim, KubeSimConfig};
use lag_cluster::{Cluster, RequestHeader};
use lag_core::{FrontProxy, port::PortErrorKind};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::timeout};

const SOON: Duration = Duration::from_secs(20);

fn pem(body: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
}

fn map(own: &str, names: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {
            "client-ca-file": pem("AAAA"),
            "requestheader-client-ca-file": pem(own),
            "requestheader-allowed-names": names,
            "requestheader-username-headers": "[\"X-Remote-User\"]",
        },
    })
}

fn names() -> &'static str {
    "[\"front-proxy-client\"]"
}

fn config() -> KubeSimConfig {
    KubeSimConfig::default().object(map("BBBB", names()))
}

/// Followed from the start.
async fn follow(cluster: &Cluster) -> (watch::Receiver<Arc<FrontProxy>>, JoinHandle<()>) {
    let source = RequestHeader::new(cluster);
    let first = source.read().await.unwrap();
    let (sender, receiver) = watch::channel(Arc::new(first));
    (receiver, tokio::spawn(source.follow(sender)))
}

async fn becomes(proxies: &mut watch::Receiver<Arc<FrontProxy>>, own: &str) {
    let wanted = pem(own);
    let is_it = |proxy: &Arc<FrontProxy>| proxy.ca.as_deref() == Some(&wanted);
    timeout(SOON, proxies.wait_for(is_it))
        .await
        .unwrap()
        .unwrap();
}

fn watches(sim: &KubeSim) -> usize {
    let requests = sim.requests();
    let is_watch = |query: &str| query.contains("watch=");
    requests.iter().filter(|one| is_watch(&one.query)).count()
}

/// Waits for what the stand-in will have seen.
async fn until(is_so: impl Fn() -> bool) {
    timeout(SOON, async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn without_the_right_the_role_binding_is_named() {
    let (sim, cluster) = started(config()).await;
    sim.deny(Denial::new().resource("configmaps"));
    let error = RequestHeader::new(&cluster).read().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Forbidden);
    for part in [
        "kube-system/extension-apiserver-authentication",
        "Role extension-apiserver-authentication-reader",
        "RoleBinding",
    ] {
        assert!(error.what.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_dangerous_or_missing_configuration_is_refused_at_the_start() {
    let (sim, cluster) = started(KubeSimConfig::default()).await;
    let source = RequestHeader::new(&cluster);
    let missing = source.read().await.unwrap_err();
    assert_eq!(missing.kind, PortErrorKind::NotFound);
    for (map, word) in [
        (map("AAAA", "[]"), "--requestheader-allowed-names"),
        (map("", names()), "--requestheader-client-ca-file"),
        (map("BBBB", "front"), "requestheader-allowed-names"),
    ] {
        sim.put(map).unwrap();
        let error = source.read().await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid);
        assert!(error.what.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_change_is_followed_and_a_broken_one_is_not() {
    let (sim, cluster) = started(config()).await;
    let (mut proxies, task) = follow(&cluster).await;
    until(|| watches(&sim) == 1).await;
    sim.put(map("CCCC", names())).unwrap();
    becomes(&mut proxies, "CCCC").await;
    for broken in [map("AAAA", "[]"), map("", names()), map("DDDD", "no list")] {
        sim.put(broken).unwrap();
    }
    sim.put(map("EEEE", names())).unwrap();
    timeout(SOON, proxies.changed()).await.unwrap().unwrap();
    let seen = proxies.borrow().ca.clone();
    assert_eq!(seen, Some(pem("EEEE")), "nothing in between");
    assert_eq!(watches(&sim), 1);
    drop(proxies);
    timeout(SOON, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_object_older_than_what_the_server_remembers_is_watched_all_the_same() {
    let (sim, cluster) = started(config()).await;
    sim.deployment("orders", "consumer", 2);
    sim.compact();
    let (mut proxies, _task) = follow(&cluster).await;
    until(|| watches(&sim) == 1).await;
    sim.put(map("CCCC", names())).unwrap();
    becomes(&mut proxies, "CCCC").await;
    assert_eq!(watches(&sim), 1, "the first watch was good");
}

#[tokio::test]
async fn an_object_that_is_made_anew_is_followed() {
    let (sim, cluster) = started(config()).await;
    let (mut proxies, _task) = follow(&cluster).await;
    until(|| watches(&sim) == 1).await;
    sim.remove(
        "configmaps",
        "kube-system",
        "extension-apiserver-authentication",
    );
    sim.put(map("CCCC", names())).unwrap();
    becomes(&mut proxies, "CCCC").await;
}

#[tokio::test]
async fn an_outage_keeps_the_last_value_and_ends() {
    // So short that each watch lasts one second.
    let (sim, cluster) = started_with(config(), Duration::from_secs(3)).await;
    let (mut proxies, _task) = follow(&cluster).await;
    until(|| watches(&sim) == 1).await;
    let before = proxies.borrow().clone();
    sim.fault(Fault::new(FaultKind::Reset).times(2));
    let tries = sim.requests().len();
    sim.put(map("BBBB", names())).unwrap();
    until(|| sim.requests().len() >= tries + 2).await;
    assert!(Arc::ptr_eq(&before, &proxies.borrow()));
    sim.put(map("CCCC", names())).unwrap();
    becomes(&mut proxies, "CCCC").await;
}
