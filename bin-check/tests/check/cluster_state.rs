//! State in a ConfigMap, with a Lease: for CronJobs.

use crate::world::{Ended, World, until};
use kube_sim::{Fault, FaultKind};
use std::process::Stdio;

fn in_cluster(world: &World) -> std::process::Command {
    let mut command = world.command(&["--act", "--state-configmap", "kafka-lag/state"]);
    command.env_remove("KAFKA_LAG_STATE_FILE");
    command
}

#[test]
fn the_ladder_is_climbed_with_state_in_a_configmap() {
    let world = World::new();
    for (seconds, restarts, replicas) in [(240, 1, 2), (230, 1, 4), (220, 1, 4)] {
        world.lag(&[(seconds, 160_000)]);
        let ended = Ended::of(&mut in_cluster(&world));
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert_eq!((world.restarts(), world.replicas()), (restarts, replicas));
    }
    assert_eq!(world.messages().len(), 3);
    let map = world.cluster.configmap("kafka-lag", "state").unwrap();
    let text = map["data"]["state.json"].as_str().unwrap();
    assert!(text.contains("cust_docking_analog"), "{text}");
    let lease = world.cluster.lease("kafka-lag", "state").unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], "");
}

#[test]
fn two_runs_with_a_lease_never_make_two_actions_of_one() {
    let world = World::new();
    for round in 0..20 {
        world.cluster.remove("configmaps", "kafka-lag", "state");
        world.cluster.deployment("orders", "cust", 2);
        world.cluster.reset();
        world.lag(&[(240, 160_000)]);
        let start = || {
            let mut command = in_cluster(&world);
            command.stdout(std::process::Stdio::piped());
            command.stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        };
        let runs = [start(), start()];
        let ended = runs.map(|run| Ended::from(run.wait_with_output().unwrap()));
        assert_eq!(world.restarts(), 1, "round {round}: {ended:#?}");
        assert_eq!(world.replicas(), 2, "round {round}: {ended:#?}");
    }
}

/// Kills a run at its nth request to the cluster; whether there was one, and what came of it after undisturbed runs.
fn killed_at(nth: u64) -> Option<(usize, i64, String)> {
    let world = World::new();
    world
        .cluster
        .fault(Fault::new(FaultKind::ApplyThenHang).nth(nth));
    world.lag(&[(240, 160_000)]);
    let mut run = in_cluster(&world)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ended = false;
    until("the request, or the end", || {
        ended = run.try_wait().unwrap().is_some();
        ended || world.cluster.requests().len() as u64 >= nth
    });
    run.kill().unwrap();
    run.wait().unwrap();
    world.cluster.clear_faults();
    if ended {
        return None;
    }
    for seconds in [230, 220, 210] {
        world.lag(&[(seconds, 160_000)]);
        let ended = Ended::of(&mut in_cluster(&world));
        assert_eq!(ended.code, Some(2), "request {nth}: {ended:#?}");
    }
    let texts = world.messages().into_iter().map(|one| one.text);
    Some((world.restarts(), world.replicas(), texts.collect()))
}

/// Whoever comes after a killed run waits until its Lease has stood still for 15 seconds: all at once, for that.
#[test]
fn killed_at_any_request_the_state_in_the_cluster_is_good_and_nothing_is_repeated() {
    let kills = std::thread::scope(|scope| {
        let runs =
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|nth| scope.spawn(move || (nth, killed_at(nth))));
        let mut kills = 0;
        for run in runs {
            let (nth, found) = run.join().unwrap();
            let Some((restarts, replicas, told)) = found else {
                continue;
            };
            kills += 1;
            assert_eq!((restarts, replicas), (1, 4), "request {nth}");
            for stage in ["stage 1", "stage 2", "stage 3"] {
                assert!(told.contains(stage), "request {nth}: {told}");
            }
        }
        kills
    });
    println!("{kills} kills, each at another request");
    assert!(kills >= 8, "{kills}");
}
