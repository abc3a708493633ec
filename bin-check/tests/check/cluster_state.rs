//! State in a ConfigMap, with a Lease: for CronJobs.

use crate::world::{Ended, World};

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
