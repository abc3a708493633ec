//! English.

use super::{
    Effect, News, Outcome, Refusal,
    digits::{episode, grouped, pace, span},
    steps::{Step, Tally, Tense, arrange},
    writer::{About, Writer},
};
use jiff::{SignedDuration, Timestamp, tz::Offset};

const ZONE: Offset = Offset::UTC;
const BEFORE: &str = "Done before (UTC): ";
type Name<'n> = &'n dyn Fn(&str) -> String;

pub(super) fn effect(effect: &Effect, tense: Tense, name: Name<'_>) -> String {
    match effect {
        Effect::Restarted => "restarted".to_owned(),
        Effect::AlreadyRestarted => {
            "restarted already, by an earlier run or for another group".to_owned()
        }
        Effect::Evicted { pods: 1 } => "1 pod evicted".to_owned(),
        Effect::Evicted { pods } => format!("{pods} pods evicted one by one"),
        Effect::Scaled { from, to } => format!("scaled from {from} to {to} replicas"),
        Effect::MinimumChanged {
            autoscaler,
            from,
            to,
        } => format!(
            "minimum of {} changed from {from} to {to}",
            name(autoscaler)
        ),
        Effect::AlreadyScaled { at } => format!("already at {at}"),
        Effect::Refused(why) => format!("not changed: {}", refusal(why, tense, name)),
        Effect::Failed { reason, last } => {
            let reason = name(reason);
            match (last, tense) {
                (true, _) => format!("failed and given up: {reason}"),
                (false, Tense::Now) => format!("failed, will be tried again: {reason}"),
                (false, Tense::Before) => format!("failed: {reason}"),
            }
        }
    }
}

pub(super) fn refusal(refusal: &Refusal, tense: Tense, name: Name<'_>) -> String {
    let again = match tense {
        Tense::Now if refusal.passes() => "; the next run tries again",
        Tense::Now | Tense::Before => "",
    };
    match refusal {
        Refusal::NoTarget => "no workload is mapped to the group".to_owned(),
        Refusal::Paused => {
            "the Deployment is paused, a restart would wait until it is resumed".to_owned()
        }
        Refusal::RollingOut => format!("a rollout is still going on{again}"),
        Refusal::OnDelete => {
            "its update strategy is OnDelete, a changed template restarts nothing".to_owned()
        }
        Refusal::Kind(kind) => format!("this cannot be done to a {}", name(kind)),
        Refusal::Autoscaled { by } => format!("{} owns the number of replicas", name(by)),
        Refusal::AtMaximum { at } => format!("it is at {at}, the most it may have"),
        Refusal::AtPartitions { at } => {
            format!("it is at {at}, one for each partition, and more would stay idle")
        }
        Refusal::AtZero => "somebody scaled it to zero".to_owned(),
        Refusal::Disruption => format!("a PodDisruptionBudget allows no eviction now{again}"),
        Refusal::ChangedSince { at } => format!("somebody has changed the number to {at} since"),
        Refusal::Stuck => "lag rises although replicas were added".to_owned(),
        Refusal::DailyCap { changes } => {
            let times = match changes {
                1 => "once".to_owned(),
                several => format!("{several} times"),
            };
            format!("changed {times} today (UTC), as often as allowed")
        }
    }
}

