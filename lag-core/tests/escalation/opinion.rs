//! The second opinion: only agreement acts.

use crate::world::{ABOVE, OK, World, broken, key, lag, minutes};
use lag_core::{Effect, News, Opinion, Refusal, escalate::Verdict};

fn confirming() -> World {
    World::with(|policy| policy.confirm = true)
}

fn say(world: &mut World, opinion: Opinion) {
    world.opinions.insert(key("g"), opinion);
}

fn agrees(partitions: u32) -> Opinion {
    Opinion::Agrees {
        total: lag(210_000.0),
        partitions,
    }
}

fn disagrees() -> Opinion {
    Opinion::Disagrees { total: lag(3.0) }
}

#[test]
fn without_an_opinion_it_is_asked_for_and_nothing_is_done() {
    let mut world = confirming();
    let held = world.run(ABOVE);
    assert_eq!(held.word(), "unconfirmed");
    assert_eq!(held.to_confirm, [key("g")]);
    assert!(held.plans.is_empty() && held.news.is_empty());
    assert_eq!((world.record().stage, world.record().stage_at), (0, None));
}

#[test]
fn evaluated_again_with_agreement_the_stage_begins() {
    let mut world = confirming();
    world.now += minutes(10);
    let first = world.evaluate(&[("g", ABOVE)]);
    assert_eq!(first.to_confirm, [key("g")]);
    say(&mut world, agrees(0));
    let second = world.run_now(&[("g", ABOVE)]);
    assert_eq!(second.word(), "escalated 1");
    assert!(second.to_confirm.is_empty());
    assert_eq!(second.effects, [Effect::Restarted]);
}

#[test]
fn an_opinion_that_could_not_be_had_holds_and_is_told_once_in_an_episode_with_its_reason() {
    let mut world = confirming();
    let reason = "throttled".to_owned();
    say(&mut world, Opinion::Unavailable { reason });
    for told in [1, 0] {
        let held = world.run(ABOVE);
        assert_eq!(held.news.len(), told);
        assert_eq!(held.word(), "unconfirmed");
        assert!(format!("{:?}", held.verdicts).contains("throttled"));
        assert!(held.plans.is_empty() && held.to_confirm.is_empty());
    }
}

#[test]
fn a_dispute_holds_and_is_told_once_in_an_episode() {
    let mut world = confirming();
    say(&mut world, disagrees());
    let held = world.run(ABOVE);
    assert_eq!(held.word(), "disputed");
    assert!(matches!(&held.news[..], [News::Disputed { total }] if *total == lag(3.0)));
    let again = world.run(ABOVE);
    assert_eq!(again.word(), "disputed");
    assert!(again.plans.is_empty() && again.news.is_empty());
    assert_eq!((world.record().stage, world.record().stage_at), (0, None));
    assert!(world.run(OK).news.is_empty(), "nothing was done");
    assert_eq!(world.run(ABOVE).news.len(), 1, "a new episode");
}

#[test]
fn a_stage_that_only_tells_needs_no_opinion() {
    let mut world = confirming();
    say(&mut world, agrees(0));
    world.run(ABOVE);
    world.run(ABOVE);
    world.opinions.clear();
    assert_eq!(world.run(ABOVE).word(), "escalated 3");
}

#[test]
fn another_try_needs_an_opinion_again() {
    let mut world = confirming();
    say(&mut world, agrees(0));
    world.cluster.instead = Some(broken());
    world.run(ABOVE);
    world.cluster.instead = None;
    world.opinions.clear();
    let held = world.run(ABOVE);
    assert_eq!(held.word(), "unconfirmed");
    assert_eq!(held.to_confirm, [key("g")]);
    assert_eq!(world.record().pending[0].tries, 1, "it was not tried");
    say(&mut world, disagrees());
    assert_eq!(world.run(ABOVE).word(), "disputed");
    say(&mut world, agrees(0));
    assert_eq!(world.run(ABOVE).word(), "retried 1");
}

#[test]
fn agreement_that_knows_the_partitions_limits_the_replicas_to_them() {
    for (known, told, most) in [(None, 4, 4), (Some(4), 8, 4), (Some(8), 4, 4), (None, 0, 5)] {
        let mut world = confirming();
        world.targets.rules[0].partitions = known;
        say(&mut world, agrees(told));
        world.run(ABOVE);
        let second = world.run(ABOVE);
        assert_eq!(second.word(), "escalated 2");
        assert_eq!(world.cluster.replicas, most, "{known:?} {told}");
    }
}

#[test]
fn a_group_with_as_many_consumers_as_partitions_gets_no_more_and_that_is_told() {
    let mut world = confirming();
    say(&mut world, agrees(3));
    world.run(ABOVE);
    let second = world.run(ABOVE);
    let refused = Effect::Refused(Refusal::AtPartitions { at: 3 });
    assert_eq!(second.effects, std::slice::from_ref(&refused));
    assert!(matches!(&second.news[..], [News::Stage { outcomes, .. }]
        if outcomes[0].effect == refused));
    assert!(matches!(
        world.run(ABOVE).verdicts[&key("g")],
        Verdict::Escalated { stage: 3, .. }
    ));
}
