//! The configuration file, as written: every scalar is text with its line, read later like a flag.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::{fs, path::Path};

use super::{
    ConfigError,
    check::{Check, Kafka, Notifier, Target},
    feeds::{ExternalMetrics, Keda},
    kubernetes::Kubernetes,
    recommend,
    scaler::Scaler,
};

/// A scalar and where it stands.
pub(super) type Text = Option<Spanned<String>>;
/// A list of scalars and where they stand.
pub(super) type Texts = Option<Vec<Spanned<String>>>;

/// The whole file. Unknown keys are errors.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub(super) sources: Vec<Source>,
    pub(super) credentials: Credentials,
    pub(super) cms: Cms,
    pub(super) collect: Collect,
    pub(super) lag: Lag,
    pub(super) group: Group,
    pub(super) web: Web,
    pub(super) external_metrics: ExternalMetrics,
    pub(super) keda: Keda,
    pub(super) metrics: Metrics,
    pub(super) budget: Budget,
    pub(super) state: State,
    pub(super) log: Log,
    pub(super) recommend: Vec<Spanned<recommend::Rule>>,
    pub(super) check: Check,
    pub(super) targets: Vec<Spanned<Target>>,
    pub(super) allow: Texts,
    pub(super) notifiers: Vec<Spanned<Notifier>>,
    pub(super) kubernetes: Kubernetes,
    pub(super) kafka: Kafka,
    pub(super) lease: super::lease::Lease,
    pub(super) scaler: Scaler,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Source {
    pub(super) name: Text,
    pub(super) region: Text,
    pub(super) endpoint: Text,
    pub(super) network: Text,
    pub(super) account: Text,
    pub(super) credentials: Option<Credentials>,
    pub(super) instances: Texts,
    pub(super) include: Texts,
    pub(super) exclude: Texts,
    pub(super) expect: Texts,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Credentials {
    provider: Text,
    profile: Text,
    access_key_id_file: Text,
    access_key_secret_file: Text,
    security_token_file: Text,
    access_key_id_variable: Text,
    access_key_secret_variable: Text,
    security_token_variable: Text,
    role_arn: Text,
    role_session_name: Text,
    role_external_id: Text,
    oidc_provider_arn: Text,
    oidc_token_file: Text,
    ecs_role: Text,
    sts_endpoint: Text,
    metadata_endpoint: Text,
}

impl Credentials {
    pub(super) fn get(&self, key: &str) -> &Text {
        match key {
            "provider" => &self.provider,
            "profile" => &self.profile,
            "access_key_id_file" => &self.access_key_id_file,
            "access_key_secret_file" => &self.access_key_secret_file,
            "security_token_file" => &self.security_token_file,
            "access_key_id_variable" => &self.access_key_id_variable,
            "access_key_secret_variable" => &self.access_key_secret_variable,
            "security_token_variable" => &self.security_token_variable,
            "role_arn" => &self.role_arn,
            "role_session_name" => &self.role_session_name,
            "role_external_id" => &self.role_external_id,
            "oidc_provider_arn" => &self.oidc_provider_arn,
            "oidc_token_file" => &self.oidc_token_file,
            "ecs_role" => &self.ecs_role,
            "sts_endpoint" => &self.sts_endpoint,
            "metadata_endpoint" => &self.metadata_endpoint,
            _ => &None,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Budget {
    pub(super) requests_per_month: Text,
    pub(super) hard_stop: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct State {
    pub(super) directory: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Cms {
    pub(super) signature: Text,
    pub(super) placement: Text,
    pub(super) timeout: Text,
    pub(super) rate_limit: Text,
    pub(super) max_attempts: Text,
    pub(super) max_pages: Text,
    pub(super) ca_file: Text,
    pub(super) metric: Text,
    pub(super) topic_metric: Text,
    pub(super) statistic: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Collect {
    pub(super) interval: Text,
    pub(super) schedule: Text,
    pub(super) window: Text,
    pub(super) period: Text,
    pub(super) topics: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lag {
    pub(super) max_age: Text,
    pub(super) forget_after: Text,
    pub(super) max_series: Text,
    pub(super) threshold: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Group {
    pub(super) include: Texts,
    pub(super) exclude: Texts,
    pub(super) expect: Texts,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Web {
    pub(super) listen_address: Texts,
    pub(super) telemetry_path: Text,
    pub(super) config_file: Text,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Metrics {
    pub(super) sample_timestamps: Text,
    pub(super) compat: Texts,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: Text,
    pub(super) format: Text,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read, is not YAML, or has a key that is not known.
    pub fn read(path: &str) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(Path::new(path)).map_err(|error| {
            ConfigError::new(format!("--config.file {path}"), error.to_string())
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file; `path` is only for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &str, text: &str) -> Result<Self, ConfigError> {
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| {
            // Without the snippet: neighbouring lines may hold what nobody should see in a log.
            let line = error
                .location()
                .map_or(String::new(), |at| format!(" line {}", at.line()));
            let reason = error.without_snippet().to_string();
            let reason = reason.lines().collect::<Vec<_>>().join(" ");
            let reason = reason.split(" at line ").next().unwrap_or(&reason); // the place names it already
            ConfigError::new(format!("{path}{line}"), in_words(reason))
        })
    }
}

/// The parser's words for the mistakes that people make.
fn in_words(reason: &str) -> String {
    let known = [
        (
            "expected sequence start",
            "a list is needed here, such as [one, two]",
        ),
        (
            "expected mapping start",
            "keys with values are needed here, one level deeper",
        ),
        (
            "expected string scalar",
            "one value is needed here, not a list or keys",
        ),
        (
            "DuplicateKeyPolicy",
            "a key stands here for the second time",
        ),
        (
            "from_str_multiple",
            "only one YAML document is allowed in the file",
        ),
    ];
    let found = known.iter().find(|(sign, _)| reason.contains(sign));
    found.map_or_else(|| reason.to_owned(), |(_, words)| (*words).to_owned())
}
