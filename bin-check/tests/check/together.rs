//! Two checks at once.

use crate::world::{Ended, World};

#[test]
fn two_checks_at_once_never_make_two_actions_of_one() {
    let (mut busy, mut both) = (0, 0);
    let rounds = 200;
    let world = World::new();
    for round in 0..rounds {
        let _ = std::fs::remove_file(world.path("check.json"));
        world.cluster.deployment("orders", "cust", 2);
        world.cluster.reset();
        world.lag(&[(240, 160_000)]);
        let runs = [world.start(&["--act"]), world.start(&["--act"])];
        let ended = runs.map(|run| Ended::from(run.wait_with_output().unwrap()));
        assert_eq!(world.restarts(), 1, "round {round}: {ended:#?}");
        assert_eq!(world.replicas(), 2, "round {round}: {ended:#?}");
        let refused = ended.iter().filter(|one| one.code == Some(3));
        let refused: Vec<_> = refused.collect();
        for one in &refused {
            one.says(&["already running"]);
        }
        busy += refused.len();
        both += usize::from(refused.is_empty());
    }
    println!(
        "{rounds} pairs: {busy} runs found the other one, {both} pairs ran one after the other"
    );
    assert!(busy > 0, "the lock was never met");
}
