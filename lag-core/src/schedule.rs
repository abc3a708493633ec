//! When to ask next: soon after CMS publishes a minute, without asking much more often than once a minute.
//!
//! A point with timestamp `T` becomes visible at `T + delay`, and nobody says how long the delay is. A collection at
//! `p` that finds `T` as the newest point proves `delay <= p - T`; one that does not find it proves the opposite. The
//! schedule keeps a `lead`, asks for minute `T` at `T + lead`, comes a little earlier after every success, and
//! returns quickly after a miss. Extra calls come out of an allowance, so that a moving delay costs at most a fifth
//! more calls.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Extra collections earned per period.
const EARNED: f64 = 0.2;
/// The most extra collections saved up.
const SAVED: f64 = 4.0;
/// How much earlier to come after a success, once the delay is known.
const FINE: SignedDuration = SignedDuration::from_millis(250);
/// How long to wait after the first miss of a minute, once the delay is known; doubled with every further one.
const RETRY: SignedDuration = SignedDuration::from_secs(2);

/// Decides when the next collection begins. Pure: the caller tells what it found and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    interval: SignedDuration,
    due: Option<Timestamp>,
    aligned: Option<Aligned>,
}

#[derive(Debug, Clone, PartialEq)]
struct Aligned {
    period: SignedDuration,
    /// How long after its timestamp a point is asked for; `None` until a first point was seen.
    lead: Option<SignedDuration>,
    /// Distance of the next trial while searching; ends at `FINE`.
    step: SignedDuration,
    /// The point that is awaited.
    target: Timestamp,
    /// Misses of this target.
    misses: u32,
    allowance: f64,
}

impl Schedule {
    /// Every `interval`, whatever is found.
    #[must_use]
    pub fn fixed(interval: Duration) -> Self {
        Self {
            interval: signed(interval),
            due: None,
            aligned: None,
        }
    }

    /// About every `interval`, shortly after a new point of `period` appears. An interval shorter than the period
    /// counts as the period: there is nothing to find in between.
    #[must_use]
    pub fn aligned(interval: Duration, period: Duration) -> Self {
        let period = signed(period.max(Duration::from_secs(1)));
        let aligned = Aligned {
            period,
            lead: None,
            step: period / 4,
            target: Timestamp::MIN,
            misses: 0,
            allowance: SAVED,
        };
        Self {
            interval: signed(interval).max(period),
            due: None,
            aligned: Some(aligned),
        }
    }

    /// Keeps another interval from the next collection on.
    pub fn set_interval(&mut self, interval: Duration) {
        let shortest = self
            .aligned
            .as_ref()
            .map_or(SignedDuration::ZERO, |aligned| aligned.period);
        self.interval = signed(interval).max(shortest);
    }

    /// The same, with a collection at once. What was learned stays.
    #[must_use]
    pub fn at_once(mut self) -> Self {
        self.due = None;
        self
    }

    /// When the next collection begins; never before `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Timestamp {
        self.due.map_or(now, |due| due.max(now))
    }

    /// How long after its timestamp a point appears; `None` until it is known to a few seconds.
    #[must_use]
    pub fn learned_delay(&self) -> Option<SignedDuration> {
        self.aligned
            .as_ref()
            .filter(|aligned| aligned.step == FINE)?
            .lead
    }

    /// Notes a collection that began at `began` and found data up to `newest`. `None` is an answer without points or
    /// a failure: nothing can be learned, and the next turn is a regular one.
    pub fn record(&mut self, began: Timestamp, newest: Option<Timestamp>) {
        let regular = add(began, self.interval);
        self.due = Some(match (&mut self.aligned, newest) {
            (Some(aligned), Some(newest)) => aligned.record(began, newest, self.interval),
            (Some(aligned), None) => {
                aligned.misses = 0;
                aligned.lead.map_or(regular, |lead| {
                    add(aligned.aim(began, lead, self.interval), lead)
                })
            }
            (None, _) => regular,
        });
    }
}

impl Aligned {
    fn record(
        &mut self,
        began: Timestamp,
        newest: Timestamp,
        interval: SignedDuration,
    ) -> Timestamp {
        let newest = newest.min(began); // a point of the future teaches nothing
        let seen_after = began.duration_since(newest).max(SignedDuration::ZERO);
        let Some(lead) = self.lead else {
            // The point had appeared by now, and the one after it had not: the delay is at most this long.
            return self.turn(began, newest, seen_after.min(self.period * 10), interval);
        };
        if newest >= self.target {
            // The delay is at most `seen_after`, also when more was found than was awaited.
            let lead = if self.misses == 0 {
                (lead - self.step).clamp(SignedDuration::ZERO, seen_after)
            } else {
                self.step = FINE;
                seen_after
            };
            return self.turn(began, newest, lead, interval);
        }
        if self.allowance < 1.0 {
            // No more extra calls: come later to the next minute.
            let later = began.duration_since(self.target) + RETRY;
            self.step = FINE;
            return self.turn(began, self.target, later.min(self.period * 10), interval);
        }
        self.allowance -= 1.0;
        let wait = if self.step > FINE {
            self.step = (self.step / 2).max(FINE);
            self.step.max(RETRY)
        } else {
            RETRY * 2_i32.saturating_pow(self.misses.min(4))
        };
        self.misses += 1;
        add(began, wait)
    }

    /// Goes on to the next target; returns when to ask for it.
    fn turn(
        &mut self,
        began: Timestamp,
        seen: Timestamp,
        lead: SignedDuration,
        interval: SignedDuration,
    ) -> Timestamp {
        self.lead = Some(lead);
        self.misses = 0;
        self.allowance = (self.allowance + EARNED).min(SAVED);
        self.target = seen;
        self.aim(began, lead, interval);
        add(self.target, lead)
    }

    /// Moves the target to the first point that is due about an interval after `began`.
    fn aim(
        &mut self,
        began: Timestamp,
        lead: SignedDuration,
        interval: SignedDuration,
    ) -> Timestamp {
        let earliest = add(began, interval - self.period / 2);
        if self.target == Timestamp::MIN {
            return self.target;
        }
        let behind = earliest
            .duration_since(add(self.target, lead))
            .max(SignedDuration::ZERO);
        let periods = behind.as_millis() / self.period.as_millis().max(1);
        let periods = i32::try_from(periods + 1).unwrap_or(i32::MAX);
        self.target = add(self.target, self.period.saturating_mul(periods));
        self.target
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn add(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
