//! A process may end at any line, and a future may be dropped at any point: the next delivery finds what was done.

use crate::{
    api::{Api, Fault},
    world::{
        alert, allowed, body, clock, high, minutes, policy, replica, resolved, start, until_done,
        wait,
    },
};
use lag_actions::alert::{AlertHands, Answer};
use lag_core::alert::{AlertPolicy, AllowedTarget, Confirm, Payload, ScaleBack};
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

const ENDS: [Fault; 3] = [Fault::Hang, Fault::HangAfter, Fault::Late];

/// Delivers, and ends with the nth request; whether that came.
async fn dies(api: &Api, hands: &AlertHands, policy: &AlertPolicy, payload: &Payload) -> bool {
    tokio::select! {
        biased;
        () = api.is_killed(0) => true,
        handled = hands.carry_out(policy, payload) => {
            assert_eq!(handled.answer, Answer::Done);
            false
        }
    }
}

/// Ends with each request in turn, and is delivered again to a new process: what came of it all.
async fn with_each_end(policy: &AlertPolicy, payload: &Payload, check: impl Fn(&Api)) {
    for how in ENDS {
        for nth in 1.. {
            let (api, now) = (Api::new(&["cd-consumer"], nth), clock());
            api.kill(0, nth, how);
            let died = dies(&api, &replica(&api, &now), policy, payload).await;
            api.spare(0);
            tokio::time::advance(Duration::from_secs(2)).await;
            let next = replica(&api, &now);
            until_done(&next, policy, payload).await;
            until_done(&next, policy, payload).await;
            check(&api);
            if !died {
                assert!(nth > 6, "it was never killed");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_request_makes_one_step() {
    let policy = policy([allowed()]);
    with_each_end(&policy, &body([high()]), |api| {
        api.with(|inner| assert_eq!(inner.steps.len(), 1, "{:?}", inner.steps));
        assert_eq!(api.replicas("cd-consumer"), 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_request_makes_one_restart() {
    let policy = policy([allowed()]);
    let payload = body([alert("restart", "cd-consumer", start())]);
    with_each_end(&policy, &payload, |api| {
        api.with(|inner| assert_eq!(inner.restarts, ["cd-consumer"]));
        api.with(|inner| assert_eq!(inner.steps, []));
    })
    .await;
}

/// Dropped after so many polls; whether it came to its end before.
async fn dropped(future: impl Future, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if ready {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_poll_a_delivery_makes_one_step() {
    let (policy, payload) = (policy([allowed()]), body([high()]));
    let mut ended = false;
    let mut polls = 0;
    while !ended {
        let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
        let first = replica(&api, &now);
        ended = dropped(first.carry_out(&policy, &payload), polls).await;
        // The same process goes on, and another one.
        until_done(&first, &policy, &payload).await;
        until_done(&replica(&api, &now), &policy, &payload).await;
        api.with(|inner| assert_eq!(inner.steps.len(), 1, "after {polls} polls"));
        polls += 1;
    }
    assert!(polls > 7, "a delivery has seven requests: {polls}");
}

/// A client that goes away does not stop what was begun.
#[tokio::test(start_paused = true)]
async fn a_delivery_is_carried_to_its_end_when_nobody_waits_for_it() {
    let (policy, payload) = (policy([allowed()]), body([high()]));
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let hands = replica(&api, &now);
    assert!(!dropped(hands.handle(&policy, &payload), 1).await);
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(api.ledger().unwrap().contains("\"state\":\"done\""));
    assert_eq!(api.replicas("cd-consumer"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_request_of_the_timer_takes_one_replica_back() {
    let policy = policy([AllowedTarget {
        scale_back: Some(ScaleBack {
            after: minutes(5),
            step: 1,
            every: minutes(10),
            confirm: Confirm::Resolved,
        }),
        ..allowed()
    }]);
    for how in ENDS {
        for nth in 1.. {
            let (api, now) = (Api::new(&["cd-consumer"], nth), clock());
            let hands = replica(&api, &now);
            until_done(&hands, &policy, &body([high()])).await;
            until_done(&hands, &policy, &body([resolved(high())])).await;
            wait(15).await;
            api.kill(0, nth, how);
            let died = tokio::select! {
                biased;
                () = api.is_killed(0) => true,
                _ = hands.tick(&policy) => false,
            };
            api.spare(0);
            let next = replica(&api, &now);
            // What was begun and not made is closed, and is due again ten minutes later.
            for _ in 0..10 {
                next.tick(&policy).await;
                wait(2).await;
            }
            api.with(|inner| {
                let numbers: Vec<_> = inner
                    .steps
                    .iter()
                    .map(|step| (step.from, step.to))
                    .collect();
                assert_eq!(numbers, [(2, 3), (3, 2)], "{how:?} at {nth}");
            });
            if !died {
                assert!(nth > 6);
                break;
            }
        }
    }
}
