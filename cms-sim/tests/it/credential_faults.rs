//! Faults of STS, the metadata service, the credentials URI and the Kafka service, and faults led there by their scope.

use std::time::Duration;

use cms_sim::{Fault, FaultKind, Simulator};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{
        Caller, KAFKA, LOCKED, ROLE, STS, Seen, config, control, encode, fetch, fixture, get, keys,
        start,
    },
    errors::assert_like_fixture,
};

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
const SET: &str = "/latest/meta-data/ram/security-credentials/kafka-lag-ecs-role";
const TTL: [(&str, &str); 1] = [("X-aliyun-ecs-metadata-token-ttl-seconds", "60")];

async fn with(fault: Fault) -> (Simulator, Caller) {
    start(config().fault(fault)).await
}

async fn oidc(caller: &Caller) -> Seen {
    let path = format!(
        "/?Action=AssumeRoleWithOIDC&Version={STS}&Format=JSON&RoleSessionName=ab&OIDCToken=sim.oidc.token&RoleArn={}&OIDCProviderArn={}",
        encode(ROLE),
        encode("acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim")
    );
    get(caller.address, &path, &[]).await
}

async fn instances(caller: &Caller) -> Seen {
    let region = [("RegionId", "cn-hangzhou")];
    caller.version(KAFKA).call("GetInstanceList", &region).await
}

/// One call of each new action, by its name in a fault's scope.
async fn call(caller: &Caller, action: &str) -> Seen {
    match action {
        "AssumeRole" => caller.assume(&[]).await,
        "AssumeRoleWithOIDC" => oidc(caller).await,
        "GetInstanceList" => instances(caller).await,
        "Metadata" => get(caller.address, SET, &[]).await,
        "CredentialsUri" => get(caller.address, "/credentials", &[]).await,
        other => panic!("{other} is none of them"),
    }
}

const ACTIONS: [&str; 5] = [
    "AssumeRole",
    "AssumeRoleWithOIDC",
    "GetInstanceList",
    "Metadata",
    "CredentialsUri",
];

#[tokio::test]
async fn a_fault_that_names_no_action_and_no_service_means_cloudmonitor() {
    let (simulator, caller) = start(config()).await;
    let new_ones = FaultKind::names().skip_while(|name| *name != "security_token_expired");
    let new_ones: Vec<_> = new_ones.collect();
    for name in FaultKind::names().filter(|name| !new_ones.contains(name)) {
        simulator.inject(Fault::named(name).unwrap());
        for action in ACTIONS {
            let seen = call(&caller, action).await;
            assert_eq!(seen.status(), 200, "{name} on {action}");
        }
        simulator.clear_faults();
    }
}

#[tokio::test]
async fn a_fault_of_one_service_leaves_cloudmonitor_alone() {
    for name in FaultKind::names().skip_while(|name| *name != "sts_no_expiration") {
        let (simulator, caller) = with(Fault::named(name).unwrap()).await;
        assert_eq!(caller.lag(&[]).await.code(), "200", "{name}");
        assert_eq!(simulator.faults().len(), 1);
    }
}

#[tokio::test]
async fn old_faults_strike_the_new_actions_when_their_scope_says_so() {
    for action in ACTIONS {
        for (name, status) in [
            ("throttling", 400),
            ("throttling_retry_after", 400),
            ("http_429", 429),
            ("service_unavailable", 503),
            ("internal_error", 500),
            ("empty_500", 500),
            ("html_502", 502),
            ("success_false", 200),
            ("code_only", 200),
            ("invalid_parameter", 400),
        ] {
            let fault = Fault::named(name).unwrap().on_action(action).times(1);
            let (simulator, caller) = with(fault).await;
            assert_eq!(caller.lag(&[]).await.code(), "200", "{name}: not {action}");
            let seen = call(&caller, action).await;
            assert_eq!(seen.status(), status, "{name} on {action}");
            assert_eq!(
                simulator.counters().by_outcome[name],
                1,
                "{name} on {action}"
            );
            assert_eq!(call(&caller, action).await.status(), 200, "{name} is over");
        }
    }
}

#[tokio::test]
async fn slow_reset_and_half_bodies_strike_the_new_actions_too() {
    for action in ACTIONS {
        let (simulator, caller) = with(Fault::new(FaultKind::Reset).on_action(action)).await;
        assert!(call(&caller, action).await.raw.is_empty(), "{action}");
        simulator.clear_faults();
        simulator.inject(Fault::new(FaultKind::TruncatedBody).on_action(action));
        let seen = call(&caller, action).await;
        let promised: usize = seen.header("content-length").unwrap().parse().unwrap();
        assert!(seen.body().len() < promised, "{action}");
        simulator.clear_faults();
        simulator.inject(Fault::new(FaultKind::Slow { ms: 20 }).on_action(action));
        let before = std::time::Instant::now();
        assert_eq!(call(&caller, action).await.status(), 200, "{action}");
        assert!(before.elapsed() >= Duration::from_millis(20));
    }
}

