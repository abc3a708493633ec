//! What one alert leads to.

use super::{
    Action, Alert, AlertId, AlertPolicy, AlertValue, AllowedTarget, Amount, Decision, Hold,
    IN_FLIGHT, Intent, Key, Ledger, Reason, Status, Step, StepState, Wish, WorkloadLedger, later,
    observe::SKEW,
    select::select,
    value::{portions, taken_at, whole},
};
use jiff::{SignedDuration, Timestamp};

/// What one alert leads to, as far as its body says nothing else; [`plan`](super::plan) decides about a whole body.
#[must_use]
pub fn decide(policy: &AlertPolicy, ledger: &Ledger, alert: &Alert, now: Timestamp) -> Decision {
    match alert.status {
        Status::Unknown => return Decision::no(Reason::UnknownStatus),
        Status::Resolved => return Decision::no(Reason::Resolved),
        Status::Firing => {}
    }
    let nothing = WorkloadLedger::default();
    let case = select(policy, alert).map(|(allowed, action)| Case {
        policy,
        allowed,
        action,
        known: ledger
            .workloads
            .get(&allowed.target.workload)
            .unwrap_or(&nothing),
        now,
    });
    case.and_then(|case| case.decide(alert))
        .unwrap_or_else(Decision::no)
}

struct Case<'a> {
    policy: &'a AlertPolicy,
    allowed: &'a AllowedTarget,
    action: Action,
    known: &'a WorkloadLedger,
    now: Timestamp,
}

