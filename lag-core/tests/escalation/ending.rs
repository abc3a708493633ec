//! How episodes end: recovery, taking back, loss; and what is said while they last.

use crate::world::{ABOVE, BETWEEN, OK, Seen, World, broken, lag, minutes, world};
use lag_core::{
    Effect, Event, News, Refusal, Replicas,
    escalate::{Action, Change, CheckState, Stage},
};

fn with_scale_back() -> World {
    World::with(|policy| {
        policy.scale_back = true;
        let add = Action::Scale(Replicas::By(2));
        policy.stages = vec![Stage { actions: vec![add] }, Stage { actions: vec![add] }];
    })
}

#[test]
fn recovery_tells_how_long_it_lasted_and_what_was_dropped() {
    let mut world = world();
    world.cluster.instead = Some(broken());
    world.run(ABOVE);
    let end = world.run(OK);
    assert!(
        matches!(&end.news[..], [News::Recovered { lasted, before, dropped: 1 }]
        if *lasted == minutes(10) && before.is_empty())
    );
    assert!(world.state.groups.is_empty());
}

#[test]
fn recovery_is_not_told_when_the_policy_says_so() {
    let mut world = World::with(|policy| policy.tell_recovery = false);
    world.run(ABOVE);
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 1");
    assert!(end.news.is_empty());
}

#[test]
fn reminders_come_in_their_rhythm_after_the_last_stage() {
    let mut world = World::with(|policy| policy.remind_every = Some(minutes(30)));
    let words: Vec<_> = (0..9).map(|_| world.run(ABOVE).word()).collect();
    let expected = [
        "escalated 1",
        "escalated 2",
        "escalated 3",
        "exhausted",
        "exhausted",
        "reminded",
        "exhausted",
        "exhausted",
        "reminded",
    ];
    assert_eq!(words, expected);
    let reminder = &world.state.outbox.last().unwrap().event;
    assert!(
        matches!(reminder, Event::Group { news: News::Reminder { before }, .. }
        if before.len() == 2)
    );
}

#[test]
fn what_was_added_is_taken_back_newest_first() {
    let mut world = with_scale_back();
    world.run(Seen::Lag(400_000.0));
    world.run(Seen::Lag(300_000.0));
    assert_eq!(world.cluster.replicas, 7);
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 2");
    assert_eq!(
        end.effects,
        [
            Effect::Scaled { from: 7, to: 5 },
            Effect::Scaled { from: 5, to: 3 }
        ]
    );
    assert!(
        matches!(&end.news[..], [News::Recovered { .. }, News::ScaledBack { outcomes }]
        if outcomes.len() == 2)
    );
    assert!(world.state.groups.is_empty());
}

#[test]
fn what_somebody_else_has_changed_since_is_not_taken_back() {
    let mut world = with_scale_back();
    world.run(ABOVE);
    world.cluster.replicas = 8;
    let end = world.run(OK);
    let refused = Effect::Refused(Refusal::ChangedSince { at: 8 });
    assert_eq!(end.effects, [refused]);
    assert_eq!(world.cluster.replicas, 8);
    assert!(world.state.groups.is_empty());
}

#[test]
fn a_failed_scale_back_is_tried_again_and_then_given_up() {
    let mut world = with_scale_back();
    world.run(ABOVE);
    world.cluster.instead = Some(broken());
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 1");
    assert!(world.record().recovered);
    let before = world.state.clone();
    assert_eq!(world.run(Seen::Absent).word(), "absent");
    assert_eq!(world.state, before, "it waits for a fresh sample");
    assert_eq!(world.run(BETWEEN).word(), "retried 1");
    assert_eq!(world.run(OK).word(), "retried 1");
    let last = world.run(OK);
    assert!(matches!(&last.news[..], [News::ScaledBack { outcomes }]
        if matches!(outcomes[0].effect, Effect::Failed { last: true, .. })));
    assert!(world.state.groups.is_empty());
}

#[test]
fn with_hands_off_a_scale_back_waits() {
    let mut world = with_scale_back();
    world.run(ABOVE);
    world.hands_off = Some("switched off");
    let end = world.run(OK);
    assert_eq!(end.word(), "recovered 1");
    assert!(end.plans.is_empty());
    world.hands_off = None;
    let later = world.run(OK);
    assert_eq!(later.effects, [Effect::Scaled { from: 5, to: 3 }]);
}

