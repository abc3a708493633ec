//! `AssumeRole`: who may, with which parameters, and what comes back.

use std::time::Duration;

use serde_json::json;

use crate::client::{LOCKED, ROLE, STS, Style, config, fixture, keys, start};

const ALL: [Style; 5] = [
    Style::GetQuery,
    Style::PostQuery,
    Style::PostForm,
    Style::Acs3Get,
    Style::Acs3Form,
];

#[tokio::test]
async fn a_role_is_assumed_in_every_style_of_request() {
    let (simulator, mut caller) = start(config()).await;
    let (_, theirs) = fixture("credential-sts-assume-role");
    for style in ALL {
        caller.style = style;
        let seen = caller.assume(&[("DurationSeconds", "900")]).await;
        assert_eq!(seen.status(), 200, "{style:?}: {}", seen.body());
        let ours = seen.json();
        assert_eq!(keys(&ours), keys(&theirs), "{style:?}");
        let user = &ours["AssumedRoleUser"];
        assert_eq!(user["Arn"], format!("{ROLE}/kafka-lag"));
        let id = user["AssumedRoleId"].as_str().unwrap();
        let (number, session) = id.split_once(':').unwrap();
        assert!(number.len() == 18 && number.parse::<u64>().is_ok(), "{id}");
        assert_eq!(session, "kafka-lag");
        let credentials = &ours["Credentials"];
        assert_eq!(credentials["Expiration"], "2026-01-15T08:45:00Z");
        let key = credentials["AccessKeyId"].as_str().unwrap();
        assert!(key.starts_with("STS.sim"), "{key}");
    }
    assert_eq!(simulator.counters().by_action["AssumeRole"], 5);
}

#[tokio::test]
async fn the_duration_is_an_hour_unless_asked_for_and_never_more_than_configured() {
    let long = || config().token_lifetime(Duration::from_hours(12));
    for (config, wish, expiration) in [
        (long(), None, "2026-01-15T09:30:00Z"),
        (long(), Some("43200"), "2026-01-15T20:30:00Z"),
        (config(), Some("43200"), "2026-01-15T09:30:00Z"),
        (
            config().token_lifetime(Duration::from_secs(7)),
            Some("900"),
            "2026-01-15T08:30:07Z",
        ),
    ] {
        let (_simulator, caller) = start(config).await;
        let wish: Vec<_> = wish
            .map(|text| ("DurationSeconds", text))
            .into_iter()
            .collect();
        let set = caller.assume(&wish).await.json()["Credentials"].clone();
        assert_eq!(set["Expiration"], expiration, "{wish:?}");
    }
}

#[tokio::test]
async fn wrong_parameters_are_refused_with_the_codes_of_sts() {
    let (_simulator, caller) = start(config()).await;
    let long = format!("{{\"Statement\":[\"{}\"]}}", "x".repeat(2_048));
    let wide = "s".repeat(65);
    for (parameter, value, code) in [
        ("RoleArn", "", "MissingRoleArn"),
        ("RoleArn", "kafka-lag", "InvalidParameter.RoleArn"),
        ("RoleArn", "acs:ram::x:role/a", "InvalidParameter.RoleArn"),
        ("RoleArn", "acs:ram::1:user/a", "InvalidParameter.RoleArn"),
        ("RoleArn", "acs:ram::1:role/", "InvalidParameter.RoleArn"),
        ("RoleSessionName", "", "MissingRoleSessionName"),
        ("RoleSessionName", "x", "InvalidParameter.RoleSessionName"),
        ("RoleSessionName", "a b", "InvalidParameter.RoleSessionName"),
        (
            "RoleSessionName",
            "订单",
            "InvalidParameter.RoleSessionName",
        ),
        ("RoleSessionName", &wide, "InvalidParameter.RoleSessionName"),
        ("DurationSeconds", "899", "InvalidParameter.DurationSeconds"),
        (
            "DurationSeconds",
            "43201",
            "InvalidParameter.DurationSeconds",
        ),
        ("DurationSeconds", "1h", "InvalidParameter.DurationSeconds"),
        ("Policy", "{", "InvalidParameter.PolicyGrammar"),
        ("Policy", "{}", "InvalidParameter.PolicyGrammar"),
        ("Policy", &long, "InvalidParameter.PolicySize"),
        ("ExternalId", "x", "InvalidParameter.ExternalId"),
        ("ExternalId", "a b", "InvalidParameter.ExternalId"),
    ] {
        let seen = caller.assume(&[(parameter, value)]).await;
        assert_eq!(seen.code(), code, "{parameter}={value}");
        assert_eq!(seen.status(), 400, "{parameter}={value}");
    }
    let seen = caller.assume(&[("DurationSeconds", "1")]).await;
    assert_eq!(
        seen.json()["Message"],
        "The Min/Max value of DurationSeconds is 15min/1hr."
    );
}

