//! Whom the API server says it asks for: ConfigMap `kube-system/extension-apiserver-authentication` and the identity
//! headers of a request. Certificates are text here; whoever speaks TLS verifies them.

use std::collections::{BTreeMap, BTreeSet};

/// Where the API server publishes its trust anchors, for messages.
pub const FRONT_PROXY_CONFIG: &str = "ConfigMap kube-system/extension-apiserver-authentication";

const CLIENT_CA: &str = "client-ca-file";
const FRONT_PROXY_CA: &str = "requestheader-client-ca-file";
const ALLOWED_NAMES: &str = "requestheader-allowed-names";
const USERNAME_HEADERS: &str = "requestheader-username-headers";
const GROUP_HEADERS: &str = "requestheader-group-headers";
const UID_HEADERS: &str = "requestheader-uid-headers";
const EXTRA_PREFIXES: &str = "requestheader-extra-headers-prefix";

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";
const MASTERS: &str = "system:masters";

/// Who may assert users, and by which headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrontProxy {
    /// PEM: a certificate under it is its user. Only direct callers have one.
    pub client_ca: Option<String>,
    /// PEM: a certificate under it may assert users by header.
    pub ca: Option<String>,
    /// Common names that may; empty means any certificate under [`ca`](Self::ca).
    pub allowed_names: Vec<String>,
    /// The first one with a value names the user.
    pub username_headers: Vec<String>,
    /// All values of all of them are groups.
    pub group_headers: Vec<String>,
    /// The first one with a value is the user's uid; often there is none.
    pub uid_headers: Vec<String>,
    /// What follows such a prefix is the key of an extra.
    pub extra_prefixes: Vec<String>,
}

/// What is wrong with the API server's own configuration, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontProxyError {
    /// A list that is none.
    #[error(
        "{FRONT_PROXY_CONFIG}: {key} is no JSON list of texts such as [\"front-proxy-client\"]: the API server writes it, \
         so restart the API server or remove the ConfigMap, and it is written anew"
    )]
    NotAList {
        /// The key.
        key: &'static str,
    },
    /// Nobody could be the API server.
    #[error(
        "{FRONT_PROXY_CONFIG}: {FRONT_PROXY_CA} holds no PEM certificate: start the API server with \
         --requestheader-client-ca-file (its aggregation layer), without which it serves no external metrics"
    )]
    NoCa,
    /// Every user with a certificate could be anybody.
    #[error(
        "{FRONT_PROXY_CONFIG}: {CLIENT_CA} and {FRONT_PROXY_CA} share a CA, and {ALLOWED_NAMES} is empty: every client \
         certificate of the cluster could assert any user; start the API server with \
         --requestheader-allowed-names=front-proxy-client, or with a CA of its own for the front proxy"
    )]
    SharedCa,
}

/// Somebody who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct User {
    /// For example `system:serviceaccount:kube-system:horizontal-pod-autoscaler`.
    pub name: String,
    /// In the order in which they were told.
    pub groups: Vec<String>,
    /// Different for two users of one name.
    pub uid: Option<String>,
    /// Whatever else the authenticator knows, such as the id of a credential.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// An authenticated user: also in group `system:authenticated`, unless the API server says that it does not know them.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        let settled = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if self.name != ANONYMOUS && !self.groups.iter().any(settled) {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }

    /// Whether the API server knows who it is.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.groups.iter().any(|group| group == AUTHENTICATED)
    }

    /// In the group that the API server never asks about.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == MASTERS)
    }
}

