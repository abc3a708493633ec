//! kill -9 at every step of a run.

use std::{
    process::Child,
    time::{Duration, Instant},
};

use cms_sim::RobotFault;
use kube_sim::{Fault, FaultKind};

use crate::world::{TOKEN, World, until};

/// SIGKILL: no destructor and no handler runs.
fn kill(mut run: Child) {
    run.kill().unwrap();
    run.wait().unwrap();
}

/// A number that follows from the last: the same kills in every run of the test.
fn next(random: &mut u64) -> u64 {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    *random >> 33
}

fn assert_readable(world: &World) -> String {
    let ended = world.state(&["show"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    ended.out
}

#[test]
fn a_restart_that_was_carried_out_and_never_answered_is_not_repeated() {
    let world = World::new();
    for kind in [FaultKind::ApplyThenHang, FaultKind::ApplyThenReset] {
        world.cluster.fault(Fault::new(kind).method("PATCH").nth(1));
        world.lag(&[(240, 160_000)]);
        let run = world.start(&["--act"]);
        until("the restart", || world.restarts() == 1);
        kill(run);
        world.cluster.clear_faults();
        assert_readable(&world);
        world.act();
        assert_eq!(world.restarts(), 1);
        assert_eq!(world.messages().len(), 1);
        // From the beginning, for the next fault.
        std::fs::remove_file(world.path("check.json")).unwrap();
        world.cluster.deployment("orders", "cust", 2);
        world.cluster.reset();
        world.cloud.clear_messages(TOKEN);
    }
}

#[test]
fn a_scaling_that_was_carried_out_and_never_answered_is_not_added_again() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    world.act();
    world.cluster.fault(
        Fault::new(FaultKind::ApplyThenHang)
            .method("PATCH")
            .suffix("/scale")
            .nth(1),
    );
    world.lag(&[(230, 170_000)]);
    let run = world.start(&["--act"]);
    until("the scaling", || world.replicas() == 4);
    kill(run);
    world.cluster.clear_faults();
    for seconds in [225, 220, 215] {
        world.lag(&[(seconds, 170_000)]);
        world.act();
    }
    assert_eq!((world.restarts(), world.replicas()), (1, 4));
    assert_eq!(world.messages().len(), 3, "{:#?}", world.messages());
}

/// The first two stages, each killed at each of its requests to the cluster, before and after the request is carried out.
#[test]
fn killed_at_any_request_to_the_cluster_a_stage_is_made_good_and_not_repeated() {
    let mut kills = 0;
    for kind in [FaultKind::Hang, FaultKind::ApplyThenHang] {
        for stage in [1, 2] {
            for nth in 1.. {
                let world = World::new();
                if stage == 2 {
                    world.lag(&[(240, 160_000)]);
                    world.act();
                }
                let before = world.cluster.requests().len() as u64;
                world.cluster.fault(Fault::new(kind.clone()).nth(nth));
                world.lag(&[(230, 170_000)]);
                let mut run = world.start(&["--act"]);
                let mut ended = false;
                until("the request, or the end", || {
                    ended = run.try_wait().unwrap().is_some();
                    ended || world.cluster.requests().len() as u64 >= before + nth
                });
                kill(run);
                world.cluster.clear_faults();
                if ended {
                    break; // it has no such request
                }
                kills += 1;
                assert_readable(&world);
                for seconds in [225, 220, 215] {
                    world.lag(&[(seconds, 170_000)]);
                    world.act();
                }
                let done = (world.restarts(), world.replicas());
                assert_eq!(done, (1, 4), "{kind:?} at request {nth} of stage {stage}");
                let texts: Vec<_> = world.messages().into_iter().map(|one| one.text).collect();
                for stage in ["stage 1", "stage 2", "stage 3"] {
                    assert!(texts.iter().any(|text| text.contains(stage)), "{texts:#?}");
                }
            }
        }
    }
    println!("{kills} kills, each at another request");
    assert!(kills >= 12, "{kills}");
}

#[test]
fn a_message_that_was_taken_and_never_answered_comes_again_and_says_which_stage_it_is() {
    let world = World::new();
    world
        .cloud
        .inject_robot(TOKEN, RobotFault::AcceptThenHang, 1);
    world.lag(&[(240, 160_000)]);
    let run = world.start(&["--act"]);
    until("the message", || world.messages().len() == 1);
    kill(run);
    world.act();
    let messages = world.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(world.restarts(), 1);
    let tag = |text: &str| {
        let at = text.find("episode").unwrap();
        text[at..].lines().next().unwrap().to_owned()
    };
    assert_eq!(tag(&messages[0].text), tag(&messages[1].text));
}

/// Stories of ten runs each, killed at random moments; then the story is brought to its end undisturbed.
#[test]
fn a_thousand_runs_with_random_kills_restart_once_skip_no_stage_and_lose_no_message() {
    let (stories, runs) = (100, 10);
    let mut random = 20_261_122;
    let (mut killed, mut messages, mut repeats) = (0, 0, 0);
    let world = World::with_policy("  policy: {min_gap: 0s, retries: 1000, daily_cap: 1000}\n");
    // How long an undisturbed run takes here that acts and tells, so that kills fall into all of it. Measured again in
    // each story: other work on the machine comes and goes.
    world.lag(&[(290, 160_000)]);
    let began = Instant::now();
    world.act();
    let mut whole = began.elapsed();
    for story in 0..stories {
        let _ = std::fs::remove_file(world.path("check.json"));
        world.cluster.deployment("orders", "cust", 2);
        world.cluster.reset();
        world.new_robot();
        let mut seconds = 280;
        for _ in 0..runs {
            // Mostly above, sometimes nothing known.
            let points = match next(&mut random) % 5 {
                0 => vec![],
                _ => vec![(seconds, 150_001 + next(&mut random) % 50_000)],
            };
            seconds -= 5;
            world.lag(&points);
            let run = world.start(&["--act"]);
            let micros = u64::try_from(whole.as_micros() * 3 / 2).unwrap();
            let moment = Duration::from_micros(next(&mut random) % micros);
            let began = Instant::now();
            while began.elapsed() < moment {
                std::thread::yield_now();
            }
            let mut run = run;
            if run.try_wait().unwrap().is_none() {
                killed += 1;
            }
            kill(run);
            assert!(world.restarts() <= 1, "story {story}");
            assert!(world.replicas() <= 4, "story {story}");
            assert_readable(&world);
        }
        // Undisturbed: enough runs for the whole ladder.
        let mut longest = Duration::ZERO;
        let ended: Vec<_> = (0..6)
            .map(|_| {
                seconds -= 5;
                world.lag(&[(seconds, 160_000)]);
                let began = Instant::now();
                let out = world.act().out;
                longest = longest.max(began.elapsed());
                out
            })
            .collect();
        whole = longest;
        assert_eq!(world.restarts(), 1, "story {story}: restarts");
        assert_eq!(world.replicas(), 4, "story {story}: replicas");
        let texts: Vec<_> = world.messages().into_iter().map(|one| one.text).collect();
        for stage in ["stage 1", "stage 2", "stage 3"] {
            let told = texts.iter().filter(|text| text.contains(stage)).count();
            assert!(
                told >= 1,
                "story {story}: {stage} was never told: {texts:#?} {ended:#?}"
            );
            repeats += told - 1;
        }
        messages += texts.len();
    }
    println!(
        "{} runs, {killed} killed under way: {stories} episodes, {stories} restarts, {stories} scalings, {messages} messages \
         of which {repeats} repeat a stage; the state was readable each time",
        stories * runs
    );
    assert!(
        killed > stories * runs / 4,
        "only {killed} runs were killed"
    );
}
