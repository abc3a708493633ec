//! A change begins: its absolute number is worked out from what is found and noted before the write, or what an earlier
//! try has left is compared with what is found.

use super::{
    Amount, Begun, Found, Hold, Intent, Ledger, Reason, Reconcile, StepChange, StepEntry,
    StepState, Wish, WorkloadLedger,
};
use crate::{
    Bounds, Refusal, Replicas, Target, Workload,
    escalate::{Change, ResolvedScale, ScaleDecision, decide_scale},
    port::Scalable,
};
use jiff::Timestamp;

/// Compares the two numbers of an intent with the one that is found.
#[must_use]
pub fn reconcile(scale: &ResolvedScale, found: &Scalable, limits: Bounds) -> Reconcile {
    let grows = scale.to > scale.from;
    let most = found.most.map_or(limits, |most| limits.at_most(most)).max();
    let is_within = if grows {
        scale.to <= most
    } else {
        scale.to >= limits.min()
    };
    if scale.subject != found.subject {
        Reconcile::Superseded
    } else if found.at == scale.to {
        Reconcile::Done
    } else if found.at == scale.from && is_within && found.owner.is_none() && found.replicas > 0 {
        Reconcile::WriteAgain(scale.to)
    } else {
        Reconcile::Superseded
    }
}

/// Begins a change, or takes it up again. `ledger` is the one that was decided upon, read before the workload was.
#[must_use]
pub fn begin(
    ledger: &Ledger,
    intent: &Intent,
    found: Found<'_>,
    now: Timestamp,
) -> (Ledger, Begun) {
    let mut ledger = ledger.clone();
    let workload = intent.target.workload.clone();
    let known = ledger.workloads.entry(workload).or_default();
    let begun = match intent.resumes {
        Some(number) => known.resume(number, &intent.target, found),
        None => known
            .start(intent, found, now)
            .unwrap_or_else(|stopped| stopped),
    };
    (ledger, begun)
}

/// Notes how a change ended. `Failed` is only for what was certainly not made; of what nobody knows nothing is noted, and it is
/// taken up again. Noted before already, it changes nothing.
#[must_use]
pub fn settle(ledger: &Ledger, workload: &Workload, number: u64, state: StepState) -> Ledger {
    let mut ledger = ledger.clone();
    if let Some(known) = ledger.workloads.get_mut(workload) {
        known.end(number, state);
    }
    ledger
}

impl WorkloadLedger {
    fn resume(&mut self, number: u64, target: &Target, found: Found<'_>) -> Begun {
        let Some(step) = self.step_mut(number) else {
            return Begun::Settled(StepState::Superseded);
        };
        if step.state != StepState::Intended {
            return Begun::Settled(step.state);
        }
        // Noted, so that the save before the write meets a conflict if anybody else has taken it up since.
        step.tries = step.tries.saturating_add(1);
        let Some(scale) = step.change.scale() else {
            let mark = step.at;
            return Begun::Restart { number, mark };
        };
        let Some(found) = found.scale else {
            return Begun::Wait(Hold::Unfinished);
        };
        let state = match reconcile(scale, found, target.limits()) {
            Reconcile::Superseded => StepState::Superseded,
            Reconcile::Done => StepState::Done,
            Reconcile::WriteAgain(_) => {
                let scale = scale.clone();
                return Begun::Write { number, scale };
            }
        };
        self.end(number, state);
        Begun::Settled(state)
    }

    /// `Err` where nothing is begun.
    fn start(&mut self, intent: &Intent, found: Found<'_>, now: Timestamp) -> Result<Begun, Begun> {
        self.close(found.scale);
        if found.rolling_out {
            return Err(Begun::Wait(Hold::Rollout));
        }
        let target = &intent.target;
        let scale = match &intent.wish {
            Wish::Restart => None,
            wish @ (Wish::Out(_) | Wish::In(_) | Wish::Set(_) | Wish::Back(_)) => {
                Some(self.scale(wish, target, found.scale)?)
            }
        };
        let number = self.next;
        self.next = number.saturating_add(1);
        let is_back = matches!(intent.wish, Wish::Back(_));
        if !is_back {
            self.count(now);
        }
        let (change, begun) = match scale {
            None => (StepChange::Restart, Begun::Restart { number, mark: now }),
            Some(scale) => {
                self.follow(&intent.wish, &scale);
                let change = if is_back {
                    StepChange::Back(scale.clone())
                } else {
                    StepChange::Scale(scale.clone())
                };
                (change, Begun::Write { number, scale })
            }
        };
        self.steps.push(StepEntry {
            number,
            keys: intent.keys.clone(),
            at: now,
            change,
            state: StepState::Intended,
            tries: 1,
        });
        Ok(begun)
    }

