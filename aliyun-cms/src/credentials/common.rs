//! Small things that several sources need: careful reading, careful words.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
    sync::Arc,
};

use super::{Credentials, CredentialsError, context::Context};

/// Configuration files are small; what is larger is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The same context with other variables.
pub(super) fn with_lookup(
    ctx: &Context,
    lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Context {
    Context::new(Arc::new(lookup), ctx.clock(), ctx.ca_file().cloned())
}

/// A configuration file, `None` when there is none to be seen, or what is wrong with it.
///
/// Only plain files: reading a pipe could wait for ever.
pub(super) fn read_file(path: &Path) -> Result<Option<String>, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    // A home directory that belongs to somebody else (HOME=/root in a container that runs as
    // another user) hides its files: for this process there is none.
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied => {
                    Ok(None)
                }
                _ => Err(unreadable(error)),
            };
        }
    };
    if !about.is_file() {
        return Err("it is not a plain file".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read > MAX_FILE_BYTES) {
        return Err("it is larger than 1 MiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    Ok(Some(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }))
}

/// A key with its secret, and the token of a temporary one.
///
/// The error says what is missing, by the names of the file: `token_key` is the token's.
pub(super) fn key_pair(
    id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
    token_key: &str,
) -> Result<Credentials, String> {
    let missing = |key: &str| format!("no {key}");
    let id = filled(id).ok_or_else(|| missing("access_key_id"))?;
    let secret = filled(secret).ok_or_else(|| missing("access_key_secret"))?;
    match filled(token) {
        Some(token) => Ok(Credentials::new(id, secret).with_security_token(token)),
        // The vendor's temporary ids begin so, and are refused without their token.
        None if id.starts_with("STS.") => Err(format!(
            "a temporary access_key_id, and no {token_key} to go with it"
        )),
        None => Ok(Credentials::new(id, secret)),
    }
}

/// What the source that a profile names said, with the profile's name.
///
/// "Not configured" becomes an error: somebody chose this source, and another
/// identity would be the wrong one.
pub(super) fn on_behalf(of: &str, error: CredentialsError) -> CredentialsError {
    let named = |provider: String| format!("{provider}, which {of} names,");
    match error {
        CredentialsError::NotConfigured { provider } => misconfigured(
            of,
            format!("it names a source that has no credentials: {provider}"),
        ),
        CredentialsError::Misconfigured { provider, detail } => CredentialsError::Misconfigured {
            provider: named(provider),
            detail,
        },
        CredentialsError::Refused {
            provider,
            detail,
            source,
        } => CredentialsError::Refused {
            provider: named(provider),
            detail,
            source,
        },
        CredentialsError::Unavailable { provider, source } => CredentialsError::Unavailable {
            provider: named(provider),
            source,
        },
    }
}

/// Names of profiles or sections for a message: quoted, and not too many.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Applies a setter when there is something to set.
pub(super) fn given<T, V>(to: T, value: Option<V>, set: impl FnOnce(T, V) -> T) -> T {
    match value {
        Some(value) => set(to, value),
        None => to,
    }
}

/// A value without white space around it; an empty one counts as missing.
pub(super) fn filled(value: Option<String>) -> Option<String> {
    let value = value?;
    let trimmed = value.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A short word without digits, as names of modes and error codes are; a key or
/// a token that stands in the wrong place is not, and must not be shown.
pub(super) fn word(text: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '_' | '-');
    ((1..=32).contains(&text.len()) && text.chars().all(is_plain)).then_some(text)
}

pub(super) fn misconfigured(provider: &str, detail: impl Into<String>) -> CredentialsError {
    CredentialsError::Misconfigured {
        provider: provider.to_owned(),
        detail: detail.into(),
    }
}

pub(super) fn unavailable(provider: &str, text: impl Into<String>) -> CredentialsError {
    CredentialsError::Unavailable {
        provider: provider.to_owned(),
        source: text.into().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_word_without_digits_is_ever_shown() {
        for shown in ["Failed", "InvalidParameter.NotFound", "rsa_key_pair", "a-b"] {
            assert_eq!(word(shown), Some(shown));
        }
        for hidden in ["", "LTAI5tAbCdEf", "with space", "a/b", "a=b", "名"] {
            assert_eq!(word(hidden), None, "{hidden}");
        }
        assert_eq!(word(&"x".repeat(33)), None);
    }

    #[test]
    fn files_that_are_not_plain_small_and_utf_8_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert_eq!(read_file(&file), Ok(None));
        assert_eq!(read_file(&file.join("below")), Ok(None));
        assert_eq!(
            read_file(dir.path()),
            Err("it is not a plain file".to_owned())
        );
        for (content, expected) in [
            (b"text".to_vec(), Ok(Some("text".to_owned()))),
            ("\u{feff}text".into(), Ok(Some("text".to_owned()))),
            (b"\xff".to_vec(), Err("it is not UTF-8 text".to_owned())),
            (
                vec![b' '; 1024 * 1024 + 1],
                Err("it is larger than 1 MiB".to_owned()),
            ),
        ] {
            fs::write(&file, content).unwrap();
            assert_eq!(read_file(&file), expected);
        }
        assert_eq!(
            read_file(&file.join("below-a-file")),
            Ok(None),
            "not a directory"
        );
    }

    #[test]
    fn many_names_are_cut_to_twenty() {
        let names: Vec<String> = (0..22).map(|n| format!("p{n}")).collect();
        let text = listed(names.iter().map(String::as_str));
        assert!(text.ends_with("\"p19\" and 2 more"), "{text}");
        assert_eq!(listed(["a", "b\n"].into_iter()), r#""a", "b\n""#);
    }
}
