//! The instance metadata service and the credentials URI.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use crate::client::{Seen, config, fetch, fixture, get, keys, now, start};
use cms_sim::Simulator;

const TTL: &str = "X-aliyun-ecs-metadata-token-ttl-seconds";
const HEADER: &str = "X-aliyun-ecs-metadata-token";
const PUT: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const ROLE: &str = "kafka-lag-ecs-role";

async fn token(simulator: &Simulator) -> String {
    let seen = fetch(simulator.addr(), "PUT", PUT, &[(TTL, "21600")]).await;
    assert_eq!(
        (seen.status(), seen.header("content-type")),
        (200, Some("text/plain"))
    );
    seen.body().to_owned()
}

async fn read(simulator: &Simulator, path: &str, token: Option<&str>) -> Seen {
    let header: Vec<_> = token.map(|token| (HEADER, token)).into_iter().collect();
    get(simulator.addr(), path, &header).await
}

#[tokio::test]
async fn with_and_without_a_token_the_role_and_its_set_are_told() {
    let (simulator, caller) = start(config()).await;
    let fresh = token(&simulator).await;
    let (_, name) = fixture("credential-imds-role-name");
    let (_, theirs) = fixture("credential-imds-credentials");
    for token in [Some(fresh.as_str()), None] {
        for path in [ROLES, &ROLES[..ROLES.len() - 1]] {
            let seen = read(&simulator, path, token).await;
            assert_eq!(
                (seen.status(), Value::from(seen.body())),
                (200, name.clone())
            );
            assert_eq!(seen.header("content-type"), Some("text/plain"));
        }
        let seen = read(&simulator, &format!("{ROLES}{ROLE}"), token).await;
        let set = seen.json();
        assert_eq!(keys(&set), keys(&theirs));
        assert_eq!(
            (&set["Code"], &set["LastUpdated"]),
            (&"Success".into(), &"2026-01-15T08:30:00Z".into())
        );
        assert_eq!(set["Expiration"], "2026-01-15T09:30:00Z");
        assert_eq!(caller.with_set(&set).lag(&[]).await.code(), "200");
    }
    let seen = read(&simulator, "/latest/meta-data/region-id", None).await;
    assert_eq!(seen.body(), "cn-hangzhou");
    assert_eq!(simulator.counters().by_action["Metadata"], 8);
}

#[tokio::test]
async fn in_version_2_only_a_request_without_a_token_is_refused() {
    let (simulator, _caller) = start(config().imds_v2_only(true)).await;
    let good = token(&simulator).await;
    for path in [
        ROLES.to_owned(),
        format!("{ROLES}{ROLE}"),
        "/latest/meta-data/region-id".into(),
    ] {
        assert_eq!(read(&simulator, &path, None).await.status(), 403, "{path}");
        assert_eq!(
            read(&simulator, &path, Some("wrong")).await.status(),
            403,
            "{path}"
        );
        assert_eq!(
            read(&simulator, &path, Some(&good)).await.status(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_ends_when_it_said_and_a_wrong_one_is_no_version_1() {
    let (simulator, _caller) = start(config()).await;
    let seen = fetch(simulator.addr(), "PUT", PUT, &[(TTL, "60")]).await;
    let short = seen.body().to_owned();
    assert_eq!(read(&simulator, ROLES, Some(&short)).await.status(), 200);
    simulator.set_now(now() + SignedDuration::from_secs(60));
    assert_eq!(read(&simulator, ROLES, Some(&short)).await.status(), 403);
    assert_eq!(read(&simulator, ROLES, Some("")).await.status(), 403);
}

#[tokio::test]
async fn a_token_is_given_for_a_put_with_a_lifetime_only() {
    let (simulator, _caller) = start(config()).await;
    let status = async |method, headers: &[(&str, &str)]| {
        fetch(simulator.addr(), method, PUT, headers).await.status()
    };
    assert_eq!(status("PUT", &[]).await, 400);
    for ttl in ["0", "21601", "-1", "1h", ""] {
        assert_eq!(status("PUT", &[(TTL, ttl)]).await, 400, "{ttl}");
    }
    assert_eq!(status("PUT", &[(TTL, "1")]).await, 200);
    assert_eq!(status("GET", &[(TTL, "60")]).await, 405);
    assert_eq!(
        fetch(simulator.addr(), "POST", ROLES, &[]).await.status(),
        405
    );
}

#[tokio::test]
async fn what_is_not_there_is_a_404_page() {
    let (simulator, _caller) = start(config()).await;
    for path in [
        "/latest",
        "/latest/",
        "/latest/meta-data/no-such",
        "/latest/meta-data/ram/security-credentials/other-role",
        "/latest/meta-data/ram/security-credentials-other",
    ] {
        let seen = read(&simulator, path, None).await;
        assert_eq!(
            (seen.status(), seen.header("content-type")),
            (404, Some("text/html")),
            "{path}"
        );
    }
    let (simulator, _caller) = start(config().imds_role(None)).await;
    for path in [ROLES.to_owned(), format!("{ROLES}{ROLE}")] {
        assert_eq!(read(&simulator, &path, None).await.status(), 404, "{path}");
    }
    let (simulator, _caller) = start(config().imds_role(Some("own")).region("eu-central-1")).await;
    assert_eq!(read(&simulator, ROLES, None).await.body(), "own");
    assert_eq!(
        read(&simulator, "/latest/meta-data/region-id", None)
            .await
            .body(),
        "eu-central-1"
    );
}

#[tokio::test]
async fn every_look_at_the_role_is_a_new_set_of_the_configured_lifetime() {
    let (simulator, caller) = start(config().token_lifetime(Duration::from_secs(5))).await;
    let path = format!("{ROLES}{ROLE}");
    let (one, two) = (
        read(&simulator, &path, None).await.json(),
        read(&simulator, &path, None).await.json(),
    );
    assert_ne!(one["AccessKeyId"], two["AccessKeyId"]);
    assert_eq!(one["Expiration"], "2026-01-15T08:30:05Z");
    simulator.set_now(now() + SignedDuration::from_secs(5));
    assert_eq!(
        caller.with_set(&one).lag(&[]).await.code(),
        "InvalidSecurityToken.Expired"
    );
}

#[tokio::test]
async fn the_credentials_uri_answers_as_the_fixture() {
    let (simulator, caller) = start(config()).await;
    let (_, theirs) = fixture("credential-uri");
    let seen = get(simulator.addr(), "/credentials", &[]).await;
    let set = seen.json();
    assert_eq!((keys(&set), &set["Code"]), (keys(&theirs), &theirs["Code"]));
    assert_eq!(caller.with_set(&set).lag(&[]).await.code(), "200");
    assert_eq!(
        fetch(simulator.addr(), "POST", "/credentials", &[])
            .await
            .status(),
        405
    );
    assert_eq!(
        get(simulator.addr(), "/credentials?who=me", &[])
            .await
            .status(),
        200
    );
    assert_eq!(
        get(simulator.addr(), "/credentials/", &[]).await.status(),
        404
    );
    assert_eq!(simulator.counters().by_action["CredentialsUri"], 3);
}
