//! Notes to tell.

use jiff::{SignedDuration, Timestamp};
use lag_core::{Effect, Event, GroupKey, Lag, LagSample, News, Note, Outcome, Refusal, Trend};
use std::collections::BTreeSet;

pub(crate) const WORKLOAD: &str = "orders/Deployment/cust-consumer";

pub(crate) fn at(text: &str) -> Timestamp {
    format!("2026-11-22T{text}Z").parse().unwrap()
}

pub(crate) fn lag(value: u32) -> Lag {
    Lag::try_from(f64::from(value)).unwrap()
}

/// A trend of so many messages a second.
pub(crate) fn trend(per_second: i32) -> Trend {
    let point = |ms: i64, value: i32| (ms, Lag::try_from(f64::from(value)).unwrap());
    let start = 100_000_000;
    Trend::fit(&[point(0, start), point(1_000, start + per_second)]).unwrap()
}

pub(crate) fn key(group: &str) -> GroupKey {
    GroupKey::total(
        "alikafka_pre-cn-mp919o4v0001".parse().unwrap(),
        group.parse().unwrap(),
    )
}

/// News of 11:21:35 about a sample of 11:20:00.
pub(crate) fn note(group: &str, stage: u32, value: u32, news: News) -> Note {
    Note {
        at: at("11:21:35"),
        event: Event::Group {
            key: key(group),
            episode: at("11:18:00"),
            stage,
            sample: LagSample {
                at: at("11:20:00"),
                lag: lag(value),
                trend: None,
            },
            breach_above: lag(150_000),
            news,
        },
        sent_to: BTreeSet::new(),
    }
}

/// What alerts of Alertmanager have caused.
pub(crate) fn alerts(names: &[&str], effect: Effect, truncated: u64) -> Note {
    Note {
        at: at("11:21:35"),
        event: Event::Alert {
            alerts: names.iter().map(|name| (*name).to_owned()).collect(),
            outcome: outcome(1, "11:21:35", effect),
            truncated,
        },
        sent_to: BTreeSet::new(),
    }
}

pub(crate) fn with_trend(mut note: Note, per_second: i32) -> Note {
    if let Event::Group { sample, .. } = &mut note.event {
        sample.trend = Some(trend(per_second));
    }
    note
}

pub(crate) fn outcome(stage: u32, time: &str, effect: Effect) -> Outcome {
    Outcome {
        stage,
        at: at(time),
        workload: WORKLOAD.to_owned(),
        effect,
    }
}

pub(crate) fn failed(reason: &str, last: bool) -> Effect {
    Effect::Failed {
        reason: reason.to_owned(),
        last,
    }
}

pub(crate) fn refusals() -> Vec<Refusal> {
    let hpa = "HorizontalPodAutoscaler/cust".to_owned();
    vec![
        Refusal::NoTarget,
        Refusal::Paused,
        Refusal::RollingOut,
        Refusal::OnDelete,
        Refusal::Kind("DaemonSet".to_owned()),
        Refusal::Autoscaled { by: hpa },
        Refusal::AtMaximum { at: 8 },
        Refusal::AtPartitions { at: 6 },
        Refusal::AtZero,
        Refusal::Disruption,
        Refusal::ChangedSince { at: 7 },
        Refusal::Stuck,
        Refusal::DailyCap { changes: 6 },
    ]
}

pub(crate) fn effects() -> Vec<Effect> {
    let mut all = vec![
        Effect::Restarted,
        Effect::AlreadyRestarted,
        Effect::Evicted { pods: 1 },
        Effect::Evicted { pods: 3 },
        Effect::Scaled { from: 2, to: 4 },
        Effect::Scaled { from: 4, to: 2 },
        Effect::MinimumChanged {
            autoscaler: "ScaledObject/cust".to_owned(),
            from: 2,
            to: 4,
        },
        Effect::AlreadyScaled { at: 4 },
        failed(
            "restart of cust-consumer: the API server did not answer within 10 s",
            false,
        ),
        failed(
            "restart of cust-consumer: forbidden, grant patch on deployments",
            true,
        ),
    ];
    all.extend(refusals().into_iter().map(Effect::Refused));
    all
}

