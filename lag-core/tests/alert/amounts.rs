//! How far a step goes.

use crate::first::{decided, everything, once, reason};
use crate::world::{START, alert, allowed, high, low, minutes, policy, start, with_value};
use lag_core::alert::{AllowedTarget, Reason, Step};

#[test]
fn both_spellings_of_a_direction_are_the_same() {
    for (action, expected) in [
        ("scale-out", 5),
        ("scale-up", 5),
        ("scale-in", 3),
        ("scale-down", 3),
    ] {
        assert_eq!(
            once(everything(), alert(action, "g", start()), 4),
            expected,
            "{action}"
        );
    }
}

#[test]
fn a_step_goes_as_far_as_the_policy_says_and_never_the_other_way_or_beyond_the_bounds() {
    let value = |per| Step::PerValue { per, without: None };
    for (step, from, out, in_) in [
        (Step::By(3), 4, 7, 1),
        (Step::By(20), 4, 10, 1),
        (Step::Percent(50), 5, 8, 3),
        (Step::Percent(1), 5, 6, 4),
        (Step::To(6), 4, 6, 4),
        (Step::To(6), 8, 8, 6),
        (value(25_000.0), 4, 8, 4),
        (value(25_000.0), 9, 9, 8),
        (value(1.0), 4, 10, 4),
        (Step::By(1), 10, 10, 9),
        (Step::By(1), 15, 15, 10),
        (Step::By(1), 0, 0, 0),
    ] {
        for (action, expected) in [("scale-out", out), ("scale-in", in_)] {
            let allowed = AllowedTarget {
                scale_out: Some(step),
                scale_in: Some(step),
                ..everything()
            };
            let alert = with_value(alert(action, "g", start()), "181022");
            assert_eq!(
                once(allowed, alert, from),
                expected,
                "{action} {step:?} from {from}"
            );
        }
    }
}

#[test]
fn a_value_that_cannot_be_read_is_never_zero() {
    let by_value = |without| AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 1000.0,
            without,
        }),
        scale_in: Some(Step::PerValue {
            per: 1000.0,
            without,
        }),
        ..everything()
    };
    let strict = policy(by_value(None));
    for action in ["scale-out", "scale-in", "set"] {
        let bare = alert(action, "g", start());
        assert_eq!(reason(&strict, &bare), Reason::NoValue);
        for text in ["180.3k", "NaN", "-5", ""] {
            let reason = reason(&strict, &with_value(bare.clone(), text));
            assert_eq!(reason.as_str(), "unusable_value", "{action} {text}");
            assert!(reason.to_string().contains("without humanize"), "{reason}");
        }
    }
    assert_eq!(once(by_value(Some(2)), high(start()), 4), 6);
    assert_eq!(
        once(by_value(None), with_value(low(start()), "0"), 4),
        1,
        "a true zero is one"
    );
}

#[test]
fn set_writes_a_whole_number_within_the_bounds() {
    let set = |value: &str, from| {
        once(
            everything(),
            with_value(alert("set", "g", start()), value),
            from,
        )
    };
    assert_eq!((set("6", 4), set("2", 4), set("6e+00", 4)), (6, 2, 6));
    assert_eq!((set("181022", 4), set("0", 4), set("2.5", 4)), (10, 1, 4));
    assert_eq!(set("6", 0), 0, "switched off by somebody");
}

#[test]
fn a_value_may_have_to_be_young_and_to_say_so() {
    let policy = policy(AllowedTarget {
        scale_out: Some(Step::PerValue {
            per: 1000.0,
            without: None,
        }),
        max_value_age: Some(minutes(5)),
        ..allowed()
    });
    let valued = with_value(high(start()), "5000");
    assert_eq!(reason(&policy, &valued), Reason::NoValueTime);
    let timed = |time: &str| {
        let mut alert = valued.clone();
        alert.annotations.insert("value_time".into(), time.into());
        alert
    };
    for young in [
        START,
        "2026-11-22T11:31:00+08:00",
        "1.795318455e+09",
        "1795318455.7",
    ] {
        assert_eq!(decided(&policy, &timed(young)).as_str(), "step", "{young}");
    }
    for old in ["2026-11-22T03:29:00Z", "1.795e+09", "2026-11-22T03:40:00Z"] {
        assert_eq!(reason(&policy, &timed(old)).as_str(), "old_value", "{old}");
    }
    assert_eq!(reason(&policy, &timed("yesterday")), Reason::NoValueTime);
}
