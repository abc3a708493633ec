//! Credentials from environment variables, or from files that variables name.

use std::{fmt, path::Path, sync::Arc};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    context::{Lookup, read_variable},
    file::{self, TogetherError},
};

const PROVIDER: &str = "the environment";

/// Reads an access key, and a security token if there is one, from variables.
///
/// They are read anew each time. An empty variable counts as not set, and white
/// space around a value (the line break of a mounted file) is dropped.
///
/// Each name also works with `_FILE` at its end, and then holds the path of a file with
/// the value; that file is read anew each time, too. Both at once are an error.
///
/// An id without its secret is an error that stops a [`Chain`](super::Chain).
/// The vendor's own libraries differ here: they go on to the next source.
#[derive(Clone)]
pub struct EnvironmentCredentials {
    id: String,
    secret: String,
    token: String,
    lookup: Arc<Lookup>,
}

/// Where one value is to be found.
enum Place {
    Value(SecretString),
    /// A file, and the variable that names it.
    File {
        variable: String,
        path: String,
    },
}

impl EnvironmentCredentials {
    /// The vendor's names: `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET`
    /// and, for temporary keys, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    #[must_use]
    pub fn new() -> Self {
        Self::named(
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
        )
    }

    /// Other names, for instance older ones.
    #[must_use]
    pub fn named(
        id: impl Into<String>,
        secret: impl Into<String>,
        token: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            token: token.into(),
            lookup: Arc::new(read_variable),
        }
    }

    /// Asks `lookup` instead of the process: for tests, or a configuration of your own.
    ///
    /// ```
    /// use aliyun_cms::EnvironmentCredentials;
    /// let fixed = EnvironmentCredentials::new().with_lookup(|name| match name {
    ///     "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("id".to_owned()),
    ///     "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some("secret".to_owned()),
    ///     _ => None,
    /// });
    /// ```
    #[must_use]
    pub fn with_lookup(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.lookup = Arc::new(lookup);
        self
    }

    pub(super) fn shared_lookup(mut self, lookup: Arc<Lookup>) -> Self {
        self.lookup = lookup;
        self
    }

    /// Wrapped before anything else happens to it.
    fn get(&self, name: &str) -> Option<SecretString> {
        let raw = SecretString::from((self.lookup)(name)?);
        let trimmed = raw.expose_secret().trim();
        (!trimmed.is_empty()).then(|| SecretString::from(trimmed))
    }

    fn place(&self, name: &str) -> Result<Option<Place>, CredentialsError> {
        let variable = format!("{name}_FILE");
        match (self.get(name), self.get(&variable)) {
            (Some(_), Some(_)) => {
                let detail = format!("both {name} and {variable} are set; unset one of them");
                Err(misconfigured(detail))
            }
            (Some(value), None) => Ok(Some(Place::Value(value))),
            (None, Some(path)) => Ok(Some(Place::File {
                variable,
                path: path.expose_secret().to_owned(),
            })),
            (None, None) => Ok(None),
        }
    }

    fn load(&self) -> Result<Credentials, CredentialsError> {
        let missing = |name: &str, because: &str| {
            Err(misconfigured(format!(
                "{name} is not set (or is empty, or not UTF-8), {because}"
            )))
        };
        let (id, secret, token) = (
            self.place(&self.id)?,
            self.place(&self.secret)?,
            self.place(&self.token)?,
        );
        let (id, secret) = match (id, secret) {
            (None, None) => {
                let Some(token) = &token else {
                    return Err(CredentialsError::NotConfigured {
                        provider: format!("{PROVIDER} ({} and {})", self.id, self.secret),
                    });
                };
                return missing(&self.id, &format!("but {} is", token.name(&self.token)));
            }
            (None, Some(secret)) => {
                let set = secret.name(&self.secret);
                return missing(&self.id, &format!("but {set} is"));
            }
            (Some(id), None) => {
                return missing(&self.secret, &format!("but {} is", id.name(&self.id)));
            }
            (Some(id), Some(secret)) => (id, secret),
        };
        let source = match &id {
            Place::Value(_) => format!("{PROVIDER} ({})", self.id),
            Place::File { variable, path } => format!("the file {path} named by {variable}"),
        };
        let set = id.name(&self.id).to_owned();
        let mut values = read(vec![id, secret].into_iter().chain(token).collect())?.into_iter();
        let (Some(id), Some(secret)) = (values.next(), values.next()) else {
            return Err(file::changing(PROVIDER)); // as many values as places, so never
        };
        let token = values.next();
        if file::is_temporary(&id) && token.is_none() {
            return missing(&self.token, &format!("but {set} holds a temporary key"));
        }
        Ok(file::assemble(&id, secret, token).with_source(source))
    }
}

impl Place {
    /// The variable that is set, for a value whose plain name is `name`.
    fn name<'a>(&'a self, name: &'a str) -> &'a str {
        match self {
            Self::Value(_) => name,
            Self::File { variable, .. } => variable,
        }
    }
}

/// The values, with all files read together.
fn read(places: Vec<Place>) -> Result<Vec<SecretString>, CredentialsError> {
    let files: Vec<(&str, &Path)> = places
        .iter()
        .filter_map(|place| match place {
            Place::Value(_) => None,
            Place::File { variable, path } => Some((variable.as_str(), Path::new(path))),
        })
        .collect();
    let paths: Vec<&Path> = files.iter().map(|(_, path)| *path).collect();
    let read = match paths.is_empty() {
        true => Vec::new(),
        false => file::read_together(&paths).map_err(|error| match error {
            TogetherError::File(at, error) => {
                let (variable, path) = files[at];
                let path = path.display();
                misconfigured(format!("{variable} names the file {path}, which {error}"))
            }
            TogetherError::Changing => file::changing(PROVIDER),
        })?,
    };
    let mut read = read.into_iter();
    let values = places.into_iter().filter_map(|place| match place {
        Place::Value(value) => Some(value),
        Place::File { .. } => read.next(),
    });
    Ok(values.collect())
}

fn misconfigured(detail: String) -> CredentialsError {
    CredentialsError::Misconfigured {
        provider: PROVIDER.to_owned(),
        detail,
    }
}

impl Default for EnvironmentCredentials {
    fn default() -> Self {
        Self::new()
    }
}

impl ProvideCredentials for EnvironmentCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a> {
        CredentialsFuture::ready(self.load())
    }
}

impl fmt::Debug for EnvironmentCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentCredentials")
            .field("id", &self.id)
            .field("secret", &self.secret)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
