//! Every source of credentials against the simulated cloud: found, exchanged, and used for a signed query.
#![allow(clippy::unwrap_used)]

use aliyun_cms::{
    Client, CredentialsSource, DefaultCredentials, DefaultCredentialsBuilder, Endpoint, ErrorKind,
    ProvideCredentials, RetryPolicy,
};
use cms_sim::{Scenario, SimConfig, Simulator};
use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};
use tempfile::TempDir;

const ROLE: &str = "acs:ram::1234567890123456:role/kafka-lag";
const LOCKED: &str = "acs:ram::1234567890123456:role/kafka-lag-locked";
const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim";
const TOKEN: &str = "sim.oidc.token";
const INSTANCE: &str = "alikafka_pre-cn-a";

/// A cloud, and a machine with a home directory and variables of its own.
struct World {
    cloud: Simulator,
    home: TempDir,
    variables: BTreeMap<String, String>,
}

impl World {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    async fn with(change: impl FnOnce(SimConfig) -> SimConfig) -> Self {
        let config = SimConfig::default()
            .credentials("LTAIlongtermkey", "longterm-secret", None)
            .rate_limit(0)
            .group(INSTANCE, "orders", Scenario::Constant { lag: 5 });
        let cloud = Simulator::start(change(config)).await.unwrap();
        let mut world = Self {
            cloud,
            home: tempfile::tempdir().unwrap(),
            variables: BTreeMap::new(),
        };
        let (home, url) = (world.home.path().display().to_string(), world.cloud.url());
        world.set("HOME", home);
        world.set("ALIBABA_CLOUD_STS_ENDPOINT", url);
        world
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.into(), value.into());
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn builder(&self) -> DefaultCredentialsBuilder {
        let variables = self.variables.clone();
        DefaultCredentials::builder()
            .lookup(move |name| variables.get(name).cloned())
            .metadata_endpoint(Endpoint::url(&self.cloud.url()).unwrap())
    }

    fn client(&self, provider: Arc<dyn ProvideCredentials>) -> Client {
        Client::builder()
            .endpoint(Endpoint::url(&self.cloud.url()).unwrap())
            .credentials(provider)
            .retry(RetryPolicy::default().with_max_attempts(2))
            .no_proxy()
            .build()
            .unwrap()
    }

    /// Signs a query with what is found; says where it was found.
    async fn ask(&self, builder: DefaultCredentialsBuilder) -> String {
        let provider = Arc::new(builder.build().unwrap());
        let page = query(&self.client(provider.clone())).await.unwrap();
        assert!(page.contains("orders"), "{page}");
        let found = provider.provide_credentials().await.unwrap();
        found.source().unwrap().to_owned()
    }

    async fn found(&self) -> String {
        self.ask(self.builder()).await
    }

    fn calls(&self, action: &str) -> u64 {
        *self.cloud.counters().by_action.get(action).unwrap_or(&0)
    }
}

async fn query(client: &Client) -> Result<String, aliyun_cms::Error> {
    let mut pages = client
        .describe_metric_list("acs_kafka", "message_accumulation")
        .dimension("instanceId", INSTANCE)
        .pages();
    let page = pages.next_page().await.unwrap()?;
    Ok(page.datapoints().to_owned())
}

#[tokio::test]
async fn variables_and_the_files_they_name() {
    let mut world = World::new().await;
    world.set("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIlongtermkey");
    world.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "longterm-secret");
    assert!(world.found().await.contains("ALIBABA_CLOUD_ACCESS_KEY_ID"));

    let mut world = World::new().await;
    let (id, secret) = (
        world.file("id", "LTAIlongtermkey\n"),
        world.file("secret", "longterm-secret\n"),
    );
    world.set("ALIBABA_CLOUD_ACCESS_KEY_ID_FILE", id.clone());
    world.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE", secret);
    assert!(world.found().await.contains(&id));
}

#[tokio::test]
async fn an_oidc_token_as_in_a_pod_also_after_it_was_rotated() {
    let mut world = World::with(|config| config.token_lifetime(Duration::from_secs(2))).await;
    let path = world.file("token", TOKEN);
    world.set("ALIBABA_CLOUD_ROLE_ARN", ROLE);
    world.set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER);
    world.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", path);
    let provider = Arc::new(world.builder().build().unwrap());
    let client = world.client(provider.clone());
    query(&client).await.unwrap();

    world.cloud.set_oidc_token("the.next.token");
    world.file("token", "the.next.token");
    // The set runs out by itself within two seconds, and the token is read again before it does.
    while world.calls("AssumeRoleWithOIDC") < 2 {
        query(&client).await.unwrap();
    }
}