    /// Ends what an earlier change has left open: from here on numbers go by what is found now.
    fn close(&mut self, found: Option<&Scalable>) {
        let open: Vec<_> = self
            .steps
            .iter()
            .filter(|step| step.state == StepState::Intended)
            .map(|step| {
                let is_there = step
                    .change
                    .scale()
                    .zip(found)
                    .is_some_and(|(scale, found)| {
                        scale.subject == found.subject && scale.to == found.at
                    });
                let state = if is_there {
                    StepState::Done
                } else {
                    StepState::Superseded
                };
                (step.number, state)
            })
            .collect();
        for (number, state) in open {
            self.end(number, state);
        }
    }

    /// The absolute number of a wish.
    fn scale(
        &mut self,
        wish: &Wish,
        target: &Target,
        found: Option<&Scalable>,
    ) -> Result<ResolvedScale, Begun> {
        let Some(found) = found else {
            let kind = target.workload.kind.as_str().to_owned();
            return Err(Begun::Refused(Reason::Workload(Refusal::Kind(kind))));
        };
        let change = match wish {
            Wish::Back(step) => self.back(*step, found)?,
            Wish::Out(amounts) => scale_to(up(amounts, found.replicas)),
            Wish::In(amounts) => scale_to(down(amounts, found.replicas)),
            Wish::Set(number) => scale_to(Replicas::To(*number)),
            Wish::Restart => return Err(Begun::Already { at: found.at }),
        };
        let scale = match decide_scale(&change, found, target) {
            ScaleDecision::Write(scale) => scale,
            ScaleDecision::Already { at } => return Err(Begun::Already { at }),
            ScaleDecision::Refuse(refusal) => {
                return Err(Begun::Refused(Reason::Workload(refusal)));
            }
        };
        // A number worked out from a value may lie on the other side of what is there.
        let is_wished = match wish {
            Wish::Out(_) => scale.to > scale.from,
            Wish::In(_) | Wish::Back(_) => scale.to < scale.from,
            Wish::Set(_) | Wish::Restart => true,
        };
        if is_wished {
            Ok(scale)
        } else {
            Err(Begun::Already { at: found.at })
        }
    }

    /// One step of the way back, and only from the number that we wrote.
    fn back(&mut self, step: u32, found: &Scalable) -> Result<Change, Begun> {
        let written = self
            .written()
            .filter(|written| written.to == found.at && written.subject == found.subject);
        let Some((baseline, written)) = self.baseline.zip(written.cloned()) else {
            self.baseline = None;
            let refusal = Refusal::ChangedSince { at: found.at };
            return Err(Begun::Refused(Reason::Workload(refusal)));
        };
        let to = written.to.saturating_sub(step).max(baseline);
        if to >= written.to {
            self.baseline = None;
            return Err(Begun::Already { at: found.at });
        }
        Ok(Change::ScaleBack(ResolvedScale {
            subject: written.subject,
            from: to,
            to: written.to,
        }))
    }

    /// The baseline is the number before the first scale-out, for as long as nobody else changes the number.
    fn follow(&mut self, wish: &Wish, scale: &ResolvedScale) {
        let is_ours = self
            .written()
            .is_some_and(|written| written.to == scale.from && written.subject == scale.subject);
        self.baseline = match wish {
            Wish::Out(_) => self.baseline.filter(|_| is_ours).or(Some(scale.from)),
            Wish::Back(_) => self.baseline,
            Wish::In(_) | Wish::Set(_) | Wish::Restart => None,
        };
    }
}

fn scale_to(wanted: Replicas) -> Change {
    Change::Scale {
        wanted,
        resolved: None,
    }
}

fn up(amounts: &[Amount], replicas: u32) -> Replicas {
    let to = amounts.iter().map(|amount| match amount {
        Amount::By(more) => replicas.saturating_add(*more),
        Amount::Percent(part) => replicas.saturating_add(percent(replicas, *part, 99).max(1)),
        Amount::To(number) => *number,
    });
    fixed(amounts, to.max().unwrap_or(replicas), replicas)
}

fn down(amounts: &[Amount], replicas: u32) -> Replicas {
    let to = amounts.iter().map(|amount| match amount {
        Amount::By(fewer) => replicas.saturating_sub(*fewer),
        Amount::Percent(part) => replicas.saturating_sub(percent(replicas, *part, 0).max(1)),
        Amount::To(number) => *number,
    });
    fixed(amounts, to.max().unwrap_or(replicas), replicas)
}

/// A number of its own stays one; what goes by what is there stays a difference, which at the limit is refused in so many words.
fn fixed(amounts: &[Amount], to: u32, replicas: u32) -> Replicas {
    if amounts.contains(&Amount::To(to)) {
        return Replicas::To(to);
    }
    let difference = i64::from(to) - i64::from(replicas);
    let most = if difference < 0 { i32::MIN } else { i32::MAX };
    Replicas::By(i32::try_from(difference).unwrap_or(most))
}

fn percent(replicas: u32, part: u32, round: u64) -> u32 {
    let part = u64::from(replicas).saturating_mul(u64::from(part));
    u32::try_from(part.saturating_add(round) / 100).unwrap_or(u32::MAX)
}
