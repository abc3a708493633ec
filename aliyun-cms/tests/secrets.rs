//! No secret, token or whole key id gets into text: types and errors.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use aliyun_cms::{
    BuildError, Chain, Client, Credentials, CredentialsError, DecodeError, Endpoint,
    EnvironmentCredentials, Error, PaginationError, Placement, RateLimiter, RetryPolicy,
    SignatureVersion, SystemClock,
};
use common::leaks::{KEY_ID, SECRET, TOKEN, assert_clean, credentials, every_error, shown, told};

#[test]
fn no_type_shows_a_secret() {
    let builder = Client::builder()
        .endpoint(Endpoint::url("http://127.0.0.1:9").unwrap())
        .credentials(credentials());
    assert_clean(&shown(&builder));
    let client = builder.build().unwrap();
    assert_clean(&shown(&client));
    let list = client.describe_metric_list("n", "m").dimension("a", "b");
    assert_clean(&shown(&list));
    assert_clean(&shown(&list.pages()));
    assert_clean(&shown(&client.describe_metric_last("n", "m")));
    assert_clean(&shown(&client.describe_metric_meta_list("n")));

    assert_clean(&shown(&credentials()));
    assert!(
        shown(&credentials()).contains("LTAI****0001"),
        "the ends of the id tell two keys apart"
    );
    assert_clean(&shown(&Chain::new().then(credentials())));
    let environment = EnvironmentCredentials::new().with_lookup(|_| Some(SECRET.to_owned()));
    assert_clean(&shown(&environment));
    assert_clean(&shown(&(
        SystemClock,
        RetryPolicy::default(),
        RateLimiter::default(),
    )));
    assert_clean(&shown(&(Placement::Query, SignatureVersion::V3)));
    assert_clean(&shown(&Credentials::new("short-id", SECRET)));
    assert!(!shown(&Credentials::new("short-id", SECRET)).contains("short-id"));
}

#[test]
fn no_refused_endpoint_or_set_up_shows_a_secret() {
    for url in [
        format!("https://{KEY_ID}:{SECRET}@host/"),
        format!("https://host/?AccessKeyId={KEY_ID}&Signature={SECRET}"),
        format!("https://host/{TOKEN}"),
        format!("{SECRET} {TOKEN}"),
    ] {
        assert_clean(&told(&Endpoint::url(&url).unwrap_err()));
    }
    assert_clean(&told(&BuildError::NoCredentials));
    let agent = Client::builder()
        .endpoint(Endpoint::url("http://127.0.0.1:9").unwrap())
        .credentials(credentials())
        .user_agent(format!("{SECRET}\n"))
        .build();
    assert_clean(&told(&agent.unwrap_err()));
}

#[tokio::test]
async fn no_error_shows_a_secret_even_if_the_server_says_it_back() {
    for version in [SignatureVersion::V1, SignatureVersion::V3] {
        for placement in [Placement::Query, Placement::Form] {
            for error in every_error(version, placement).await {
                assert_clean(&told(&error));
                assert_clean(&error.hint().unwrap_or_default());
            }
        }
    }
}

#[test]
fn no_error_variant_shows_a_secret() {
    let action = || "A".to_owned();
    let unavailable = || CredentialsError::Unavailable {
        provider: "p".into(),
        source: "down".into(),
    };
    for error in [
        Error::Credentials {
            action: action(),
            source: unavailable(),
        },
        Error::InvalidRequest {
            action: action(),
            detail: "d".into(),
        },
        Error::Decode {
            action: action(),
            source: DecodeError::Empty,
        },
        Error::Pagination {
            action: action(),
            page: 3,
            source: PaginationError::RepeatedToken,
        },
    ] {
        assert_clean(&told(&error));
    }
}
