//! The keys that are known: the configured one, and the temporary sets that were issued here.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// However often sets are asked for, no more than this are remembered; older ones become unknown.
const MOST_ISSUED: usize = 10_000;

/// A key, permanent or temporary.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// `None` for a key that does not expire.
    pub(crate) expires: Option<Timestamp>,
    /// For whom it was issued: `role/session`.
    pub(crate) name: String,
}

impl Key {
    /// Whether a request must carry the security token.
    pub(crate) fn is_temporary(&self) -> bool {
        self.token.is_some() || self.id.starts_with("STS.")
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// `YYYY-MM-DDThh:mm:ssZ`; whole, because [`Keys::issue`] rounds it.
    pub(crate) fn expiration(&self) -> String {
        self.expires
            .map_or_else(String::new, |expires| expires.to_string())
    }
}

/// Shows no secret, although the ones here are dummies.
impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Key")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// All keys that sign or signed.
#[derive(Debug)]
pub(crate) struct Keys {
    permanent: Key,
    seed: u64,
    issued: Mutex<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    by_id: HashMap<String, Key>,
    order: VecDeque<String>,
    count: u64,
}

impl Keys {
    pub(crate) fn new(permanent: Key, seed: u64) -> Self {
        Self {
            permanent,
            seed,
            issued: Mutex::default(),
        }
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Key> {
        if id == self.permanent.id {
            return Some(self.permanent.clone());
        }
        self.issued().by_id.get(id).cloned()
    }

    /// A new temporary set. The expiry is rounded up to the second, so that what is enforced is what is told.
    pub(crate) fn issue(&self, name: String, lifetime: Duration, now: Timestamp) -> Key {
        let mut issued = self.issued();
        issued.count += 1;
        let (seed, number) = (self.seed, issued.count);
        let noise = |part: &str| Sha256::digest(format!("cms-sim {part} {seed} {number}"));
        let key = Key {
            id: format!("STS.sim{}", &hex(&noise("id"))[..20]),
            secret: hex(&noise("secret"))[..30].to_owned(),
            // Every token has the characters that a client must encode: `+`, `/` and `=`.
            token: Some(format!("CAIS+/{}", STANDARD.encode(noise("token")))),
            expires: Some(after(now, lifetime)),
            name,
        };
        if issued.order.len() >= MOST_ISSUED
            && let Some(oldest) = issued.order.pop_front()
        {
            issued.by_id.remove(&oldest);
        }
        issued.order.push_back(key.id.clone());
        issued.by_id.insert(key.id.clone(), key.clone());
        key
    }

    /// Lets every issued set be expired from now on, wherever the clock goes; returns how many were still good.
    pub(crate) fn expire(&self, now: Timestamp) -> usize {
        let mut issued = self.issued();
        let mut good = 0;
        for key in issued.by_id.values_mut() {
            good += usize::from(!key.is_expired(now));
            key.expires = Some(Timestamp::MIN);
        }
        good
    }

    /// How many sets were issued, and how many of them are good now.
    pub(crate) fn count(&self, now: Timestamp) -> (u64, usize) {
        let issued = self.issued();
        let good = issued.by_id.values().filter(|key| !key.is_expired(now));
        (issued.count, good.count())
    }
}

/// The second in which `lifetime` has passed.
pub(crate) fn after(now: Timestamp, lifetime: Duration) -> Timestamp {
    let lifetime = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
    let at = now.as_millisecond().saturating_add(lifetime);
    let second = at.div_euclid(1000) + i64::from(at.rem_euclid(1000) != 0);
    Timestamp::from_second(second.min(Timestamp::MAX.as_second())).unwrap_or(now)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{Key, Keys, MOST_ISSUED, after};

    fn now() -> Timestamp {
        "2026-01-15T08:30:00.250Z".parse().unwrap()
    }

    fn keys() -> Keys {
        let permanent = Key {
            id: "id".into(),
            secret: "s3cret".into(),
            token: None,
            expires: None,
            name: String::new(),
        };
        Keys::new(permanent, 1)
    }

    #[test]
    fn a_set_is_good_for_its_lifetime_and_told_so_to_the_second() {
        let keys = keys();
        let key = keys.issue("role/session".into(), Duration::from_secs(2), now());
        assert_eq!(key.expiration(), "2026-01-15T08:30:03Z");
        let known = keys.find(&key.id).unwrap();
        assert!(!known.is_expired("2026-01-15T08:30:02.999Z".parse().unwrap()));
        assert!(known.is_expired("2026-01-15T08:30:03Z".parse().unwrap()));
        assert!(known.is_temporary() && !keys.find("id").unwrap().is_temporary());
        assert!(keys.find("STS.simother").is_none());
    }

    #[test]
    fn two_sets_share_nothing_and_need_encoding() {
        let keys = keys();
        let set = || keys.issue("r/s".into(), Duration::from_secs(9), now());
        let (one, two) = (set(), set());
        assert!(one.id.starts_with("STS.sim"));
        assert!(one.id != two.id && one.secret != two.secret && one.token != two.token);
        let token = one.token.unwrap();
        assert!("+/=".chars().all(|sign| token.contains(sign)), "{token}");
    }

    #[test]
    fn what_was_expired_stays_expired_when_the_clock_goes_back() {
        let keys = keys();
        let key = keys.issue("r/s".into(), Duration::from_secs(900), now());
        assert_eq!(keys.count(now()), (1, 1));
        assert_eq!((keys.expire(now()), keys.expire(now())), (1, 0));
        let earlier = "2020-01-01T00:00:00Z".parse().unwrap();
        assert!(keys.find(&key.id).unwrap().is_expired(earlier));
        assert_eq!(keys.count(now()), (1, 0));
    }

    #[test]
    fn the_oldest_sets_are_forgotten_in_the_end() {
        let keys = keys();
        let first = keys.issue("r/s".into(), Duration::from_secs(900), now());
        for _ in 0..MOST_ISSUED {
            keys.issue("r/s".into(), Duration::from_secs(900), now());
        }
        assert!(keys.find(&first.id).is_none());
    }

    #[test]
    fn no_lifetime_is_too_long() {
        assert!(after(now(), Duration::MAX) > now());
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let keys = keys();
        let key = keys.issue("r/s".into(), Duration::from_secs(900), now());
        let shown = format!("{keys:?}{key:?}");
        assert!(shown.contains(&key.id));
        for secret in ["s3cret", &key.secret, &key.token.unwrap()] {
            assert!(!shown.contains(secret));
        }
    }
}
