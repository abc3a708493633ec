//! What is wrong with the files of TLS.

use super::TlsFiles;
use rustls::{Error, InconsistentKeys};
use std::{io, path::Path, path::PathBuf};

/// Why a listener cannot speak TLS. `key` is the end of the flag that names the file, such as `tls-cert-file`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read.
    #[error(
        "{key} {}: {}; name a PEM file that exists and may be read (of a mounted Secret, tls.crt and tls.key)",
        path.display(),
        words(*kind)
    )]
    Unreadable {
        /// The end of the flag.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A file without what it is for.
    #[error("{key} {}: {reason}", path.display())]
    Unusable {
        /// The end of the flag.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would do.
        reason: String,
    },
    /// Certificate and key are not of one pair.
    #[error(
        "tls-key-file {} is not the key of tls-cert-file {}: name the key that the certificate was made with, and put the \
         certificate itself first when the file holds several",
        key_file.display(),
        cert_file.display()
    )]
    Mismatch {
        /// The certificate.
        cert_file: PathBuf,
        /// The key.
        key_file: PathBuf,
    },
}

impl TlsError {
    pub(super) fn unusable(key: &'static str, path: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable {
            key,
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn pair(files: &TlsFiles, error: &Error) -> Self {
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Self::Mismatch {
                cert_file: files.cert_file.clone(),
                key_file: files.key_file.clone(),
            },
            Error::InvalidCertificate(_) => Self::unusable(
                "tls-cert-file",
                &files.cert_file,
                format!(
                    "it is no certificate ({error}); openssl x509 -noout -text shows what is in it"
                ),
            ),
            _ => Self::unusable(
                "tls-key-file",
                &files.key_file,
                format!(
                    "the key cannot be used ({error}); make an ECDSA P-256 or RSA 2048 key without a passphrase"
                ),
            ),
        }
    }
}

fn words(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        other => format!("it cannot be read ({other})"),
    }
}
