//! Roles, tokens and temporary sets: what a simulator is started with besides its own key.

use std::{fmt, time::Duration};

use crate::config::SimConfig;

/// The account that owns the roles.
const ACCOUNT: &str = "1234567890123456";

/// What may be assumed, by whom, and for how long. Lists that are empty stand for their defaults.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) token_lifetime: Duration,
    pub(crate) roles: Vec<String>,
    pub(crate) locked_roles: Vec<String>,
    pub(crate) providers: Vec<String>,
    pub(crate) oidc_tokens: Vec<String>,
    pub(crate) imds_v2_only: bool,
    pub(crate) imds_role: Option<String>,
    pub(crate) region: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_hours(1),
            roles: Vec::new(),
            locked_roles: vec![format!("acs:ram::{ACCOUNT}:role/kafka-lag-locked")],
            providers: Vec::new(),
            oidc_tokens: Vec::new(),
            imds_v2_only: false,
            imds_role: Some("kafka-lag-ecs-role".into()),
            region: "cn-hangzhou".into(),
        }
    }
}

impl Identity {
    /// With the defaults where nothing was configured.
    pub(crate) fn resolved(mut self) -> Self {
        let preset = |list: &mut Vec<String>, text: String| {
            if list.is_empty() {
                list.push(text);
            }
        };
        preset(
            &mut self.roles,
            format!("acs:ram::{ACCOUNT}:role/kafka-lag"),
        );
        preset(
            &mut self.providers,
            format!("acs:ram::{ACCOUNT}:oidc-provider/ack-rrsa-sim"),
        );
        preset(&mut self.oidc_tokens, "sim.oidc.token".into());
        self
    }
}

/// Shows no token, although the ones here are dummies.
impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity")
            .field("token_lifetime", &self.token_lifetime)
            .field("roles", &self.roles)
            .field("providers", &self.providers)
            .field("imds_role", &self.imds_role)
            .finish_non_exhaustive()
    }
}

/// Roles, identity tokens and the metadata service.
impl SimConfig {
    /// The longest life of a temporary set, 1 h unless changed. When it is shorter than what `DurationSeconds` asks
    /// for, it wins, so that a test sees many refreshes; the expiry is told truthfully and to the second.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.identity.token_lifetime = lifetime;
        self
    }

    /// Adds a role that may be assumed, by its ARN; without any it is `acs:ram::1234567890123456:role/kafka-lag`.
    #[must_use]
    pub fn role(mut self, arn: impl Into<String>) -> Self {
        self.identity.roles.push(arn.into());
        self
    }

    /// Adds a role that exists but may not be assumed, besides `acs:ram::1234567890123456:role/kafka-lag-locked`.
    #[must_use]
    pub fn locked_role(mut self, arn: impl Into<String>) -> Self {
        self.identity.locked_roles.push(arn.into());
        self
    }

    /// Adds an identity provider whose tokens are looked at, by its ARN; without any it is
    /// `acs:ram::1234567890123456:oidc-provider/ack-rrsa-sim`.
    #[must_use]
    pub fn oidc_provider(mut self, arn: impl Into<String>) -> Self {
        self.identity.providers.push(arn.into());
        self
    }

    /// Adds an OIDC token that is accepted, three parts with dots between; without any it is `sim.oidc.token`.
    #[must_use]
    pub fn oidc_token(mut self, token: impl Into<String>) -> Self {
        self.identity.oidc_tokens.push(token.into());
        self
    }

    /// Whether the metadata service refuses requests without a token of its own, as an instance in hardened mode.
    #[must_use]
    pub fn imds_v2_only(mut self, only: bool) -> Self {
        self.identity.imds_v2_only = only;
        self
    }

    /// The name of the role attached to the instance, `kafka-lag-ecs-role` unless changed; `None` for no role.
    #[must_use]
    pub fn imds_role(mut self, name: Option<&str>) -> Self {
        self.identity.imds_role = name.map(str::to_owned);
        self
    }

    /// The region of the instances and of the metadata service, `cn-hangzhou` unless changed.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.identity.region = region.into();
        self
    }
}

#[cfg(test)]
mod tests {
    use crate::config::SimConfig;

    #[test]
    fn what_is_configured_takes_the_place_of_the_default() {
        let config = SimConfig::default().role("acs:ram::1:role/own");
        let identity = config.identity.resolved();
        assert_eq!(identity.roles, ["acs:ram::1:role/own"]);
        assert_eq!(identity.oidc_tokens, ["sim.oidc.token"]);
    }

    #[test]
    fn debug_output_shows_no_oidc_token() {
        let config = SimConfig::default().oidc_token("a.t0ken.text");
        let shown = format!("{config:?}{:?}", config.identity);
        assert!(!shown.contains("t0ken"), "{shown}");
    }
}
