//! Basic authentication against bcrypt hashes. One comparison takes tens of milliseconds on purpose, so it runs away
//! from the threads that serve, one at a time, and what was found is remembered for a while.

mod header;
mod verdicts;

pub(super) use header::Credentials;

use self::verdicts::{Key, Verdicts};
use crate::Now;
use getrandom::Error;
use http::{HeaderMap, StatusCode};
use std::{collections::BTreeMap, fmt, sync::Arc};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Comparisons that wait for their turn; beyond them the answer is "try again". Guessing must not take more than one core,
/// nor make the queue so long that an honest client gives up.
const MOST_WAITING: usize = 16;

/// The costs that hashes may have. Each step doubles the time: 15 is about two seconds.
pub(super) const COSTS: std::ops::RangeInclusive<u32> = 4..=15;

/// Salt and hash for comparisons whose outcome does not count; the cost goes in front.
const NOBODY: &str = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

type Compare = Arc<dyn Fn(&[u8], &str) -> bool + Send + Sync>;

/// Names and hashes. Neither `Debug` nor an error shows a hash.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Users {
    hashes: BTreeMap<String, String>,
    nobody: String,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hashes.keys()).finish()
    }
}

impl Users {
    /// Of hashes that were looked at before, with the highest cost among them.
    pub(super) fn new(hashes: BTreeMap<String, String>, highest_cost: u32) -> Self {
        Self {
            hashes,
            nobody: format!("$2b${highest_cost:02}${NOBODY}"),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

/// Judges credentials, and remembers.
#[derive(Clone)]
pub(super) struct Basic(Arc<Inner>);

struct Inner {
    salt: [u8; 32],
    verdicts: Verdicts,
    waiting: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    compare: Compare,
    now: Now,
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Basic").finish_non_exhaustive()
    }
}

impl Basic {
    /// # Errors
    /// When the system gives no random numbers.
    pub(super) fn new(now: Now) -> Result<Self, Error> {
        // The comparison itself takes the same time whatever differs.
        let compare = |password: &[u8], hash: &str| bcrypt::verify(password, hash).unwrap_or(false);
        Self::comparing(Arc::new(compare), now)
    }

    fn comparing(compare: Compare, now: Now) -> Result<Self, Error> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        Ok(Self(Arc::new(Inner {
            salt,
            verdicts: Verdicts::default(),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            turn: Arc::new(Semaphore::new(1)),
            compare,
            now,
        })))
    }

    /// Lets in whoever is one of `users`.
    ///
    /// # Errors
    /// 401 for everybody else, 503 when too many comparisons wait already.
    pub(super) async fn admit(&self, headers: &HeaderMap, users: &Users) -> Result<(), StatusCode> {
        let credentials = Credentials::of(headers).ok_or(StatusCode::UNAUTHORIZED)?;
        let known = users.hashes.get(&credentials.user);
        // Unknown names cost what known ones cost, or answers would tell which names there are.
        let hash = known.unwrap_or(&users.nobody);
        let key = Key::new(&self.0.salt, &credentials, hash);
        let is_right = match self.0.verdicts.get(&key, (self.0.now)()) {
            Some(verdict) => verdict,
            None => self.judge(credentials, hash.clone(), key).await?,
        };
        if is_right && known.is_some() {
            Ok(())
        } else {
            Err(StatusCode::UNAUTHORIZED)
        }
    }

    async fn judge(
        &self,
        credentials: Credentials,
        hash: String,
        key: Key,
    ) -> Result<bool, StatusCode> {
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        let waiting = self.0.waiting.clone().try_acquire_owned();
        let place = waiting.map_err(|_| busy)?;
        let turn = self.0.turn.clone().acquire_owned();
        let turn = turn.await.map_err(|_| busy)?;
        // Somebody with the same credentials may have been before.
        if let Some(verdict) = self.0.verdicts.get(&key, (self.0.now)()) {
            return Ok(verdict);
        }
        let inner = self.0.clone();
        let work = move || {
            // Here and not outside: a client that goes away ends the waiting, but the thread works on.
            let _held = (place, turn);
            let verdict = (inner.compare)(&credentials.password, &hash);
            inner.verdicts.put(key, verdict, (inner.now)());
            verdict
        };
        spawn_blocking(work).await.map_err(|_| busy)
    }
}

#[cfg(test)]
mod tests;
