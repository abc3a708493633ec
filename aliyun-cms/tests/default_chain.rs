//! Where credentials are searched, in which order, and what ends the search.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use aliyun_cms::{
    AssumeRoleSettings, BuildError, Client, Credentials, CredentialsSource, EnvironmentCredentials,
    ProvideCredentials, RateLimiter,
};
use common::{
    chain,
    hands::Source,
    machine::{CONFIG, ID, INI, Machine, SECRET, found, metadata, refused, uri},
    query, received, reply,
    roles::{IDP, ROLE, answering, endpoint, form, mounted},
};
use tokio::task::JoinSet;
use wiremock::{Mock, MockServer, Request, matchers::method};

#[tokio::test]
async fn the_places_are_searched_in_the_vendors_order() {
    let machine = Machine::new();
    let (variables, home) = (
        &machine.variables,
        machine.home.path().display().to_string(),
    );
    let sts = answering(reply("credential-sts-assume-role-with-oidc")).await;
    let (ecs, sidecar) = (metadata("from-metadata").await, uri("from-uri").await);
    let (_directory, token) = mounted();
    variables.set(ID, "from-variables");
    variables.set(SECRET, "s");
    variables.set("OLD_ID", "from-old-variables");
    variables.set("OLD_SECRET", "s");
    variables.set("ALIBABA_CLOUD_ROLE_ARN", ROLE);
    variables.set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", IDP);
    variables.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", &token);
    variables.set("ALIBABA_CLOUD_STS_ENDPOINT", sts.uri());
    variables.set("ALIBABA_CLOUD_CREDENTIALS_URI", sidecar.uri());
    machine.write(".aliyun/config.json", CONFIG);
    machine.write(".alibabacloud/credentials", INI);
    let search = || async {
        let shared = variables.clone();
        let old = EnvironmentCredentials::named("OLD_ID", "OLD_SECRET", "OLD_TOKEN")
            .with_lookup(move |name| shared.0.lock().unwrap().get(name).cloned());
        found(
            machine
                .builder()
                .also(old)
                .metadata_endpoint(endpoint(&ecs)),
        )
        .await
    };

    let taken = |id: &str, source: String| (id.to_owned(), source);
    let expected = taken("from-variables", format!("the environment ({ID})"));
    assert_eq!(search().await, expected);
    variables.unset(ID);
    variables.unset(SECRET);
    let expected = taken("from-old-variables", "the environment (OLD_ID)".to_owned());
    assert_eq!(search().await, expected);
    variables.unset("OLD_ID");
    variables.unset("OLD_SECRET");
    let source = format!("the role {ROLE}, assumed with the OIDC token in {token}");
    assert_eq!(search().await, taken("STS.NUdummyKeyId0001", source));
    variables.unset("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    variables.unset("ALIBABA_CLOUD_OIDC_TOKEN_FILE");
    assert_eq!(search().await.0, "from-cli", "a role alone is no OIDC");
    machine.remove(".aliyun/config.json");
    assert_eq!(search().await.0, "from-ini", "{home}");
    machine.remove(".alibabacloud/credentials");
    assert_eq!(search().await.0, "from-metadata");
    variables.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    assert_eq!(search().await.0, "from-uri");
    variables.unset("ALIBABA_CLOUD_CREDENTIALS_URI");
    assert!(refused(machine.builder()).await.is_not_configured());
}

#[tokio::test]
async fn a_broken_place_ends_the_search() {
    let machine = Machine::new();
    machine.write(".aliyun/config.json", CONFIG);
    for (name, value) in [
        (ID, "half"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID_FILE", "/no/such/file"),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/no/such/file"),
    ] {
        machine.variables.set(name, value);
        let error = refused(machine.builder()).await;
        machine.variables.unset(name);
        let text = error.to_string();
        assert!(
            text.contains("is set up wrongly") && text.contains(name),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_machine_without_credentials_is_told_every_place_that_was_searched() {
    let machine = Machine::new();
    let error = refused(machine.builder()).await;
    assert!(error.is_not_configured());
    let metadata = chain(&error);
    let (_, metadata) = metadata.split_once("service (").unwrap();
    let (metadata, _) = metadata.split_once(" does").unwrap();
    assert_eq!(
        chain(&error),
        format!(
            "no credentials are configured in the environment (ALIBABA_CLOUD_ACCESS_KEY_ID and \
             ALIBABA_CLOUD_ACCESS_KEY_SECRET), nor in OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN and \
             ALIBABA_CLOUD_OIDC_TOKEN_FILE), nor in the CLI configuration (~/.aliyun/config.json), \
             nor in the credentials file (~/.alibabacloud/credentials or \
             ~/.alibabacloud/credentials.ini), nor in the instance metadata service ({metadata} \
             does not answer, so this is no ECS instance), nor in the credentials URI \
             (ALIBABA_CLOUD_CREDENTIALS_URI)"
        )
    );
}

#[tokio::test]
async fn a_place_that_was_chosen_and_has_nothing_is_an_error_that_says_what_to_set() {
    for (name, place, needs) in [
        (
            "environment",
            "the environment (ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET)",
            "set both, or the same names with _FILE at their end to the paths of files",
        ),
        (
            "oidc",
            "OIDC (ALIBABA_CLOUD_OIDC_PROVIDER_ARN and ALIBABA_CLOUD_OIDC_TOKEN_FILE)",
            "set ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and \
             ALIBABA_CLOUD_OIDC_TOKEN_FILE: in ACK they are set together, in new pods only, when \
             the namespace has the label pod-identity.alibabacloud.com/injection: on and the \
             service account the annotation pod-identity.alibabacloud.com/role-name",
        ),
        (
            "cli-profile",
            "the CLI configuration (~/.aliyun/config.json)",
            "run `aliyun configure`, or mount its file ~/.aliyun/config.json",
        ),
        (
            "profile-file",
            "the credentials file (~/.alibabacloud/credentials or ~/.alibabacloud/credentials.ini)",
            "write ~/.alibabacloud/credentials, or set ALIBABA_CLOUD_CREDENTIALS_FILE to the path \
             of such a file",
        ),
        (
            "ecs",
            "the instance metadata service (ALIBABA_CLOUD_ECS_METADATA_DISABLED is on)",
            "attach a RAM role to the instance, and unset ALIBABA_CLOUD_ECS_METADATA_DISABLED",
        ),
        (
            "uri",
            "the credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI)",
            "set ALIBABA_CLOUD_CREDENTIALS_URI",
        ),
    ] {
        let machine = Machine::new();
        let variables = &machine.variables;
        variables.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
        let error = refused(machine.builder().only(name.parse().unwrap())).await;
        assert!(!error.is_not_configured());
        assert_eq!(
            chain(&error),
            format!(
                "the one source that is asked, {name}, is set up wrongly: no credentials are \
                 configured in {place}; {needs}"
            )
        );
    }
    let machine = Machine::new();
    let error = refused(machine.builder().only(CredentialsSource::EcsRole)).await;
    assert!(
        error.is_retryable(),
        "no answer from a service that must be there"
    );
}

#[test]
fn a_place_that_does_not_exist_is_refused_with_the_list_of_those_that_do() {
    let error = "vault".parse::<CredentialsSource>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"vault\" is no source of credentials: use environment, oidc, cli-profile, profile-file, \
         ecs or uri"
    );
    for source in CredentialsSource::ALL {
        assert_eq!(source.to_string().parse(), Ok(source));
        assert!(error.to_string().contains(source.as_str()));
    }
}

#[tokio::test]
async fn nobody_searches_beyond_the_place_that_was_chosen() {
    let machine = Machine::new();
    machine.write(".aliyun/config.json", CONFIG);
    machine.write(".alibabacloud/credentials", INI);
    let chosen = machine.builder().only(CredentialsSource::ProfileFile);
    assert_eq!(found(chosen).await.0, "from-ini");
    let chosen = machine.builder().only(CredentialsSource::Environment);
    let chosen = chosen.also(Credentials::new("from-also", "s"));
    assert_eq!(found(chosen).await.0, "from-also");
}

#[tokio::test]
async fn what_was_given_is_used_whatever_else_is_set() {
    let machine = Machine::new();
    machine.variables.set(ID, "from-variables");
    machine.variables.set(SECRET, "s");
    let given = machine.builder().source(Credentials::new("given", "s"));
    assert_eq!(found(given).await.0, "given");

    let sidecar = uri("from-uri").await;
    assert_eq!(
        found(machine.builder().uri(sidecar.uri())).await.0,
        "from-uri"
    );

    let sts = answering(reply("credential-sts-assume-role-with-oidc")).await;
    let (_directory, token) = mounted();
    let given = machine
        .builder()
        .oidc(ROLE, IDP, &token)
        .session_name("given-name");
    assert_eq!(
        found(given.sts_endpoint(endpoint(&sts))).await.0,
        "STS.NUdummyKeyId0001"
    );
    assert_eq!(
        form(&received(&sts).await[0])["RoleSessionName"],
        "given-name"
    );
}

#[tokio::test]
async fn a_named_instance_role_that_cannot_be_asked_for_is_no_reason_to_go_on() {
    let machine = Machine::new();
    let sidecar = uri("from-uri").await;
    machine
        .variables
        .set("ALIBABA_CLOUD_CREDENTIALS_URI", sidecar.uri());
    assert_eq!(
        found(machine.builder()).await.0,
        "from-uri",
        "this is no instance"
    );
    let error = refused(machine.builder().ecs_role("reader")).await;
    assert!(error.is_retryable(), "{error}");
    machine
        .variables
        .set("ALIBABA_CLOUD_ECS_METADATA", "reader");
    let error = refused(machine.builder()).await;
    assert!(error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_role_on_top_is_kept_and_so_are_the_keys_below_it() {
    let machine = Machine::new();
    let sts = answering(reply("credential-sts-assume-role")).await;
    let ecs = metadata("STS.instance").await;
    let builder = machine.builder().metadata_endpoint(endpoint(&ecs));
    let settings = AssumeRoleSettings::new(ROLE)
        .external_id("x1")
        .session_name("me");
    let builder = builder.sts_endpoint(endpoint(&sts)).assume_role(settings);
    let credentials = builder.build().unwrap();
    let first = credentials.provide_credentials().await.unwrap();
    let source = first.source().unwrap();
    assert!(
        source.starts_with(&format!("the role {ROLE}, assumed with ")),
        "{source}"
    );
    for _ in 0..100 {
        credentials.clone().provide_credentials().await.unwrap();
    }
    let asked = received(&ecs).await.len();
    let sent = received(&sts).await;
    let [request] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(form(request)["AccessKeyId"], "STS.instance");
    assert_eq!(form(request)["SecurityToken"], "t");
    assert_eq!(form(request)["RoleSessionName"], "me");

    machine.clock.forward(10);
    credentials.invalidate(); // the session; the keys of the instance are good for hours
    credentials.provide_credentials().await.unwrap();
    assert_eq!(received(&sts).await.len(), 2);
    assert_eq!(received(&ecs).await.len(), asked);
}

#[tokio::test]
async fn calls_that_fail_with_an_expired_token_renew_it_once_and_succeed() {
    let server = MockServer::start().await;
    let judge = |request: &Request| match query(request)["AccessKeyId"].as_str() {
        "key-1" => reply("error-security-token-expired"),
        _ => reply("list-empty-array-string"),
    };
    Mock::given(method("POST"))
        .respond_with(judge)
        .mount(&server)
        .await;
    let machine = Machine::new();
    let lives = machine.clock.clone();
    let source = Source::new(move |number| {
        let key = Credentials::new(format!("key-{number}"), "s");
        Ok(key.with_expiry(lives.after(3600)))
    });
    let credentials = machine.builder().source(source.clone()).build().unwrap();
    credentials.provide_credentials().await.unwrap();
    machine.clock.forward(60);
    let client = Client::builder()
        .endpoint(endpoint(&server))
        .credentials(credentials)
        .clock(machine.clock.clone())
        .limiter(RateLimiter::unlimited())
        .no_proxy()
        .build()
        .unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        calls.spawn(async move { client.describe_metric_list("n", "m").send(None).await });
    }
    for outcome in calls.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_refused_before_anything_is_asked() {
    let error = Machine::new().builder().ca_file("/no/such/ca.pem").build();
    assert!(matches!(error.unwrap_err(), BuildError::CaFile { .. }));
}

#[tokio::test]
async fn no_debug_text_shows_a_secret() {
    let machine = Machine::new();
    machine.variables.set(ID, "LTAI5tTESTonlyKEYid00001");
    machine.variables.set(SECRET, "TESTonlySECRET");
    let settings = || AssumeRoleSettings::new(ROLE).external_id("TESTonlyEXTERNAL");
    for builder in [
        machine.builder(),
        machine.builder().assume_role(settings()),
        machine.builder().uri("http://host/TESTonlyURI"),
        machine.builder().source(common::leaks::credentials()),
    ] {
        let before = format!("{builder:?} {builder:#?}");
        let built = builder.build().unwrap();
        drop(built.provide_credentials().await);
        let text = format!("{before} {built:?} {built:#?}");
        assert!(!text.contains("TESTonly"), "{text}");
    }
}
