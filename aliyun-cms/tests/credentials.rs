//! Where keys come from, and where they do not.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aliyun_cms::{
    Chain, Credentials, CredentialsError, CredentialsFuture, EnvironmentCredentials,
    ProvideCredentials,
};
use secrecy::ExposeSecret;

const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

fn environment(variables: &[(&str, &str)]) -> EnvironmentCredentials {
    EnvironmentCredentials::new().with_lookup(lookup(variables))
}

fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    move |name| variables.get(name).cloned()
}

async fn get(
    provider: &dyn ProvideCredentials,
) -> Result<(String, String, Option<String>), CredentialsError> {
    let found = provider.provide_credentials().await?;
    Ok((
        found.access_key_id().to_owned(),
        found.access_key_secret().expose_secret().to_owned(),
        found
            .security_token()
            .map(|token| token.expose_secret().to_owned()),
    ))
}

#[tokio::test]
async fn the_vendors_variables_are_read() {
    let found = get(&environment(&[(ID, "i"), (SECRET, "s")]))
        .await
        .unwrap();
    assert_eq!(found, ("i".into(), "s".into(), None));
    let found = get(&environment(&[(ID, "STS.i"), (SECRET, "s"), (TOKEN, "t")]))
        .await
        .unwrap();
    assert_eq!(found, ("STS.i".into(), "s".into(), Some("t".into())));
}

#[tokio::test]
async fn white_space_around_values_is_dropped_and_empty_values_count_as_unset() {
    let found = get(&environment(&[
        (ID, " i\n"),
        (SECRET, "s\r\n"),
        (TOKEN, "  "),
    ]))
    .await
    .unwrap();
    assert_eq!(found, ("i".into(), "s".into(), None));
    let error = get(&environment(&[(ID, ""), (SECRET, "\n")]))
        .await
        .unwrap_err();
    assert!(matches!(error, CredentialsError::NotConfigured { .. }));
}

#[tokio::test]
async fn half_a_set_is_an_error_that_names_the_missing_variable() {
    for (variables, missing) in [
        ([(ID, "i"), (TOKEN, "t")].as_slice(), SECRET),
        (&[(ID, "i")], SECRET),
        (&[(SECRET, "s")], ID),
        (&[(TOKEN, "t")], ID),
        (&[(ID, "STS.i"), (SECRET, "s")], TOKEN),
    ] {
        let error = get(&environment(variables)).await.unwrap_err();
        assert!(
            matches!(error, CredentialsError::Misconfigured { .. }),
            "{error:?}"
        );
        assert!(
            error.to_string().contains(&format!("{missing} is not set")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn nothing_set_names_what_could_be_set() {
    let error = get(&environment(&[])).await.unwrap_err();
    assert!(matches!(error, CredentialsError::NotConfigured { .. }));
    assert!(
        error.to_string().contains(ID) && error.to_string().contains(SECRET),
        "{error}"
    );
}

#[tokio::test]
async fn other_names_can_be_read_and_the_process_is_the_default() {
    let named = EnvironmentCredentials::named("A", "B", "C");
    let found = get(&named
        .clone()
        .with_lookup(lookup(&[("A", "i"), ("B", "s"), ("C", "t")])))
    .await;
    assert_eq!(found.unwrap(), ("i".into(), "s".into(), Some("t".into())));
    // Cargo sets this one for every test.
    let real =
        EnvironmentCredentials::named("CARGO_PKG_NAME", "CARGO_PKG_VERSION", "NOT_SET_ANYWHERE");
    assert_eq!(get(&real).await.unwrap().0, "aliyun-cms");
}

#[tokio::test]
async fn a_chain_takes_the_first_source_that_is_set_up() {
    let chain = Chain::new()
        .then(environment(&[]))
        .then(Credentials::new("second", "s"))
        .then(Credentials::new("third", "s"));
    assert_eq!(get(&chain).await.unwrap().0, "second");
}

#[tokio::test]
async fn a_broken_source_never_falls_through_to_another_identity() {
    let chain = Chain::new()
        .then(environment(&[(ID, "i")]))
        .then(Credentials::new("other", "s"));
    let error = get(&chain).await.unwrap_err();
    assert!(matches!(error, CredentialsError::Misconfigured { .. }));
}

#[tokio::test]
async fn a_chain_without_any_set_up_source_lists_all_it_asked() {
    let chain = Chain::new().then(environment(&[])).then(
        EnvironmentCredentials::named("OTHER_ID", "OTHER_SECRET", "T").with_lookup(lookup(&[])),
    );
    let text = get(&chain).await.unwrap_err().to_string();
    assert!(text.contains(ID) && text.contains("OTHER_ID"), "{text}");
    let empty = get(&Chain::new()).await.unwrap_err();
    assert!(matches!(empty, CredentialsError::NotConfigured { .. }));
}

#[derive(Debug, Default)]
struct Counting(AtomicU32);

impl ProvideCredentials for Counting {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        Box::pin(async { Ok(Credentials::new("i", "s")) })
    }
    fn invalidate(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn invalidation_reaches_every_source_through_chains_and_pointers() {
    let (a, b) = (Arc::new(Counting::default()), Arc::new(Counting::default()));
    let boxed: Box<dyn ProvideCredentials> = Box::new(b.clone());
    Chain::new().then(a.clone()).then(boxed).invalidate();
    assert_eq!(
        (a.0.load(Ordering::Relaxed), b.0.load(Ordering::Relaxed)),
        (1, 1)
    );
    Credentials::new("i", "s").invalidate();
}

#[test]
fn credentials_keep_what_they_were_given() {
    let expiry = "2026-01-15T09:30:00Z".parse().unwrap();
    let first = Credentials::new("i", "s");
    let second = first.clone().with_security_token("t").with_expiry(expiry);
    assert_eq!(
        (first.expiry(), first.security_token().is_some()),
        (None, false)
    );
    assert_eq!(
        (second.expiry(), second.security_token().is_some()),
        (Some(expiry), true)
    );
}
