//! Accounts: keys, the vendor's limit of calls, and the monthly budget, shared by the sources that use them.

use aliyun_cms::{BuildError, CredentialsError, RateLimiter};
use lag_core::Budgets;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    Now,
    config::{Config, CredentialsConfig, SourceConfig},
    credentials::{self, Provider},
};

/// What all calls for one source share with others of its account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name in metrics and logs.
    pub name: Arc<str>,
    /// Whose keys sign.
    pub credentials: Provider,
    /// What keeps the account's calls apart, and lets all pause when one was throttled.
    pub limiter: RateLimiter,
    /// The calls that were made.
    pub budgets: Arc<Budgets>,
}

/// The accounts of a configuration.
#[derive(Debug)]
pub struct Accounts {
    limiters: BTreeMap<Arc<str>, RateLimiter>,
    providers: Vec<(CredentialsConfig, Provider)>,
    budgets: Arc<Budgets>,
    /// What limiters and providers are made with.
    made_with: (u32, Option<PathBuf>),
}

impl Accounts {
    /// One provider for each set of credentials, one limiter for each account. Nothing is asked for yet.
    ///
    /// # Errors
    /// When a provider cannot be made, for example because a CA file is not readable.
    pub fn new(config: &Config, budgets: Arc<Budgets>, now: &Now) -> Result<Self, BuildError> {
        let none = Self::with(config, Vec::new(), budgets);
        none.renewed(config, now)
    }

    /// The accounts of another configuration. What it has in common with this one goes on: keys that were fetched, and
    /// pauses after a call too many.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn renewed(&self, config: &Config, now: &Now) -> Result<Self, BuildError> {
        let ca_file = config.cms.ca_file.as_deref();
        let old: &[_] = if self.made_with.1.as_deref() == ca_file {
            &self.providers
        } else {
            &[]
        };
        let mut providers: Vec<(CredentialsConfig, Provider)> = Vec::new();
        for source in &config.sources {
            let wanted = &source.credentials;
            if providers.iter().any(|(known, _)| known == wanted) {
                continue;
            }
            let known = old.iter().find(|(known, _)| known == wanted);
            let provider = match known {
                Some((_, provider)) => provider.clone(),
                None => credentials::provider(wanted, ca_file, now)?,
            };
            providers.push((wanted.clone(), provider));
        }
        let mut next = Self::with(config, providers, self.budgets.clone());
        if next.made_with.0 == self.made_with.0 {
            for (name, limiter) in &mut next.limiters {
                if let Some(known) = self.limiters.get(name) {
                    *limiter = known.clone();
                }
            }
        }
        Ok(next)
    }

    /// The same keys for every source: for demos and tests.
    #[must_use]
    pub fn fixed(config: &Config, provider: &Provider, budgets: Arc<Budgets>) -> Self {
        let sources = config.sources.iter();
        let providers = sources.map(|source| (source.credentials.clone(), provider.clone()));
        Self::with(config, providers.collect(), budgets)
    }

    fn with(
        config: &Config,
        providers: Vec<(CredentialsConfig, Provider)>,
        budgets: Arc<Budgets>,
    ) -> Self {
        let per_second = config.cms.calls_per_second;
        let names = config.sources.iter().map(|source| &source.account);
        // Half a second's worth of calls at once.
        let limiter = |name: &String| {
            let limiter = RateLimiter::new(per_second, per_second.div_ceil(2));
            (name.as_str().into(), limiter)
        };
        Self {
            limiters: names.map(limiter).collect(),
            providers,
            budgets,
            made_with: (per_second, config.cms.ca_file.clone()),
        }
    }

    /// Asks, all at the same time, the providers that `before` does not have: those of sources whose keys are others now.
    /// Here an error that waiting may heal is one, too, because the keys of before still work. Keys that were written the
    /// same before, and were not to be had then either, are no error.
    ///
    /// # Errors
    /// The first source without keys, in the order of the configuration.
    pub async fn check_against(
        &self,
        before: &Self,
        config: &Config,
    ) -> Result<(), (String, CredentialsError)> {
        let mut tasks = tokio::task::JoinSet::new();
        for (at, (settings, provider)) in self.providers.iter().enumerate() {
            let known = before.providers.iter().find(|(known, _)| known == settings);
            if known.is_some_and(|(_, known)| Arc::ptr_eq(known, provider)) {
                continue;
            }
            let known = known.map(|(_, known)| known.clone());
            let provider = provider.clone();
            tasks.spawn(async move {
                let error = provider.provide_credentials().await.err()?;
                if let Some(known) = known
                    && known.provide_credentials().await.is_err()
                {
                    return None;
                }
                Some((at, error))
            });
        }
        let failed = tasks.join_all().await.into_iter().flatten();
        let Some((at, error)) = failed.min_by_key(|(at, _)| *at) else {
            return Ok(());
        };
        let mut users = config.sources.iter();
        let user = users.find(|source| source.credentials == self.providers[at].0);
        let user = user.map(|source| source.name.clone()).unwrap_or_default();
        Err((user, error))
    }

    /// The account of a source of the same configuration.
    ///
    /// # Panics
    /// When the source is of another configuration.
    #[must_use]
    pub fn of(&self, source: &SourceConfig) -> Account {
        let (name, limiter) = self
            .limiters
            .get_key_value(source.account.as_str())
            .expect("every account of the configuration has a limiter");
        let mut providers = self.providers.iter();
        let (_, credentials) = providers
            .find(|(known, _)| *known == source.credentials)
            .expect("all credentials of the configuration have a provider");
        Account {
            name: name.clone(),
            credentials: credentials.clone(),
            limiter: limiter.clone(),
            budgets: self.budgets.clone(),
        }
    }

    /// Asks every provider once, all at the same time, so that missing keys end the start and not the first
    /// collection. An error that waiting may heal is none yet; and of several accounts one without keys stops no other,
    /// it is told in the log, and its instances are shown as failed.
    ///
    /// # Errors
    /// The first one's, with the name of its first source, when no account can be used.
    pub async fn check(&self, config: &Config) -> Result<(), (String, CredentialsError)> {
        let mut tasks = tokio::task::JoinSet::new();
        for (settings, provider) in &self.providers {
            let mut users = config.sources.iter();
            let user = users.find(|source| source.credentials == *settings);
            let user = user.map(|source| source.name.clone()).unwrap_or_default();
            let provider = provider.clone();
            tasks.spawn(async move { (user, provider.provide_credentials().await) });
        }
        let mut unusable = Vec::new();
        for (user, answer) in tasks.join_all().await {
            match answer {
                Ok(found) => tracing::info!(
                    source.name = user,
                    from = found.source().unwrap_or("the program itself"),
                    key.id = found.masked_access_key_id(),
                    "credentials found"
                ),
                Err(error) if error.is_retryable() => tracing::warn!(
                    source.name = user,
                    error = &error as &dyn std::error::Error,
                    "no credentials yet; they are asked for again at each collection"
                ),
                Err(error) => unusable.push((user, error)),
            }
        }
        if unusable.len() == self.providers.len()
            && let Some(first) = unusable.pop()
        {
            return Err(first);
        }
        for (user, error) in &unusable {
            tracing::error!(
                source.name = user,
                error = error as &dyn std::error::Error,
                "no credentials for this source; the others are collected"
            );
        }
        Ok(())
    }
}
