//! Any state there can be.

use jiff::{SignedDuration, Timestamp};
use lag_core::{
    Effect, Event, GroupKey, GroupName, InstanceId, Lag, LagSample, News, Note, Outcome, Refusal,
    Replicas, Trend, Workload, WorkloadKind,
    escalate::{
        Change, CheckState, GroupState, Pending, ResolvedScale, ScaleSubject, WorkloadState,
    },
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::*,
};

fn time() -> impl Strategy<Value = Timestamp> {
    let (min, max) = (
        Timestamp::MIN.as_nanosecond(),
        Timestamp::MAX.as_nanosecond(),
    );
    prop_oneof![
        (0_i64..4_000_000_000).prop_map(|s| Timestamp::from_second(s).unwrap()),
        (min..=max).prop_map(|ns| Timestamp::from_nanosecond(ns).unwrap()),
    ]
}

fn span() -> impl Strategy<Value = SignedDuration> {
    any::<(i64, u32)>().prop_map(|(seconds, nanos)| {
        let nanos = i32::try_from(nanos % 1_000_000_000).unwrap();
        SignedDuration::new(seconds, if seconds < 0 { -nanos } else { nanos })
    })
}

fn lag() -> impl Strategy<Value = Lag> {
    prop_oneof![
        any::<u32>().prop_map(f64::from),
        (0.0..=f64::MAX),
        any::<u64>().prop_map(f64::from_bits),
    ]
    .prop_filter_map("a lag", |number| Lag::try_from(number).ok())
}

fn trend() -> impl Strategy<Value = Trend> {
    any::<u64>().prop_filter_map("finite", |bits| {
        Trend::from_per_second(f64::from_bits(bits))
    })
}

fn sample() -> impl Strategy<Value = LagSample> {
    (time(), lag(), option::of(trend())).prop_map(|(at, lag, trend)| LagSample { at, lag, trend })
}

pub(super) fn key() -> impl Strategy<Value = GroupKey> {
    let name = "[a-c/%2F5._é订 \"]{1,6}";
    (name, name).prop_map(|(instance, group)| {
        let instance = InstanceId::new(&instance).unwrap();
        GroupKey::total(instance, GroupName::new(&group).unwrap())
    })
}

fn workload() -> impl Strategy<Value = Workload> {
    use WorkloadKind::{Custom, DaemonSet, Deployment, ReplicaSet, StatefulSet};
    let part = || "[a-z/%2F5.]{0,4}|Deployment";
    let custom =
        (part(), part(), part(), part()).prop_map(|(group, version, kind, plural)| Custom {
            group,
            version,
            kind,
            plural,
        });
    let kind = prop_oneof![
        Just(Deployment),
        Just(StatefulSet),
        Just(DaemonSet),
        Just(ReplicaSet),
        custom
    ];
    (part(), kind, part()).prop_map(|(namespace, kind, name)| Workload {
        namespace,
        kind,
        name,
    })
}

fn resolved() -> impl Strategy<Value = ResolvedScale> {
    let subject = prop_oneof![
        Just(ScaleSubject::Replicas),
        any::<String>().prop_map(ScaleSubject::HpaMin),
        any::<String>().prop_map(ScaleSubject::ScaledObjectMin),
    ];
    (subject, any::<u32>(), any::<u32>()).prop_map(|(subject, from, to)| ResolvedScale {
        subject,
        from,
        to,
    })
}

