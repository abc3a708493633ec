//! STS 2015-04-01: temporary sets for a role.
//!
//! Codes, statuses and texts are those of the vendor's error tables of `AssumeRole` and of STS 2015-04-01. The order in
//! which a request with several mistakes is refused is not documented.

mod oidc;

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::oidc::OidcTokens;
use crate::{
    errors::Refusal, faults::FaultKind, keys::Key, mix::mix_text, params::Incoming, reply::Reply,
    shared::Shared,
};

const DURATIONS: std::ops::RangeInclusive<u64> = 900..=43_200;
const LONGEST_POLICY: usize = 2_048;

/// One call, admitted.
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) incoming: &'a Incoming<'a>,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) fault: Option<FaultKind>,
}

/// What both actions take, checked.
struct Wish<'a> {
    role: &'a str,
    session: &'a str,
    duration: Duration,
}

impl Request<'_> {
    /// `AssumeRole`, called with a key.
    pub(crate) fn assume_role(&self) -> Result<Reply, Refusal> {
        let wish = self.wish()?;
        if let Some(id) = self.incoming.non_empty("ExternalId") {
            let fits = (2..=1_224).contains(&id.len()) && made_of(id, "_+=,.@:/-");
            fits.then_some(())
                .ok_or_else(|| wrongly_formed("ExternalId"))?;
        }
        let identity = &self.shared.identity;
        if !identity.roles.iter().any(|role| role == wish.role) {
            return Err(
                if identity.locked_roles.iter().any(|role| role == wish.role) {
                    Refusal::no_permission()
                } else {
                    unknown_role("The specified Role not exists .")
                },
            );
        }
        Ok(self.reply(&wish, None))
    }

    /// `AssumeRoleWithOIDC`, called with a token instead of a key.
    pub(crate) fn assume_role_with_oidc(&self) -> Result<Reply, Refusal> {
        let wish = self.wish()?;
        let provider = self.required("OIDCProviderArn")?;
        let token = self.incoming.get("OIDCToken");
        let token = token.ok_or_else(|| Refusal::missing("OIDCToken"))?;
        if !self
            .shared
            .identity
            .providers
            .iter()
            .any(|known| known == provider)
        {
            return Err(Refusal::oidc_no_permission(
                if is_arn(provider, "oidc-provider") {
                    "No such OIDC Provider registered."
                } else {
                    // Seen in the tests of the vendor's libraries; the status there is not.
                    "Parameter OIDCProviderArn is not valid"
                },
            ));
        }
        self.shared.oidc_tokens().check(token)?;
        let identity = &self.shared.identity;
        if !identity.roles.iter().any(|role| role == wish.role) {
            return Err(
                if identity.locked_roles.iter().any(|role| role == wish.role) {
                    Refusal::oidc_no_permission("There is no permission")
                } else {
                    unknown_role(format!("The role not exists: {}.", wish.role))
                },
            );
        }
        let info = json!({
            "Subject": "system:serviceaccount:monitoring:kafka-lag",
            "Issuer": "https://oidc-ack-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com/c1234",
            "ClientIds": "sts.aliyuncs.com",
            "ExpirationTime": crate::keys::after(self.now, Duration::from_hours(1)).to_string(),
        });
        Ok(self.reply(&wish, Some(info)))
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.incoming.non_empty(name);
        value.ok_or_else(|| Refusal::missing(name))
    }

    fn wish(&self) -> Result<Wish<'_>, Refusal> {
        let role = self.required("RoleArn")?;
        let session = self.required("RoleSessionName")?;
        if !is_arn(role, "role") {
            return Err(wrongly_formed("RoleArn"));
        }
        if !((2..=64).contains(&session.len()) && made_of(session, ".@-_")) {
            return Err(wrongly_formed("RoleSessionName"));
        }
        let duration = match self.incoming.non_empty("DurationSeconds") {
            None => Some(3_600),
            Some(text) => text.parse().ok().filter(|wish| DURATIONS.contains(wish)),
        };
        let duration = duration.ok_or_else(|| {
            invalid(
                "DurationSeconds",
                "The Min/Max value of DurationSeconds is 15min/1hr.",
            )
        })?;
        if let Some(policy) = self.incoming.non_empty("Policy") {
            let grammar = "The parameter Policy has not passed grammar check.";
            let size = "The size of Policy must be smaller than 2048 bytes.";
            if policy.len() > LONGEST_POLICY {
                return Err(invalid("PolicySize", size));
            }
            let parsed: Option<Value> = serde_json::from_str(policy).ok();
            if !parsed.is_some_and(|policy| policy.get("Statement").is_some_and(Value::is_array)) {
                return Err(invalid("PolicyGrammar", grammar));
            }
        }
        Ok(Wish {
            role,
            session,
            duration: Duration::from_secs(duration),
        })
    }

    fn reply(&self, wish: &Wish<'_>, token_info: Option<Value>) -> Reply {
        let who = format!("{}/{}", wish.role, wish.session);
        let lifetime = wish.duration.min(self.shared.identity.token_lifetime);
        let key = self.shared.keys.issue(who.clone(), lifetime, self.now);
        let mut credentials = credentials(&key);
        if self.fault == Some(FaultKind::StsNoExpiration) {
            credentials.remove("Expiration");
        }
        let role_id = 300_000_000_000_000_000 + mix_text(1, wish.role) % 100_000_000_000_000_000;
        let mut body = json!({
            "RequestId": self.request_id,
            "AssumedRoleUser": { "Arn": who, "AssumedRoleId": format!("{role_id}:{}", wish.session) },
            "Credentials": credentials,
        });
        if let Some(info) = token_info {
            body["OIDCTokenInfo"] = info;
        }
        Reply::ok(body.to_string())
    }
}

/// A set as every source of sets writes it.
pub(crate) fn credentials(key: &Key) -> serde_json::Map<String, Value> {
    [
        ("AccessKeyId", key.id.clone()),
        ("AccessKeySecret", key.secret.clone()),
        ("SecurityToken", key.token.clone().unwrap_or_default()),
        ("Expiration", key.expiration()),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into_iter()
    .collect()
}

fn is_arn(text: &str, kind: &str) -> bool {
    let parts = text
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(':'));
    parts.is_some_and(|(account, resource)| {
        let digits = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
        let name = resource
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('/'));
        digits && name.is_some_and(|name| !name.is_empty() && made_of(name, ".-_/"))
    })
}

fn made_of(text: &str, others: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || others.contains(letter);
    text.chars().all(fits)
}

fn invalid(parameter: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    let code = format!("InvalidParameter.{parameter}");
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

fn wrongly_formed(parameter: &str) -> Refusal {
    invalid(
        parameter,
        format!("The parameter {parameter} is wrongly formed."),
    )
}

fn unknown_role(message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "EntityNotExist.Role", message)
}
