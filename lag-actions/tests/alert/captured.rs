//! What the captured bodies lead to, over HTTP.

use crate::{
    cluster::{World, came_to},
    world::{FIRING, NEWER, PARTLY, RESOLVED, allowed, per_value, policy, read, results},
};
use lag_actions::alert::Answer;

#[tokio::test]
async fn firing_json_is_one_step_for_both_alerts_and_again_a_repeat() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let hands = world.hands();
    for expected in ["done", "repeat", "repeat"] {
        let found = came_to(&hands, &policy, &read(FIRING)).await;
        assert_eq!(found, (Answer::Done, vec![expected, expected]));
    }
    let found = came_to(&world.hands(), &policy, &read(FIRING)).await;
    assert_eq!(found.1, ["repeat", "repeat"], "another process");
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn firing_json_by_value_goes_to_what_the_larger_lag_needs() {
    let world = World::new().await;
    let found = came_to(&world.hands(), &per_value(), &read(FIRING)).await;
    assert_eq!(found, (Answer::Done, vec!["done", "done"]));
    assert_eq!(world.numbers(), [(2, 4)]);
}

#[tokio::test]
async fn partly_resolved_json_is_a_step_for_the_one_that_fires() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let found = came_to(&world.hands(), &policy, &read(PARTLY)).await;
    assert_eq!(found, (Answer::Done, vec!["ignored", "done"]));
    assert_eq!(world.numbers(), [(2, 3)]);
}

#[tokio::test]
async fn resolved_json_never_scales_before_or_after_firing_json() {
    let (world, policy) = (World::new().await, policy([allowed()]));
    let hands = world.hands();
    for _ in 0..2 {
        let found = came_to(&hands, &policy, &read(RESOLVED)).await;
        assert_eq!(found, (Answer::Done, vec!["ignored"]));
    }
    assert_eq!(world.numbers(), []);
}

#[tokio::test]
async fn the_newer_shape_is_one_step_and_says_what_was_cut_off() {
    let world = World::new().await;
    let handled = world.hands().handle(&per_value(), &read(NEWER)).await;
    assert_eq!(results(&handled), ["done", "done"]);
    assert_eq!((handled.truncated, world.numbers()), (3, vec![(2, 4)]));
}