pub(super) fn news(writer: &Writer, about: &About<'_>, news: &News) -> String {
    let group = group(writer, about);
    let limit = grouped(about.breach_above);
    let lag = grouped(about.sample.lag);
    let above = || {
        let trend = trend(about);
        let dated = dated(writer, about);
        let side = if about.is_above() {
            "above"
        } else {
            "not recovered, though no longer above"
        };
        format!("{group}: lag {lag}, {side} {limit}{trend}, {dated}.")
    };
    let text = match news {
        News::Stage {
            outcomes,
            before,
            last,
        } => {
            let acted = match (outcomes.is_empty(), last) {
                (true, true) => please_look(about, before),
                (true, false) => " Nothing was changed in this stage.".to_owned(),
                (false, _) => sentence("", &done(writer, outcomes)),
            };
            let hint = if *last && !outcomes.is_empty() {
                " This was the last stage: please look if it stays above."
            } else {
                ""
            };
            format!(
                "{}{acted}{}{hint}",
                above(),
                earlier(writer, BEFORE, before)
            )
        }
        News::Retry { outcomes } => {
            format!(
                "{}{}",
                above(),
                sentence("Tried again: ", &done(writer, outcomes))
            )
        }
        News::Reminder { before } => format!(
            "{}{}{}",
            above(),
            please_look(about, before),
            earlier(writer, BEFORE, before)
        ),
        News::Stuck { lag_at_scale } => format!(
            "{} It was {} when replicas were added and has risen since: no more scaling in this episode, please look.",
            above(),
            grouped(*lag_at_scale)
        ),
        News::Disputed { total } => format!(
            "{} The Kafka service itself says {}, so nothing was changed: CloudMonitor may count partitions that nobody consumes.",
            above(),
            grouped(*total)
        ),
        News::Unconfirmed { reason } => format!(
            "{} Nothing was changed: the second opinion of the Kafka service could not be had: {}. Please look.",
            above(),
            writer.name(reason)
        ),
        News::Recovered {
            lasted,
            before,
            dropped,
        } => {
            let pending = match dropped {
                0 => String::new(),
                1 => " 1 pending change was dropped.".to_owned(),
                many => format!(" {many} pending changes were dropped."),
            };
            let acted = if before.is_empty() {
                " Nothing was changed.".to_owned()
            } else {
                earlier(writer, "Done in the episode (UTC): ", before)
            };
            format!(
                "{group}: recovered after {}, lag {lag} (threshold {limit}), {}.{acted}{pending}",
                length(*lasted),
                dated(writer, about)
            )
        }
        News::ScaledBack { outcomes } => format!(
            "{group}: after recovery, lag {lag} (threshold {limit}), {}.{}",
            dated(writer, about),
            sentence("Added replicas: ", &done(writer, outcomes))
        ),
        News::Lost { missing_for } => format!(
            "{group}: no fresh number for {}. The last was {lag} (threshold {limit}), {}. \
             The episode is closed, and nobody knows how it ended: please look.",
            length(*missing_for),
            dated(writer, about)
        ),
    };
    format!(
        "{text} (episode {} stage {})",
        episode(about.episode),
        about.stage
    )
}

fn group(writer: &Writer, about: &About<'_>) -> String {
    let topic = about.key.topic.as_ref().map_or(String::new(), |topic| {
        format!(" topic {}", writer.name(topic.as_str()))
    });
    let instance = writer.name(about.key.instance.as_str());
    format!(
        "{}{topic} ({instance})",
        writer.name(about.key.group.as_str())
    )
}

fn trend(about: &About<'_>) -> String {
    let Some(trend) = about.sample.trend else {
        return String::new();
    };
    match (pace(trend.per_second()), trend.drain(about.sample.lag)) {
        (None, _) => " and steady".to_owned(),
        (Some(pace), Some(drain)) => format!(" but falling ({pace}, drains in {})", length(drain)),
        (Some(pace), None) if trend.per_second() < 0.0 => format!(" but falling ({pace})"),
        (Some(pace), None) => format!(" and rising ({pace})"),
    }
}

fn dated(writer: &Writer, about: &About<'_>) -> String {
    let at = about.sample.at;
    let age = writer
        .age(at)
        .map_or(String::new(), |age| format!(", {} old", seconds(age)));
    format!("as of {} UTC{age}", writer.clock(at, ZONE))
}

fn done(writer: &Writer, outcomes: &[Outcome]) -> String {
    steps(writer, outcomes, Tense::Now, &|_| String::new())
}

fn earlier(writer: &Writer, lead: &str, before: &[Outcome]) -> String {
    let at = |step: &Step<'_>| format!(" {}", writer.clock(step.at, ZONE));
    sentence(lead, &steps(writer, before, Tense::Before, &at))
}

