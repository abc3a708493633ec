//! The instance metadata service: paths under `/latest/`, with and without its own token.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    faults::{FaultKind, Step},
    keys,
    params::Incoming,
    reply::Reply,
    shared::Shared,
    sts,
};

const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/ram/security-credentials";
const REGION: &str = "/latest/meta-data/region-id";
const LONGEST_TTL: u64 = 21_600;
const MOST_TOKENS: usize = 1_000;

/// The service's own tokens, by when they end.
#[derive(Default)]
pub(crate) struct MetadataTokens {
    known: BTreeMap<String, Timestamp>,
    issued: u64,
}

/// Shows no token.
impl fmt::Debug for MetadataTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MetadataTokens({})", self.known.len())
    }
}

impl MetadataTokens {
    fn issue(&mut self, ttl: Duration, now: Timestamp) -> String {
        self.known.retain(|_, ends| *ends > now);
        if self.known.len() >= MOST_TOKENS {
            self.known.clear();
        }
        self.issued += 1;
        let noise = Sha256::digest(format!("cms-sim metadata token {}", self.issued));
        let token = format!("AQAEA{}", STANDARD.encode(noise));
        self.known.insert(token.clone(), keys::after(now, ttl));
        token
    }

    fn accepts(&self, token: &str, now: Timestamp) -> bool {
        self.known.get(token).is_some_and(|ends| *ends > now)
    }
}

/// What a path is for, which decides about the faults that can strike.
pub(crate) fn step(path: &str) -> Step {
    match path {
        TOKEN => Step::MetadataToken,
        path => match path.strip_prefix(ROLES) {
            Some("" | "/") => Step::MetadataRole,
            Some(_) => Step::MetadataSet,
            None => Step::Other,
        },
    }
}

pub(crate) fn answer(
    shared: &Shared,
    incoming: &Incoming<'_>,
    now: Timestamp,
    fault: Option<FaultKind>,
) -> Reply {
    if incoming.path == TOKEN {
        return token(shared, incoming, now, fault);
    }
    if incoming.method != Method::GET {
        return page(StatusCode::METHOD_NOT_ALLOWED);
    }
    // The status for a missing token is documented as a refusal, the one for a wrong token is not verified.
    let allowed = match incoming.header("x-aliyun-ecs-metadata-token") {
        Some(token) => shared.metadata_tokens().accepts(token, now),
        None => !shared.identity.imds_v2_only,
    };
    if !allowed {
        return page(StatusCode::FORBIDDEN);
    }
    if incoming.path == REGION {
        return Reply::text(shared.identity.region.clone());
    }
    let role = shared.identity.imds_role.as_deref();
    let role = role.filter(|_| fault != Some(FaultKind::MetadataNoRole));
    match (role, incoming.path.strip_prefix(ROLES)) {
        (Some(role), Some("" | "/")) => Reply::text(role.to_owned()),
        (Some(role), Some(rest)) if rest.strip_prefix('/') == Some(role) => {
            credentials(shared, role, now, fault)
        }
        _ => page(StatusCode::NOT_FOUND),
    }
}

/// Version 2 begins with a PUT that says how long the token shall live.
fn token(
    shared: &Shared,
    incoming: &Incoming<'_>,
    now: Timestamp,
    fault: Option<FaultKind>,
) -> Reply {
    if incoming.method != Method::PUT || fault == Some(FaultKind::ImdsV2Refused) {
        return page(StatusCode::METHOD_NOT_ALLOWED);
    }
    let wish = incoming.header("x-aliyun-ecs-metadata-token-ttl-seconds");
    let ttl = wish.and_then(|text| text.parse().ok());
    match ttl.filter(|ttl| (1..=LONGEST_TTL).contains(ttl)) {
        Some(ttl) => {
            let ttl = Duration::from_secs(ttl);
            Reply::text(shared.metadata_tokens().issue(ttl, now))
        }
        None => page(StatusCode::BAD_REQUEST),
    }
}

fn credentials(shared: &Shared, role: &str, now: Timestamp, fault: Option<FaultKind>) -> Reply {
    if fault == Some(FaultKind::MetadataFailed) {
        // That `Code` tells of a failure inside a 200 is documented; its other values are not.
        return Reply::ok(r#"{"Code":"Failed"}"#.into());
    }
    let lifetime = shared.identity.token_lifetime;
    let key = shared.keys.issue(role.to_owned(), lifetime, now);
    let mut body = sts::credentials(&key);
    let updated = Timestamp::from_second(now.as_second()).unwrap_or(now);
    body.insert("LastUpdated".into(), updated.to_string().into());
    body.insert("Code".into(), "Success".into());
    Reply::ok(Value::Object(body).to_string())
}

/// A page of the web server in front of the metadata, which knows no JSON.
fn page(status: StatusCode) -> Reply {
    let title = status.to_string();
    let title = title.replacen(' ', " - ", 1);
    Reply {
        status,
        content_type: "text/html",
        outcome: status.as_str().to_owned(),
        ..Reply::ok(format!(
            "<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::MetadataTokens;

    #[test]
    fn a_token_is_accepted_until_its_time_is_over_and_never_shown() {
        let now: Timestamp = "2026-01-15T08:30:00Z".parse().unwrap();
        let mut tokens = MetadataTokens::default();
        let token = tokens.issue(Duration::from_secs(60), now);
        assert!(tokens.accepts(&token, now + SignedDuration::from_secs(59)));
        assert!(!tokens.accepts(&token, now + SignedDuration::from_secs(60)));
        assert!(!tokens.accepts("", now));
        assert!(!format!("{tokens:?}").contains(&token));
    }
}
