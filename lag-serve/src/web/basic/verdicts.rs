//! What was found about credentials, for a while.

use super::Credentials;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a verdict is good after it was last asked for. A hash that is changed or taken away ends it at once, because
/// the hash is part of the key.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Verdicts of one kind that are kept at most.
const MOST: usize = 256;

/// Credentials and the hash they were compared with, as something that reveals neither.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// The salt is of this process, so that keys are worth nothing elsewhere, and the times of look-ups tell nothing.
    pub(super) fn new(salt: &[u8; 32], credentials: &Credentials, hash: &str) -> Self {
        // User and hash have no zero byte, so no two triples make the same text.
        let digest = Sha256::new()
            .chain_update(salt)
            .chain_update(&credentials.user)
            .chain_update([0])
            .chain_update(hash)
            .chain_update([0])
            .chain_update(&credentials.password);
        Self(digest.finalize().into())
    }
}

/// Right ones and wrong ones apart: guesses, however many, push out no verdict about an honest client.
#[derive(Default)]
pub(super) struct Verdicts(Mutex<[HashMap<Key, Timestamp>; 2]>);

impl Verdicts {
    pub(super) fn get(&self, key: &Key, now: Timestamp) -> Option<bool> {
        let mut kinds = self.kinds();
        for (kind, is_right) in kinds.iter_mut().zip([false, true]) {
            if let Some(since) = kind.get_mut(key) {
                let verdict = is_good(*since, now).then_some(is_right);
                if is_right && verdict.is_some() {
                    *since = now;
                }
                return verdict;
            }
        }
        None
    }

    pub(super) fn put(&self, key: Key, is_right: bool, now: Timestamp) {
        let mut kinds = self.kinds();
        for kind in kinds.iter_mut() {
            kind.remove(&key);
        }
        let kind = &mut kinds[usize::from(is_right)];
        if kind.len() >= MOST {
            kind.retain(|_, since| is_good(*since, now));
        }
        // Still full: all are young. Forgetting costs a comparison each, and no more.
        if kind.len() >= MOST {
            kind.clear();
        }
        kind.insert(key, now);
    }

    fn kinds(&self) -> MutexGuard<'_, [HashMap<Key, Timestamp>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back ends verdicts early instead of keeping them for as long.
fn is_good(since: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..GOOD_FOR).contains(&now.duration_since(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    fn key(user: &str, password: &str, hash: &str) -> Key {
        let credentials = Credentials {
            user: user.to_owned(),
            password: password.into(),
        };
        Key::new(&[7; 32], &credentials, hash)
    }

    #[test]
    fn a_right_one_stays_while_it_is_used_and_a_wrong_one_does_not() {
        let verdicts = Verdicts::default();
        let (right, wrong) = (key("a", "b", "c"), key("a", "x", "c"));
        verdicts.put(right.clone(), true, at(0));
        verdicts.put(wrong.clone(), false, at(0));
        for second in [200, 400] {
            assert_eq!(verdicts.get(&right, at(second)), Some(true));
        }
        assert_eq!(verdicts.get(&wrong, at(299)), Some(false));
        assert_eq!(verdicts.get(&wrong, at(300)), None);
        assert_eq!(verdicts.get(&right, at(700)), None);
        verdicts.put(right.clone(), true, at(700));
        assert_eq!(verdicts.get(&right, at(699)), None, "a clock set back");
    }

    #[test]
    fn guesses_push_out_no_honest_client_and_fill_no_memory() {
        let verdicts = Verdicts::default();
        let right = key("a", "b", "c");
        verdicts.put(right.clone(), true, at(0));
        for n in 0..10 * MOST {
            verdicts.put(key("a", &n.to_string(), "c"), false, at(0));
        }
        assert_eq!(verdicts.get(&right, at(1)), Some(true));
        assert!(verdicts.kinds().iter().all(|kind| kind.len() <= MOST));
    }

    #[test]
    fn no_two_claims_share_a_key() {
        let keys = [
            key("a", "b", "c"),
            key("ab", "", "c"),
            key("a", "c", "b"),
            key("", "ab", "c"),
        ];
        for (n, one) in keys.iter().enumerate() {
            assert!(keys[n + 1..].iter().all(|other| one != other), "{n}");
        }
    }
}
