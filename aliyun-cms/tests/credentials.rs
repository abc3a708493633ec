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
    FileCredentials, ProvideCredentials,
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

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
        CredentialsFuture::new(async { Ok(Credentials::new("i", "s")) })
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

fn written(directory: &TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn source_of(provider: &dyn ProvideCredentials) -> String {
    let found = provider.provide_credentials().await.unwrap();
    found.source().unwrap().to_owned()
}

async fn told(provider: &dyn ProvideCredentials) -> String {
    common::chain(&provider.provide_credentials().await.unwrap_err())
}

#[tokio::test]
async fn half_a_key_pair_is_told_in_one_sentence() {
    assert_eq!(
        told(&environment(&[(ID, "i")])).await,
        "the environment is set up wrongly: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set (or is \
         empty, or not UTF-8), but ALIBABA_CLOUD_ACCESS_KEY_ID is"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = written(&directory, "id", "i");
    assert_eq!(
        told(&environment(&[("ALIBABA_CLOUD_ACCESS_KEY_ID_FILE", &path)])).await,
        "the environment is set up wrongly: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set (or is \
         empty, or not UTF-8), but ALIBABA_CLOUD_ACCESS_KEY_ID_FILE is"
    );
}

#[tokio::test]
async fn variables_can_name_files_which_are_read_anew_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let id = written(&directory, "id", " first\n");
    let secret = written(&directory, "secret", "s\n");
    let token = written(&directory, "token", "t\n");
    let source = environment(&[
        ("ALIBABA_CLOUD_ACCESS_KEY_ID_FILE", &id),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE", &secret),
        ("ALIBABA_CLOUD_SECURITY_TOKEN_FILE", &token),
    ]);
    let found = get(&source).await.unwrap();
    assert_eq!(found, ("first".into(), "s".into(), Some("t".into())));
    let expected = format!("the file {id} named by ALIBABA_CLOUD_ACCESS_KEY_ID_FILE");
    assert_eq!(source_of(&source).await, expected);
    written(&directory, "id", "second");
    assert_eq!(get(&source).await.unwrap().0, "second");

    let mixed = EnvironmentCredentials::named("A", "B", "C");
    let mixed = mixed.with_lookup(lookup(&[("A", "i"), ("B_FILE", &secret)]));
    assert_eq!(get(&mixed).await.unwrap(), ("i".into(), "s".into(), None));
    assert_eq!(source_of(&mixed).await, "the environment (A)");
}

#[tokio::test]
async fn a_variable_and_its_file_at_once_are_refused() {
    let both = environment(&[(ID, "i"), ("ALIBABA_CLOUD_ACCESS_KEY_ID_FILE", "/x")]);
    assert_eq!(
        told(&both).await,
        "the environment is set up wrongly: both ALIBABA_CLOUD_ACCESS_KEY_ID and \
         ALIBABA_CLOUD_ACCESS_KEY_ID_FILE are set; unset one of them"
    );
}

#[tokio::test]
async fn a_file_that_gives_no_value_is_told_with_its_variable_and_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let empty = written(&directory, "empty", "\n");
    let large = written(&directory, "large", &"x".repeat(65 * 1024));
    let folder = directory.path().to_str().unwrap().to_owned();
    for (path, problem) in [
        (
            "/no/such/file",
            "cannot be read: No such file or directory (os error 2)",
        ),
        (empty.as_str(), "is empty"),
        (&large, "is larger than 64 KiB"),
        (&folder, "is no plain file"),
    ] {
        let source = environment(&[(ID, "i"), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE", path)]);
        assert_eq!(
            told(&source).await,
            format!(
                "the environment is set up wrongly: ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE names the \
                 file {path}, which {problem}"
            )
        );
    }
}

#[tokio::test]
async fn mounted_files_are_read_together_and_anew() {
    let directory = tempfile::tempdir().unwrap();
    let id = written(&directory, "id", "STS.i\n");
    let secret = written(&directory, "secret", "s");
    let source = FileCredentials::new(&id, &secret);
    assert_eq!(
        told(&source).await,
        format!(
            "the file {id} is set up wrongly: it holds a temporary key, and no file with its \
             security token is given"
        )
    );
    let token = written(&directory, "token", "t");
    let source = source.security_token(&token);
    let found = get(&source).await.unwrap();
    assert_eq!(found, ("STS.i".into(), "s".into(), Some("t".into())));
    assert_eq!(source_of(&source).await, format!("the file {id}"));
    std::fs::remove_file(&secret).unwrap();
    assert_eq!(
        told(&source).await,
        format!(
            "the file {secret} is set up wrongly: it cannot be read: No such file or directory (os \
             error 2)"
        )
    );
    written(&directory, "secret", "new");
    assert_eq!(get(&source).await.unwrap().1, "new");
}
