//! What triggers with `sustainSeconds` remember between two calls: bounded, whoever asks for what.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    GroupKey, LagSample,
    trigger::{NoNumber, Sustained, Trigger},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Twice the groups of the largest board we are built for; some megabytes.
const MOST: usize = 40_000;

/// A trigger that nobody asked for so long is forgotten when room is needed. KEDA asks every 30 seconds.
const IDLE: SignedDuration = SignedDuration::from_hours(1);

/// Too many different triggers at once.
#[derive(Debug)]
pub(super) struct Full;

#[derive(Debug, Default)]
pub(super) struct Memories(Mutex<HashMap<(GroupKey, u64), Kept>>);

#[derive(Debug)]
struct Kept {
    sustained: Sustained,
    asked: Timestamp,
}

impl Memories {
    /// [`Trigger::is_active`] with what was remembered of it.
    pub(super) fn is_active(
        &self,
        trigger: &Trigger,
        key: GroupKey,
        sample: LagSample,
        now: Timestamp,
    ) -> Result<Result<bool, NoNumber>, Full> {
        if trigger.sustained_for().is_zero() {
            return Ok(trigger.is_active(&key, Sustained::default(), sample).0);
        }
        let place = (key, trigger.activation().as_f64().to_bits());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(&place) {
            kept.retain(|_, kept| now.duration_since(kept.asked) <= IDLE);
            if kept.len() >= MOST {
                return Err(Full);
            }
        }
        let before = kept
            .get(&place)
            .map_or_else(Sustained::default, |kept| kept.sustained);
        let (answer, sustained) = trigger.is_active(&place.0, before, sample);
        let asked = now;
        kept.insert(place, Kept { sustained, asked });
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lag_core::Lag;

    fn ask(
        memories: &Memories,
        group: &str,
        at: Timestamp,
    ) -> Result<Result<bool, NoNumber>, Full> {
        let metadata = [
            ("consumerGroup", group),
            ("lagThreshold", "1"),
            ("sustainSeconds", "60"),
        ];
        let trigger = Trigger::parse(metadata).unwrap();
        let key = GroupKey::total("i".parse().unwrap(), group.parse().unwrap());
        let lag = Lag::ZERO;
        let sample = LagSample {
            at,
            lag,
            trend: None,
        };
        memories.is_active(&trigger, key, sample, at)
    }

    #[test]
    fn memory_is_bounded_and_room_is_made_of_what_nobody_asks_for() {
        let memories = Memories::default();
        let start = Timestamp::UNIX_EPOCH;
        for n in 0..MOST {
            assert!(ask(&memories, &format!("g{n}"), start).is_ok());
        }
        let later = start + IDLE;
        assert!(ask(&memories, "one-more", later).is_err());
        assert!(ask(&memories, "g0", later).is_ok());
        let latest = later + SignedDuration::from_secs(1);
        assert!(ask(&memories, "one-more", latest).is_ok());
        assert_eq!(memories.0.lock().unwrap().len(), 2, "g0 and the new one");
    }
}
