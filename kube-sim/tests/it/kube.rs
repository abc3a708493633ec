//! The `kube` crate, through a kubeconfig file, as a program under test comes here.

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        autoscaling::v2::HorizontalPodAutoscaler,
        coordination::v1::Lease,
        core::v1::{ConfigMap, Pod},
        events::v1::Event,
    },
    apimachinery::pkg::apis::meta::v1::MicroTime,
    jiff::Timestamp,
};
use kube::{
    Api, Client, Config,
    api::{ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use kube_sim::{KubeSim, KubeSimConfig};
use serde_json::json;

use crate::client::restart;

async fn client(sim: &KubeSim) -> Client {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), sim.kubeconfig()).unwrap();
    let read = Kubeconfig::read_from(file.path()).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(read, &options)
        .await
        .unwrap();
    Client::try_from(config).unwrap()
}

async fn started() -> (KubeSim, Client) {
    let config = KubeSimConfig::default()
        .token("t0k", "system:serviceaccount:ops:kafka-lag")
        .deployment("demo", "consumer", 2);
    let sim = KubeSim::start(config).await.unwrap();
    sim.hpa("demo", "consumer", ("Deployment", "consumer"), (2, 5));
    let client = client(&sim).await;
    (sim, client)
}

fn reason(error: &kube::Error) -> (u16, &str) {
    match error {
        kube::Error::Api(status) => (status.code, status.reason.as_str()),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn kube_reads_restarts_and_scales() {
    let (sim, client) = started().await;
    let api: Api<Deployment> = Api::namespaced(client.clone(), "demo");
    let params = PatchParams::apply("kafka-lag");
    let patch = Patch::Strategic(restart("2026-11-22T11:00:00+08:00"));
    let after = api.patch("consumer", &params, &patch).await.unwrap();
    assert_eq!(after.metadata.generation, Some(2));
    assert_eq!(sim.rollouts("demo", "consumer").len(), 1);

    let scale = api.get_scale("consumer").await.unwrap();
    let version = scale.metadata.resource_version.unwrap();
    let status = scale.status.unwrap();
    assert_eq!(status.selector.as_deref(), Some("app=consumer"));
    let body = json!({"metadata": {"resourceVersion": version}, "spec": {"replicas": 4}});
    let scaled = api
        .patch_scale("consumer", &params, &Patch::Merge(&body))
        .await
        .unwrap();
    assert_eq!(scaled.spec.unwrap().replicas, Some(4));
    let again = api
        .patch_scale("consumer", &params, &Patch::Merge(&body))
        .await;
    assert_eq!(reason(&again.unwrap_err()), (409, "Conflict"));
    assert_eq!(
        reason(&api.get("nope").await.unwrap_err()),
        (404, "NotFound")
    );

    let hpas: Api<HorizontalPodAutoscaler> = Api::namespaced(client.clone(), "demo");
    let hpas = hpas.list(&ListParams::default()).await.unwrap();
    let target = &hpas.items[0].spec.as_ref().unwrap().scale_target_ref;
    assert_eq!(target.name, "consumer");
    let pods: Api<Pod> = Api::namespaced(client, "demo");
    let pods = pods
        .list(&ListParams::default().labels("app=consumer"))
        .await
        .unwrap();
    assert_eq!(pods.items.len(), 4);
}

#[tokio::test]
async fn kube_keeps_state_holds_a_lease_and_writes_an_event() {
    let (sim, client) = started().await;
    let params = PostParams::default();

    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "demo");
    let mut state = ConfigMap::default();
    state.metadata.name = Some("state".into());
    let stored = maps.create(&params, &state).await.unwrap();
    let twice = maps.create(&params, &state).await.unwrap_err();
    assert_eq!(reason(&twice), (409, "AlreadyExists"));
    let mut next = stored.clone();
    next.data = Some([("state.json".to_owned(), "{}".to_owned())].into());
    maps.replace("state", &params, &next).await.unwrap();
    let old = maps.replace("state", &params, &stored).await.unwrap_err();
    assert_eq!(reason(&old), (409, "Conflict"));

    let leases: Api<Lease> = Api::namespaced(client.clone(), "demo");
    let now = MicroTime("2026-11-22T03:54:00Z".parse::<Timestamp>().unwrap());
    let mut lease = Lease::default();
    lease.metadata.name = Some("kafka-lag".into());
    let spec = lease.spec.get_or_insert_default();
    spec.holder_identity = Some("pod-1".into());
    spec.renew_time = Some(now.clone());
    let mut held = leases.create(&params, &lease).await.unwrap();
    held.spec.as_mut().unwrap().holder_identity = Some(String::new());
    leases.replace("kafka-lag", &params, &held).await.unwrap();
    let held = sim.lease("demo", "kafka-lag").unwrap();
    assert_eq!(held["spec"]["holderIdentity"], "");

    let events: Api<Event> = Api::namespaced(client, "demo");
    let mut event = Event {
        event_time: Some(now),
        reporting_controller: Some("kafka-lag".into()),
        reporting_instance: Some("pod-1".into()),
        action: Some("RolloutRestart".into()),
        reason: Some("KafkaLagHigh".into()),
        type_: Some("Normal".into()),
        ..Event::default()
    };
    event.metadata.generate_name = Some("consumer-".into());
    event.regarding.get_or_insert_default().namespace = Some("demo".into());
    events.create(&params, &event).await.unwrap();
    assert_eq!(sim.events("demo").len(), 1);
}
