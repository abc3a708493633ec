//! Which absolute number a scaling comes to.

use crate::world::{start, target};
use lag_core::{
    Bounds, Refusal, Replicas, Target,
    escalate::{Change, ResolvedScale, ScaleDecision, ScaleSubject, decide_scale},
    port::Scalable,
};
use proptest::prelude::*;

fn found(replicas: u32) -> Scalable {
    Scalable {
        subject: ScaleSubject::Replicas,
        replicas,
        at: replicas,
        most: None,
        owner: None,
        version: "1".to_owned(),
    }
}

fn minimum(at: u32, replicas: u32, most: u32) -> Scalable {
    Scalable {
        subject: ScaleSubject::HpaMin("cust".to_owned()),
        at,
        most: Some(most),
        ..found(replicas)
    }
}

fn within(min: u32, max: u32, partitions: Option<u32>) -> Target {
    Target {
        bounds: Bounds::try_from((min, max)).unwrap(),
        partitions,
        ..target()
    }
}

fn scale(wanted: Replicas) -> Change {
    Change::Scale {
        wanted,
        resolved: None,
    }
}

fn replicas(from: u32, to: u32) -> ResolvedScale {
    let subject = ScaleSubject::Replicas;
    ResolvedScale { subject, from, to }
}

fn repeat(from: u32, to: u32) -> Change {
    Change::Scale {
        wanted: Replicas::By(2),
        resolved: Some(replicas(from, to)),
    }
}

