//! A client certificate that must also carry one of a few names.

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{net::IpAddr, sync::Arc};
use tracing::debug;
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

/// Takes what `verifier` takes, if one of its subject alternative names is allowed.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    pub(super) allowed: Vec<String>,
}

impl Named {
    fn is_allowed(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, leaf)) = parse_x509_certificate(certificate) else {
            return false;
        };
        let Ok(Some(names)) = leaf.subject_alternative_name() else {
            return false;
        };
        let mut names = names.value.general_names.iter();
        names.any(|name| self.allowed.iter().any(|allowed| is_same(name, allowed)))
    }
}

/// Whole names; a pattern in a certificate stands for itself alone.
fn is_same(name: &GeneralName<'_>, allowed: &str) -> bool {
    match name {
        GeneralName::DNSName(name) => name.eq_ignore_ascii_case(allowed),
        GeneralName::RFC822Name(name) | GeneralName::URI(name) => *name == allowed,
        GeneralName::IPAddress(bytes) => match allowed.parse() {
            Ok(IpAddr::V4(ip)) => *bytes == ip.octets(),
            Ok(IpAddr::V6(ip)) => *bytes == ip.octets(),
            Err(_) => false,
        },
        _ => false,
    }
}

impl ClientCertVerifier for Named {
    fn offer_client_auth(&self) -> bool {
        self.verifier.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(own, others, now)?;
        if self.is_allowed(own) {
            return Ok(verified);
        }
        debug!("a client certificate has none of the names of client_allowed_sans");
        Err(Error::InvalidCertificate(
            CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
