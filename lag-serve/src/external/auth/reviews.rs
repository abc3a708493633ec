//! Questions to the API server, each asked once for a while.

use super::cache::Cache;
use crate::{Now, external::status::Status};
use http::StatusCode;
use lag_core::{
    User,
    port::{Access, PortError, Reviews, Verdict},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Questions at once. Strangers can cause some; they must not become many at the API server.
const MOST_AT_ONCE: usize = 32;

/// Paths longer than this are asked about each time: they are nobody's, and would only fill the memory.
const LONGEST_KEPT: usize = 1_024;

/// Tokens are remembered by their hash, never by their text.
type TokenHash = [u8; 32];

pub(super) struct Asked {
    reviews: Arc<dyn Reviews>,
    tokens: Cache<TokenHash, Option<Arc<User>>>,
    verdicts: Cache<(Arc<User>, Access), Verdict>,
    places: Semaphore,
    now: Now,
}

impl Asked {
    pub(super) fn new(reviews: Arc<dyn Reviews>, now: Now) -> Self {
        Self {
            reviews,
            tokens: Cache::new(),
            verdicts: Cache::new(),
            places: Semaphore::new(MOST_AT_ONCE),
            now,
        }
    }

    pub(super) async fn authenticate(&self, token: &str) -> Result<Option<Arc<User>>, Status> {
        let hash: TokenHash = Sha256::digest(token).into();
        if let Some(known) = self.tokens.get(&hash, (self.now)()) {
            return Ok(known);
        }
        let _place = self.place()?;
        let user = self.reviews.authenticate(token).await;
        let user = user.map_err(|error| unreachable(&error))?;
        let user = user.map(|user| Arc::new(user.authenticated()));
        self.tokens.put(hash, user.clone(), (self.now)());
        Ok(user)
    }

    pub(super) async fn authorize(&self, user: Arc<User>, what: Access) -> Result<Verdict, Status> {
        let is_kept = match &what {
            Access::Metric { namespace, metric } => namespace.len() + metric.len() < LONGEST_KEPT,
            Access::Path(path) => path.len() < LONGEST_KEPT,
        };
        let key = (user, what);
        if is_kept && let Some(known) = self.verdicts.get(&key, (self.now)()) {
            return Ok(known);
        }
        let _place = self.place()?;
        let verdict = self.reviews.authorize(&key.0, &key.1).await;
        let verdict = verdict.map_err(|error| unreachable(&error))?;
        if is_kept {
            self.verdicts.put(key, verdict.clone(), (self.now)());
        }
        Ok(verdict)
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.places.try_acquire().map_err(|_| {
            let message = format!(
                "who asks cannot be checked now: {MOST_AT_ONCE} questions to the API server are open already; try again"
            );
            Status::new(StatusCode::SERVICE_UNAVAILABLE, message)
        })
    }
}

/// Closed, never open.
fn unreachable(error: &PortError) -> Status {
    let message = format!("who asks cannot be checked: {error}");
    Status::new(StatusCode::SERVICE_UNAVAILABLE, message)
}
