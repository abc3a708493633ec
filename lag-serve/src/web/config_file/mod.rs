//! `--web.config.file`: TLS, client certificates, passwords and headers in the file that exporters of Prometheus share
//! (exporter-toolkit's). It is looked at again while the program runs.

mod error;
mod written;

pub use error::WebFileError;

use self::written::Meaning;
use super::{
    Wire,
    basic::Basic,
    tls::{ClientCertificates, ServerTls},
};
use crate::Now;
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tracing::{info, warn};

/// How often the file is looked at, at most; only when somebody connects or asks.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// The file, and what it means now. `Clone` is cheap and shares it.
#[derive(Debug, Clone)]
pub struct WebFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    basic: Basic,
    now: Now,
    held: Mutex<Held>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

struct Held {
    settings: Arc<Settings>,
    looked: Timestamp,
    /// What was said last about a file that cannot be used; empty when it can.
    complaint: String,
}

/// A meaning that can be served.
struct Settings {
    meaning: Meaning,
    tls: Option<ServerTls>,
}

impl WebFile {
    /// Reads the file, and the certificates that it names.
    ///
    /// # Errors
    /// [`WebFileError`] names file, line and key, and what would do. A key that is not supported is refused, because what
    /// it should protect would be open.
    pub fn read(path: &Path, now: Now) -> Result<Self, WebFileError> {
        let looked = now();
        let settings = Settings::new(path, meaning(path)?, None, &now)?;
        let basic = Basic::new(now.clone()).map_err(|error| {
            WebFileError::new(
                path,
                format!("the system gives no random numbers ({error})"),
            )
        })?;
        let held = Mutex::new(Held {
            settings: Arc::new(settings),
            looked,
            complaint: String::new(),
        });
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            basic,
            now,
            held,
        })))
    }

    /// What is spoken on the listener. Every connection begins as the file says at that moment.
    #[must_use]
    pub fn wire(&self) -> Wire {
        Wire::File(self.clone())
    }

    /// Whether the listener speaks TLS; that stays so as long as the program runs.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.settings().tls.is_some()
    }

    /// Whether nobody comes in without a password or a verified certificate; what is true stays true as long as the
    /// program runs.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        let meaning = &self.settings().meaning;
        !meaning.users.is_empty() || requires_certificate(meaning)
    }

    /// Whether passwords are asked for: then the header `Authorization` is this file's alone, and no router behind it sees
    /// one.
    #[must_use]
    pub fn asks_for_passwords(&self) -> bool {
        !self.settings().meaning.users.is_empty()
    }

    /// The router behind passwords, if the file has any, and with its headers on every answer. All paths are behind it,
    /// those of probes too, as with the toolkit.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), check))
    }

    pub(super) fn tls(&self) -> Option<ServerTls> {
        self.settings().tls.clone()
    }

    /// What holds now. Looks whether the file has changed: it is small, so it is read where it is needed and not on a
    /// thread of its own. One that cannot be used leaves the one before in place, and is told once.
    fn settings(&self) -> Arc<Settings> {
        let inner = &self.0;
        let now = (inner.now)();
        let mut held = inner.held.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.duration_since(held.looked);
        if (SignedDuration::ZERO..LOOK_EVERY).contains(&age) {
            return held.settings.clone();
        }
        held.looked = now;
        match inner.look(&held.settings) {
            Ok(None) => held.complaint.clear(),
            Ok(Some(settings)) => {
                held.settings = Arc::new(settings);
                held.complaint.clear();
                info!(file = %inner.path.display(), "the web.config.file was read again");
            }
            Err(error) => {
                let complaint = error.to_string();
                if complaint != held.complaint {
                    warn!(
                        error = &error as &dyn Error,
                        "the new web.config.file cannot be used, the one before still holds"
                    );
                    held.complaint = complaint;
                }
            }
        }
        held.settings.clone()
    }
}

impl Inner {
    /// New settings, if the file means something else than these.
    fn look(&self, old: &Settings) -> Result<Option<Settings>, WebFileError> {
        let new = meaning(&self.path)?;
        if new == old.meaning {
            return Ok(None);
        }
        if let Some(what) = opened(&old.meaning, &new) {
            return Err(WebFileError::new(
                &self.path,
                format!(
                    "{what}; that is taken only at a restart, in case the file is half written"
                ),
            ));
        }
        Settings::new(&self.path, new, old.tls.as_ref(), &self.now).map(Some)
    }
}

fn meaning(path: &Path) -> Result<Meaning, WebFileError> {
    let text = fs::read_to_string(path).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
            other => format!("it cannot be read ({other})"),
        };
        WebFileError::new(path, why)
    })?;
    written::read(path, &text)
}

impl Settings {
    fn new(
        path: &Path,
        meaning: Meaning,
        before: Option<&ServerTls>,
        now: &Now,
    ) -> Result<Self, WebFileError> {
        let tls = match (&meaning.tls, before) {
            (None, _) => None,
            (Some(plan), Some(tls)) if tls.plan() == plan => Some(tls.clone()),
            (Some(plan), _) => {
                let tls = ServerTls::planned(plan.clone(), now.clone());
                Some(tls.map_err(|error| WebFileError::tls(path, &error))?)
            }
        };
        Ok(Self { meaning, tls })
    }
}

fn requires_certificate(meaning: &Meaning) -> bool {
    let clients = meaning.tls.as_ref().map(|plan| &plan.clients);
    matches!(clients, Some(ClientCertificates::Required { .. }))
}

/// What would be open that was closed, or closed to clients of now. A file that is written in place is empty for a moment,
/// and a port must not be open for that long.
fn opened(old: &Meaning, new: &Meaning) -> Option<&'static str> {
    let has_names = |meaning: &Meaning| meaning.tls.as_ref().is_some_and(|p| !p.names.is_empty());
    if old.tls.is_some() != new.tls.is_some() {
        Some("tls_server_config has come or gone")
    } else if requires_certificate(old) && !requires_certificate(new) {
        Some("client certificates are no longer required")
    } else if has_names(old) && !has_names(new) {
        Some("client_allowed_sans is gone")
    } else if !old.users.is_empty() && new.users.is_empty() {
        Some("basic_auth_users is gone")
    } else {
        None
    }
}

async fn check(State(file): State<WebFile>, mut request: Request, next: Next) -> Response {
    let settings = file.settings();
    let users = &settings.meaning.users;
    let verdict = if users.is_empty() {
        Ok(())
    } else {
        file.0.basic.admit(request.headers(), users).await
    };
    let mut answer = match verdict {
        Ok(()) => {
            if !users.is_empty() {
                // What is behind has no use for a password.
                request.headers_mut().remove(AUTHORIZATION);
            }
            next.run(request).await
        }
        Err(StatusCode::UNAUTHORIZED) => (
            StatusCode::UNAUTHORIZED,
            [(
                WWW_AUTHENTICATE,
                "Basic realm=\"kafka-lag\", charset=\"UTF-8\"",
            )],
            "a user and a password of basic_auth_users in the web.config.file are needed\n",
        )
            .into_response(),
        Err(busy) => (
            busy,
            [(RETRY_AFTER, HeaderValue::from_static("1"))],
            "too many passwords are being compared, try again\n",
        )
            .into_response(),
    };
    for (name, value) in &settings.meaning.headers {
        answer.headers_mut().insert(name, value.clone());
    }
    answer
}

#[cfg(test)]
mod tests;
