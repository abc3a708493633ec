//! What was done before costs no call.

use crate::{
    api::Api,
    world::{
        alert, allowed, body, clock, high, minutes, policy, replica, resolved, results, start,
        until_done, wait,
    },
};
use lag_actions::alert::Answer;
use lag_core::alert::{AllowedTarget, Further};

fn requests(api: &Api) -> u64 {
    api.with(|inner| inner.seen.values().sum())
}

#[tokio::test(start_paused = true)]
async fn a_repeat_is_answered_without_a_call_until_it_must_be_noted() {
    let (policy, payload) = (policy([allowed()]), body([high()]));
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let hands = replica(&api, &now);
    until_done(&hands, &policy, &payload).await;
    let before = requests(&api);
    for _ in 0..100 {
        let handled = hands.handle(&policy, &payload).await;
        assert_eq!(
            (handled.answer, results(&handled)),
            (Answer::Done, vec!["repeat"])
        );
        let workload = handled.results[0].workload.as_deref();
        assert_eq!(workload, Some("orders/Deployment/cd-consumer"));
    }
    assert_eq!(requests(&api), before);
    wait(2).await;
    assert_eq!(results(&hands.handle(&policy, &payload).await), ["repeat"]);
    assert_eq!(
        requests(&api),
        before + 2,
        "a read and a save of when it was seen"
    );
}

/// The proof at `repeat` in short: an old ledger answers only what every later one would answer.
#[tokio::test(start_paused = true)]
async fn an_old_ledger_never_hides_a_stage_that_is_due_or_an_end() {
    let further = Further {
        every: minutes(10),
        most: 2,
    };
    let policy = policy([AllowedTarget {
        further: Some(further),
        ..allowed()
    }]);
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let (one, two) = (replica(&api, &now), replica(&api, &now));
    let payload = body([high()]);
    until_done(&one, &policy, &payload).await;
    until_done(&two, &policy, &payload).await;
    for stage in 2..=3_u64 {
        // The second replica makes the step; the first one still knows the ledger from before it.
        wait(10).await;
        until_done(&two, &policy, &payload).await;
        assert_eq!(api.replicas("cd-consumer"), 2 + stage);
        until_done(&one, &policy, &payload).await;
        assert_eq!(api.replicas("cd-consumer"), 2 + stage, "no stage twice");
    }
    // The end, noted by the second one, is noted by the first one as well, and never answered from memory.
    until_done(&two, &policy, &body([resolved(high())])).await;
    let before = requests(&api);
    let handled = one.handle(&policy, &body([resolved(high())])).await;
    assert_eq!(results(&handled), ["ignored"]);
    assert!(requests(&api) > before);
    api.with(|inner| assert_eq!(inner.steps.len(), 3));
    // It fires again, which only the second one hears of, and ends again, which only the first one hears of.
    wait(20).await;
    until_done(&two, &policy, &payload).await;
    assert!(!api.ledger().unwrap().contains("\"resolved\":\""));
    until_done(&one, &policy, &body([resolved(high())])).await;
    assert!(api.ledger().unwrap().contains("\"resolved\":\""));
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_ledger_is_refused_without_a_call_and_what_waits_is_looked_at() {
    let policy = policy([allowed()]);
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let hands = replica(&api, &now);
    until_done(&hands, &policy, &body([high()])).await;
    let before = requests(&api);
    let other = alert("scale-out", "payments", start());
    let handled = hands.handle(&policy, &body([other, high()])).await;
    assert_eq!(results(&handled), ["refused", "repeat"]);
    assert_eq!(handled.results[0].workload, None);
    assert_eq!(requests(&api), before);
    let later = alert("scale-out", "cd-consumer", start() + minutes(1));
    let handled = hands.handle(&policy, &body([later])).await;
    assert_eq!(
        (handled.answer, results(&handled)),
        (Answer::Done, vec!["wait"])
    );
    assert!(requests(&api) > before);
}

/// The floor is a fifth of the target, so that a busy machine does not fail it: a call for each repeat is far below.
#[tokio::test]
async fn two_thousand_repeats_a_second() {
    let (policy, payload) = (policy([allowed()]), body([high()]));
    let (api, now) = (Api::new(&["cd-consumer"], 1), clock());
    let hands = replica(&api, &now);
    assert_eq!(hands.handle(&policy, &payload).await.answer, Answer::Done);
    let begin = std::time::Instant::now();
    for _ in 0..2_000 {
        assert_eq!(results(&hands.handle(&policy, &payload).await), ["repeat"]);
    }
    let took = begin.elapsed().as_secs_f64();
    println!(
        "2000 repeats in {took:.3} s: {:.0} a second on one core",
        2_000.0 / took
    );
    assert!(took < 5.0, "{took} s");
}
