//! The files of a listener: read, compared with what they held before, taken apart.

use super::{ClientCertificates, TlsError, TlsFiles};
use jiff::Timestamp;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::Path,
};
use tracing::warn;
use x509_parser::{extensions::GeneralName, parse_x509_certificate, x509::X509Version};

type Read = Result<Vec<u8>, io::ErrorKind>;

/// What the files hold. Mounted Secrets are symbolic links to a directory that is exchanged whole; contents say more
/// than times and inodes, and cost as little.
pub(super) struct Contents {
    cert: Read,
    key: Read,
    ca: Option<Read>,
}

impl Contents {
    pub(super) fn read(files: &TlsFiles, clients: &ClientCertificates) -> Self {
        let read = |path: &Path| fs::read(path).map_err(|error| error.kind());
        Self {
            cert: read(&files.cert_file),
            key: read(&files.key_file),
            ca: match clients {
                ClientCertificates::Required { ca_file }
                | ClientCertificates::IfGiven { ca_file } => Some(read(ca_file)),
                ClientCertificates::None | ClientCertificates::Asked => None,
            },
        }
    }

    /// Equal for equal contents. Kept instead of them, because one of them is a key.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.cert, &self.key, &self.ca).hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn chain(&self, files: &TlsFiles) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        certificates("tls-cert-file", &files.cert_file, &self.cert)
    }

    pub(super) fn key(&self, files: &TlsFiles) -> Result<PrivateKeyDer<'static>, TlsError> {
        let pem = readable("tls-key-file", &files.key_file, &self.key)?;
        PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            let reason = "it holds no PEM private key (BEGIN PRIVATE KEY, without a passphrase)";
            TlsError::unusable("tls-key-file", &files.key_file, reason)
        })
    }

    pub(super) fn roots(&self, ca_file: &Path) -> Result<RootCertStore, TlsError> {
        let key = "client-ca-file";
        let pem = self.ca.as_ref().unwrap_or(&Err(io::ErrorKind::NotFound));
        let mut roots = RootCertStore::empty();
        for certificate in certificates(key, ca_file, pem)? {
            roots.add(certificate).map_err(|error| {
                let reason = format!("a certificate in it is no CA that can be used ({error})");
                TlsError::unusable(key, ca_file, reason)
            })?;
        }
        Ok(roots)
    }
}

fn readable<'r>(key: &'static str, path: &Path, read: &'r Read) -> Result<&'r [u8], TlsError> {
    match read {
        Ok(contents) => Ok(contents),
        Err(kind) => Err(TlsError::Unreadable {
            key,
            path: path.to_owned(),
            kind: *kind,
        }),
    }
}

fn certificates(
    key: &'static str,
    path: &Path,
    read: &Read,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = readable(key, path, read)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => {
            let reason = "it holds no PEM certificate (BEGIN CERTIFICATE): name one that does";
            Err(TlsError::unusable(key, path, reason))
        }
    }
}

/// The first version has no names that clients could compare.
pub(super) fn check_version(leaf: &CertificateDer<'_>, path: &Path) -> Result<(), TlsError> {
    match parse_x509_certificate(leaf) {
        Ok((_, leaf)) if leaf.version() != X509Version::V3 => {
            let reason = "it is an X.509 certificate of an old version, without a subject alternative name, which clients \
                          refuse: make one of version 3 (kafka-lag generate serving-cert, or openssl req -x509 -addext \
                          subjectAltName=DNS:NAME)";
            Err(TlsError::unusable("tls-cert-file", path, reason))
        }
        // What is no certificate at all is found where it is used.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether an API server finds in it the name by which it asks for a service, `SERVICE.NAMESPACE.svc`.
pub(super) fn names_a_service(leaf: &CertificateDer<'_>) -> bool {
    let Ok((_, leaf)) = parse_x509_certificate(leaf) else {
        return false;
    };
    let Ok(Some(names)) = leaf.subject_alternative_name() else {
        return false;
    };
    let mut names = names.value.general_names.iter();
    names.any(|name| match name {
        GeneralName::DNSName(name) => name.to_ascii_lowercase().ends_with(".svc"),
        _ => false,
    })
}

/// Clients refuse such a certificate, and their message seldom reaches who could renew it.
pub(super) fn warn_of_validity(leaf: &CertificateDer<'_>, path: &Path, now: Timestamp) {
    let Ok((_, leaf)) = parse_x509_certificate(leaf) else {
        return;
    };
    let validity = leaf.validity();
    if now.as_second() > validity.not_after.timestamp() {
        warn!(
            file = %path.display(), not_after = %validity.not_after,
            "the serving certificate has expired, clients will refuse it: renew it"
        );
    } else if now.as_second() < validity.not_before.timestamp() {
        warn!(
            file = %path.display(), not_before = %validity.not_before,
            "the serving certificate is not valid yet: look at the clocks"
        );
    }
}
