//! What is repeated, how often, after what wait, and what never is.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aliyun_cms::{
    Client, Credentials, CredentialsError, CredentialsFuture, Error, ErrorKind, ProvideCredentials,
    RateLimiter, RetryPolicy, SignatureVersion,
};
use common::{FakeClock, KEY_ID, Log, SECRET, builder, query, received, reply};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

const MS: Duration = Duration::from_millis(1);

/// Answers with these fixtures in order, then with a page.
async fn script(replies: &[&str]) -> MockServer {
    let server = MockServer::start().await;
    for name in replies {
        Mock::given(method("POST"))
            .respond_with(reply(name))
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    Mock::given(method("POST"))
        .respond_with(reply("list-page-3-last-no-token"))
        .mount(&server)
        .await;
    server
}

async fn always(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

async fn ask(client: &Client) -> Result<(), Error> {
    client
        .describe_metric_list("n", "m")
        .send(None)
        .await
        .map(drop)
}

#[tokio::test]
async fn every_attempt_is_signed_anew_with_a_new_nonce() {
    for version in [SignatureVersion::V1, SignatureVersion::V3] {
        let server = script(&["error-throttling", "error-signature-nonce-used"]).await;
        ask(&builder(&server).signature(version).build().unwrap())
            .await
            .unwrap();
        let requests = received(&server).await;
        assert_eq!(requests.len(), 3);
        let of = |v1: &str, v3: &str| -> BTreeSet<String> {
            requests
                .iter()
                .map(|request| match version {
                    SignatureVersion::V1 => query(request)[v1].clone(),
                    _ => request.headers[v3].to_str().unwrap().to_owned(),
                })
                .collect()
        };
        assert_eq!(of("SignatureNonce", "x-acs-signature-nonce").len(), 3);
        assert_eq!(of("Signature", "authorization").len(), 3);
    }
}

#[tokio::test]
async fn what_can_heal_is_repeated_up_to_the_policy_and_what_cannot_is_asked_once() {
    for (name, calls) in [
        ("body-error-code-only", 4),
        ("body-error-internal", 4),
        ("error-empty-body-500", 4),
        ("error-gateway-html-502", 4),
        ("error-internal-error", 4),
        ("error-service-unavailable", 4),
        ("error-signature-nonce-used", 4),
        ("error-throttling", 4),
        ("error-throttling-429", 4),
        ("error-throttling-api", 4),
        ("error-throttling-user", 4),
        ("list-malformed-datapoints", 4),
        ("error-security-token-expired", 2),
        ("body-error-dimensions", 1),
        ("error-access-forbidden", 1),
        ("error-forbidden-ram", 1),
        ("error-incomplete-signature", 1),
        ("error-invalid-access-key-id", 1),
        ("error-invalid-access-key-inactive", 1),
        ("error-invalid-action", 1),
        ("error-invalid-parameter", 1),
        ("error-invalid-timestamp-expired", 1),
        ("error-invalid-timestamp-format", 1),
        ("error-missing-metric-name", 1),
        ("error-missing-security-token", 1),
        ("error-parameter-invalid", 1),
        ("error-resource-not-found", 1),
        ("error-signature-does-not-match-v1", 1),
    ] {
        let server = always(reply(name)).await;
        ask(&builder(&server).build().unwrap()).await.unwrap_err();
        assert_eq!(received(&server).await.len(), calls, "{name}");
    }
}

#[tokio::test]
async fn the_wait_is_the_drawn_part_of_a_doubling_bound() {
    let server = always(reply("error-service-unavailable")).await;
    let log = Log::default();
    let policy = RetryPolicy::default()
        .with_initial_delay(2 * MS)
        .with_max_delay(5 * MS);
    let clock = FakeClock {
        jitter: 0.5,
        ..FakeClock::default()
    };
    let client = builder(&server)
        .retry(policy)
        .clock(clock)
        .observer(log.clone())
        .build()
        .unwrap();
    ask(&client).await.unwrap_err();
    let waits: Vec<_> = log.seen().iter().map(|seen| seen.retry_in).collect();
    assert_eq!(waits, [Some(MS), Some(2 * MS), Some(5 * MS / 2), None]);
}

#[tokio::test]
async fn the_server_lengthens_the_wait_up_to_the_cap() {
    let asks = |ms: &str| reply("error-throttling-user").insert_header("x-acs-retry-after", ms);
    let server = always(asks("3")).await;
    let log = Log::default();
    let two = RetryPolicy::default().with_max_attempts(2);
    let client = builder(&server)
        .retry(two.clone())
        .observer(log.clone())
        .build()
        .unwrap();
    ask(&client).await.unwrap_err();
    assert_eq!(
        log.seen()[0].retry_in,
        Some(3 * MS),
        "milliseconds, although the draw was zero"
    );

    let server = always(reply("error-throttling-user-retry-after")).await;
    let log = Log::default();
    let client = builder(&server)
        .retry(two.with_max_delay(2 * MS))
        .observer(log.clone())
        .build()
        .unwrap();
    ask(&client).await.unwrap_err();
    assert_eq!(log.seen()[0].retry_in, Some(2 * MS));
}

#[tokio::test]
async fn the_header_never_creates_a_retry() {
    let server = always(reply("error-forbidden-ram").insert_header("x-acs-retry-after", "1")).await;
    ask(&builder(&server).build().unwrap()).await.unwrap_err();
    assert_eq!(received(&server).await.len(), 1);
}

#[tokio::test]
async fn a_garbled_header_is_as_good_as_none() {
    for garbled in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
        let throttled = reply("error-throttling").insert_header("x-acs-retry-after", garbled);
        let server = always(throttled).await;
        let log = Log::default();
        ask(&builder(&server).observer(log.clone()).build().unwrap())
            .await
            .unwrap_err();
        assert_eq!(log.seen()[0].retry_in, Some(Duration::ZERO), "{garbled}");
    }
}

#[tokio::test]
async fn observers_are_told_of_every_attempt() {
    let server = script(&["error-throttling", "error-empty-body-500"]).await;
    let log = Log::default();
    ask(&builder(&server).observer(log.clone()).build().unwrap())
        .await
        .unwrap();
    let seen = log.seen();
    let outcomes: Vec<_> = seen
        .iter()
        .map(|seen| (seen.number, seen.outcome))
        .collect();
    let expected = [
        (1, Err(ErrorKind::Throttled)),
        (2, Err(ErrorKind::Unavailable)),
        (3, Ok(())),
    ];
    assert_eq!(outcomes, expected);
    assert!(
        seen.iter()
            .all(|seen| seen.action == "DescribeMetricList" && seen.sent)
    );
}

/// Hands out key after key, and counts how often it was told that one has expired.
#[derive(Debug, Default)]
struct Rotating {
    generation: AtomicU32,
    invalidated: AtomicU32,
}

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        let id = format!("{KEY_ID}-{}", self.generation.load(Ordering::Relaxed));
        CredentialsFuture::new(async { Ok(Credentials::new(id, SECRET)) })
    }
    fn invalidate(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
        self.invalidated.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_only_once() {
    let server = script(&["error-security-token-expired"]).await;
    let provider = Arc::new(Rotating::default());
    let client = builder(&server)
        .credentials(provider.clone())
        .build()
        .unwrap();
    ask(&client).await.unwrap();
    let ids: Vec<_> = received(&server)
        .await
        .iter()
        .map(|r| query(r)["AccessKeyId"].clone())
        .collect();
    assert_eq!(ids, [format!("{KEY_ID}-0"), format!("{KEY_ID}-1")]);

    let server = always(reply("error-security-token-expired")).await;
    let provider = Arc::new(Rotating::default());
    let client = builder(&server)
        .credentials(provider.clone())
        .build()
        .unwrap();
    assert_eq!(
        ask(&client).await.unwrap_err().kind(),
        ErrorKind::Credentials
    );
    assert_eq!(received(&server).await.len(), 2);
    assert_eq!(
        provider.invalidated.load(Ordering::Relaxed),
        2,
        "the next call gets newer ones"
    );
}

#[derive(Debug)]
struct Broken(fn() -> CredentialsError, Arc<AtomicU32>);

impl ProvideCredentials for Broken {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        self.1.fetch_add(1, Ordering::Relaxed);
        CredentialsFuture::new(async { Err(self.0()) })
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_only_an_unavailable_source_is_asked_again() {
    let cases: [(fn() -> CredentialsError, u32); 3] = [
        (
            || CredentialsError::NotConfigured {
                provider: "p".into(),
            },
            1,
        ),
        (
            || CredentialsError::Misconfigured {
                provider: "p".into(),
                detail: "d".into(),
            },
            1,
        ),
        (
            || CredentialsError::Unavailable {
                provider: "p".into(),
                source: "down".into(),
            },
            4,
        ),
    ];
    for (error, asked) in cases {
        let server = script(&[]).await;
        let (count, log) = (Arc::new(AtomicU32::new(0)), Log::default());
        let client = builder(&server)
            .credentials(Broken(error, count.clone()))
            .observer(log.clone())
            .build()
            .unwrap();
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert_eq!(count.load(Ordering::Relaxed), asked, "{error:?}");
        assert!(received(&server).await.is_empty());
        assert!(log.seen().iter().all(|seen| !seen.sent));
    }
}

#[tokio::test]
async fn a_limiter_is_shared_between_clients_and_counts_retries() {
    let server = script(&["error-throttling"]).await;
    let limiter = RateLimiter::new(1, 2);
    let client = || builder(&server).limiter(limiter.clone()).build().unwrap();
    ask(&client()).await.unwrap();
    assert_eq!(
        received(&server).await.len(),
        2,
        "the retry took the second turn"
    );
    let third = tokio::time::timeout(30 * MS, async { ask(&client()).await }).await;
    assert!(
        third.is_err(),
        "the burst is used up, for the other client too"
    );
    assert_eq!(received(&server).await.len(), 2);
}
