//! `confirm: true`: only agreement acts.

use crate::world::{INSTANCE, World};
use cms_sim::Progress;

const POLICY: &str = "  policy: {min_gap: 0s, confirm: true}\n";

#[test]
fn agreement_acts_disagreement_is_told_once_and_no_answer_changes_nothing() {
    let world = World::with_policy(POLICY);
    let group = "cust_docking_analog";
    world.lag(&[(240, 160_000)]);
    world.cloud.set_progress(INSTANCE, group, Progress::Lag(12));
    world.act().says(&["the Kafka service itself says 12"]);
    assert_eq!((world.restarts(), world.messages().len()), (0, 1));
    world.lag(&[(230, 160_000)]);
    world.act();
    assert_eq!((world.restarts(), world.messages().len()), (0, 1));

    world
        .cloud
        .set_progress(INSTANCE, group, Progress::Lag(160_500));
    world.lag(&[(220, 160_000)]);
    world.act().says(&["stage 1 begins"]);
    assert_eq!(world.restarts(), 1);
}

#[test]
fn without_an_answer_nothing_is_changed_and_people_are_told_once() {
    let world = World::with_policy(POLICY);
    let fault = cms_sim::Fault::new(cms_sim::FaultKind::KafkaForbidden);
    world.cloud.inject(fault);
    for seconds in [240, 230] {
        world.lag(&[(seconds, 160_000)]);
        let ended = world.act();
        ended.says(&["the second opinion could not be had", "alikafka:ListGroup"]);
        assert_eq!(ended.code, Some(2));
    }
    assert_eq!((world.restarts(), world.messages().len()), (0, 1));
    let text = world.messages()[0].text.clone();
    assert!(text.contains("Nothing was changed"), "{text}");
}
