//! Who may send alerts: bearer tokens and users with passwords, in files that are read again when they change.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use lag_runtime::config::{SecretConfig, WebhookConfig, process_env};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often a file is looked at, at most; only when somebody asks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

type Hash = [u8; 32];

/// Everybody who may come in. With nobody on the list it stands open.
#[derive(Debug)]
pub(crate) struct Gate {
    tokens: Vec<Secret>,
    users: Vec<(String, Secret)>,
}

impl Gate {
    /// Reads the secrets, so that a missing one is found before anything is served.
    pub(crate) fn open(config: &WebhookConfig) -> anyhow::Result<Self> {
        let tokens = config.bearer_tokens.iter().map(Secret::read);
        let users = config.basic_users.iter();
        let users = users.map(|user| Ok((user.name.clone(), Secret::read(&user.password)?)));
        Ok(Self {
            tokens: tokens.collect::<anyhow::Result<_>>()?,
            users: users.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Whether anybody has to prove anything.
    pub(crate) fn is_guarded(&self) -> bool {
        !self.tokens.is_empty() || !self.users.is_empty()
    }

    /// Whether a request with these headers may come in. All secrets are compared, whole and by their hashes: how long it
    /// takes tells nothing about them.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        if !self.is_guarded() {
            return true;
        }
        let mut given = headers.get_all(AUTHORIZATION).iter();
        // Of two it would be unclear which one counts.
        let (Some(given), None) = (given.next(), given.next()) else {
            return false;
        };
        let Some((scheme, rest)) = given.to_str().ok().and_then(|text| text.split_once(' ')) else {
            return false;
        };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            let hash = hash(rest.as_bytes());
            let tokens = self.tokens.iter();
            tokens.fold(false, |found, token| found | token.is(&hash))
        } else if scheme.eq_ignore_ascii_case("basic") {
            self.knows(rest)
        } else {
            false
        }
    }

    fn knows(&self, encoded: &str) -> bool {
        let Ok(pair) = STANDARD.decode(encoded) else {
            return false;
        };
        let Some(colon) = pair.iter().position(|byte| *byte == b':') else {
            return false;
        };
        let (name, password) = (hash(&pair[..colon]), hash(&pair[colon + 1..]));
        self.users.iter().fold(false, |found, (user, secret)| {
            let is_user = is_same(&hash(user.as_bytes()), &name);
            found | (is_user & secret.is(&password))
        })
    }

    /// Schemes that a refused client may use.
    pub(crate) fn challenge(&self) -> &'static str {
        match (self.tokens.is_empty(), self.users.is_empty()) {
            (_, true) => "Bearer realm=\"kafka-lag-scaler\"",
            (true, false) => "Basic realm=\"kafka-lag-scaler\", charset=\"UTF-8\"",
            (false, false) => {
                "Bearer realm=\"kafka-lag-scaler\", Basic realm=\"kafka-lag-scaler\", charset=\"UTF-8\""
            }
        }
    }
}

/// A secret of a file or a variable, as its hash.
struct Secret {
    config: SecretConfig,
    held: Mutex<Held>,
}

struct Held {
    hash: Hash,
    looked: Instant,
    is_broken: bool,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("source", &self.config.source)
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn read(config: &SecretConfig) -> anyhow::Result<Self> {
        let secret = config.read(&process_env).context("who may send alerts")?;
        Ok(Self {
            config: config.clone(),
            held: Mutex::new(Held {
                hash: hash(secret.expose_secret().as_bytes()),
                looked: Instant::now(),
                is_broken: false,
            }),
        })
    }

