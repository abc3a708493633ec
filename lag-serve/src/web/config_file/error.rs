//! What is wrong with the file.

use super::super::tls::TlsError;
use std::path::{Path, PathBuf};

/// Why a `--web.config.file` cannot be used: file, line, key, and what would do. No value of the file is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("web.config.file {}{}: {problem}", path.display(), .line.map_or(String::new(), |line| format!(" line {line}")))]
pub struct WebFileError {
    path: PathBuf,
    line: Option<u64>,
    problem: String,
}

impl WebFileError {
    pub(super) fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            problem: problem.into(),
        }
    }

    pub(super) fn at(path: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(path, problem)
        }
    }

    /// The same mistake in the words of this file, whose keys have other names than flags.
    pub(super) fn tls(path: &Path, error: &TlsError) -> Self {
        let mut problem = error.to_string();
        for (flag, key) in [
            ("tls-cert-file ", "cert_file "),
            ("tls-key-file ", "key_file "),
            ("client-ca-file ", "client_ca_file "),
        ] {
            problem = problem.replace(flag, key);
        }
        Self::new(path, problem)
    }
}
