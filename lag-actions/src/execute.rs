//! The only place that turns plans into calls. The order of saves and calls is what makes a crash harmless at any line.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Effect, Event, Language, Note, Outcome, Refusal,
    escalate::{
        ActionPlan, Change, CheckState, Evaluation, PolicyBook, ScaleDecision, decide_scale,
        postpone, remember, settle,
    },
    port::{Notifier, PortError, PortErrorKind, Scaler, StateSession},
};
use std::fmt;

use crate::Now;

/// Asked again after a conflict at most so often: the object's version also changes with every update of its status.
const CONFLICTS: usize = 5;

/// An API server that does not answer costs a time-out for each change; after this, people are told first.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// What acting needs, besides the state.
pub struct Hands<'h> {
    /// For retries and reminders, when outcomes are written down.
    pub policies: &'h PolicyBook,
    /// Changes workloads.
    pub scaler: &'h dyn Scaler,
    /// Tell people; each is told everything, once.
    pub notifiers: &'h [Box<dyn Notifier>],
    /// Reads the clock.
    pub now: Now,
    /// Whether what is done is only shown: then it is not logged as done.
    pub dry_run: bool,
}

impl fmt::Debug for Hands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notifiers: Vec<_> = self.notifiers.iter().map(|one| one.name()).collect();
        f.debug_struct("Hands")
            .field("scaler", &self.scaler)
            .field("notifiers", &notifiers)
            .finish_non_exhaustive()
    }
}

/// What a run has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// As saved last.
    pub state: CheckState,
    /// Plans that were carried out, and what came of their changes.
    pub acted: Vec<(ActionPlan, Vec<Outcome>)>,
    /// Plans for which there was no time: the next run begins with them.
    pub untried: Vec<ActionPlan>,
    /// Digests that were sent or should have been.
    pub deliveries: Vec<Delivery>,
}

impl Report {
    /// Whether something that should have been done was not: a failed change, or a message nobody has.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let mut outcomes = self.acted.iter().flat_map(|(_, outcomes)| outcomes);
        outcomes.any(|outcome| matches!(outcome.effect, Effect::Failed { .. }))
            || self.deliveries.iter().any(|one| one.result.is_err())
    }
}

/// One digest to one notifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The notifier's name.
    pub notifier: String,
    /// How many notes were in it.
    pub notes: usize,
    /// Whether the service has it; otherwise the next run sends it.
    pub result: Result<(), PortError>,
}

/// Saves what was evaluated, does it, writes down what came of it, and tells people.
///
/// # Errors
/// [`PortError`] when the state cannot be saved or the lock is lost: nothing is changed after that. What failed at the
/// cluster or at a robot is part of the report instead.
pub async fn execute(
    evaluation: Evaluation,
    session: &mut dyn StateSession,
    hands: &Hands<'_>,
) -> Result<Report, PortError> {
    let Evaluation {
        mut state, plans, ..
    } = evaluation;
    if state != *session.state() || !plans.is_empty() {
        save(&mut state, session, hands).await?;
    }
    let mut acted = Vec::new();
    let mut untried = Vec::new();
    let began = (hands.now)();
    for plan in fewest_tries_first(plans, &state) {
        if (hands.now)().duration_since(began) > PATIENCE {
            postpone(&mut state, &plan);
            untried.push(plan);
            continue;
        }
        let outcomes = carry_out(&plan, &mut state, session, hands).await?;
        let outcomes = settle(&mut state, hands.policies, &plan, &outcomes, (hands.now)());
        save(&mut state, session, hands).await?;
        acted.push((plan, outcomes));
    }
    if !untried.is_empty() {
        save(&mut state, session, hands).await?;
    }
    let deliveries = deliver(&mut state, session, hands).await?;
    record(&acted, hands.scaler).await;
    Ok(Report {
        state,
        acted,
        untried,
        deliveries,
    })
}

