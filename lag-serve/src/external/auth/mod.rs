//! Who may read: the API server, which has checked its user already, or with `delegated` also direct callers, whom the
//! API server is asked about. Nothing is open by accident: what cannot be decided is refused.

mod admit;
mod cache;
mod objection;
mod reviews;
mod trust;

use self::{reviews::Asked, trust::Trust};
use crate::{Now, external::status::Status, web::PeerCertificates};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use lag_core::{FrontProxy, port::Reviews};
use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;
use tracing::{info, warn};

/// Who decides whether somebody may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    /// The API server alone: only it is let in, by its certificate, and it has checked the rights of whom it asks for.
    #[default]
    Mtls,
    /// The API server is asked about everybody, so that direct callers can be let in by their rights.
    Delegated,
}

/// A word that is no mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no way to authenticate: write mtls (only the API server) or delegated (also direct callers)"
)]
pub struct InvalidAuthMode(String);

impl FromStr for AuthMode {
    type Err = InvalidAuthMode;

    fn from_str(text: &str) -> Result<Self, InvalidAuthMode> {
        match text {
            "mtls" => Ok(Self::Mtls),
            "delegated" => Ok(Self::Delegated),
            _ => Err(InvalidAuthMode(text.chars().take(64).collect())),
        }
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mtls => "mtls",
            Self::Delegated => "delegated",
        })
    }
}

/// Stands before the routes. `Clone` is cheap and shares what is known.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    mode: AuthMode,
    proxies: watch::Receiver<Arc<FrontProxy>>,
    held: Mutex<Held>,
    reviews: Option<Asked>,
    now: Now,
}

/// The trust of now, and the configuration that was looked at last.
#[derive(Default)]
struct Held {
    looked_at: Option<Arc<FrontProxy>>,
    trust: Option<Arc<Trust>>,
    problem: String,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("mode", &self.0.mode)
            .finish_non_exhaustive()
    }
}

impl Guard {
    /// `proxies` tells what the cluster's configuration is now; a change is good from the next request on, also on
    /// connections that are open. `reviews` are asked in [`AuthMode::Delegated`] alone, which refuses all without them.
    #[must_use]
    pub fn new(
        mode: AuthMode,
        proxies: watch::Receiver<Arc<FrontProxy>>,
        reviews: Option<Arc<dyn Reviews>>,
        now: Now,
    ) -> Self {
        Self(Arc::new(Inner {
            mode,
            proxies,
            held: Mutex::default(),
            reviews: reviews.map(|reviews| Asked::new(reviews, now.clone())),
            now,
        }))
    }

    /// Whether such a configuration can be used: at the start, where nothing before it could still hold.
    ///
    /// # Errors
    /// What is wrong with it and what to do, for people.
    pub fn check(proxy: &FrontProxy) -> Result<(), String> {
        Trust::new(Arc::new(proxy.clone())).map(drop)
    }

    /// The router behind this guard. `/healthz`, `/livez` and `/readyz` stay open, because probes have no certificate;
    /// all other paths, unknown ones too, are for those who may.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), check))
    }

    /// What is trusted now. A configuration that cannot be used leaves the one before in place, and is told once.
    fn trust(&self) -> Result<Arc<Trust>, Status> {
        let latest = self.0.proxies.borrow().clone();
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |known: &Arc<FrontProxy>| Arc::ptr_eq(known, &latest);
        if !held.looked_at.as_ref().is_some_and(is_known) {
            match Trust::new(latest.clone()) {
                Ok(trust) => {
                    if held.trust.replace(Arc::new(trust)).is_some() {
                        info!("the request-header CA has changed, and is good from now on");
                    }
                }
                Err(problem) => {
                    let meanwhile = match held.trust {
                        Some(_) => "the one before still holds",
                        None => "nobody is let in",
                    };
                    warn!(problem, "the request-header CA cannot be used, {meanwhile}");
                    held.problem = problem;
                }
            }
            held.looked_at = Some(latest);
        }
        held.trust.clone().ok_or_else(|| {
            let message = format!("whom to trust is not known: {}", held.problem);
            Status::new(StatusCode::SERVICE_UNAVAILABLE, message)
        })
    }
}

async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let trust = match guard.trust() {
        Ok(trust) => trust,
        Err(_) if is_open(parts.uri.path()) => {
            return next.run(Request::from_parts(parts, body)).await;
        }
        Err(closed) => return closed.into_response(),
    };
    if !is_open(parts.uri.path())
        && let Err(refused) = guard.admit(&trust, &parts).await
    {
        return refused.into_response();
    }
    if !is_open(parts.uri.path())
        && let Some(peer) = parts.extensions.get::<PeerCertificates>()
    {
        peer.admit();
    }
    // Whoever may, has been asked for by now; the routes behind must not even see what anybody says of themselves.
    trust.strip(&mut parts.headers);
    parts.extensions.remove::<PeerCertificates>();
    next.run(Request::from_parts(parts, body)).await
}

fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/livez" | "/readyz")
}