#[tokio::test]
async fn a_policy_and_an_external_id_are_taken() {
    let (_simulator, caller) = start(config()).await;
    let policy =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"cms:Query*","Resource":"*"}]}"#;
    let seen = caller
        .assume(&[("Policy", policy), ("ExternalId", "tenant=1,a@b:c/d-e_f")])
        .await;
    assert_eq!(seen.status(), 200, "{}", seen.body());
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_and_one_that_is_unknown_are_told_apart() {
    let own = "acs:ram::77:role/own/path";
    let (_simulator, caller) = start(
        config()
            .role(ROLE)
            .role(own)
            .locked_role("acs:ram::77:role/shut"),
    )
    .await;
    for (role, status, code) in [
        (LOCKED, 403, "NoPermission"),
        ("acs:ram::77:role/shut", 403, "NoPermission"),
        ("acs:ram::77:role/none", 404, "EntityNotExist.Role"),
    ] {
        let seen = caller.assume(&[("RoleArn", role)]).await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (status, code),
            "{role}"
        );
        let json = seen.json();
        assert!(json["Recommend"].as_str().unwrap().contains("product=Sts"));
    }
    let denied = caller.assume(&[("RoleArn", LOCKED)]).await.json();
    assert_eq!(
        denied["Message"],
        "You are not authorized to do this action. You should be authorized by RAM."
    );
    assert_eq!(denied["AccessDeniedDetail"]["AuthAction"], "sts:AssumeRole");
    assert_eq!(caller.assume(&[("RoleArn", own)]).await.status(), 200);
}

#[tokio::test]
async fn signature_nonce_time_key_and_version_are_checked_as_for_cloudmonitor() {
    let (_simulator, caller) = start(config()).await;
    for style in ALL {
        let good = crate::client::Caller {
            style,
            ..caller.clone()
        };
        for (change, code) in [
            (0, "SignatureDoesNotMatch"),
            (1, "InvalidTimeStamp.Expired"),
            (2, "InvalidAccessKeyId.NotFound"),
            (3, "InvalidTimeStamp.Format"),
        ] {
            let mut wrong = good.clone();
            match change {
                0 => wrong.secret = "other".into(),
                1 => wrong.time = "2026-01-15T08:00:00Z".into(),
                2 => wrong.key_id = "unknown".into(),
                _ => wrong.time = "2026-01-15 08:30:00".into(),
            }
            assert_eq!(wrong.assume(&[]).await.code(), code, "{style:?}");
        }
        let mut again = good.clone();
        again.nonce = Some(format!("once-{style:?}"));
        assert_eq!(again.assume(&[]).await.status(), 200);
        assert_eq!(again.assume(&[]).await.code(), "SignatureNonceUsed");
        let parameters = [("RoleArn", ROLE), ("RoleSessionName", "kafka-lag")];
        let seen = good.call("AssumeRole", &parameters).await;
        assert_eq!(seen.code(), "InvalidAction.NotFound", "version of CMS");
        let seen = good.version(STS).lag(&[]).await;
        assert_eq!(seen.code(), "InvalidAction.NotFound", "version of STS");
    }
}

#[tokio::test]
async fn without_a_signature_nobody_assumes_a_role() {
    let (_simulator, caller) = start(config()).await;
    let unsigned = format!(
        "/?Action=AssumeRole&Version={STS}&Format=JSON&RoleSessionName=ab&RoleArn={}",
        crate::client::encode(ROLE)
    );
    let seen = crate::client::get(caller.address, &unsigned, &[]).await;
    assert_eq!(seen.code(), "MissingAccessKeyId");
}

#[tokio::test]
async fn two_runs_with_one_seed_issue_the_same_sets() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (_simulator, caller) = start(config().seed(7)).await;
        runs.push(json!([caller.set().await, caller.set().await]));
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0][0]["AccessKeyId"], runs[0][1]["AccessKeyId"]);
}
