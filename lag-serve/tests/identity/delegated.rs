//! Mode `delegated`: the API server is asked who somebody is and what they may do.

use crate::{
    certificates::{Ca, Identity},
    client::{BOTH, Http},
    server::{Cluster, FRONT, METRIC},
};
use lag_core::{User, port::Access};
use lag_serve::external::AuthMode;
use rcgen::DnType;

const HPA: &str = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";

fn lag() -> Access {
    Access::Metric {
        namespace: "orders".into(),
        metric: "lag".into(),
    }
}

fn may(cluster: &Cluster, name: &str, what: Access) {
    let mut allowed = cluster.book.allowed.lock().unwrap();
    allowed.push((name.to_owned(), what));
}

fn asked(cluster: &Cluster) -> Vec<(User, Access)> {
    cluster.book.asked.lock().unwrap().clone()
}

async fn started() -> (Cluster, Identity) {
    let cluster = Cluster::start(AuthMode::Delegated).await;
    let front = cluster.front.client(FRONT);
    (cluster, front)
}

#[tokio::test]
async fn the_front_proxy_asserts_users_and_their_rights_are_asked_for_once() {
    let (cluster, front) = started().await;
    may(&cluster, HPA, lag());
    let headers = [
        ("x-remote-user", HPA),
        ("x-remote-group", "system:serviceaccounts"),
        ("x-remote-extra-a%2fb", "c"),
    ];
    for http in BOTH {
        let mut connection = cluster.connect(Some(&front), http).await;
        for _ in 0..3 {
            connection.get(METRIC, &headers).await.served();
        }
    }
    let user = User {
        name: HPA.into(),
        groups: vec![
            "system:serviceaccounts".into(),
            "system:authenticated".into(),
        ],
        uid: None,
        extra: [("a/b".to_owned(), vec!["c".to_owned()])].into(),
    };
    assert_eq!(asked(&cluster), [(user, lag())]);
    cluster.clock.forward(10);
    cluster.get(Some(&front), METRIC, &headers).await.served();
    assert_eq!(asked(&cluster).len(), 2, "the answer was old");
}

#[tokio::test]
async fn a_user_without_the_right_reads_the_api_servers_words() {
    let (cluster, front) = started().await;
    let headers = [("x-remote-user", "eve")];
    let message = cluster
        .get(Some(&front), METRIC, &headers)
        .await
        .refused(403);
    assert_eq!(
        message,
        "lag.external.metrics.k8s.io is forbidden: User \"eve\" cannot list resource \"lag\" in API group \
         \"external.metrics.k8s.io\" in the namespace \"orders\""
    );
    let message = cluster
        .get(Some(&front), "/apis", &headers)
        .await
        .refused(403);
    assert_eq!(message, "forbidden: User \"eve\" cannot get path \"/apis\"");
    may(&cluster, "eve", Access::Path("/openapi/v2".into()));
    cluster
        .get(Some(&front), "/openapi/v2", &headers)
        .await
        .served();
}

#[tokio::test]
async fn masters_are_not_asked_about() {
    let (cluster, front) = started().await;
    let headers = [
        ("x-remote-user", "system:kube-aggregator"),
        ("x-remote-group", "system:masters"),
    ];
    cluster.get(Some(&front), METRIC, &headers).await.served();
    let admin = cluster.clients.client_with("admin", |params| {
        let names = &mut params.distinguished_name;
        names.push(DnType::OrganizationName, "system:masters");
    });
    cluster.get(Some(&admin), METRIC, &[]).await.served();
    assert!(asked(&cluster).is_empty());
}

#[tokio::test]
async fn a_certificate_of_the_cluster_is_its_user_whatever_the_headers_say() {
    let (cluster, _) = started().await;
    may(&cluster, "alice", lag());
    may(&cluster, "root", lag());
    let alice = cluster.clients.client_with("alice", |params| {
        let names = &mut params.distinguished_name;
        names.push(DnType::OrganizationName, "readers");
    });
    let forged = [
        ("x-remote-user", "root"),
        ("x-remote-group", "system:masters"),
    ];
    let reply = cluster.get(Some(&alice), METRIC, &forged).await;
    reply.served();
    assert!(reply.body.ends_with(" []"), "{}", reply.body);
    let (user, _) = asked(&cluster).remove(0);
    assert_eq!(user.name, "alice");
    assert_eq!(user.groups, ["readers", "system:authenticated"]);
}