#[test]
fn nothing_is_taken_back_while_another_group_of_the_workload_lags() {
    let mut world = with_scale_back();
    world.run_all(&[("g1", ABOVE), ("g2", ABOVE)]);
    let one = world.run_all(&[("g1", OK), ("g2", BETWEEN)]);
    assert_eq!(one.word_of("g1"), "recovered 1");
    assert!(one.plans.is_empty());
    assert_eq!(
        world.run_all(&[("g1", OK), ("g2", BETWEEN)]).word_of("g1"),
        "gap"
    );
    assert_eq!(world.cluster.replicas, 5);
    let both = world.run_all(&[("g1", OK), ("g2", OK)]);
    assert_eq!(both.effects, [Effect::Scaled { from: 5, to: 3 }]);
    let rest = world.run_all(&[("g1", OK), ("g2", OK)]);
    assert_eq!(rest.effects, [Effect::AlreadyScaled { at: 3 }]);
    assert!(world.state.groups.is_empty());
}

#[test]
fn a_new_breach_keeps_what_was_still_to_be_taken_back() {
    let mut world = with_scale_back();
    world.run(ABOVE);
    world.cluster.instead = Some(broken());
    world.run(OK);
    world.cluster.instead = None;
    let again = world.run(ABOVE);
    assert_eq!(again.word(), "escalated 1");
    assert!(matches!(again.changes()[..], [Change::Scale { .. }]));
    assert_eq!(world.record().since, world.now - minutes(1));
    assert_eq!(world.cluster.replicas, 7);
}

#[test]
fn replicas_added_by_a_run_that_crashed_are_taken_back_too() {
    let mut world = with_scale_back();
    world.crash(ABOVE, true);
    assert_eq!(world.cluster.replicas, 5);
    let mut settled = world.clone();
    let end = world.run(OK);
    assert_eq!(end.effects, [Effect::Scaled { from: 5, to: 3 }]);

    assert_eq!(
        settled.run(ABOVE).effects,
        [Effect::AlreadyScaled { at: 5 }]
    );
    let end = settled.run(OK);
    assert_eq!(end.effects, [Effect::Scaled { from: 5, to: 3 }]);
}

#[test]
fn an_episode_without_fresh_samples_for_too_long_is_closed_and_that_is_told() {
    let mut world = World::with(|policy| policy.keep_missing_for = minutes(30));
    world.run(ABOVE);
    for _ in 0..2 {
        let ran = world.run(Seen::Failed);
        assert_eq!(world.record().stage, 1);
        assert!(ran.news.is_empty());
    }
    let lost = world.run(Seen::Stale);
    assert_eq!(lost.word(), "stale");
    assert!(matches!(&lost.news[..], [News::Lost { missing_for }] if *missing_for == minutes(31)));
    let Event::Group { sample, .. } = &world.state.outbox.last().unwrap().event else {
        panic!("it is about a group");
    };
    assert_eq!(sample.lag, lag(200_000.0), "the last one that was counted");
    assert!(world.state.groups.is_empty());
}

#[test]
fn an_episode_that_had_done_nothing_is_closed_without_a_word() {
    let mut world = World::with(|policy| {
        policy.keep_missing_for = minutes(30);
        policy.sustained_for = minutes(60);
    });
    world.run(ABOVE);
    for _ in 0..3 {
        assert!(world.run(Seen::Absent).news.is_empty());
    }
    assert_eq!(world.state, CheckState::default());
}

#[test]
fn a_scale_back_that_can_no_longer_be_decided_is_given_up_and_told() {
    let mut world = with_scale_back();
    world.policies.common.keep_missing_for = minutes(30);
    world.run(ABOVE);
    world.cluster.instead = Some(broken());
    world.run(OK);
    for _ in 0..2 {
        assert!(world.run(Seen::Absent).news.is_empty());
    }
    let lost = world.run(Seen::Absent);
    assert!(matches!(&lost.news[..], [News::ScaledBack { outcomes }]
        if matches!(outcomes[0].effect, Effect::Failed { last: true, .. })));
    assert!(world.state.groups.is_empty());
}

#[test]
fn a_full_outbox_drops_the_oldest_notes_and_counts_them() {
    let mut world = world();
    for _ in 0..260 {
        world.run(ABOVE);
        world.run(OK);
    }
    assert_eq!(world.state.outbox.len(), 500);
    assert_eq!(world.state.dropped_notes, 20);
    let last = &world.state.outbox.last().unwrap().event;
    assert!(matches!(
        last,
        Event::Group {
            news: News::Recovered { .. },
            ..
        }
    ));
}