impl Case<'_> {
    fn decide(&self, alert: &Alert) -> Result<Decision, Reason> {
        let (allowed, action) = (self.allowed, self.action);
        if !allowed.allows(action) {
            let proves = action == Action::ScaleIn && allowed.wants_proof();
            return Err(if proves {
                Reason::Confirms
            } else {
                self.not_allowed()
            });
        }
        let id = alert.id().ok_or(Reason::NoStart)?;
        if id.starts_at > later(self.now, SKEW) {
            return Err(Reason::InFuture);
        }
        if self.known.has_ended(id, self.policy, self.now) {
            return Err(Reason::Ended);
        }
        let stage = match self.stage(id)? {
            Ok(stage) => stage,
            Err(decision) => return Ok(decision),
        };
        let out = Action::ScaleOut;
        if action == Action::ScaleIn && self.known.fires(out, self.policy, self.now) {
            return Err(Reason::Contradicted { by: out });
        }
        let wish = self.wish(alert)?;
        let hold = self.hold(stage.resumes);
        if let Some(wait) = hold {
            return Ok(wait);
        }
        Ok(Decision::Step(Intent {
            keys: vec![Key {
                alert: id,
                stage: stage.number,
            }],
            target: allowed.target.clone(),
            wish,
            resumes: stage.resumes,
        }))
    }

    fn not_allowed(&self) -> Reason {
        Reason::ActionNotAllowed {
            action: self.action,
            place: self.allowed.place.clone(),
        }
    }

    /// The stage that an alert has come to, or why it has come to none.
    fn stage(&self, id: AlertId) -> Result<Result<Stage, Decision>, Reason> {
        let Some((step, stage)) = self.known.step_of(id) else {
            if later(id.starts_at, self.policy.retention) < self.now {
                return Err(Reason::TooOld);
            }
            return Ok(Ok(Stage::new(1)));
        };
        let key = Key { alert: id, stage };
        let done = |next| Decision::Repeat {
            key,
            state: step.state,
            next,
        };
        Ok(match step.state {
            StepState::Intended => Ok(Stage {
                number: stage,
                resumes: Some(step.number),
            }),
            StepState::Failed => match self.since(step.at, IN_FLIGHT) {
                Some(until) => Err(wait(until, Hold::Unfinished)),
                None => Ok(Stage::new(stage)),
            },
            StepState::Done | StepState::Superseded => match self.further(stage) {
                None => Err(done(None)),
                Some(every) => match self.since(step.at, every) {
                    Some(next) => Err(done(Some(next))),
                    None => Ok(Stage::new(stage.saturating_add(1))),
                },
            },
        })
    }

    /// Time after this stage at which another follows; a restart or a number that is set has only one.
    fn further(&self, stage: u32) -> Option<SignedDuration> {
        let repeats = match self.action {
            Action::ScaleOut | Action::ScaleIn => true,
            Action::Set | Action::Restart => false,
        };
        let further = self.allowed.further.filter(|_| repeats)?;
        (stage <= further.most).then_some(further.every)
    }

    /// The end of the time after `at`, if that is not over.
    fn since(&self, at: Timestamp, time: SignedDuration) -> Option<Timestamp> {
        Some(later(at, time)).filter(|until| *until > self.now)
    }

    /// What holds the workload. What is taken up again was let through before.
    fn hold(&self, resumes: Option<u64>) -> Option<Decision> {
        if resumes.is_some() {
            return None;
        }
        let (known, now) = (self.known, self.now);
        if let Some(until) = known.in_flight(now) {
            return Some(wait(until, Hold::Unfinished));
        }
        let last = known.steps.last();
        if let Some(until) = last.and_then(|last| self.since(last.at, self.allowed.cooldown)) {
            return Some(wait(until, Hold::Cooldown));
        }
        let is_spent = known.begun_on(now) >= self.allowed.daily_cap;
        is_spent.then(|| wait(tomorrow(now), Hold::DailyCap))
    }

    fn wish(&self, alert: &Alert) -> Result<Wish, Reason> {
        let step = match self.action {
            Action::ScaleOut => self.allowed.scale_out,
            Action::ScaleIn => self.allowed.scale_in,
            Action::Restart => return Ok(Wish::Restart),
            Action::Set => {
                let (value, shown) = self.value(alert)?;
                return whole(value)
                    .map(Wish::Set)
                    .ok_or(Reason::UnusableValue(shown));
            }
        };
        let amount = match step {
            None => return Err(self.not_allowed()),
            Some(Step::By(more)) => Amount::By(more),
            Some(Step::Percent(part)) => Amount::Percent(part),
            Some(Step::To(number)) => Amount::To(number),
            Some(Step::PerValue { per, without }) => {
                let value = self.value(alert).and_then(|(value, shown)| {
                    portions(value, per).ok_or(Reason::UnusableValue(shown))
                });
                match (value, without) {
                    (Ok(number), _) => Amount::To(number),
                    (Err(_), Some(more)) => Amount::By(more),
                    (Err(reason), None) => return Err(reason),
                }
            }
        };
        Ok(if self.action == Action::ScaleOut {
            Wish::Out(vec![amount])
        } else {
            Wish::In(vec![amount])
        })
    }

    /// The value, young enough, and how it was written.
    fn value(&self, alert: &Alert) -> Result<(f64, String), Reason> {
        let names = &self.policy.labels;
        let value = match AlertValue::of(alert, names) {
            AlertValue::Number(value) => value,
            AlertValue::Unreadable(text) => return Err(Reason::UnusableValue(text)),
            AlertValue::Missing => return Err(Reason::NoValue),
        };
        if let Some(most) = self.allowed.max_value_age {
            let taken_at = taken_at(alert, names).ok_or(Reason::NoValueTime)?;
            let age = self.now.duration_since(taken_at);
            // A value from the future is as doubtful as an old one.
            if age.abs() > most {
                return Err(Reason::OldValue(age));
            }
        }
        Ok((value, value.to_string()))
    }
}

/// A stage that may be begun, or taken up again.
struct Stage {
    number: u32,
    resumes: Option<u64>,
}

impl Stage {
    fn new(number: u32) -> Self {
        Self {
            number,
            resumes: None,
        }
    }
}

impl WorkloadLedger {
    /// Until when a change may be under way.
    pub(super) fn in_flight(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self
            .steps
            .iter()
            .filter(|step| step.state == StepState::Intended);
        let until = open.map(|step| later(step.at, IN_FLIGHT)).max();
        until.filter(|until| *until > now)
    }
}

fn wait(until: Timestamp, why: Hold) -> Decision {
    Decision::Wait {
        until: Some(until),
        why,
    }
}

/// Days of UTC have no seams.
fn tomorrow(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400;
    let next = (now.as_second().div_euclid(DAY) + 1).saturating_mul(DAY);
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}