#[tokio::test]
async fn forbidden_names_the_permission_of_each_api() {
    for (action, status, code, ram) in [
        ("AssumeRole", 403, "NoPermission", json!("sts:AssumeRole")),
        (
            "AssumeRoleWithOIDC",
            401,
            "AuthenticationFail.NoPermission",
            json!("sts:AssumeRole"),
        ),
        (
            "GetInstanceList",
            403,
            "Forbidden.RAM",
            json!("alikafka:GetInstanceList"),
        ),
        ("Metadata", 403, "Forbidden.RAM", Value::Null),
    ] {
        let (_simulator, caller) = with(Fault::new(FaultKind::Forbidden).on_action(action)).await;
        let seen = call(&caller, action).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (status, code),
            "{action}"
        );
        assert_eq!(
            seen.json()["AccessDeniedDetail"]["AuthAction"],
            ram,
            "{action}"
        );
    }
}

#[tokio::test]
async fn clock_skew_and_a_lost_key_can_be_led_to_sts() {
    let fault = Fault::new(FaultKind::ClockSkew { seconds: 1200 }).on_action("AssumeRole");
    let (simulator, caller) = with(fault).await;
    assert_eq!(caller.assume(&[]).await.code(), "InvalidTimeStamp.Expired");
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::AccessKeyNotFound).on_action("AssumeRole"));
    assert_eq!(
        caller.assume(&[]).await.code(),
        "InvalidAccessKeyId.NotFound"
    );
    assert_eq!(caller.lag(&[]).await.code(), "200");
}

#[tokio::test]
async fn security_token_expired_strikes_young_sets_at_every_signed_action_and_no_other_key() {
    let (simulator, caller) = start(config()).await;
    let holder = caller.with_set(&caller.set().await);
    simulator.inject(Fault::new(FaultKind::SecurityTokenExpired).times(3));
    assert_eq!(
        caller.lag(&[]).await.code(),
        "200",
        "a permanent key has no token"
    );
    for seen in [
        holder.lag(&[]).await,
        holder.assume(&[]).await,
        instances(&holder).await,
    ] {
        assert_eq!(seen.code(), "InvalidSecurityToken.Expired");
    }
    assert_eq!(
        holder.lag(&[]).await.code(),
        "200",
        "three times were meant"
    );

    simulator.inject(Fault::new(FaultKind::SecurityTokenExpired).on_action("DescribeMetricList"));
    assert_like_fixture(&holder.lag(&[]).await, "error-security-token-expired");
    assert_eq!(holder.assume(&[]).await.status(), 200);
}

#[tokio::test]
async fn sts_no_expiration_leaves_one_key_out() {
    let (simulator, caller) = with(Fault::new(FaultKind::StsNoExpiration)).await;
    let (_, mut whole) = fixture("credential-sts-assume-role");
    whole["Credentials"]
        .as_object_mut()
        .unwrap()
        .remove("Expiration");
    assert_eq!(keys(&caller.assume(&[]).await.json()), keys(&whole));
    let set = oidc(&caller).await.json()["Credentials"].clone();
    assert_eq!(set.get("Expiration"), None);
    assert_eq!(caller.with_set(&set).lag(&[]).await.code(), "200");
    assert_eq!(simulator.counters().by_outcome["sts_no_expiration"], 2);
}

#[tokio::test]
async fn sts_html_502_and_sts_throttling_strike_both_ways_to_a_role() {
    let (simulator, caller) = with(Fault::new(FaultKind::StsHtml502)).await;
    let (status, body) = fixture("error-gateway-html-502");
    for seen in [caller.assume(&[]).await, oidc(&caller).await] {
        assert_eq!(
            (seen.status(), Value::from(seen.body())),
            (status, body.clone())
        );
        assert_eq!(seen.header("content-type"), Some("text/html"));
    }
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::StsThrottling));
    for seen in [caller.assume(&[]).await, oidc(&caller).await] {
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (400, "Throttling.User")
        );
    }
}

#[tokio::test]
async fn role_denied_refuses_as_a_locked_role_does() {
    let (simulator, caller) = with(Fault::new(FaultKind::RoleDenied).times(2)).await;
    let (signed, token) = (caller.assume(&[]).await, oidc(&caller).await);
    assert_eq!(
        (signed.status(), signed.code().as_str()),
        (403, "NoPermission")
    );
    assert_eq!(
        (token.status(), token.code().as_str()),
        (401, "AuthenticationFail.NoPermission")
    );
    assert!(simulator.faults().is_empty());
    let locked = caller.assume(&[("RoleArn", LOCKED)]).await.json();
    assert_eq!(keys(&signed.json()), keys(&locked));
}

