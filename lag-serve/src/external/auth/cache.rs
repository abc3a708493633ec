//! Answers that are good for a short while.

use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

/// How long an answer is good: what the API server's own library uses. A right that was taken away lives on this long.
pub(super) const GOOD_FOR: SignedDuration = SignedDuration::from_secs(10);

/// Answers kept at most. Anybody can ask for many paths; the map must not grow with them.
pub(super) const MOST: usize = 1_024;

/// A bounded map whose entries run out.
#[derive(Debug)]
pub(super) struct Cache<K, V>(Mutex<HashMap<K, (V, Timestamp)>>);

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    pub(super) fn new() -> Self {
        Self(Mutex::default())
    }

    pub(super) fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, since) = entries.get(key)?;
        is_good(*since, now).then(|| value.clone())
    }

    pub(super) fn put(&self, key: K, value: V, now: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.retain(|_, (_, since)| is_good(*since, now));
        }
        // Still full: all are young. Forgetting costs a question each, and no more.
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(key, (value, now));
    }
}

/// A clock that was set back ends entries early instead of keeping them for as long.
fn is_good(since: Timestamp, now: Timestamp) -> bool {
    (SignedDuration::ZERO..GOOD_FOR).contains(&now.duration_since(since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000 + second).unwrap()
    }

    #[test]
    fn an_answer_is_good_for_ten_seconds_by_a_clock_that_goes_forward() {
        let cache = Cache::new();
        cache.put("a", 1, at(0));
        assert_eq!(cache.get(&"a", at(9)), Some(1));
        assert_eq!(cache.get(&"a", at(10)), None);
        assert_eq!(cache.get(&"a", at(-1)), None);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = Cache::new();
        for n in 0..10 * MOST {
            cache.put(n, (), at(0));
        }
        assert!(cache.0.lock().unwrap().len() <= MOST);
        assert_eq!(cache.get(&(10 * MOST - 1), at(1)), Some(()));
    }
}
