//! `--dry-run`: everything is shown and nothing is done.

use crate::world::World;

#[test]
fn a_dry_run_shows_the_exact_requests_and_the_message_and_changes_nothing() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let ended = world.check(&["--dry-run"]);
    ended.says(&[
        "stage 1 would begin; would be: restarted",
        "PATCH /apis/apps/v1/namespaces/orders/deployments/cust",
        "application/strategic-merge-patch+json",
        "kubectl.kubernetes.io/restartedAt",
        "message to oncall",
    ]);
    assert_eq!(ended.code, Some(2));
    assert_eq!((world.restarts(), world.messages().len()), (0, 0));
    assert!(!world.path("check.json").exists());
    assert_eq!(ended.err, "", "nothing was done that could be logged");
    let writes = world.cluster.requests().into_iter();
    let mut writes = writes.filter(|request| request.method == "PATCH");
    assert!(writes.all(|request| request.query.contains("dryRun=All")));
}

#[test]
fn a_dry_run_names_the_rights_that_are_missing() {
    let world = World::new();
    world.cluster.deny(
        kube_sim::Denial::new()
            .verb("patch")
            .resource("deployments"),
    );
    world.lag(&[(240, 160_000)]);
    world
        .check(&["--dry-run"])
        .says(&["missing right", "patch", "deployments"]);
}

#[test]
fn a_run_without_act_changes_and_remembers_nothing() {
    let world = World::new();
    world.lag(&[(240, 160_000)]);
    let ended = world.check(&[]);
    ended.says(&["stage 1 would begin"]);
    assert_eq!(ended.code, Some(2));
    assert_eq!((world.restarts(), world.messages().len()), (0, 0));
    assert!(!world.path("check.json").exists());
    assert!(world.cluster.requests().is_empty());
}