#[tokio::test]
async fn metadata_html_is_a_page_with_status_200() {
    let (simulator, _caller) = with(Fault::new(FaultKind::MetadataHtml)).await;
    let put = fetch(simulator.addr(), "PUT", "/latest/api/token", &TTL).await;
    for seen in [
        put,
        get(simulator.addr(), ROLES, &[]).await,
        get(simulator.addr(), SET, &[]).await,
    ] {
        assert_eq!(
            (seen.status(), seen.header("content-type")),
            (200, Some("text/html"))
        );
        assert!(seen.body().starts_with("<html>"));
    }
}

#[tokio::test]
async fn metadata_hang_never_answers() {
    let (simulator, _caller) = with(Fault::new(FaultKind::MetadataHang)).await;
    let mut stream = TcpStream::connect(simulator.addr()).await.unwrap();
    let request = format!("GET {ROLES} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    while !simulator
        .counters()
        .by_outcome
        .contains_key("metadata_hang")
    {
        tokio::task::yield_now().await;
    }
    let mut byte = [0];
    let wait = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut byte)).await;
    assert!(wait.is_err(), "nothing within 50 ms");
}

#[tokio::test]
async fn metadata_without_a_role_and_with_a_failed_one() {
    let (simulator, _caller) = with(Fault::new(FaultKind::MetadataNoRole)).await;
    for path in [ROLES, SET] {
        assert_eq!(
            get(simulator.addr(), path, &[]).await.status(),
            404,
            "{path}"
        );
    }
    assert_eq!(simulator.counters().by_outcome["metadata_no_role"], 2);
    assert_eq!(
        get(simulator.addr(), "/latest/meta-data/region-id", &[])
            .await
            .status(),
        200
    );

    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::MetadataFailed).times(1));
    assert_eq!(get(simulator.addr(), ROLES, &[]).await.status(), 200);
    assert_eq!(
        simulator.faults().len(),
        1,
        "the list of roles does not use it up"
    );
    let seen = get(simulator.addr(), SET, &[]).await;
    assert_eq!((seen.status(), seen.code().as_str()), (200, "Failed"));
    assert_eq!(get(simulator.addr(), SET, &[]).await.code(), "Success");
}

#[tokio::test]
async fn imds_v2_refused_leaves_version_1() {
    let (simulator, _caller) = with(Fault::new(FaultKind::ImdsV2Refused).times(1)).await;
    assert_eq!(get(simulator.addr(), ROLES, &[]).await.status(), 200);
    let put = async || {
        fetch(simulator.addr(), "PUT", "/latest/api/token", &TTL)
            .await
            .status()
    };
    assert_eq!((put().await, put().await), (405, 200));
    assert_eq!(simulator.counters().by_outcome["imds_v2_refused"], 1);
}

#[tokio::test]
async fn the_credentials_uri_fails_and_forgets_its_code() {
    let (simulator, caller) = with(Fault::new(FaultKind::CredentialsUriFailed)).await;
    let seen = get(simulator.addr(), "/credentials", &[]).await;
    assert_eq!((seen.status(), seen.code().as_str()), (200, "Failed"));
    assert_eq!(seen.json().get("AccessKeySecret"), None);
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::CredentialsUriWithoutCode));
    let set = get(simulator.addr(), "/credentials", &[]).await.json();
    let (_, theirs) = fixture("credential-uri-without-code");
    assert_eq!(keys(&set), keys(&theirs));
    assert_eq!(caller.with_set(&set).lag(&[]).await.code(), "200");
}

#[tokio::test]
async fn kafka_forbidden_names_its_permission() {
    let (_simulator, caller) = with(Fault::new(FaultKind::KafkaForbidden)).await;
    let seen = instances(&caller).await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (403, "Forbidden.RAM")
    );
    let detail = &seen.json()["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "alikafka:GetInstanceList");
}

#[tokio::test]
async fn the_control_api_leads_a_fault_to_an_action() {
    let (simulator, caller) = start(config()).await;
    let body = r#"{"fault":"http_429","action":"CredentialsUri","times":1}"#;
    assert_eq!(control(&simulator, "POST", "/faults", body).await.0, 200);
    assert_eq!(caller.lag(&[]).await.code(), "200");
    assert_eq!(
        get(simulator.addr(), "/credentials", &[]).await.status(),
        429
    );
    assert_eq!(
        get(simulator.addr(), "/credentials", &[]).await.status(),
        200
    );
}
