//! The profiles of `aliyun`: every supported mode.

use serde_json::{Value, json};

use super::*;

pub(super) const AT: &str = ".aliyun/config.json";

/// A file as the CLI writes it, whose current profile is the first.
pub(super) fn config(profiles: &[Value]) -> String {
    let current = &profiles[0]["name"];
    json!({"current": current, "profiles": profiles, "meta_path": ""}).to_string()
}

pub(super) fn pair(name: &str) -> Value {
    json!({
        "name": name, "mode": "AK", "access_key_id": KEY_ID, "access_key_secret": SECRET,
        "region_id": "cn-hangzhou", "output_format": "json", "language": "en", "retry_count": 0,
    })
}

#[tokio::test]
async fn a_pair_and_a_temporary_pair_are_taken_as_they_are() {
    let sts = json!({
        "name": "p", "mode": "ststoken", "access_key_id": "STS.x", "access_key_secret": SECRET,
        "sts_token": TOKEN,
    });
    let without_mode = json!({"name": "p", "access_key_id": "x", "access_key_secret": SECRET});
    for (profile, mode, expected) in [
        (pair("p"), "AK", (KEY_ID, SECRET, None)),
        (without_mode, "AK", ("x", SECRET, None)),
        (sts, "StsToken", ("STS.x", SECRET, Some(TOKEN))),
    ] {
        let home = Home::new().file(AT, config(&[profile]));
        let found = home.cli().provide_credentials().await.unwrap();
        assert_eq!(keys(&found), expected);
        assert_eq!(
            home.source(&found),
            format!("profile \"p\" ({mode}) of the CLI configuration ~/.aliyun/config.json")
        );
    }
}

#[tokio::test]
async fn the_profile_is_the_argument_else_the_variable_else_the_current_one() {
    let named = |name: &str| json!({"name": name, "mode": "AK", "access_key_id": name, "access_key_secret": "s"});
    let text = config(&[named("current"), named("a"), named("b"), named("default")]);
    let home = Home::new().file(AT, &text);
    let id = async |provider: CliProfileCredentials| {
        let found = provider.provide_credentials().await.unwrap();
        found.access_key_id().to_owned()
    };
    assert_eq!(id(home.cli()).await, "current");
    let home = home.set("ALIBABA_CLOUD_PROFILE", "a");
    assert_eq!(id(home.cli()).await, "a");
    assert_eq!(id(home.cli().profile("b")).await, "b");

    let elsewhere = Home::new().file("x.json", text.replace("\"current\":\"current\",", ""));
    let path = elsewhere.path("x.json").to_str().unwrap().to_owned();
    let elsewhere = elsewhere.set("ALIBABA_CLOUD_CONFIG_FILE", path);
    assert_eq!(id(elsewhere.cli()).await, "default");
}

#[tokio::test]
async fn a_role_is_assumed_with_the_pair() {
    let mut profile = pair("p");
    for (key, value) in [
        ("mode", json!("RamRoleArn")),
        ("ram_role_arn", json!(ROLE_ARN)),
        ("ram_session_name", json!("lag")),
        ("external_id", json!("partner")),
        ("policy", json!("{\"Version\":\"1\"}")),
        ("expired_seconds", json!(900)),
        ("sts_region", json!("cn-shanghai")),
    ] {
        profile[key] = value;
    }
    let home = Home::new().file(AT, config(&[profile]));
    let server = sts("credential-sts-assume-role").await;
    let provider = home.cli().sts_endpoint(endpoint(&server));
    let found = provider.provide_credentials().await.unwrap();
    assert_temporary(&found);
    assert_eq!(
        home.source(&found),
        "profile \"p\" (RamRoleArn) of the CLI configuration ~/.aliyun/config.json"
    );
    assert_sent(
        &parameters(&server, 0).await,
        &[
            ("Action", "AssumeRole"),
            ("AccessKeyId", KEY_ID),
            ("RoleArn", ROLE_ARN),
            ("RoleSessionName", "lag"),
            ("DurationSeconds", "900"),
            ("ExternalId", "partner"),
            ("Policy", "{\"Version\":\"1\"}"),
        ],
    );
}