#[tokio::test]
async fn a_token_is_its_user_and_is_shown_once() {
    let (cluster, _) = started().await;
    let user = User {
        name: "bob".into(),
        ..User::default()
    };
    cluster
        .book
        .tokens
        .lock()
        .unwrap()
        .insert("t0k".into(), user);
    may(&cluster, "bob", lag());
    let good = [("authorization", "Bearer t0k"), ("x-remote-user", "root")];
    let bad = [("authorization", "Bearer other")];
    for _ in 0..2 {
        cluster.get(None, METRIC, &good).await.served();
        let message = cluster.get(None, METRIC, &bad).await.refused(401);
        assert!(message.contains("kubectl create token"), "{message}");
    }
    assert_eq!(*cluster.book.shown.lock().unwrap(), ["t0k", "other"]);
    let (user, _) = asked(&cluster).remove(0);
    assert_eq!(user.groups, ["system:authenticated"]);
    cluster.clock.forward(10);
    cluster.book.tokens.lock().unwrap().clear();
    cluster.get(None, METRIC, &good).await.refused(401);
}

#[tokio::test]
async fn no_header_makes_a_user_for_whoever_is_not_the_front_proxy() {
    let (cluster, front) = started().await;
    for name in ["root", "system:anonymous", HPA] {
        may(&cluster, name, lag());
    }
    let stranger = Ca::new("front-proxy-ca");
    let own = stranger.client(FRONT);
    let mixed = Identity {
        // The stranger's own certificate first, then the real one: only the first is the peer's.
        chain: vec![own.chain[0].clone(), front.chain[0].clone()],
        pem: own.pem.clone(),
        key: own.key.clone(),
    };
    let peers = [
        ("no client certificate", None),
        ("is not issued by", Some(stranger.client(FRONT))),
        ("is not issued by", Some(mixed)),
        (
            "has expired",
            Some(cluster.front.client_of_years(FRONT, 2020, 2026)),
        ),
        (
            "not among the allowed names",
            Some(cluster.front.client("front")),
        ),
    ];
    for (why, peer) in &peers {
        for user in ["root", HPA, "system:anonymous"] {
            for group in ["system:masters", "x"] {
                let headers = [
                    ("x-remote-user", user),
                    ("X-REMOTE-GROUP", group),
                    ("x-remote-extra-a", "b"),
                ];
                for http in BOTH {
                    let mut connection = cluster.connect(peer.as_ref(), http).await;
                    let message = connection.get(METRIC, &headers).await.refused(403);
                    let nobody = "User \"system:anonymous\" cannot list resource \"lag\"";
                    assert!(message.contains(nobody), "{message}");
                    assert!(message.contains(why), "{message}");
                }
            }
        }
    }
    assert!(asked(&cluster).is_empty(), "nobody was asked about");
}

#[tokio::test]
async fn the_front_proxy_without_a_user_is_nobody() {
    let (cluster, front) = started().await;
    let mut connection = cluster.connect(Some(&front), Http::Two).await;
    let headers = [("x-remote-group", "system:masters")];
    let message = connection.get(METRIC, &headers).await.refused(403);
    assert!(
        message.contains("\"system:anonymous\"") && message.contains("named no user"),
        "{message}"
    );
}

#[tokio::test]
async fn when_the_api_server_cannot_be_asked_nobody_is_let_in() {
    let (cluster, front) = started().await;
    may(&cluster, HPA, lag());
    *cluster.book.is_down.lock().unwrap() = true;
    let (user, token) = ([("x-remote-user", HPA)], [("authorization", "Bearer t0k")]);
    for (peer, headers) in [(Some(&front), &user), (None, &token)] {
        let message = cluster.get(peer, METRIC, headers).await.refused(503);
        assert!(message.contains("who asks cannot be checked"), "{message}");
        assert!(message.contains("no answer in 10s"), "{message}");
    }
    *cluster.book.is_down.lock().unwrap() = false;
    cluster.get(Some(&front), METRIC, &user).await.served();
}

#[tokio::test]
async fn the_openapi_documents_need_somebody_who_is_known_and_no_review() {
    let (cluster, front) = started().await;
    *cluster.book.is_down.lock().unwrap() = true;
    for path in ["/openapi/v2", "/openapi/v3"] {
        let aggregator = [("x-remote-user", "system:aggregator")];
        cluster.get(Some(&front), path, &aggregator).await.served();
        let user = cluster.clients.client("alice");
        cluster.get(Some(&user), path, &[]).await.served();
        cluster.get(None, path, &[]).await.refused(403);
        let anonymous = [
            ("x-remote-user", "system:anonymous"),
            ("x-remote-group", "system:unauthenticated"),
        ];
        cluster
            .get(Some(&front), path, &anonymous)
            .await
            .refused(503);
    }
    let path = "/openapi";
    let aggregator = [("x-remote-user", "system:aggregator")];
    cluster
        .get(Some(&front), path, &aggregator)
        .await
        .refused(503);
}