impl FrontProxy {
    /// Reads the `data` of the ConfigMap. A missing key is an empty one: [`check`](Self::check) says whether that will do.
    ///
    /// # Errors
    /// [`FrontProxyError::NotAList`].
    pub fn parse(data: &BTreeMap<String, String>) -> Result<Self, FrontProxyError> {
        let text = |key: &str| data.get(key).filter(|text| !text.trim().is_empty());
        let list = |key: &'static str| match text(key) {
            None => Ok(Vec::new()),
            Some(text) => serde_json::from_str(text).map_err(|_| FrontProxyError::NotAList { key }),
        };
        Ok(Self {
            client_ca: text(CLIENT_CA).cloned(),
            ca: text(FRONT_PROXY_CA).cloned(),
            allowed_names: list(ALLOWED_NAMES)?,
            username_headers: list(USERNAME_HEADERS)?,
            group_headers: list(GROUP_HEADERS)?,
            uid_headers: list(UID_HEADERS)?,
            extra_prefixes: list(EXTRA_PREFIXES)?,
        })
    }

    /// Refuses a configuration under which nobody or anybody could be the API server. Certificates are compared one by
    /// one: during a rotation two bundles differ and still share a CA.
    ///
    /// # Errors
    /// [`FrontProxyError::NoCa`], [`FrontProxyError::SharedCa`].
    pub fn check(&self) -> Result<(), FrontProxyError> {
        let own = self.ca.as_deref().map(certificates).unwrap_or_default();
        if own.is_empty() {
            return Err(FrontProxyError::NoCa);
        }
        let clients = self.client_ca.as_deref().map(certificates);
        let is_shared = clients.is_some_and(|clients| !clients.is_disjoint(&own));
        if is_shared && self.allowed_names.is_empty() {
            return Err(FrontProxyError::SharedCa);
        }
        Ok(())
    }

    /// Whether a certificate of this common name, once verified under [`ca`](Self::ca), may assert users.
    #[must_use]
    pub fn may_assert(&self, common_name: &str) -> bool {
        self.allowed_names.is_empty() || self.allowed_names.iter().any(|name| name == common_name)
    }

    /// The user that these headers assert. To be asked only for a request whose sender
    /// [`may_assert`](Self::may_assert).
    #[must_use]
    pub fn identify(&self, headers: &[(&str, &str)]) -> Option<User> {
        let first = |names: &[String]| {
            let mut found = names.iter().flat_map(|name| values(headers, name));
            found.next().map(str::to_owned)
        };
        let name = first(&self.username_headers)?;
        let groups = self.group_headers.iter();
        let groups = groups.flat_map(|name| values(headers, name));
        let groups = groups.map(str::to_owned).collect();
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            if let Some(key) = self.extra_key(name) {
                extra.entry(key).or_default().push((*value).to_owned());
            }
        }
        let uid = first(&self.uid_headers);
        let user = User {
            name,
            groups,
            uid,
            extra,
        };
        Some(user.authenticated())
    }

    /// Whether a header of this name says who somebody is: to be taken away from whoever may not say so.
    #[must_use]
    pub fn is_identity_header(&self, name: &str) -> bool {
        let named = [
            &self.username_headers,
            &self.group_headers,
            &self.uid_headers,
        ];
        let mut named = named.into_iter().flatten();
        named.any(|own| own.eq_ignore_ascii_case(name)) || self.extra_suffix(name).is_some()
    }

    fn extra_key(&self, name: &str) -> Option<String> {
        let key = self.extra_suffix(name)?.to_ascii_lowercase();
        Some(percent_decoded(&key).unwrap_or(key))
    }

    fn extra_suffix<'n>(&self, name: &'n str) -> Option<&'n str> {
        let suffix = |prefix: &String| {
            let start = name.get(..prefix.len())?;
            start
                .eq_ignore_ascii_case(prefix)
                .then(|| &name[prefix.len()..])
        };
        self.extra_prefixes.iter().find_map(suffix)
    }
}

/// What the headers of a name say, without empty ones.
fn values<'h>(headers: &'h [(&str, &str)], name: &'h str) -> impl Iterator<Item = &'h str> {
    let own = headers.iter();
    let own = own.filter(move |(own, _)| own.eq_ignore_ascii_case(name));
    own.map(|(_, value)| *value)
        .filter(|value| !value.is_empty())
}

/// The certificates of a PEM text, however its lines are broken.
fn certificates(pem: &str) -> BTreeSet<String> {
    let blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    let bodies = blocks.filter_map(|block| block.split_once("-----END CERTIFICATE-----"));
    bodies
        .map(|(body, _)| body.split_whitespace().collect::<String>())
        .filter(|body| !body.is_empty())
        .collect()
}

/// `None` when it is not percent-encoded UTF-8: then the API server means it as it stands.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let code = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(code).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