/// The decision in a word, an arrow or a number.
fn decide(change: &Change, found: &Scalable, target: &Target) -> String {
    match decide_scale(change, found, target) {
        ScaleDecision::Write(ResolvedScale { from, to, .. }) => format!("{from}->{to}"),
        ScaleDecision::Already { at } => format!("already {at}"),
        ScaleDecision::Refuse(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn a_first_scaling_stays_within_its_bounds_and_never_goes_the_other_way() {
    use Replicas::{By, To};
    for (wanted, now, bounds, partitions, decision) in [
        (By(2), 3, (1, 10), None, "3->5"),
        (By(2), 9, (1, 10), None, "9->10"),
        (By(2), 10, (1, 10), None, "AtMaximum { at: 10 }"),
        (By(2), 12, (1, 10), None, "AtMaximum { at: 12 }"),
        (By(2), 3, (1, 10), Some(4), "3->4"),
        (By(2), 4, (1, 10), Some(4), "AtPartitions { at: 4 }"),
        (By(2), 10, (1, 10), Some(10), "AtMaximum { at: 10 }"),
        (By(2), 0, (1, 10), None, "AtZero"),
        (By(i32::MAX), 3, (1, 10), None, "3->10"),
        (By(0), 3, (1, 10), None, "already 3"),
        (By(-2), 5, (1, 10), None, "5->3"),
        (By(-2), 2, (1, 10), None, "2->1"),
        (By(-2), 1, (1, 10), None, "already 1"),
        (By(-2), 1, (3, 10), None, "already 1"),
        (To(7), 3, (1, 10), None, "3->7"),
        (To(7), 7, (1, 10), None, "already 7"),
        (To(70), 3, (1, 10), None, "3->10"),
        (To(70), 10, (1, 10), None, "already 10"),
        (To(70), 12, (1, 10), None, "AtMaximum { at: 12 }"),
        (To(2), 5, (1, 10), None, "5->2"),
        (To(2), 3, (4, 10), None, "already 3"),
        (To(5), 0, (1, 10), None, "AtZero"),
    ] {
        let target = within(bounds.0, bounds.1, partitions);
        let decided = decide(&scale(wanted), &found(now), &target);
        assert_eq!(decided, decision, "{wanted:?} at {now} in {bounds:?}");
    }
}

#[test]
fn of_an_autoscaler_the_minimum_is_raised_from_the_replicas_there_are() {
    let by_two = scale(Replicas::By(2));
    for (at, now, most, decision) in [
        (2, 5, 10, "2->7"),
        (2, 9, 10, "2->10"),
        (2, 10, 10, "AtMaximum { at: 10 }"),
        (2, 5, 6, "2->6"),
        (7, 5, 10, "already 7"),
        (2, 0, 10, "AtZero"),
    ] {
        let decided = decide(&by_two, &minimum(at, now, most), &within(1, 20, None));
        assert_eq!(decided, decision, "{at} {now} {most}");
    }
}

#[test]
fn a_number_that_something_else_owns_is_not_touched() {
    let by = "HorizontalPodAutoscaler/cust".to_owned();
    let owned = Scalable {
        owner: Some(by.clone()),
        ..found(3)
    };
    for change in [
        scale(Replicas::By(2)),
        repeat(3, 5),
        Change::ScaleBack(replicas(1, 3)),
    ] {
        let refused = ScaleDecision::Refuse(Refusal::Autoscaled { by: by.clone() });
        assert_eq!(decide_scale(&change, &owned, &target()), refused);
    }
}

#[test]
fn a_restart_is_no_scaling() {
    let restart = Change::Restart { mark: start() };
    let kind = Refusal::Kind("Deployment".to_owned());
    assert_eq!(
        decide_scale(&restart, &found(3), &target()),
        ScaleDecision::Refuse(kind)
    );
}

#[test]
fn a_repeat_finds_its_number_and_never_adds_twice() {
    for (now, decision) in [
        (3, "3->5"),
        (4, "3->5"),
        (5, "already 5"),
        (8, "already 8"),
        (2, "3->5"),
        (0, "AtZero"),
    ] {
        assert_eq!(
            decide(&repeat(3, 5), &found(now), &target()),
            decision,
            "{now}"
        );
    }
    let smaller = within(1, 4, None);
    assert_eq!(decide(&repeat(3, 5), &found(3), &smaller), "3->4");
    assert_eq!(decide(&repeat(3, 5), &found(4), &smaller), "already 4");
    for (now, decision) in [(5, "5->3"), (3, "already 3"), (2, "already 2")] {
        assert_eq!(
            decide(&repeat(5, 3), &found(now), &target()),
            decision,
            "{now}"
        );
    }
    assert_eq!(
        decide(&repeat(3, 5), &minimum(2, 3, 9), &target()),
        "ChangedSince { at: 2 }"
    );
}

#[test]
fn only_what_nobody_has_changed_since_is_taken_back() {
    let back = Change::ScaleBack(replicas(3, 5));
    for (now, decision) in [
        (5, "5->3"),
        (3, "already 3"),
        (4, "ChangedSince { at: 4 }"),
        (7, "ChangedSince { at: 7 }"),
        (0, "AtZero"),
    ] {
        assert_eq!(decide(&back, &found(now), &target()), decision, "{now}");
    }
    assert_eq!(decide(&back, &found(5), &within(4, 10, None)), "5->4");
    assert_eq!(decide(&back, &found(5), &within(6, 10, None)), "already 5");
    assert_eq!(
        decide(&back, &found(5), &within(1, 2, None)),
        "AtMaximum { at: 5 }"
    );
    assert_eq!(
        decide(&back, &minimum(5, 5, 9), &target()),
        "ChangedSince { at: 5 }"
    );
}

fn any_change() -> impl Strategy<Value = Change> {
    let wanted = || {
        prop_oneof![
            (-20..20_i32).prop_map(Replicas::By),
            (0..20_u32).prop_map(Replicas::To)
        ]
    };
    let pair = || (0..20_u32, 0..20_u32).prop_map(|(from, to)| replicas(from, to));
    prop_oneof![
        (wanted(), proptest::option::of(pair()))
            .prop_map(|(wanted, resolved)| Change::Scale { wanted, resolved }),
        pair().prop_map(Change::ScaleBack),
    ]
}

proptest! {
    #[test]
    fn what_is_written_lies_within_the_limits_and_goes_the_wanted_way(
        change in any_change(),
        at in 0..20_u32,
        more in proptest::option::of(0..10_u32),
        most in 0..20_u32,
        bounds in (0..12_u32, 0..12_u32),
        partitions in proptest::option::of(0..20_u32),
    ) {
        let target = within(bounds.0.min(bounds.1), bounds.0.max(bounds.1), partitions);
        let found = more.map_or(found(at), |more| minimum(at, at + more, most));
        let limits = found.most.map_or(target.limits(), |most| target.limits().at_most(most));
        if let ScaleDecision::Write(written) = decide_scale(&change, &found, &target) {
            prop_assert!(written.to >= limits.min() && written.to <= limits.max(), "{written:?}");
            prop_assert!(found.replicas > 0 && written.to != found.at);
            let up = match &change {
                Change::Scale { resolved: Some(earlier), .. } => earlier.to > earlier.from,
                Change::Scale { wanted: Replicas::By(more), .. } => *more > 0,
                Change::Scale { wanted: Replicas::To(number), .. } => *number > found.at,
                Change::ScaleBack(_) | Change::Restart { .. } => false,
            };
            prop_assert_eq!(up, written.to > found.at, "{:?}", written);
        }
    }

    #[test]
    fn a_write_that_is_repeated_changes_nothing_more(
        wanted in prop_oneof![(-20..20_i32).prop_map(Replicas::By), (0..20_u32).prop_map(Replicas::To)],
        at in 1..20_u32,
        bounds in (1..12_u32, 1..12_u32),
    ) {
        let target = within(bounds.0.min(bounds.1), bounds.0.max(bounds.1), None);
        if let ScaleDecision::Write(resolved) = decide_scale(&scale(wanted), &found(at), &target) {
            let to = resolved.to;
            let again = Change::Scale { wanted, resolved: Some(resolved) };
            prop_assert_eq!(decide_scale(&again, &found(to), &target), ScaleDecision::Already { at: to });
        }
    }
}
