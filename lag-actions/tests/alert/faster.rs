//! Somebody else is faster, at the worst moments.

use crate::{
    api::Api,
    world::{
        DEADLINE, alert, allowed, body, clock, high, policy, replica, results, scaler, start,
        target, until_done,
    },
};
use lag_actions::{
    alert::{AlertHands, AlertScaler, Answer, ConfigMapLedger},
    kube::KubeScaler,
};
use lag_core::{
    Effect, Target,
    alert::{AlertPolicy, AllowedTarget, Payload},
    port::{BoxFuture, PortError, Scalable, Scaler},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// After the first write, and before its answer, another replica handles a body.
#[derive(Debug)]
struct Slow {
    scaler: KubeScaler,
    other: AlertHands,
    policy: AlertPolicy,
    payload: Payload,
    is_over: AtomicBool,
}

impl Slow {
    async fn meanwhile(&self) {
        if !self.is_over.swap(true, Ordering::SeqCst) {
            until_done(&self.other, &self.policy, &self.payload).await;
        }
    }
}

impl Scaler for Slow {
    fn restart<'a>(
        &'a self,
        target: &'a Target,
        mark: &'a str,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        self.scaler.restart(target, mark)
    }

    fn scalable<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Scalable, PortError>> {
        self.scaler.scalable(target)
    }

    fn scale<'a>(
        &'a self,
        target: &'a Target,
        found: &'a Scalable,
        to: u32,
    ) -> BoxFuture<'a, Result<Effect, PortError>> {
        Box::pin(async move {
            let made = self.scaler.scale(target, found, to).await;
            self.meanwhile().await;
            made
        })
    }

    fn record<'a>(
        &'a self,
        target: &'a Target,
        reason: &'a str,
        note: &'a str,
        is_warning: bool,
    ) -> BoxFuture<'a, Result<(), PortError>> {
        self.scaler.record(target, reason, note, is_warning)
    }
}

impl AlertScaler for Slow {
    fn is_rolling_out<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<bool, PortError>> {
        self.scaler.is_rolling_out(target)
    }
}

/// A body for two workloads; between its two changes, another replica handles `payload`.
async fn meanwhile(payload: Payload) -> (Api, Vec<&'static str>) {
    let (api, now) = (Api::new(&["cd-consumer", "cd-other"], 1), clock());
    let policy = policy([
        allowed(),
        AllowedTarget::new("targets[1]", target("cd-other")),
    ]);
    let cluster = api.cluster(0);
    let slow = Slow {
        scaler: scaler(&cluster, &now),
        other: replica(&api, &now),
        policy: policy.clone(),
        payload,
        is_over: AtomicBool::new(false),
    };
    let store = ConfigMapLedger::new(cluster.client, "tools", "kafka-lag-scaler");
    let hands = AlertHands::new(Arc::new(store), Arc::new(slow), Arc::new([]), now, DEADLINE);
    let both = body([high(), alert("scale-out", "cd-other", start())]);
    let handled = hands.handle(&policy, &both).await;
    assert_eq!(handled.answer, Answer::Done);
    (api, results(&handled))
}

fn numbers(api: &Api) -> (u64, u64) {
    (api.replicas("cd-consumer"), api.replicas("cd-other"))
}

/// Nothing may be begun by an old plan, although the ledger that it would be saved over is the newest.
#[tokio::test(start_paused = true)]
async fn what_was_planned_before_somebody_else_saved_is_planned_anew() {
    let (api, words) = meanwhile(body([alert("scale-out", "cd-other", start())])).await;
    assert_eq!(numbers(&api), (3, 3));
    assert_eq!(words, ["done", "repeat"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_body_in_another_replica_ends_what_was_begun_here() {
    let both = body([high(), alert("scale-out", "cd-other", start())]);
    let (api, words) = meanwhile(both).await;
    assert_eq!(numbers(&api), (3, 3));
    assert_eq!(words, ["done", "repeat"]);
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    api.with(|inner| assert_eq!(inner.seen["POST events"], 2, "one for each workload"));
}

/// The clocks of two replicas differ; a fresh alert meets a change that is under way.
#[tokio::test(start_paused = true)]
async fn another_alert_waits_for_a_change_that_is_under_way_and_is_wanted_again() {
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let policy = policy([allowed()]);
    let hands = replica(&api, &now);
    api.kill(0, 6, crate::api::Fault::DownAfter);
    let handled = hands.handle(&policy, &body([high()])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::TryAgain, vec!["unknown"])
    );
    let other = alert(
        "scale-out",
        "cd-consumer",
        start() + crate::world::minutes(1),
    );
    let handled = hands.handle(&policy, &body([other.clone()])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::TryAgain, vec!["wait"])
    );
    until_done(&hands, &policy, &body([high()])).await;
    let handled = hands.handle(&policy, &body([other])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::Done, vec!["wait"]),
        "the cooldown"
    );
    assert_eq!(api.replicas("cd-consumer"), 3);
}