    /// Compares with the secret as it is now. One that cannot be read any more leaves the last one good, and is told once: a
    /// volume that is being replaced must not lock everybody out.
    fn is(&self, given: &Hash) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() >= LOOK_EVERY {
            held.looked = Instant::now();
            match self.config.read(&process_env) {
                Ok(secret) => {
                    let new = hash(secret.expose_secret().as_bytes());
                    if std::mem::replace(&mut held.hash, new) != new {
                        tracing::info!(source = %self.config.source, "a secret was read again");
                    }
                    held.is_broken = false;
                }
                Err(error) => {
                    if !std::mem::replace(&mut held.is_broken, true) {
                        tracing::warn!(%error, "a secret cannot be read again, the old one still counts");
                    }
                }
            }
        }
        is_same(&held.hash, given)
    }
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Without an early end.
fn is_same(one: &Hash, two: &Hash) -> bool {
    let pairs = one.iter().zip(two);
    pairs.fold(0, |difference, (one, two)| difference | (one ^ two)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use lag_runtime::config::{BasicUser, SecretSource};
    use proptest::prelude::*;
    use std::fs;
    use tempfile::TempDir;

    fn secret(folder: &TempDir, name: &str, text: &str) -> SecretConfig {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        SecretConfig {
            source: SecretSource::File(path),
            place: name.to_owned(),
        }
    }

    fn gate(folder: &TempDir) -> Gate {
        Gate::open(&WebhookConfig {
            bearer_tokens: vec![
                secret(folder, "old", "old-token\n"),
                secret(folder, "new", "new-token"),
            ],
            basic_users: vec![BasicUser {
                name: "alertmanager".to_owned(),
                password: secret(folder, "password", "pass:word"),
            }],
            body_limit: 1024,
            deadline: Duration::from_secs(1),
            concurrency: 1,
        })
        .unwrap()
    }

    fn headers(given: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for text in given {
            headers.append(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        }
        headers
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn each_token_and_each_user_may_come_in() {
        let folder = TempDir::new().unwrap();
        let gate = gate(&folder);
        for good in [
            "Bearer old-token",
            "bearer new-token",
            &basic("alertmanager:pass:word"),
        ] {
            assert!(gate.admits(&headers(&[good])), "{good}");
        }
    }

    #[test]
    fn nobody_else_may() {
        let folder = TempDir::new().unwrap();
        let gate = gate(&folder);
        assert!(!gate.admits(&HeaderMap::new()));
        for bad in [
            "Bearer old",
            "Bearer old-token2",
            "Bearer",
            "Bearer ",
            "old-token",
            "Basic old-token",
            "Digest old-token",
            &basic("alertmanager:password"),
            &basic("other:pass:word"),
            &basic("alertmanager"),
            &basic(":"),
        ] {
            assert!(!gate.admits(&headers(&[bad])), "{bad}");
        }
        let twice = ["Bearer old-token", "Bearer old-token"];
        assert!(!gate.admits(&headers(&twice)), "two are none");
    }

    #[test]
    fn a_changed_file_counts_after_a_look_and_a_lost_one_leaves_the_old() {
        let folder = TempDir::new().unwrap();
        let gate = gate(&folder);
        let aged = || {
            for secret in &gate.tokens {
                let mut held = secret.held.lock().unwrap();
                held.looked = held.looked.checked_sub(LOOK_EVERY).unwrap();
            }
        };
        fs::write(folder.path().join("old"), "third-token").unwrap();
        assert!(
            gate.admits(&headers(&["Bearer old-token"])),
            "not looked yet"
        );
        aged();
        assert!(gate.admits(&headers(&["Bearer third-token"])));
        assert!(!gate.admits(&headers(&["Bearer old-token"])));
        fs::remove_file(folder.path().join("old")).unwrap();
        aged();
        assert!(gate.admits(&headers(&["Bearer third-token"])));
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let folder = TempDir::new().unwrap();
        let text = format!("{:?}", gate(&folder));
        assert!(
            !text.contains("token\"") && !text.contains("pass:word"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_text_but_the_secret_comes_in(text in "[ -~]{0,40}") {
            let folder = TempDir::new().unwrap();
            let gate = gate(&folder);
            prop_assume!(!text.contains("token"));
            prop_assert!(!gate.admits(&headers(&[&text])));
            let bearer = format!("Bearer {text}");
            prop_assert!(!gate.admits(&headers(&[&bearer])));
        }
    }
}