fn pending() -> impl Strategy<Value = Pending> {
    let replicas = prop_oneof![
        any::<i32>().prop_map(Replicas::By),
        any::<u32>().prop_map(Replicas::To)
    ];
    let change = prop_oneof![
        time().prop_map(|mark| Change::Restart { mark }),
        (replicas, option::of(resolved()))
            .prop_map(|(wanted, resolved)| Change::Scale { wanted, resolved }),
        resolved().prop_map(Change::ScaleBack),
    ];
    (change, any::<u32>(), any::<bool>(), any::<u32>()).prop_map(|(change, stage, tell, tries)| {
        Pending {
            change,
            stage,
            tell,
            tries,
        }
    })
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let number = any::<u32>();
    prop_oneof![
        Just(Refusal::NoTarget),
        Just(Refusal::Paused),
        Just(Refusal::RollingOut),
        Just(Refusal::OnDelete),
        any::<String>().prop_map(Refusal::Kind),
        any::<String>().prop_map(|by| Refusal::Autoscaled { by }),
        number.prop_map(|at| Refusal::AtMaximum { at }),
        number.prop_map(|at| Refusal::AtPartitions { at }),
        Just(Refusal::AtZero),
        Just(Refusal::Disruption),
        number.prop_map(|at| Refusal::ChangedSince { at }),
        Just(Refusal::Stuck),
        number.prop_map(|changes| Refusal::DailyCap { changes }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let two = any::<(u32, u32)>();
    let effect = prop_oneof![
        Just(Effect::Restarted),
        Just(Effect::AlreadyRestarted),
        any::<u32>().prop_map(|pods| Effect::Evicted { pods }),
        two.prop_map(|(from, to)| Effect::Scaled { from, to }),
        (any::<String>(), two).prop_map(|(autoscaler, (from, to))| Effect::MinimumChanged {
            autoscaler,
            from,
            to
        }),
        any::<u32>().prop_map(|at| Effect::AlreadyScaled { at }),
        refusal().prop_map(Effect::Refused),
        any::<(String, bool)>().prop_map(|(reason, last)| Effect::Failed { reason, last }),
    ];
    (any::<u32>(), time(), any::<String>(), effect).prop_map(|(stage, at, workload, effect)| {
        Outcome {
            stage,
            at,
            workload,
            effect,
        }
    })
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    vec(outcome(), 0..3)
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        (outcomes(), outcomes(), any::<bool>()).prop_map(|(outcomes, before, last)| News::Stage {
            outcomes,
            before,
            last
        }),
        outcomes().prop_map(|outcomes| News::Retry { outcomes }),
        outcomes().prop_map(|before| News::Reminder { before }),
        lag().prop_map(|lag_at_scale| News::Stuck { lag_at_scale }),
        any::<String>().prop_map(|reason| News::Unconfirmed { reason }),
        lag().prop_map(|total| News::Disputed { total }),
        (span(), outcomes(), any::<u32>()).prop_map(|(lasted, before, dropped)| News::Recovered {
            lasted,
            before,
            dropped
        }),
        outcomes().prop_map(|outcomes| News::ScaledBack { outcomes }),
        span().prop_map(|missing_for| News::Lost { missing_for }),
    ]
}

fn note() -> impl Strategy<Value = Note> {
    let group = (key(), time(), any::<u32>(), sample(), lag(), news()).prop_map(
        |(key, episode, stage, sample, breach_above, news)| Event::Group {
            key,
            episode,
            stage,
            sample,
            breach_above,
            news,
        },
    );
    let lost = any::<String>().prop_map(|moved_to| Event::StateLost { moved_to });
    let alert = (vec(any::<String>(), 0..3), outcome(), any::<u64>()).prop_map(
        |(alerts, outcome, truncated)| Event::Alert {
            alerts,
            outcome,
            truncated,
        },
    );
    let event = prop_oneof![4 => group, 1 => alert, 1 => lost];
    (time(), event, btree_set(any::<String>(), 0..3)).prop_map(|(at, event, sent_to)| Note {
        at,
        event,
        sent_to,
    })
}

fn group() -> impl Strategy<Value = GroupState> {
    let times = (time(), time(), option::of(time()), option::of(time()));
    let lists = (vec(pending(), 0..3), outcomes(), vec(resolved(), 0..3));
    let rest = (any::<u32>(), option::of(lag()), any::<[bool; 4]>());
    (times, lists, rest).prop_map(|(times, (pending, done, added), (stage, lag, signs))| {
        GroupState {
            since: times.0,
            stage,
            sample_at: times.1,
            lag: lag.filter(|_| !signs[0]),
            stage_at: times.2,
            pending,
            done,
            told_at: times.3,
            lag_at_scale: lag,
            added,
            stuck: signs[0],
            disputed: signs[1],
            recovered: signs[2],
            unconfirmed: signs[3],
        }
    })
}

fn workload_state() -> impl Strategy<Value = WorkloadState> {
    (time(), any::<String>(), any::<u32>()).prop_map(|(changed_at, day, changes)| WorkloadState {
        changed_at,
        day,
        changes,
    })
}

pub(super) fn state() -> impl Strategy<Value = CheckState> {
    (
        btree_map(key(), group(), 0..4),
        btree_map(workload(), workload_state(), 0..4),
        vec(note(), 0..4),
        any::<u64>(),
        option::of(time()),
    )
        .prop_map(
            |(groups, workloads, outbox, dropped_notes, last_run)| CheckState {
                groups,
                workloads,
                outbox,
                dropped_notes,
                last_run,
            },
        )
}