#[tokio::test]
async fn roles_are_assumed_one_after_the_other() {
    let chained = |name: &str, source: &str, arn: &str| {
        json!({
            "name": name, "mode": "ChainableRamRoleArn", "source_profile": source,
            "ram_role_arn": arn, "ram_session_name": name, "expired_seconds": 0,
        })
    };
    let home = Home::new().file(
        AT,
        config(&[
            chained("last", "middle", ROLE_ARN),
            chained("middle", "first", "acs:ram::1:role/middle"),
            pair("first"),
        ]),
    );
    let server = sts("credential-sts-assume-role").await;
    let provider = home.cli().sts_endpoint(endpoint(&server));
    assert_temporary(&provider.provide_credentials().await.unwrap());
    let first = [
        ("AccessKeyId", KEY_ID),
        ("RoleArn", "acs:ram::1:role/middle"),
        ("RoleSessionName", "middle"),
        ("DurationSeconds", "3600"),
    ];
    assert_sent(&parameters(&server, 0).await, &first);
    let second = [
        ("AccessKeyId", "STS.NUdummyKeyId0001"),
        ("SecurityToken", common::TOKEN),
        ("RoleArn", ROLE_ARN),
        ("RoleSessionName", "last"),
    ];
    assert_sent(&parameters(&server, 1).await, &second);
    assert_eq!(received(&server).await.len(), 2);
}

#[tokio::test]
async fn the_role_of_the_instance_is_asked_for() {
    for name in ["kafka-lag-ecs-role", ""] {
        let profile = json!({"name": "p", "mode": "EcsRamRole", "ram_role_name": name});
        let home = Home::new().file(AT, config(&[profile]));
        let server = metadata_service().await;
        let provider = home.cli().metadata_endpoint(endpoint(&server));
        assert_temporary(&provider.provide_credentials().await.unwrap());
        let asked = if name.is_empty() { 3 } else { 2 };
        assert_eq!(received(&server).await.len(), asked);
    }
}

#[tokio::test]
async fn a_role_is_assumed_with_a_token_of_an_identity_provider() {
    let home = Home::new().file("token", "header.payload.signature");
    let profile = json!({
        "name": "p", "mode": "OIDC", "ram_role_arn": ROLE_ARN, "ram_session_name": "lag",
        "oidc_provider_arn": "acs:ram::1:oidc-provider/p", "oidc_token_file": home.path("token"),
        "expired_seconds": 1200,
    });
    let home = home.file(AT, config(&[profile]));
    let server = sts("credential-sts-assume-role-with-oidc").await;
    let provider = home.cli().sts_endpoint(endpoint(&server));
    assert_temporary(&provider.provide_credentials().await.unwrap());
    assert_sent(
        &parameters(&server, 0).await,
        &[
            ("Action", "AssumeRoleWithOIDC"),
            ("RoleArn", ROLE_ARN),
            ("OIDCProviderArn", "acs:ram::1:oidc-provider/p"),
            ("OIDCToken", "header.payload.signature"),
            ("RoleSessionName", "lag"),
            ("DurationSeconds", "1200"),
        ],
    );
}

#[tokio::test]
async fn a_uri_is_that_of_the_profile_else_that_of_the_variable() {
    let server = MockServer::start().await;
    Mock::given(path("/keys"))
        .respond_with(reply("credential-uri"))
        .mount(&server)
        .await;
    let uri = format!("{}/keys?token={}", server.uri(), &SECRET[..10]);
    let profile =
        |uri: &str| json!({"name": "p", "mode": "CredentialsURI", "credentials_uri": uri});
    for home in [
        Home::new().file(AT, config(&[profile(&uri)])),
        Home::new()
            .file(AT, config(&[profile("")]))
            .set("ALIBABA_CLOUD_CREDENTIALS_URI", &uri),
    ] {
        let found = home.cli().provide_credentials().await.unwrap();
        assert_temporary(&found);
        assert_clean(found.source().unwrap());
    }
}

#[tokio::test]
async fn a_pair_that_no_profile_asked_for_is_not_used() {
    // Only ChainableRamRoleArn follows source_profile.
    let mut profile = pair("p");
    profile["source_profile"] = json!("p");
    profile["ram_role_arn"] = json!(ROLE_ARN);
    let home = Home::new().file(AT, config(&[profile]));
    let found = home.cli().provide_credentials().await.unwrap();
    assert_eq!(keys(&found), (KEY_ID, SECRET, None));
}
