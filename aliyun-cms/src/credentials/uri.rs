//! Keys from a server that this process is told the address of.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    answer::{self, refusal},
    common::{misconfigured, with_lookup},
    context::Context,
};

const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const PROVIDER: &str = "the credentials URI";

/// Temporary keys from a URI: a sidecar, or a service of your own.
///
/// The URI is the one given to [`uri`](Self::uri), else `ALIBABA_CLOUD_CREDENTIALS_URI`. It is
/// a secret, for it can hold a token: only its scheme and host are ever shown.
///
/// Plain `http` to a loopback or link-local address goes past any proxy.
pub struct UriCredentials {
    ctx: Context,
    uri: Option<SecretString>,
}

impl UriCredentials {
    /// With the variable of the process.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::new(Context::process())
    }

    pub(crate) fn new(ctx: Context) -> Self {
        Self { ctx, uri: None }
    }

    /// Asks `lookup` for the variable instead of the process.
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.ctx = with_lookup(&self.ctx, lookup);
        self
    }

    /// This URI instead of the variable's.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<SecretString>) -> Self {
        self.uri = Some(uri.into());
        self
    }

    async fn load(&self) -> Result<Credentials, CredentialsError> {
        let (uri, origin) = match (&self.uri, self.ctx.var(VARIABLE)) {
            (Some(uri), _) => (uri.clone(), "the URI that was given"),
            (None, Some(uri)) => (SecretString::from(uri), VARIABLE),
            (None, None) => {
                return Err(CredentialsError::NotConfigured {
                    provider: format!("{PROVIDER} ({VARIABLE})"),
                });
            }
        };
        let Some(url) = parse(uri.expose_secret()) else {
            let text = format!(
                "{origin} is not an http or https URL such as http://127.0.0.1:8080/credentials"
            );
            return Err(misconfigured(PROVIDER, text));
        };
        let shown = origin_of(&url);
        let provider = format!("{PROVIDER} {shown}");
        let http = match url.scheme() == "http" && is_local(&url) {
            true => self.ctx.direct_http(&provider)?,
            false => self.ctx.http(&provider)?,
        };
        let answer = answer::fetch(http.get(url), &shown)
            .await
            .map_err(|broken| broken.into_error(&provider))?;
        if answer.status.as_u16() != 200 {
            let advice = "check the path and the token in it";
            return Err(refusal(&provider, answer.status, advice));
        }
        Ok(answer::keys(&provider, &answer.body)?.with_source(provider))
    }
}

fn parse(uri: &str) -> Option<Url> {
    let url = Url::parse(uri.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// Scheme, host and port: no user info, path or query, which can all hold a token.
fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Addresses of this machine and of its link: a proxy reaches another machine there.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl ProvideCredentials for UriCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::new(self.load())
    }
}

impl fmt::Debug for UriCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.uri.as_ref().and_then(|uri| parse(uri.expose_secret()));
        f.debug_struct("UriCredentials")
            .field("uri", &host.as_ref().map(origin_of))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_link_local_addresses_are_local() {
        for (uri, expected) in [
            ("http://127.0.0.1:8080/x", true),
            ("http://127.9.9.9", true),
            ("http://169.254.1.1", true),
            ("http://[::1]:80", true),
            ("http://[fe80::1]", true),
            ("http://localhost:1", true),
            ("http://LOCALHOST", true),
            ("http://a.localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
            ("http://credentials.example", false),
            ("http://[2001:db8::1]", false),
        ] {
            assert_eq!(is_local(&parse(uri).unwrap()), expected, "{uri}");
        }
    }

    #[test]
    fn only_scheme_host_and_port_are_shown() {
        for uri in [
            "http://host:8080/t0ken",
            "http://t0ken@host:8080/",
            "http://u:t0ken@host:8080",
            "http://host:8080/?t0ken",
            "http://host:8080/#t0ken",
        ] {
            assert_eq!(origin_of(&parse(uri).unwrap()), "http://host:8080");
        }
        assert!(parse("t0ken").is_none() && parse("ftp://host/").is_none());
    }
}
