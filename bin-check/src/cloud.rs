//! The one place where keys and clients are made.

use aliyun_cms::{Client, Endpoint};
use anyhow::{Context as _, anyhow, bail};
use lag_core::{ApiCalls, Budgets};
use lag_runtime::{
    Account, Accounts, CmsSource, Now, builder, client,
    config::{Config, CredentialsConfig, Keys, SourceConfig},
    connect,
    credentials::{HOW_TO_GET, Provider},
    is_local, system_clock,
};
use std::sync::Arc;

/// Version of the Kafka service's own API.
const KAFKA_VERSION: &str = "2019-09-16";

/// A configuration, and what is needed to ask the cloud about it.
pub(crate) struct Cloud {
    pub(crate) config: Config,
    pub(crate) calls: Arc<ApiCalls>,
    pub(crate) now: Now,
    accounts: Accounts,
}

/// Nothing is sent yet, and no key is asked for.
pub(crate) fn open(config: Config) -> anyhow::Result<Cloud> {
    let now = system_clock();
    // Looking is not counted against the month: the exporter keeps that count.
    let budgets = Arc::new(Budgets::new(config.budget.policy, []));
    let accounts = Accounts::new(&config, budgets, &now);
    Ok(Cloud {
        accounts: accounts.context("the credentials cannot be set up")?,
        config,
        calls: Arc::default(),
        now,
    })
}

/// Where keys are looked for, in words; nothing is asked.
pub(crate) fn whose_keys(credentials: &CredentialsConfig) -> String {
    let keys = match &credentials.keys {
        Keys::Search {
            only: Some(only), ..
        } => format!("{only} only"),
        Keys::Search {
            profile: Some(profile),
            ..
        } => {
            format!("the first source that is set up, with profile {profile}")
        }
        Keys::Search { .. } => "the first source that is set up, the environment first".to_owned(),
        Keys::Files(files) => format!("the files {} and {}", files.id, files.secret),
        Keys::Variables(names) => format!("the variables {} and {}", names.id, names.secret),
        Keys::Oidc { token_file, .. } => format!("the OIDC token in {token_file}"),
    };
    match &credentials.role {
        None => keys,
        Some(role) => format!("{keys}; for the role {}", role.arn),
    }
}

impl Cloud {
    fn account(&self, source: &SourceConfig) -> Account {
        self.accounts.of(source)
    }

    pub(crate) fn credentials(&self, source: &SourceConfig) -> Provider {
        self.account(source).credentials
    }

    /// Says at once that there are no keys, instead of once for each call.
    pub(crate) async fn check_credentials(&self) -> anyhow::Result<()> {
        match self.accounts.check(&self.config).await {
            Ok(()) => Ok(()),
            Err((source, error)) if error.is_not_configured() => Err(error)
                .with_context(|| format!("source {source} has no credentials: {HOW_TO_GET}")),
            Err((source, error)) => Err(error)
                .with_context(|| format!("the credentials of source {source} cannot be used")),
        }
    }

    /// What collects the lag of a source, as the exporter does.
    pub(crate) fn source(&self, source: &SourceConfig) -> anyhow::Result<CmsSource> {
        let config = &self.config;
        let settings = (&config.cms, config.collect, config.lag);
        let now = self.now.clone();
        Ok(connect(
            source,
            settings,
            &self.account(source),
            &self.calls,
            now,
        )?)
    }

    /// CloudMonitor, for any call.
    pub(crate) fn client(&self, source: &SourceConfig) -> anyhow::Result<Client> {
        let now = self.now.clone();
        Ok(client(
            source,
            &self.config.cms,
            &self.account(source),
            &self.calls,
            now,
        )?)
    }

    /// CloudMonitor, observed.
    pub(crate) fn observed(
        &self,
        source: &SourceConfig,
        observer: impl Fn(&aliyun_cms::Attempt<'_>) + Send + Sync + 'static,
    ) -> anyhow::Result<Client> {
        // Made once the usual way, for its words about certificates.
        self.client(source)?;
        let now = self.now.clone();
        let builder = builder(
            source,
            &self.config.cms,
            &self.account(source),
            &self.calls,
            now,
        );
        Ok(builder.observer(observer).build()?)
    }

    /// The Kafka service's own API.
    pub(crate) fn kafka(
        &self,
        source: &SourceConfig,
        endpoint: Endpoint,
    ) -> anyhow::Result<Client> {
        let now = self.now.clone();
        let mut builder = builder(
            source,
            &self.config.cms,
            &self.account(source),
            &self.calls,
            now,
        );
        if is_local(&endpoint.to_string()) {
            builder = builder.no_proxy();
        }
        Ok(builder
            .endpoint(endpoint)
            .api_version(KAFKA_VERSION)
            .build()?)
    }
}

/// Where the Kafka service of a source's region is: as given by flag or file, else beside CloudMonitor, public or inside
/// the VPC.
pub(crate) fn kafka_endpoint(
    config: &Config,
    source: &SourceConfig,
    given: Option<&str>,
) -> anyhow::Result<Endpoint> {
    if let Some(url) = given.filter(|url| !url.is_empty()) {
        let endpoint = Endpoint::url(url);
        return endpoint.context("--kafka.endpoint (or KAFKA_LAG_KAFKA_ENDPOINT)");
    }
    if let Some(written) = &config.kafka_endpoint {
        return Endpoint::url(&written.text).with_context(|| written.place.clone());
    }
    let region = &source.region;
    if region.is_empty() {
        bail!(
            "--cms.region (or KAFKA_LAG_CMS_REGION): the Kafka service is asked by region: write one such as cn-hangzhou"
        );
    }
    let host = if source.endpoint.to_string().starts_with("metrics-vpc.") {
        "alikafka-vpc"
    } else {
        "alikafka"
    };
    Ok(Endpoint::url(&format!(
        "https://{host}.{region}.aliyuncs.com"
    ))?)
}

/// What the Kafka service refused, with the RAM action it wants.
pub(crate) fn explained(error: aliyun_cms::Error, action: &str) -> anyhow::Error {
    let hint = error.hint();
    let forbidden = error.kind() == aliyun_cms::ErrorKind::Forbidden;
    let error = anyhow::Error::from(error);
    match (forbidden, hint) {
        (true, _) => anyhow!(
            "{error:#}; grant the RAM action {action}, or the system policy AliyunKafkaReadOnlyAccess"
        ),
        (false, Some(hint)) => anyhow!("{error:#}; {hint}"),
        (false, None) => error,
    }
}

/// Whether a source is asked at the vendor's own host, and not at a gateway or a stand-in.
pub(crate) fn is_vendors(source: &SourceConfig) -> bool {
    let host = source.endpoint.to_string();
    host.starts_with("metrics") && host.ends_with(".aliyuncs.com")
}