pub(crate) fn story() -> Vec<Outcome> {
    vec![
        outcome(1, "11:00:05", Effect::Restarted),
        outcome(2, "11:10:02", Effect::Scaled { from: 2, to: 4 }),
    ]
}

/// One of every kind of news, and every effect, in one digest.
pub(crate) fn every_kind() -> Vec<Note> {
    let minutes = SignedDuration::from_mins;
    let mut notes = vec![
        with_trend(
            note(
                "cust_docking_analog",
                1,
                182_340,
                News::Stage {
                    outcomes: vec![outcome(1, "11:21:30", Effect::Restarted)],
                    before: vec![],
                    last: false,
                },
            ),
            1_234,
        ),
        with_trend(
            note(
                "cd_docking_analog",
                2,
                210_002,
                News::Stage {
                    outcomes: vec![outcome(2, "11:21:30", Effect::Scaled { from: 2, to: 4 })],
                    before: vec![outcome(1, "11:00:05", Effect::Restarted)],
                    last: false,
                },
            ),
            -350,
        ),
        with_trend(
            note(
                "pay_docking_analog",
                3,
                260_000,
                News::Stage {
                    outcomes: vec![],
                    before: story(),
                    last: true,
                },
            ),
            0,
        ),
        note(
            "told_only",
            1,
            151_000,
            News::Stage {
                outcomes: vec![],
                before: vec![],
                last: false,
            },
        ),
        note(
            "unlucky",
            3,
            300_000,
            News::Stage {
                outcomes: vec![],
                before: vec![
                    outcome(
                        1,
                        "11:00:05",
                        failed("restart: forbidden, grant patch on deployments", false),
                    ),
                    outcome(
                        1,
                        "11:05:05",
                        failed("restart: forbidden, grant patch on deployments", false),
                    ),
                    outcome(
                        1,
                        "11:10:05",
                        failed("restart: forbidden, grant patch on deployments", true),
                    ),
                    outcome(2, "11:10:06", Effect::Refused(Refusal::AtMaximum { at: 8 })),
                ],
                last: true,
            },
        ),
        note(
            "one_stage",
            1,
            200_000,
            News::Stage {
                outcomes: effects()
                    .into_iter()
                    .map(|effect| outcome(1, "11:21:30", effect))
                    .take(9)
                    .collect(),
                before: vec![],
                last: true,
            },
        ),
        note(
            "retried",
            1,
            190_000,
            News::Retry {
                outcomes: vec![outcome(1, "11:21:30", Effect::AlreadyRestarted)],
            },
        ),
        note("reminded", 3, 400_000, News::Reminder { before: story() }),
        note(
            "stuck",
            2,
            410_000,
            News::Stuck {
                lag_at_scale: lag(210_002),
            },
        ),
        note("disputed", 0, 155_000, News::Disputed { total: lag(120) }),
        note(
            "recovered",
            2,
            90_120,
            News::Recovered {
                lasted: minutes(62),
                before: story(),
                dropped: 1,
            },
        ),
        note(
            "recovered_alone",
            0,
            0,
            News::Recovered {
                lasted: minutes(3),
                before: vec![],
                dropped: 0,
            },
        ),
        note(
            "recovered",
            2,
            90_120,
            News::ScaledBack {
                outcomes: vec![outcome(2, "11:21:31", Effect::Scaled { from: 4, to: 2 })],
            },
        ),
        note(
            "silent",
            2,
            182_340,
            News::Lost {
                missing_for: minutes(24 * 60 + 5),
            },
        ),
        alerts(
            &["KafkaLagHigh", "KafkaLagStuck"],
            Effect::Scaled { from: 2, to: 3 },
            2,
        ),
        alerts(&["KafkaLagHigh"], failed("scale: no answer", false), 0),
        alerts(&[], Effect::Scaled { from: 3, to: 2 }, 0),
        Note {
            at: at("11:21:35"),
            event: Event::StateLost {
                moved_to: "/var/lib/kafka-lag/state.json.corrupt-1".to_owned(),
            },
            sent_to: BTreeSet::new(),
        },
    ];
    let mut late = note(
        "late",
        1,
        170_000,
        News::Stage {
            outcomes: vec![outcome(1, "10:50:02", Effect::Restarted)],
            before: vec![],
            last: false,
        },
    );
    late.at = at("10:50:03");
    notes.insert(0, late);
    notes
}