fn steps(
    writer: &Writer,
    outcomes: &[Outcome],
    tense: Tense,
    when: &dyn Fn(&Step<'_>) -> String,
) -> String {
    let of_one = |steps: Vec<Step<'_>>| {
        let one = |step: &Step<'_>| {
            let times = match step.times {
                1 => String::new(),
                times => format!(" ({times} times)"),
            };
            let effect = effect(step.effect, tense, &|text| writer.name(text));
            let when = when(step);
            // The time stands before a foreign text, which may be long.
            match step.effect {
                Effect::Failed { .. } | Effect::Refused(_) if !when.is_empty() => {
                    format!("{}{times} {effect}", when.trim_start())
                }
                _ => format!("{effect}{when}{times}"),
            }
        };
        steps.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let all = arrange(outcomes).into_iter().map(|part| {
        let steps = of_one(part.steps);
        if part.workload.is_empty() {
            steps
        } else {
            format!("{}: {steps}", writer.name(part.workload))
        }
    });
    all.collect::<Vec<_>>().join("; ")
}

fn please_look(about: &About<'_>, before: &[Outcome]) -> String {
    let tally = Tally::of(before);
    let words = tally.pick([
        "restarted",
        "pods evicted",
        "scaled",
        "scaled down",
        "autoscaler's minimum changed",
        "replicas as wanted already",
    ]);
    let did = match words.split_last() {
        None if tally.failed + tally.refused > 0 => "nothing could be changed".to_owned(),
        None => "nothing was changed".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    };
    let mut bad = Vec::new();
    match tally.failed {
        0 => {}
        1 => bad.push("1 try failed".to_owned()),
        tries => bad.push(format!("{tries} tries failed")),
    }
    if tally.refused > 0 {
        bad.push(format!("{} refused", tally.refused));
    }
    let bad = if bad.is_empty() {
        String::new()
    } else {
        format!(" ({})", bad.join(", "))
    };
    let (first, rest) = did.split_at(1);
    let did = first.to_uppercase() + rest;
    let state = if about.is_above() {
        format!("still above {}", grouped(about.breach_above))
    } else {
        "not recovered yet".to_owned()
    };
    sentence("", &format!("{did}{bad}, {state}, please look"))
}

/// A space, the text and a full stop; nothing for nothing.
fn sentence(lead: &str, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!(" {lead}{text}.")
}

pub(super) fn late(writer: &Writer, at: Timestamp) -> String {
    let age = writer
        .age(at)
        .map_or(String::new(), |age| format!(" ({} ago)", seconds(age)));
    format!("Delayed from {} UTC{age}: ", writer.clock(at, ZONE))
}

pub(super) fn state_lost(moved_to: &str) -> String {
    format!(
        "The state could not be read and was moved to {moved_to}. Nothing is changed in this run, and every episode begins anew."
    )
}

/// The alerts, the workload, what came of it.
pub(super) fn alert(
    alerts: &[String],
    outcome: &Outcome,
    truncated: u64,
    name: Name<'_>,
) -> String {
    let who = match alerts {
        [] => "No scale-out alert fires any more".to_owned(),
        [one] => format!("Alert {}", name(one)),
        [one, rest @ ..] => format!("Alert {} and {} more", name(one), rest.len()),
    };
    let (workload, effect) = (
        name(&outcome.workload),
        effect(&outcome.effect, Tense::Now, name),
    );
    let cut = match truncated {
        0 => String::new(),
        _ => format!(" Alertmanager has cut {truncated} alerts off, about which nothing is known."),
    };
    format!("{who}: {workload}: {effect}.{cut}")
}

pub(super) fn lost_messages(count: u64) -> String {
    match count {
        1 => "1 earlier message was lost: too many were waiting to be sent.".to_owned(),
        _ => format!("{count} earlier messages were lost: too many were waiting to be sent."),
    }
}

fn length(duration: SignedDuration) -> String {
    seconds(duration.as_secs())
}

fn seconds(seconds: i64) -> String {
    span(seconds, ["d", "h", "min", "s"], " ")
}
