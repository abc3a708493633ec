//! What is kept, and what follows from the time. No clock, no waiting.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{Credentials, CredentialsError},
    Outcome,
};

/// A set is renewed so long before its end.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);
/// Or in this part of its life, if that is shorter.
const LAST_PART: i32 = 4;
/// A set without an end is asked for again after this.
const RECHECK: SignedDuration = SignedDuration::from_mins(1);
/// Between two failed questions: this at first, then doubling.
const FIRST_SPACING: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_SPACING: SignedDuration = SignedDuration::from_mins(1);
/// A set that is younger cannot be the one that was just refused as expired: calls that
/// were signed with its predecessor still come back.
const TOO_YOUNG: SignedDuration = SignedDuration::from_secs(1);

/// `R` is the refresh that runs, for those who want to wait for it.
pub(super) struct State<R> {
    kept: Option<Kept>,
    failures: Option<Failures>,
    pub(super) running: Option<R>,
}

struct Kept {
    credentials: Credentials,
    since: Timestamp,
    /// Not asked for again before.
    fresh_for: SignedDuration,
}

struct Failures {
    count: u32,
    last: Timestamp,
}

#[derive(Debug)]
pub(super) enum Plan {
    Use(Credentials),
    Refresh { meanwhile: Option<Credentials> },
}

/// What is worth an event.
#[derive(Debug)]
pub(super) enum Note {
    Failing {
        error: CredentialsError,
        until: Option<Timestamp>,
    },
    Recovered,
}

impl<R> Default for State<R> {
    fn default() -> Self {
        Self {
            kept: None,
            failures: None,
            running: None,
        }
    }
}

impl<R> State<R> {
    pub(super) fn plan(&self, now: Timestamp) -> Plan {
        match &self.kept {
            Some(kept) if kept.is_valid(now) => {
                let credentials = kept.credentials.clone();
                if kept.is_due(now) && self.running.is_none() && self.may_ask(now) {
                    Plan::Refresh {
                        meanwhile: Some(credentials),
                    }
                } else {
                    Plan::Use(credentials)
                }
            }
            _ => Plan::Refresh { meanwhile: None },
        }
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        let Some(Failures { count, last }) = self.failures else {
            return true;
        };
        let doubled = 2_i32.saturating_pow(count.saturating_sub(1));
        let spacing = FIRST_SPACING.saturating_mul(doubled).min(LONGEST_SPACING);
        has_passed(spacing, last, now)
    }

    /// Takes the answer of the source: the result for those who wait, and what to log.
    pub(super) fn settle(
        &mut self,
        asked: Result<Credentials, CredentialsError>,
        now: Timestamp,
    ) -> (Outcome, Option<Note>) {
        self.running = None;
        match asked.and_then(|found| refuse_expired(found, now)) {
            Ok(found) => {
                self.kept = Some(Kept::new(found.clone(), now));
                (Ok(found), self.failures.take().map(|_| Note::Recovered))
            }
            Err(error) => {
                let _worthless = self.kept.take_if(|kept| !kept.outlives(&error, now));
                self.stay(error, now)
            }
        }
    }

    /// A failure, with the old set if there is one.
    fn stay(&mut self, error: CredentialsError, now: Timestamp) -> (Outcome, Option<Note>) {
        let Some(kept) = &self.kept else {
            return (Err(Arc::new(error)), None);
        };
        let old = kept.credentials.clone();
        let before = self.failures.as_ref().map_or(0, |failures| failures.count);
        self.failures = Some(Failures {
            count: before.saturating_add(1),
            last: now,
        });
        let until = old.expiry();
        let note = (before == 0).then_some(Note::Failing { error, until });
        (Ok(old), note)
    }

    /// Whether there was something to drop.
    pub(super) fn invalidate(&mut self, now: Timestamp) -> bool {
        let old = self
            .kept
            .take_if(|kept| has_passed(TOO_YOUNG, kept.since, now));
        old.is_some()
    }

    pub(super) fn kept(&self) -> Option<&Credentials> {
        self.kept.as_ref().map(|kept| &kept.credentials)
    }
}

impl Kept {
    fn new(credentials: Credentials, now: Timestamp) -> Self {
        let fresh_for = match credentials.expiry() {
            None => RECHECK,
            Some(expiry) => {
                let life = expiry.duration_since(now);
                life - (life / LAST_PART).min(AHEAD)
            }
        };
        Self {
            credentials,
            since: now,
            fresh_for,
        }
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        self.credentials.expiry().is_none_or(|expiry| now < expiry)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        has_passed(self.fresh_for, self.since, now)
    }

    /// Whether it stays in use although the source gave this error.
    fn outlives(&self, error: &CredentialsError, now: Timestamp) -> bool {
        match self.credentials.expiry() {
            Some(expiry) => now < expiry,
            None => matches!(error, CredentialsError::Unavailable { .. }),
        }
    }
}

/// A clock that was set back must not make anything last longer.
fn has_passed(span: SignedDuration, since: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(since);
    age.is_negative() || age >= span
}

fn refuse_expired(found: Credentials, now: Timestamp) -> Result<Credentials, CredentialsError> {
    match found.expiry() {
        Some(expiry) if expiry <= now => Err(CredentialsError::Unavailable {
            provider: found.source().unwrap_or("the source of credentials").to_owned(),
            source: format!(
                "what it gave had expired at {expiry}, and the clock of this machine says {now:.0}: \
                 check that clock (NTP)"
            )
            .into(),
        }),
        _ => Ok(found),
    }
}
