//! Keys from the profiles of the vendor's tools: the credentials file and the CLI.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "profiles/cli.rs"]
mod cli;
#[path = "profiles/cli_broken.rs"]
mod cli_broken;
mod common;
#[path = "profiles/external.rs"]
mod external;
#[path = "profiles/file.rs"]
mod file;

use std::{collections::BTreeMap, fs, path::PathBuf};

use aliyun_cms::{
    CliProfileCredentials, Credentials, CredentialsError, Endpoint, ProfileFileCredentials,
    ProvideCredentials,
};
use common::{
    chain,
    leaks::{KEY_ID, SECRET, TOKEN, assert_clean, shown, told},
    received, reply,
};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, method, path},
};

const ROLE_ARN: &str = "acs:ram::1234567890123456:role/kafka-lag-reader";

/// A home directory and variables of its own.
struct Home {
    dir: TempDir,
    variables: BTreeMap<String, String>,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_str().unwrap().to_owned();
        Self {
            dir,
            variables: BTreeMap::from([("HOME".to_owned(), home)]),
        }
    }

    fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    fn file(self, at: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(at);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn path(&self, at: &str) -> PathBuf {
        self.dir.path().join(at)
    }

    fn lookup(&self) -> impl Fn(&str) -> Option<String> + Send + Sync + 'static {
        let variables = self.variables.clone();
        move |name| variables.get(name).cloned()
    }

    fn ini(&self) -> ProfileFileCredentials {
        ProfileFileCredentials::from_environment().with_lookup(self.lookup())
    }

    fn cli(&self) -> CliProfileCredentials {
        CliProfileCredentials::from_environment().with_lookup(self.lookup())
    }

    /// The whole sentence, with `~` for this home, after a search for secrets.
    async fn sentence(&self, provider: &dyn ProvideCredentials) -> String {
        let error = provider.provide_credentials().await.unwrap_err();
        assert_clean(&told(&error));
        assert_clean(&shown(provider));
        let kind = match error {
            CredentialsError::NotConfigured { .. } => "not configured",
            CredentialsError::Misconfigured { .. } => "misconfigured",
            CredentialsError::Refused { .. } => "refused",
            CredentialsError::Unavailable { .. } => "unavailable",
            _ => "new",
        };
        let text = chain(&error);
        // What each kind begins with tells them apart already; this is for those who change that.
        let begins = text.starts_with("no credentials are configured in ");
        assert_eq!(begins, kind == "not configured", "{kind}: {text}");
        self.tilde(&text)
    }

    fn tilde(&self, text: &str) -> String {
        text.replace(self.dir.path().to_str().unwrap(), "~")
    }

    fn source(&self, found: &Credentials) -> String {
        self.tilde(found.source().unwrap())
    }
}

/// Id, secret and token.
fn keys(found: &Credentials) -> (&str, &str, Option<&str>) {
    (
        found.access_key_id(),
        found.access_key_secret().expose_secret(),
        found.security_token().map(ExposeSecret::expose_secret),
    )
}

/// What the fixtures of STS, of the metadata service and of the URI all hold.
fn assert_temporary(found: &Credentials) {
    let expected = (
        "STS.NUdummyKeyId0001",
        "dummyStsSecret0123456789",
        Some(common::TOKEN),
    );
    assert_eq!(keys(found), expected);
    let expiry = found.expiry().map(|expiry| expiry.to_string());
    assert_eq!(expiry.as_deref(), Some("2026-01-15T09:30:00Z"));
}

async fn metadata_service() -> MockServer {
    let server = MockServer::start().await;
    let at = "/latest/meta-data/ram/security-credentials/";
    for (verb, at, fixture) in [
        (
            "PUT",
            "/latest/api/token".to_owned(),
            "credential-imds-token",
        ),
        ("GET", at.to_owned(), "credential-imds-role-name"),
        (
            "GET",
            format!("{at}kafka-lag-ecs-role"),
            "credential-imds-credentials",
        ),
    ] {
        let mock = Mock::given(method(verb)).and(path(at));
        mock.respond_with(reply(fixture)).mount(&server).await;
    }
    server
}

async fn sts(fixture: &str) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(any()).respond_with(reply(fixture));
    mock.mount(&server).await;
    server
}

fn endpoint(server: &MockServer) -> Endpoint {
    Endpoint::url(&server.uri()).unwrap()
}

/// The parameters of the n-th request, wherever they are.
async fn parameters(server: &MockServer, n: usize) -> BTreeMap<String, String> {
    let request = &received(server).await[n];
    let mut all = common::query(request);
    all.extend(url::form_urlencoded::parse(&request.body).into_owned());
    all
}

/// Each of these is among the parameters.
#[track_caller]
fn assert_sent(sent: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(sent.get(*name).map(String::as_str), Some(*value), "{name}");
    }
}
