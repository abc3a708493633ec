//! Temporary sets at every signed action, until they expire.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use crate::{
    client::{Caller, KAFKA, Style, config, control, now, start},
    errors::assert_like_fixture,
};

const STYLES: [Style; 4] = [
    Style::GetQuery,
    Style::PostForm,
    Style::Acs3Get,
    Style::Acs3Form,
];

/// The status of each signed action.
async fn statuses(caller: &Caller) -> [u16; 3] {
    [
        caller.lag(&[]).await.status(),
        caller.assume(&[]).await.status(),
        caller
            .version(KAFKA)
            .call("GetInstanceList", &[("RegionId", "cn-hangzhou")])
            .await
            .status(),
    ]
}

#[tokio::test]
async fn a_set_works_everywhere_until_the_second_it_was_told() {
    let (simulator, caller) = start(config().token_lifetime(Duration::from_secs(60))).await;
    let holder = caller.with_set(&caller.set().await);
    for style in STYLES {
        let holder = Caller {
            style,
            ..holder.clone()
        };
        simulator.set_now(now() + SignedDuration::from_secs(59));
        assert_eq!(statuses(&holder).await, [200; 3], "{style:?}");
        simulator.set_now(now() + SignedDuration::from_secs(60));
        assert_eq!(statuses(&holder).await, [400; 3], "{style:?}");
        assert_like_fixture(&holder.lag(&[]).await, "error-security-token-expired");
    }
    assert_eq!(
        caller.lag(&[]).await.status(),
        200,
        "the permanent key goes on"
    );
}

#[tokio::test]
async fn a_set_needs_its_own_secret_and_its_own_token() {
    let (_simulator, caller) = start(config()).await;
    let (one, two) = (caller.set().await, caller.set().await);
    let good = caller.with_set(&one);
    for style in STYLES {
        let good = Caller {
            style,
            ..good.clone()
        };
        let code = async |caller: Caller| caller.lag(&[]).await.code();
        let other_token = Caller {
            token: caller.with_set(&two).token,
            ..good.clone()
        };
        assert_eq!(
            code(other_token).await,
            "InvalidSecurityToken.MismatchWithAccessKey"
        );
        let other_secret = Caller {
            secret: caller.with_set(&two).secret,
            ..good.clone()
        };
        assert_eq!(code(other_secret).await, "SignatureDoesNotMatch");
        let no_token = Caller {
            token: None,
            ..good.clone()
        };
        assert_eq!(code(no_token).await, "MissingSecurityToken");
        let unknown = Caller {
            key_id: "STS.simunknown".into(),
            ..good.clone()
        };
        assert_eq!(code(unknown).await, "InvalidAccessKeyId.NotFound");
        let permanent = Caller {
            token: good.token.clone(),
            style,
            ..caller.clone()
        };
        assert_eq!(
            code(permanent).await,
            "InvalidSecurityToken.MismatchWithAccessKey"
        );
        assert_eq!(code(good).await, "200");
    }
}

#[tokio::test]
async fn all_sets_expire_on_request_and_new_ones_are_good() {
    let (simulator, caller) = start(config()).await;
    let old = caller.with_set(&caller.set().await);
    caller.set().await;
    let (_, state) = control(&simulator, "GET", "/state", "").await;
    assert_eq!(state["credentials"], json!({ "issued": 2, "valid": 2 }));

    assert_eq!(simulator.expire_credentials(), 2);
    assert_eq!(old.lag(&[]).await.code(), "InvalidSecurityToken.Expired");
    simulator.set_now(now() - SignedDuration::from_secs(60));
    assert_eq!(old.lag(&[]).await.code(), "InvalidSecurityToken.Expired");
    simulator.set_now(now());

    let new = caller.with_set(&caller.set().await);
    assert_eq!(new.lag(&[]).await.code(), "200");
    let (status, answer) = control(&simulator, "POST", "/credentials/expire", "").await;
    assert_eq!((status, answer), (200, json!({ "expired": 1 })));
    assert_eq!(new.lag(&[]).await.code(), "InvalidSecurityToken.Expired");
    let (_, state) = control(&simulator, "GET", "/state", "").await;
    assert_eq!(state["credentials"], json!({ "issued": 3, "valid": 0 }));
}

#[tokio::test]
async fn without_the_secret_nobody_learns_that_a_set_has_expired() {
    let (simulator, caller) = start(config()).await;
    let holder = caller.with_set(&caller.set().await);
    simulator.expire_credentials();
    let guess = Caller {
        secret: "guess".into(),
        ..holder
    };
    assert_eq!(guess.lag(&[]).await.code(), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn no_issued_secret_is_shown_by_debug_or_state() {
    let (simulator, caller) = start(config().oidc_token("a.t0ken.c")).await;
    let set = caller.set().await;
    simulator.set_oidc_token("b.t0ken.c");
    let imds = crate::client::fetch(
        simulator.addr(),
        "PUT",
        "/latest/api/token",
        &[("X-aliyun-ecs-metadata-token-ttl-seconds", "60")],
    )
    .await;
    let (_, state) = control(&simulator, "GET", "/state", "").await;
    let shown = format!("{simulator:?}{state}");
    for secret in [
        set["AccessKeySecret"].as_str().unwrap(),
        set["SecurityToken"].as_str().unwrap(),
        imds.body(),
        "t0ken",
    ] {
        assert!(!secret.is_empty() && !shown.contains(secret));
    }
}
