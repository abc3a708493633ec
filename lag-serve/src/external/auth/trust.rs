//! Certificates against the CAs of the cluster.

use super::objection::Objection;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use lag_core::{FrontProxy, FrontProxyError, User};
use rustls::{
    CertificateError, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{sync::Arc, time::Duration};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate, x509::X509Name};

/// How long a judgement is good on a connection that stays: any certificate of a chain may run out meanwhile.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(10);

/// The cluster's configuration, ready to verify with.
pub(super) struct Trust {
    pub(super) proxy: Arc<FrontProxy>,
    front: Arc<dyn ClientCertVerifier>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// What is to be thought of a peer.
#[derive(Debug)]
pub(super) struct Judgement {
    /// Whether it may assert users by header.
    pub(super) front: Result<(), Objection>,
    /// Whose certificate it is, if the cluster's client CA has signed it.
    pub(super) user: Option<Arc<User>>,
    at: Timestamp,
    until: Timestamp,
}

impl Judgement {
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.at <= now && now < self.until
    }
}

impl Trust {
    /// # Errors
    /// What is wrong with the configuration, for people.
    pub(super) fn new(proxy: Arc<FrontProxy>) -> Result<Self, String> {
        proxy.check().map_err(|error| error.to_string())?;
        let own = roots(proxy.ca.as_deref()).ok_or_else(|| FrontProxyError::NoCa.to_string())?;
        let clients = roots(proxy.client_ca.as_deref());
        // A CA that was signed anew has another text and the same key, and what it has signed is good under both.
        let is_shared = clients
            .as_ref()
            .is_some_and(|clients| share_a_key(&own, clients));
        if is_shared && proxy.allowed_names.is_empty() {
            return Err(FrontProxyError::SharedCa.to_string());
        }
        Ok(Self {
            front: verifier(own)?,
            clients: clients.map(verifier).transpose()?,
            proxy,
        })
    }

    /// Judges a chain, the peer's own certificate first.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> Judgement {
        let mut judgement = Judgement {
            front: Err(Objection::NoCertificate),
            user: None,
            at: now,
            until: now.saturating_add(GOOD_FOR).unwrap_or(Timestamp::MAX),
        };
        let Some((own, others)) = chain.split_first() else {
            return judgement;
        };
        let Ok((_, leaf)) = parse_x509_certificate(own) else {
            let reason = "it is no X.509 certificate".to_owned();
            let name = String::new();
            judgement.front = Err(Objection::Unusable { name, reason });
            return judgement;
        };
        let end = Timestamp::from_second(leaf.validity().not_after.timestamp().saturating_add(1));
        if let Ok(end) = end
            && end > now
        {
            judgement.until = judgement.until.min(end);
        }
        let name = common_name(leaf.subject());
        let at = UnixTime::since_unix_epoch(Duration::from_secs(
            u64::try_from(now.as_second()).unwrap_or_default(),
        ));
        judgement.front = match self.front.verify_client_cert(own, others, at) {
            Ok(_) if self.proxy.may_assert(&name) => Ok(()),
            Ok(_) => Err(Objection::Name {
                name: name.clone(),
                allowed: self.proxy.allowed_names.clone(),
            }),
            Err(error) => Err(object(&error, &name, &leaf)),
        };
        let is_client = |clients: &Arc<dyn ClientCertVerifier>| {
            !name.is_empty() && clients.verify_client_cert(own, others, at).is_ok()
        };
        if self.clients.as_ref().is_some_and(is_client) {
            let user = User {
                groups: organizations(leaf.subject()),
                name,
                ..User::default()
            };
            judgement.user = Some(Arc::new(user.authenticated()));
        }
        judgement
    }

    /// Takes away what says who somebody is.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        let own = |name: &&HeaderName| self.proxy.is_identity_header(name.as_str());
        let own: Vec<HeaderName> = headers.keys().filter(own).cloned().collect();
        for name in own {
            headers.remove(name);
        }
    }
}

/// The CAs of a PEM text; `None` without any. One that cannot be used is left out, as the API server does.
fn roots(pem: Option<&str>) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_slice_iter(pem?.as_bytes());
    roots.add_parsable_certificates(found.filter_map(Result::ok));
    (!roots.is_empty()).then_some(roots)
}

fn share_a_key(one: &RootCertStore, other: &RootCertStore) -> bool {
    let key = |root: &rustls::pki_types::TrustAnchor<'static>| root.subject_public_key_info.clone();
    let others: Vec<_> = other.roots.iter().map(key).collect();
    one.roots.iter().map(key).any(|key| others.contains(&key))
}

fn verifier(roots: RootCertStore) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let provider = Arc::new(ring::default_provider());
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| error.to_string())
}

fn object(error: &Error, name: &str, leaf: &X509Certificate<'_>) -> Objection {
    let name = name.to_owned();
    let at = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    let validity = leaf.validity();
    match error {
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => Objection::Expired {
            name,
            since: at(validity.not_after.timestamp()),
        },
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => Objection::NotYetValid {
            name,
            from: at(validity.not_before.timestamp()),
        },
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => Objection::Foreign { name },
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => Objection::Purpose { name },
        other => Objection::Unusable {
            name,
            reason: other.to_string().chars().take(200).collect(),
        },
    }
}

/// As Go reads it, which the API server is written in: the last one counts. Empty when there is none.
fn common_name(subject: &X509Name<'_>) -> String {
    let names = subject.iter_common_name();
    let name = names.filter_map(|name| name.as_str().ok()).last();
    name.unwrap_or_default().to_owned()
}

fn organizations(subject: &X509Name<'_>) -> Vec<String> {
    let names = subject.iter_organization();
    names
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect()
}
