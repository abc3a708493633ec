//! The security token service: where it is, what a session needs, what a reply holds.

mod refusal;

use std::time::Duration;

use serde::Deserialize;

pub(super) use self::refusal::{Call, api_error, refused};
use super::{
    Credentials, CredentialsError,
    answer::{is_markup, misconfigured, unavailable},
    context::Context,
};
use crate::Endpoint;

pub(super) const API_VERSION: &str = "2015-04-01";
/// A reply has two or three KiB.
pub(super) const MAX_BYTES: usize = 64 * 1024;

const ENDPOINT: &str = "ALIBABA_CLOUD_STS_ENDPOINT";
const REGION: &str = "ALIBABA_CLOUD_STS_REGION";
const VPC: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";
const SESSION_NAME: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";
const CENTRAL: &str = "https://sts.aliyuncs.com";

pub(super) const DEFAULT_DURATION: Duration = Duration::from_secs(3600);
const SHORTEST: Duration = Duration::from_secs(15 * 60);
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// Where STS is: what was given, else what the variables say, else the central host.
pub(super) fn endpoint(
    context: &Context,
    provider: &str,
    given: Option<&Endpoint>,
    given_region: Option<&str>,
) -> Result<Endpoint, CredentialsError> {
    if let Some(endpoint) = given {
        return Ok(endpoint.clone());
    }
    let regional = |origin: &str, region: &str| {
        let prefix = match context.is_on(VPC) {
            true => "sts-vpc",
            false => "sts",
        };
        Endpoint::host(prefix, region)
            .map_err(|error| misconfigured(provider, format!("{origin}: {error}")))
    };
    if let Some(region) = given_region {
        return regional("the region of STS", region);
    }
    if let Some(text) = context.var(ENDPOINT) {
        // ACK sets a bare host.
        let url = match text.contains("://") {
            true => text,
            false => format!("https://{text}"),
        };
        return Endpoint::url(&url).map_err(|error| {
            let detail = format!(
                "{ENDPOINT} is neither a host such as sts-vpc.cn-hangzhou.aliyuncs.com nor an \
                 http or https URL: {error}"
            );
            misconfigured(provider, detail)
        });
    }
    match context.var(REGION) {
        Some(region) => regional(REGION, &region),
        None => Ok(Endpoint::url(CENTRAL).expect("the central host is a URL")),
    }
}

/// The name under which the vendor's audit log shows the session.
pub(super) fn session_name(
    context: &Context,
    provider: &str,
    given: Option<&str>,
) -> Result<String, CredentialsError> {
    let variable = || context.var(SESSION_NAME).map(|name| (SESSION_NAME, name));
    let given = given.map(|name| ("the session name", name.to_owned()));
    let Some((origin, name)) = given.or_else(variable) else {
        return Ok(format!("aliyun-cms-rs-{}", context.now().as_second()));
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '-' | '_');
    if (2..=64).contains(&name.len()) && name.chars().all(is_allowed) {
        return Ok(name);
    }
    let detail = format!(
        "{origin} is {name:?}; allowed are 2 to 64 letters, digits and the characters . @ - _"
    );
    Err(misconfigured(provider, detail))
}

/// `DurationSeconds`, within what STS allows at all; a role can allow less.
pub(super) fn duration_seconds(
    provider: &str,
    duration: Duration,
) -> Result<String, CredentialsError> {
    let seconds = duration.as_secs();
    if (SHORTEST..=LONGEST).contains(&duration) {
        return Ok(seconds.to_string());
    }
    let detail = format!("a session of {seconds} s is asked for; it can last 900 to 43200 s");
    Err(misconfigured(provider, detail))
}

#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "Credentials")]
    keys: Option<Keys>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<String>,
}

/// The credentials of a reply that says nothing of an error.
pub(super) fn credentials(provider: &str, body: &[u8]) -> Result<Credentials, CredentialsError> {
    if is_markup(body) {
        return Err(unavailable(provider, MARKUP));
    }
    let reply: Reply = serde_json::from_slice(body).map_err(|error| {
        let what = match error.is_data() {
            true => "it answered with JSON of another shape than STS has",
            false => "it answered with something that is not JSON, or is cut off",
        };
        unavailable(provider, format!("{what}: {WHO}"))
    })?;
    let keys = reply
        .keys
        .ok_or_else(|| unavailable(provider, format!("it answered without Credentials: {WHO}")))?;
    let need = |value: Option<String>, name: &str| {
        let value = value.filter(|text| !text.trim().is_empty());
        value.ok_or_else(|| {
            let text = format!("it answered with Credentials that have no {name}: {WHO}");
            unavailable(provider, text)
        })
    };
    let id = need(keys.access_key_id, "AccessKeyId")?;
    let secret = need(keys.access_key_secret, "AccessKeySecret")?;
    let token = need(keys.security_token, "SecurityToken")?;
    // Without it nobody knew when to ask again.
    let expiry = need(keys.expiration, "Expiration")?;
    let expiry = expiry.trim().parse().map_err(|_| {
        let text = "it answered with an Expiration that is no time such as 2026-01-15T09:30:00Z";
        unavailable(provider, format!("{text}: {WHO}"))
    })?;
    Ok(Credentials::new(id, secret)
        .with_security_token(token)
        .with_expiry(expiry))
}