#[tokio::test]
async fn every_mode_of_the_command_lines_profile() {
    let mut world = World::new().await;
    let url = world.cloud.url();
    let token = world.file("token", TOKEN);
    let program = world.file(
        "keys.sh",
        r#"echo '{"mode":"AK","access_key_id":"LTAIlongtermkey","access_key_secret":"longterm-secret"}'"#,
    );
    let key = r#""access_key_id":"LTAIlongtermkey","access_key_secret":"longterm-secret""#;
    let profiles = [
        ("ak", format!(r#""mode":"AK",{key}"#)),
        (
            "role",
            format!(
                r#""mode":"RamRoleArn",{key},"ram_role_arn":"{ROLE}","ram_session_name":"lag""#
            ),
        ),
        (
            "ecs",
            r#""mode":"EcsRamRole","ram_role_name":"kafka-lag-ecs-role""#.to_owned(),
        ),
        (
            "oidc",
            format!(
                r#""mode":"OIDC","oidc_provider_arn":"{PROVIDER}","oidc_token_file":"{token}","ram_role_arn":"{ROLE}","ram_session_name":"lag""#
            ),
        ),
        (
            "chained",
            format!(
                r#""mode":"ChainableRamRoleArn","source_profile":"ecs","ram_role_arn":"{ROLE}","ram_session_name":"lag""#
            ),
        ),
        (
            "program",
            format!(r#""mode":"External","process_command":"sh {program}""#),
        ),
        (
            "uri",
            format!(r#""mode":"CredentialsURI","credentials_uri":"{url}/credentials""#),
        ),
    ];
    let sts = issued(&world).await;
    let mut list: Vec<String> = profiles
        .iter()
        .map(|(name, rest)| format!(r#"{{"name":"{name}",{rest}}}"#))
        .collect();
    list.push(format!(
        r#"{{"name":"sts","mode":"StsToken","access_key_id":"{}","access_key_secret":"{}","sts_token":"{}"}}"#,
        sts[0], sts[1], sts[2]
    ));
    let text = format!(r#"{{"current":"ak","profiles":[{}]}}"#, list.join(","));
    world.file(".aliyun/config.json", &text);
    assert!(world.found().await.contains("ak"), "the current profile");
    for name in [
        "ak", "sts", "role", "ecs", "oidc", "chained", "program", "uri",
    ] {
        let source = world.ask(world.builder().profile(name)).await;
        assert!(source.contains(name), "{name}: {source}");
    }
    world.set("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true");
    assert!(
        !world.found().await.contains("config.json"),
        "the instance's role comes next"
    );
}

/// A temporary set, as somebody else got it.
async fn issued(world: &World) -> [String; 3] {
    use secrecy::ExposeSecret as _;
    let ecs = world
        .builder()
        .only(CredentialsSource::EcsRole)
        .build()
        .unwrap();
    let found = ecs.provide_credentials().await.unwrap();
    [
        found.access_key_id().to_owned(),
        found.access_key_secret().expose_secret().to_owned(),
        found.security_token().unwrap().expose_secret().to_owned(),
    ]
}

#[tokio::test]
async fn every_type_of_the_profile_file() {
    let world = World::new().await;
    let token = world.file("token", TOKEN);
    let key = "access_key_id = LTAIlongtermkey\naccess_key_secret = longterm-secret\n";
    let text = format!(
        "[default]\ntype = access_key\n{key}\n[role]\ntype = ram_role_arn\n{key}role_arn = {ROLE}\nrole_session_name = lag\n\
         [ecs]\ntype = ecs_ram_role\nrole_name = kafka-lag-ecs-role\n\
         [oidc]\ntype = oidc_role_arn\noidc_provider_arn = {PROVIDER}\noidc_token_file_path = {token}\nrole_arn = {ROLE}\n\
         role_session_name = lag\n"
    );
    world.file(".alibabacloud/credentials", &text);
    assert!(world.found().await.contains(".alibabacloud/credentials"));
    for section in ["default", "role", "ecs", "oidc"] {
        let only = world
            .builder()
            .only(CredentialsSource::ProfileFile)
            .profile(section);
        let source = world.ask(only).await;
        assert!(source.contains(section), "{source}");
    }
}

#[tokio::test]
async fn the_instances_role_with_both_versions_of_the_metadata_service() {
    let world = World::with(|config| config.imds_v2_only(true)).await;
    assert!(world.found().await.contains("kafka-lag-ecs-role"));
    let world = World::new().await;
    let refused = cms_sim::Fault::named("imds_v2_refused").unwrap();
    world.cloud.inject(refused);
    assert!(world.found().await.contains("kafka-lag-ecs-role"));
}

#[tokio::test]
async fn a_credentials_uri() {
    let mut world = World::with(|config| config.imds_role(None)).await;
    let uri = format!("{}/credentials", world.cloud.url());
    world.set("ALIBABA_CLOUD_CREDENTIALS_URI", uri);
    world.found().await;
    assert!(world.calls("CredentialsUri") > 0);
}

#[tokio::test]
async fn a_role_over_any_other_source() {
    let world = World::new().await;
    let settings = aliyun_cms::AssumeRoleSettings::new(ROLE);
    assert!(
        world
            .ask(world.builder().assume_role(settings))
            .await
            .contains(ROLE)
    );
    assert_eq!(
        (world.calls("Metadata") > 0, world.calls("AssumeRole")),
        (true, 1)
    );
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_stops_the_search_and_says_what_to_do() {
    let mut world = World::new().await;
    let path = world.file("token", TOKEN);
    world.set("ALIBABA_CLOUD_ROLE_ARN", LOCKED);
    world.set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", PROVIDER);
    world.set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", path);
    let client = world.client(Arc::new(world.builder().build().unwrap()));
    let error = query(&client).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.contains(LOCKED) && source.contains("trust policy"),
        "{source}"
    );
    assert_eq!(world.calls("Metadata"), 0, "no other identity was used");
}

#[tokio::test]
async fn one_refused_token_is_one_refresh() {
    let world = World::new().await;
    let provider = Arc::new(world.builder().build().unwrap());
    let client = world.client(provider);
    query(&client).await.unwrap();
    let before = world.calls("Metadata");
    // Older than the second in which a set counts as too young to be the one that was refused.
    let at = world.cloud.now();
    while world.cloud.now().duration_since(at).as_millis() < 1_050 {
        query(&client).await.unwrap();
    }
    assert_eq!(world.calls("Metadata"), before, "kept meanwhile");
    world.cloud.expire_credentials();
    query(&client).await.unwrap();
    assert!(world.calls("Metadata") > before);
    let outcomes = world.cloud.counters().by_outcome;
    assert_eq!(outcomes["InvalidSecurityToken.Expired"], 1, "{outcomes:?}");
}
