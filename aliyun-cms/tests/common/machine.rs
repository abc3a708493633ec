//! A machine of the test's own: variables, a home, a clock, and servers around it.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{Arc, Mutex},
};

use aliyun_cms::{
    CredentialsError, DefaultCredentials, DefaultCredentialsBuilder, Endpoint, ProvideCredentials,
};
use serde_json::json;
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::{chain, hands::Hands, reply};

pub const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
pub const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
pub const CONFIG: &str = r#"{"current": "c", "profiles": [{"name": "c", "mode": "AK",
    "access_key_id": "from-cli", "access_key_secret": "s"}]}"#;
pub const INI: &str =
    "[default]\ntype = access_key\naccess_key_id = from-ini\naccess_key_secret = s\n";

/// Variables that can be changed while they are used.
#[derive(Clone, Default)]
pub struct Variables(pub Arc<Mutex<BTreeMap<String, String>>>);

impl Variables {
    pub fn set(&self, name: &str, value: impl Into<String>) {
        self.0.lock().unwrap().insert(name.to_owned(), value.into());
    }
    pub fn unset(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

/// A machine: its variables, its home, its clock, and nothing in place of a metadata service.
pub struct Machine {
    pub variables: Variables,
    pub home: TempDir,
    pub clock: Hands,
}

impl Machine {
    pub fn new() -> Self {
        let (variables, home) = (Variables::default(), tempfile::tempdir().unwrap());
        variables.set("HOME", home.path().to_str().unwrap());
        Self {
            variables,
            home,
            clock: Hands::default(),
        }
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.home.path().join(name)).unwrap();
    }

    pub fn builder(&self) -> DefaultCredentialsBuilder {
        let variables = self.variables.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = format!("http://{}", listener.local_addr().unwrap());
        DefaultCredentials::builder()
            .lookup(move |name| variables.0.lock().unwrap().get(name).cloned())
            .clock(self.clock.clone())
            .metadata_endpoint(Endpoint::url(&gone).unwrap())
    }
}

pub async fn found(builder: DefaultCredentialsBuilder) -> (String, String) {
    let found = builder.build().unwrap().provide_credentials().await;
    let found = found.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let source = found.source().unwrap_or_default().to_owned();
    (found.access_key_id().to_owned(), source)
}

pub async fn refused(builder: DefaultCredentialsBuilder) -> CredentialsError {
    let found = builder.build().unwrap().provide_credentials().await;
    found.unwrap_err()
}

/// A metadata service with a role whose keys have this id.
pub async fn metadata(id: &str) -> MockServer {
    let server = MockServer::start().await;
    let roles = "/latest/meta-data/ram/security-credentials/";
    let keys = json!({
        "Code": "Success", "AccessKeyId": id, "AccessKeySecret": "s", "SecurityToken": "t",
        "Expiration": "2026-01-15T14:30:00Z", "LastUpdated": "2026-01-15T08:30:00Z",
    });
    for (verb, at, answer) in [
        (
            "PUT",
            "/latest/api/token".to_owned(),
            reply("credential-imds-token"),
        ),
        (
            "GET",
            roles.to_owned(),
            ResponseTemplate::new(200).set_body_string("role"),
        ),
        (
            "GET",
            format!("{roles}role"),
            ResponseTemplate::new(200).set_body_json(keys),
        ),
    ] {
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(answer);
        mock.mount(&server).await;
    }
    server
}

pub async fn uri(id: &str) -> MockServer {
    let keys = json!({
        "Code": "Success", "AccessKeyId": id, "AccessKeySecret": "s", "SecurityToken": "t",
        "Expiration": "2026-01-15T14:30:00Z",
    });
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(keys);
    Mock::given(method("GET"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}