const WHO: &str = "check that ALIBABA_CLOUD_STS_ENDPOINT, or the endpoint that was given, is STS";

pub(super) const MARKUP: &str = "it answered with HTML or XML, not JSON: a proxy, a login page or \
    another server is in its place; check ALIBABA_CLOUD_STS_ENDPOINT and the proxy settings";

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::SystemClock;

    fn context(variables: &[(&str, &str)]) -> Context {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let lookup = move |name: &str| variables.get(name).cloned();
        Context::new(Arc::new(lookup), Arc::new(SystemClock), None)
    }

    #[test]
    fn what_was_given_wins_then_the_endpoint_then_the_region_then_the_central_host() {
        let all = [
            (ENDPOINT, "sts-vpc.cn-beijing.aliyuncs.com"),
            (REGION, "cn-shanghai"),
            (VPC, "TRUE"),
        ];
        let given = Endpoint::url("http://gateway:8080").unwrap();
        for (variables, given, region, expected) in [
            (&all[..], Some(&given), Some("cn-x"), "gateway:8080"),
            (&all[..], None, Some("cn-x"), "sts-vpc.cn-x.aliyuncs.com"),
            (&all[..], None, None, "sts-vpc.cn-beijing.aliyuncs.com"),
            (&all[1..], None, None, "sts-vpc.cn-shanghai.aliyuncs.com"),
            (&all[1..2], None, None, "sts.cn-shanghai.aliyuncs.com"),
            (&all[2..], None, None, "sts.aliyuncs.com"),
            (
                &[(ENDPOINT, "http://127.0.0.1:9")],
                None,
                None,
                "127.0.0.1:9",
            ),
        ] {
            let found = endpoint(&context(variables), "p", given, region).unwrap();
            assert_eq!(found.to_string(), expected);
        }
        assert!(
            endpoint(&context(&all), "p", None, None)
                .unwrap()
                .is_https()
        );
    }

    #[test]
    fn a_wrong_endpoint_or_region_is_told_by_its_variable() {
        for (variable, value, expected) in [
            (
                ENDPOINT,
                "https://sts.example/path",
                "p is set up wrongly: ALIBABA_CLOUD_STS_ENDPOINT is neither a host such as \
                 sts-vpc.cn-hangzhou.aliyuncs.com nor an http or https URL: endpoint URL refused: \
                 it has a path; RPC calls go to /",
            ),
            (
                REGION,
                "Hangzhou",
                "p is set up wrongly: ALIBABA_CLOUD_STS_REGION: \"Hangzhou\" is not a region id: \
                 lower-case parts joined by hyphens, such as cn-hangzhou",
            ),
        ] {
            let error = endpoint(&context(&[(variable, value)]), "p", None, None).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_session_name_is_what_was_given_else_the_variable_else_the_crate_and_the_second() {
        let variable = context(&[(SESSION_NAME, "from-variable")]);
        assert_eq!(session_name(&variable, "p", Some("mine")).unwrap(), "mine");
        assert_eq!(session_name(&variable, "p", None).unwrap(), "from-variable");
        let made = session_name(&context(&[]), "p", None).unwrap();
        let second = made.strip_prefix("aliyun-cms-rs-").unwrap();
        second.parse::<u64>().unwrap();
        for bad in ["a", "with space", "名字名字", "a/b", &"x".repeat(65)] {
            let error = session_name(&variable, "p", Some(bad)).unwrap_err();
            assert!(
                error.to_string().ends_with("the characters . @ - _"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_session_lasts_a_quarter_of_an_hour_to_twelve_hours() {
        for (seconds, is_allowed) in [(899, false), (900, true), (43_200, true), (43_201, false)] {
            let found = duration_seconds("p", Duration::from_secs(seconds));
            assert_eq!(found.is_ok(), is_allowed, "{seconds}");
        }
        let error = duration_seconds("p", Duration::from_secs(60)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p is set up wrongly: a session of 60 s is asked for; it can last 900 to 43200 s"
        );
    }
}
