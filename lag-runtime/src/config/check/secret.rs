//! Where a secret is. The configuration itself never holds one.

use secrecy::{ExposeSecret as _, SecretString};
use std::{fmt, fs, path::PathBuf};

use crate::config::{ConfigError, Env, entry::Entry, file::Text};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Whole content of a file, as of a mounted Secret.
    File(PathBuf),
    /// Value of an environment variable.
    Variable(String),
}

/// Where a secret is, and where the configuration says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretConfig {
    /// Where it is.
    pub source: SecretSource,
    /// The file with line and key, for messages.
    pub place: String,
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Variable(name) => write!(f, "variable {name}"),
        }
    }
}

impl SecretConfig {
    /// Reads the secret, now. Line breaks at its end are not part of it.
    ///
    /// # Errors
    /// [`ConfigError`] when it cannot be read, or is empty, has several lines or is no text; without its text.
    pub fn read(&self, env: Env<'_>) -> Result<SecretString, ConfigError> {
        let wrong = |problem: &str| {
            ConfigError::new(self.place.clone(), format!("{} {problem}", self.source))
        };
        let mut text = match &self.source {
            SecretSource::File(path) => fs::read_to_string(path)
                .map_err(|error| wrong(&format!("cannot be read: {error}")))?,
            SecretSource::Variable(name) => env(name).ok_or_else(|| wrong("is not set"))?,
        };
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        let secret = SecretString::from(text);
        let text = secret.expose_secret();
        if text.trim().is_empty() {
            return Err(wrong("is empty: put the secret there"));
        }
        if text.contains(char::is_control) {
            return Err(wrong(
                "has line breaks or other control characters inside: it must be one line of text",
            ));
        }
        Ok(secret)
    }
}

/// `NAME_file` or `NAME_variable` of an entry, not both, and never `NAME` itself.
pub(in crate::config) fn resolve(
    entry: &Entry<'_>,
    name: &str,
    inline: &Text,
    [file, variable]: [&Text; 2],
) -> Result<Option<SecretConfig>, ConfigError> {
    let (file_key, variable_key) = (format!("{name}_file"), format!("{name}_variable"));
    if let Some(inline) = inline {
        let place = format!(
            "{} line {}: {}",
            entry.picker.path,
            inline.referenced.line(),
            entry.key(name)
        );
        let problem = format!(
            "it is a secret and must not be in this file: put it into a file of its own and name that in {file_key}, or \
             name an environment variable in {variable_key}"
        );
        return Err(ConfigError::new(place, problem));
    }
    let file = entry.one(&file_key, file)?;
    let variable = entry.one(&variable_key, variable)?;
    match (file, variable) {
        (None, None) => Ok(None),
        (Some(_), Some(second)) => {
            Err(second.wrong(format!("{file_key} is given, too: give one of the two")))
        }
        // What looks like the secret itself is not repeated in the message.
        (Some(file), None) if file.text.contains("://") || file.text.contains('\n') => {
            Err(file.wrong("this is no path: name a file that holds the secret"))
        }
        (Some(file), None) => Ok(Some(SecretConfig {
            source: SecretSource::File(file.text.into()),
            place: file.place,
        })),
        (None, Some(variable)) if !is_variable(&variable.text) => Err(variable
            .wrong("this is no name of an environment variable: they look like KAFKA_ROBOT_URL")),
        (None, Some(variable)) => Ok(Some(SecretConfig {
            source: SecretSource::Variable(variable.text),
            place: variable.place,
        })),
    }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
