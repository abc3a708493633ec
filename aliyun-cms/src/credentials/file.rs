//! Credentials from mounted files, and how files with secrets are read.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use super::{Credentials, CredentialsError, CredentialsFuture, ProvideCredentials};

/// A key has some tens of bytes and a token a few thousand; a larger file is another file.
const MAX_BYTES: u64 = 64 * 1024;

/// A swap takes an instant: more readings that differ are no swap.
const READINGS: u32 = 5;

/// Why a file gives no value. Never quotes it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Reading a pipe could wait for ever.
    #[error("is no plain file")]
    NotAFile,
    #[error("is empty")]
    Empty,
    #[error("is larger than 64 KiB")]
    TooLarge,
    #[error("is not UTF-8 text")]
    NotUtf8,
}

/// Why files that belong together give no values.
#[derive(Debug)]
pub(crate) enum TogetherError {
    /// The file with this index.
    File(usize, ReadError),
    /// They were different each time.
    Changing,
}

/// The text of a file without white space around it.
pub(crate) fn read_secret(path: &Path) -> Result<SecretString, ReadError> {
    if !fs::metadata(path)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(ReadError::TooLarge);
    }
    let text = SecretString::from(String::from_utf8(bytes).map_err(|_| ReadError::NotUtf8)?);
    match text.expose_secret().trim() {
        "" => Err(ReadError::Empty),
        trimmed => Ok(SecretString::from(trimmed)),
    }
}

/// Reads files that belong together. Kubernetes swaps all files of a Secret at once, but not
/// between two readings of ours: what was read counts when a second reading finds the same.
pub(crate) fn read_together(paths: &[&Path]) -> Result<Vec<SecretString>, TogetherError> {
    settle(|| {
        let files = paths.iter().enumerate();
        files
            .map(|(at, path)| read_secret(path).map_err(|error| (at, error)))
            .collect()
    })
}

type Reading = Result<Vec<SecretString>, (usize, ReadError)>;

fn settle(mut read: impl FnMut() -> Reading) -> Result<Vec<SecretString>, TogetherError> {
    let mut last = read();
    for _ in 1..READINGS {
        let next = read();
        match (&last, next) {
            (Ok(before), Ok(now)) if same(before, &now) => return Ok(now),
            (Err(_), Err((at, error))) => return Err(TogetherError::File(at, error)),
            (_, next) => last = next,
        }
    }
    Err(TogetherError::Changing)
}

fn same(left: &[SecretString], right: &[SecretString]) -> bool {
    let mut pairs = left.iter().zip(right);
    left.len() == right.len() && pairs.all(|(l, r)| l.expose_secret() == r.expose_secret())
}

/// Reads an access key from files, as a mounted Kubernetes Secret has them.
///
/// They are read anew each time. A Secret that is swapped between two readings never gives
/// the id of one key with the secret of another: files are read until two readings agree.
///
/// ```
/// use aliyun_cms::FileCredentials;
/// let mounted = FileCredentials::new("/etc/key/id", "/etc/key/secret");
/// ```
#[derive(Clone, Debug)]
pub struct FileCredentials {
    id: PathBuf,
    secret: PathBuf,
    token: Option<PathBuf>,
}

impl FileCredentials {
    /// The files with the access key id and with its secret; white space around them is dropped.
    #[must_use]
    pub fn new(id: impl Into<PathBuf>, secret: impl Into<PathBuf>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            token: None,
        }
    }

    /// The file with the security token of a temporary key.
    #[must_use]
    pub fn security_token(mut self, path: impl Into<PathBuf>) -> Self {
        self.token = Some(path.into());
        self
    }

    fn load(&self) -> Result<Credentials, CredentialsError> {
        let provider = format!("the file {}", self.id.display());
        let mut paths = vec![self.id.as_path(), &self.secret];
        paths.extend(self.token.as_deref());
        let values = read_together(&paths).map_err(|error| match error {
            TogetherError::File(at, error) => CredentialsError::Misconfigured {
                provider: format!("the file {}", paths[at].display()),
                detail: format!("it {error}"),
            },
            TogetherError::Changing => changing(&provider),
        })?;
        let mut values = values.into_iter();
        let (Some(id), Some(secret)) = (values.next(), values.next()) else {
            return Err(changing(&provider)); // as many values as paths, so never
        };
        if is_temporary(&id) && self.token.is_none() {
            return Err(CredentialsError::Misconfigured {
                provider,
                detail: "it holds a temporary key, and no file with its security token is given"
                    .to_owned(),
            });
        }
        Ok(assemble(&id, secret, values.next()).with_source(provider))
    }
}

/// Waiting helps: somebody is writing.
pub(super) fn changing(provider: &str) -> CredentialsError {
    CredentialsError::Unavailable {
        provider: provider.to_owned(),
        source: "the files changed while they were read".into(),
    }
}

/// The vendor's temporary ids begin so, and are refused without their token.
pub(super) fn is_temporary(id: &SecretString) -> bool {
    id.expose_secret().starts_with("STS.")
}

pub(super) fn assemble(
    id: &SecretString,
    secret: SecretString,
    token: Option<SecretString>,
) -> Credentials {
    let credentials = Credentials::new(id.expose_secret(), secret);
    match token {
        Some(token) => credentials.with_security_token(token),
        None => credentials,
    }
}

impl ProvideCredentials for FileCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::ready(self.load())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(id: &str, secret: &str) -> Reading {
        Ok(vec![id.into(), secret.into()])
    }

    fn missing() -> Reading {
        Err((1, io::Error::from(io::ErrorKind::NotFound).into()))
    }

    fn settled(readings: Vec<Reading>) -> Result<Vec<String>, TogetherError> {
        let mut readings = readings.into_iter();
        let values = settle(|| readings.next().expect("no more readings than planned"))?;
        Ok(values.iter().map(|v| v.expose_secret().into()).collect())
    }

    #[test]
    fn a_swap_between_two_files_never_pairs_the_old_id_with_the_new_secret() {
        let torn = vec![
            reading("old", "new"),
            reading("new", "new"),
            reading("new", "new"),
        ];
        assert_eq!(settled(torn).unwrap(), ["new", "new"]);
        let torn_later = vec![
            reading("old", "old"),
            reading("old", "new"),
            reading("new", "new"),
            reading("new", "new"),
        ];
        assert_eq!(settled(torn_later).unwrap(), ["new", "new"]);
        let early = vec![missing(), reading("new", "new"), reading("new", "new")];
        assert_eq!(settled(early).unwrap(), ["new", "new"]);
    }

    #[test]
    fn files_that_never_rest_and_files_that_are_missing_are_told_apart() {
        let restless = (0..5).map(|n| reading("id", &n.to_string())).collect();
        assert!(matches!(settled(restless), Err(TogetherError::Changing)));
        let gone = vec![missing(), missing()];
        assert!(matches!(settled(gone), Err(TogetherError::File(1, _))));
    }
}