/// What failed before must not keep others from their turn.
fn fewest_tries_first(mut plans: Vec<ActionPlan>, state: &CheckState) -> Vec<ActionPlan> {
    let tries = |plan: &ActionPlan| {
        let record = state.groups.get(&plan.key);
        let pending = record.map_or(&[][..], |record| &record.pending);
        pending.iter().map(|pending| pending.tries).max()
    };
    plans.sort_by_key(tries);
    plans
}

async fn save(
    state: &mut CheckState,
    session: &mut dyn StateSession,
    hands: &Hands<'_>,
) -> Result<(), PortError> {
    state.last_run = Some((hands.now)());
    session.save(state).await
}

/// Every change of a plan, in order; one that fails does not stop the next. After an error nothing may be saved, so what
/// was done stays pending, and the next run finds it done.
async fn carry_out(
    plan: &ActionPlan,
    state: &mut CheckState,
    session: &mut dyn StateSession,
    hands: &Hands<'_>,
) -> Result<Vec<Outcome>, PortError> {
    let mut outcomes = Vec::with_capacity(plan.changes.len());
    for (index, change) in plan.changes.iter().enumerate() {
        session.still_ours().await?;
        let tried = match change {
            Change::Restart { mark } => {
                let mark = whole_seconds(*mark);
                Ok(hands.scaler.restart(&plan.target, &mark).await)
            }
            Change::Scale { .. } | Change::ScaleBack(_) => {
                scale(plan, index, change, state, session, hands).await
            }
        };
        let effect = tried?.unwrap_or_else(|error| Effect::Failed {
            reason: error.to_string(),
            last: false,
        });
        let outcome = Outcome {
            stage: plan.stage,
            at: (hands.now)(),
            workload: plan.target.workload.to_string(),
            effect,
        };
        if !hands.dry_run {
            audit(plan, &outcome);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// As `kubectl rollout restart` writes it.
fn whole_seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}

/// Reads, works out the absolute number, saves that, writes; after a conflict all of it again. The outer error is the
/// state's, the inner one the cluster's.
async fn scale(
    plan: &ActionPlan,
    index: usize,
    change: &Change,
    state: &mut CheckState,
    session: &mut dyn StateSession,
    hands: &Hands<'_>,
) -> Result<Result<Effect, PortError>, PortError> {
    let target = &plan.target;
    let kind = &target.workload.kind;
    if !kind.can_scale() {
        let refusal = Refusal::Kind(kind.as_str().to_owned());
        return Ok(Ok(Effect::Refused(refusal)));
    }
    let mut change = change.clone();
    let mut last = None;
    for _ in 0..CONFLICTS {
        let found = match hands.scaler.scalable(target).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let resolved = match decide_scale(&change, &found, target) {
            ScaleDecision::Already { at } => return Ok(Ok(Effect::AlreadyScaled { at })),
            ScaleDecision::Refuse(refusal) => return Ok(Ok(Effect::Refused(refusal))),
            ScaleDecision::Write(resolved) => resolved,
        };
        let to = resolved.to;
        if let Change::Scale {
            resolved: known, ..
        } = &mut change
            && known.as_ref() != Some(&resolved)
        {
            remember(state, plan, index, &resolved);
            save(state, session, hands).await?;
            *known = Some(resolved);
        }
        session.still_ours().await?;
        match hands.scaler.scale(target, &found, to).await {
            Err(error) if error.kind == PortErrorKind::Conflict => last = Some(error),
            done => return Ok(done),
        }
    }
    Ok(Err(last.unwrap_or_else(|| {
        PortError::new(
            PortErrorKind::Conflict,
            format!("{}: changed by somebody else each time", target.workload),
        )
    })))
}

/// One line for each change, at once: whatever ends the run, the log knows. Whether a failure is given up is told later.
fn audit(plan: &ActionPlan, outcome: &Outcome) {
    let text = match &outcome.effect {
        Effect::Failed { reason, .. } => format!("failed: {reason}"),
        effect => effect.in_words(Language::English),
    };
    tracing::info!(
        target: "audit",
        {
            instance.id = %plan.key.instance,
            group.name = %plan.key.group,
            workload = %outcome.workload,
            stage = outcome.stage,
            episode = %plan.episode,
            lag = plan.sample.lag.as_f64()
        },
        "{text}"
    );
}

/// One Kubernetes Event for each outcome. People come first, and an API server that does not answer is not waited for
/// once more.
async fn record(acted: &[(ActionPlan, Vec<Outcome>)], scaler: &dyn Scaler) {
    let all = acted.iter();
    let all = all.flat_map(|(plan, outcomes)| outcomes.iter().map(move |one| (plan, one)));
    for (plan, outcome) in all {
        let (reason, is_warning) = match &outcome.effect {
            Effect::Restarted | Effect::Evicted { .. } => ("KafkaLagRestarted", false),
            Effect::Scaled { .. } | Effect::MinimumChanged { .. } => ("KafkaLagScaled", false),
            Effect::AlreadyRestarted | Effect::AlreadyScaled { .. } => ("KafkaLagDone", false),
            Effect::Refused(_) => ("KafkaLagRefused", true),
            Effect::Failed { .. } => ("KafkaLagActionFailed", true),
        };
        let note = format!(
            "lag {} of group {} ({}): {}",
            plan.sample.lag.as_f64(),
            plan.key.group,
            plan.key.instance,
            outcome.effect.in_words(Language::English)
        );
        if let Err(error) = scaler.record(&plan.target, reason, &note, is_warning).await {
            tracing::debug!(%error, "the event could not be written");
            if error.kind == PortErrorKind::Unavailable {
                return;
            }
        }
    }
}

/// Sends each notifier what it has not had, as one digest, and writes down who has what. Without notifiers there is nobody
/// to wait for, and the outbox is emptied.
async fn deliver(
    state: &mut CheckState,
    session: &mut dyn StateSession,
    hands: &Hands<'_>,
) -> Result<Vec<Delivery>, PortError> {
    let mut deliveries = Vec::new();
    let Some(oldest) = state.outbox.first() else {
        return Ok(deliveries);
    };
    // What was dropped was older: who has this one has had all of it, or was told.
    let has_all_dropped = oldest.sent_to.clone();
    for notifier in hands.notifiers {
        let name = notifier.name();
        let unsent = |note: &&Note| !note.sent_to.contains(name);
        let notes: Vec<_> = state.outbox.iter().filter(unsent).collect();
        if notes.is_empty() {
            continue;
        }
        let dropped = if has_all_dropped.contains(name) {
            0
        } else {
            state.dropped_notes
        };
        session.still_ours().await?;
        let count = notes.len();
        let result = notifier.notify(&notes, dropped).await;
        if result.is_ok() {
            for note in &mut state.outbox {
                note.sent_to.insert(name.to_owned());
            }
            settle_outbox(state, hands.notifiers);
            save(state, session, hands).await?;
        }
        deliveries.push(Delivery {
            notifier: name.to_owned(),
            notes: count,
            result,
        });
    }
    let before = state.outbox.len();
    settle_outbox(state, hands.notifiers);
    if state.outbox.len() != before {
        save(state, session, hands).await?;
    }
    Ok(deliveries)
}

/// Notes that every notifier has are done with.
fn settle_outbox(state: &mut CheckState, notifiers: &[Box<dyn Notifier>]) {
    let lacking = |note: &Note| {
        let mut names = notifiers.iter().map(|one| one.name());
        names.any(|name| !note.sent_to.contains(name))
    };
    state.outbox.retain(lacking);
    if state.outbox.is_empty() {
        state.dropped_notes = 0;
    }
}

/// Notes about the run itself, not about a group.
pub fn note_lost_state(state: &mut CheckState, moved_to: &str, now: Timestamp) {
    state.outbox.push(Note {
        at: now,
        event: Event::StateLost {
            moved_to: moved_to.to_owned(),
        },
        sent_to: std::collections::BTreeSet::new(),
    });
}
