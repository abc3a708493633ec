//! What every store of the ledger keeps to.

use crate::api::Api;
use lag_actions::alert::{ConfigMapLedger, FileLedger, LedgerStore, MemoryLedger};
use lag_core::{
    Workload, WorkloadKind,
    alert::{Ledger, WorkloadLedger},
    port::PortErrorKind,
};

fn numbered(next: u64) -> Ledger {
    let workload = Workload {
        namespace: "orders".into(),
        kind: WorkloadKind::Deployment,
        name: "cd-consumer".into(),
    };
    let known = WorkloadLedger {
        next,
        ..WorkloadLedger::default()
    };
    Ledger {
        workloads: [(workload, known)].into(),
    }
}

async fn keeps_the_contract(store: &dyn LedgerStore) {
    let (empty, first) = store.load().await.unwrap();
    assert_eq!(*empty, Ledger::default());
    let second = store.save(&numbered(1), &first).await.unwrap();
    assert_ne!(first, second);
    let loaded = store.load().await.unwrap();
    assert_eq!((&*loaded.0, &loaded.1), (&numbered(1), &second));
    // The older one is no base any more, before and after another save.
    for _ in 0..2 {
        let error = store.save(&numbered(7), &first).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Conflict, "{error}");
        assert!(!error.what.contains('\n'), "{error}");
    }
    let third = store.save(&numbered(2), &second).await.unwrap();
    let error = store.save(&numbered(8), &second).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Conflict, "{error}");
    // Without a load in between.
    let fourth = store.save(&numbered(3), &third).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!((&*loaded.0, &loaded.1), (&numbered(3), &fourth));
}

fn in_configmap(api: &Api) -> ConfigMapLedger {
    ConfigMapLedger::new(api.cluster(0).client, "tools", "kafka-lag-scaler")
}

#[tokio::test]
async fn every_store_keeps_the_contract() {
    keeps_the_contract(&MemoryLedger::default()).await;
    let api = Api::new(&[], 1);
    keeps_the_contract(&in_configmap(&api)).await;
    let directory = tempfile::tempdir().unwrap();
    keeps_the_contract(&FileLedger::open(directory.path().join("ledger.json")).unwrap()).await;
}

#[tokio::test]
async fn two_replicas_see_each_other_and_only_one_saves() {
    let api = Api::new(&[], 1);
    let (one, two) = (in_configmap(&api), in_configmap(&api));
    let (none, also) = (one.load().await.unwrap().1, two.load().await.unwrap().1);
    let first = one.save(&numbered(1), &none).await.unwrap();
    let error = two.save(&numbered(2), &also).await.unwrap_err();
    assert_eq!(
        error.kind,
        PortErrorKind::Conflict,
        "made meanwhile: {error}"
    );
    let (seen, version) = two.load().await.unwrap();
    assert_eq!((&*seen, &version), (&numbered(1), &first));
    two.save(&numbered(3), &version).await.unwrap();
    let error = one.save(&numbered(4), &first).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Conflict, "{error}");
    assert_eq!(*one.load().await.unwrap().0, numbered(3));
}

#[tokio::test]
async fn a_ledger_that_does_not_fit_says_so_before_it_is_sent() {
    let api = Api::new(&[], 1);
    let store = in_configmap(&api);
    let mut ledger = numbered(1);
    for number in 0..8_000 {
        let workload = Workload {
            namespace: "orders".into(),
            kind: WorkloadKind::Deployment,
            name: format!("a-consumer-with-a-rather-long-name-{number:060}"),
        };
        ledger.workloads.insert(workload, WorkloadLedger::default());
    }
    let (_, none) = store.load().await.unwrap();
    let error = store.save(&ledger, &none).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Invalid);
    let what = error.to_string();
    assert!(
        what.contains("configmap tools/kafka-lag-scaler") && what.contains("of at most 1048576"),
        "{what}"
    );
    assert_eq!(api.ledger(), None);
}

#[tokio::test]
async fn a_file_outlives_the_process_and_belongs_to_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger.json");
    let store = FileLedger::open(&path).unwrap();
    let (_, version) = store.load().await.unwrap();
    store.save(&numbered(5), &version).await.unwrap();
    let error = FileLedger::open(&path).unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Busy, "{error}");
    drop(store);
    let again = FileLedger::open(&path).unwrap();
    assert_eq!(*again.load().await.unwrap().0, numbered(5));
    // A cleaner that takes the lock away stops everything.
    std::fs::remove_file(directory.path().join("ledger.json.lock")).unwrap();
    let error = again.load().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Busy, "{error}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_stops_everything_and_says_where() {
    let directory = tempfile::tempdir().unwrap();
    for text in [
        "{",
        r#"{"version": 2}"#,
        r#"{"version": 1, "workloads": [], "more": 1}"#,
    ] {
        let path = directory.path().join("ledger.json");
        std::fs::write(&path, text).unwrap();
        let error = FileLedger::open(&path).unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Invalid, "{error}");
        assert!(error.to_string().starts_with("ledger file "), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "it stays");
    }
    let error = FileLedger::open(directory.path().join("no/ledger.json")).unwrap_err();
    assert!(error.to_string().contains("with ledger.file"), "{error}");
}
