//! Calls against a monthly quota.
#![allow(clippy::unwrap_used, missing_docs)]

use jiff::{SignedDuration, Timestamp};
use lag_core::{BudgetFit, BudgetNews, BudgetPolicy, Budgets, Month, MonthUsage};
use proptest::prelude::*;
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn limit(requests: u64) -> BudgetPolicy {
    BudgetPolicy {
        requests_per_month: Some(requests),
        hard_stop: false,
    }
}

/// One source of one account, with so many calls a minute.
fn one(policy: BudgetPolicy, calls: f64, now: Timestamp) -> Budgets {
    let budgets = Budgets::new(policy, []);
    budgets.watch("a", "s", (MINUTE, MINUTE), calls, now);
    budgets
}

/// The account stands so much later there.
fn spend(budgets: &Budgets, calls: u32, now: Timestamp) -> Option<BudgetNews> {
    for _ in 0..calls {
        budgets.count("a", "s", now);
    }
    budgets.collected("a", "s", now)
}

#[test]
fn months_are_those_of_china() {
    assert_eq!(Month::of(at("2026-10-31T15:59:59Z")).to_string(), "2026-10");
    assert_eq!(Month::of(at("2026-10-31T16:00:00Z")).to_string(), "2026-11");
    let december: Month = "2026-12".parse().unwrap();
    assert_eq!(december.end(), at("2026-12-31T16:00:00Z"));
    for bad in ["", "2026", "2026-13", "2026-00", "x-1", "2026-1-1"] {
        assert!(bad.parse::<Month>().is_err(), "{bad}");
    }
}

#[test]
fn one_call_a_minute_for_thirty_days_is_43200_calls() {
    let start = at("2026-10-31T16:00:00Z");
    let budgets = one(limit(1_000_000), 1.0, start);
    let (_, report) = budgets.reports(start).remove(0);
    assert_eq!((report.used, report.projected), (0, 43_200));
    assert!((report.stretch - 1.0).abs() < f64::EPSILON);
    assert_eq!(budgets.interval("a", "s", start), Some(MINUTE));
}

#[test]
fn a_projection_above_the_budget_stretches_by_whole_periods_and_is_told_once() {
    let start = at("2026-10-31T16:00:00Z");
    let budgets = one(limit(30_000), 1.0, start);
    let first = spend(&budgets, 1, start);
    assert!(
        matches!(first, Some(BudgetNews::Stretched(ref report)) if report.projected == 43_201),
        "{first:?}"
    );
    assert_eq!(spend(&budgets, 1, start), None);
    assert_eq!(
        budgets.interval("a", "s", start),
        Some(2 * MINUTE),
        "1.44 minutes, rounded up"
    );
    assert_eq!(budgets.intervals(start)["s"], 2 * MINUTE);
}

#[test]
fn the_budget_is_kept_when_the_interval_is() {
    for calls in [1_u32, 7, 40, 1000] {
        let start = at("2026-10-31T16:00:00Z");
        let budgets = one(limit(100_000), 1.0, start);
        let (mut now, end) = (start, Month::of(start).end());
        while now < end {
            spend(&budgets, calls, now);
            let wait = budgets.interval("a", "s", now).unwrap();
            now += SignedDuration::try_from(wait).unwrap();
        }
        let used = budgets.usage()["a"].requests;
        let bound = match calls {
            // An hour is the longest interval: 720 collections in 30 days.
            1000 => 725_000,
            calls => 100_000 + 40 * u64::from(calls),
        };
        assert!(used <= bound, "{calls} calls each: {used}");
    }
}

#[test]
fn the_end_of_the_stretch_is_told_when_it_is_clear() {
    let start = at("2026-10-31T16:00:00Z");
    let budgets = one(limit(50_000), 2.0, start);
    assert!(matches!(
        spend(&budgets, 2, start),
        Some(BudgetNews::Stretched(_))
    ));
    let mut told = Vec::new();
    for _ in 0..30 {
        told.extend(spend(&budgets, 1, start));
    }
    assert!(
        matches!(told.as_slice(), [BudgetNews::Restored(_)]),
        "{told:?}"
    );
    assert_eq!(budgets.interval("a", "s", start), Some(MINUTE));
}

#[test]
fn calls_end_at_the_budget_only_when_that_is_wanted_and_begin_with_the_month() {
    let (late, next) = (at("2026-11-20T00:00:00Z"), at("2026-11-30T16:00:00Z"));
    let soft = one(limit(3), 1.0, late);
    spend(&soft, 5, late);
    assert_eq!(soft.may_call("a", late), Ok(()));

    let hard = one(
        BudgetPolicy {
            hard_stop: true,
            ..limit(3)
        },
        1.0,
        late,
    );
    assert_eq!(hard.may_call("a", late), Ok(()));
    assert!(matches!(
        spend(&hard, 3, late),
        Some(BudgetNews::Stopped(_))
    ));
    assert_eq!(hard.may_call("a", late), Err(next));
    assert_eq!(hard.collected("a", "s", late), None, "told once");
    assert_eq!(
        hard.may_call("b", late),
        Ok(()),
        "another account has its own quota"
    );
    assert_eq!(hard.may_call("a", next), Ok(()));
    assert_eq!(hard.usage()["a"].requests, 0);
}

#[test]
fn what_was_spent_before_a_restart_counts_unless_the_month_is_over() {
    let now = at("2026-11-20T00:00:00Z");
    let usage = |month: &str| MonthUsage {
        month: month.parse().unwrap(),
        requests: 900,
    };
    let used = |month| {
        let budgets = Budgets::new(limit(1000), [("a".into(), usage(month))]);
        budgets.watch("a", "s", (MINUTE, MINUTE), 1.0, now);
        budgets.reports(now)[0].1.used
    };
    assert_eq!(used("2026-11"), 900);
    assert_eq!(used("2026-10"), 0);
    assert_eq!(
        used("2026-12"),
        900,
        "a clock that went back gives no second quota"
    );
}

#[test]
fn an_outage_teaches_nothing_about_the_cost_of_a_collection() {
    let now = at("2026-11-20T00:00:00Z");
    let budgets = one(limit(1_000_000), 4.0, now);
    let before = budgets.reports(now)[0].1.projected;
    for _ in 0..50 {
        budgets.collected("a", "s", now);
    }
    assert_eq!(budgets.reports(now)[0].1.projected, before);
}

#[test]
fn only_metric_queries_are_metered() {
    assert!(Budgets::is_metered("DescribeMetricList") && Budgets::is_metered("DescribeMetricLast"));
    assert!(!Budgets::is_metered("DescribeMetricMetaList") && !Budgets::is_metered("AssumeRole"));
}

#[test]
fn an_account_nobody_announced_is_not_counted_and_not_refused() {
    let budgets = Budgets::unlimited();
    let now = at("2026-11-20T00:00:00Z");
    budgets.count("x", "s", now);
    assert_eq!(budgets.collected("x", "s", now), None);
    assert!(budgets.reports(now).is_empty() && budgets.interval("x", "s", now).is_none());
}

proptest! {
    #[test]
    fn no_interval_is_shorter_than_configured_or_longer_than_an_hour(
        limit_ in 1_u64..2_000_000, calls in 1_u32..2000, day in 0_i64..30, interval in 1_u64..7200,
    ) {
        let now = at("2026-10-31T16:00:00Z") + SignedDuration::from_hours(24 * day);
        let budgets = Budgets::new(limit(limit_), []);
        let configured = Duration::from_secs(interval);
        budgets.watch("a", "s", (configured, MINUTE), f64::from(calls), now);
        spend(&budgets, calls, now);
        let kept = budgets.interval("a", "s", now).unwrap();
        prop_assert!(kept >= configured);
        prop_assert!(kept <= Duration::from_hours(1).max(configured));
    }
}

#[test]
fn an_account_that_is_no_longer_configured_is_not_reported() {
    let now = at("2026-11-20T00:00:00Z");
    let usage = MonthUsage {
        month: Month::of(now),
        requests: 900,
    };
    let budgets = Budgets::new(limit(1000), [("gone".into(), usage)]);
    budgets.watch("a", "s", (MINUTE, MINUTE), 1.0, now);
    let names: Vec<_> = budgets
        .reports(now)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["a".into()]);
}

#[test]
fn a_clock_that_went_back_does_not_make_the_month_longer() {
    let (later, now) = (at("2027-11-20T00:00:00Z"), at("2026-11-20T00:00:00Z"));
    let budgets = one(limit(1_000_000), 1.0, later);
    assert!(budgets.reports(now)[0].1.projected < 44_640);
}

#[test]
fn a_month_is_judged_by_its_limit_and_by_what_happens_there() {
    let hard = BudgetPolicy {
        hard_stop: true,
        ..limit(100)
    };
    let fits = |policy: BudgetPolicy| [50, 51, 100, 101].map(|month| policy.judge(month));
    use BudgetFit::{Fits, Stops, Stretches, Tight, Unlimited};
    assert_eq!(fits(limit(100)), [Fits, Tight, Tight, Stretches]);
    assert_eq!(fits(hard), [Fits, Tight, Tight, Stops]);
    let none = BudgetPolicy {
        requests_per_month: None,
        hard_stop: false,
    };
    assert_eq!(fits(none), [Unlimited; 4]);
}

#[test]
fn another_policy_measures_the_same_calls_and_a_source_that_left_asks_for_none() {
    let now: Timestamp = "2026-01-15T08:30:00Z".parse().unwrap();
    let budgets = Budgets::unlimited();
    let minute = Duration::from_secs(60);
    for source in ["one", "two"] {
        budgets.watch("default", source, (minute, minute), 1.0, now);
    }
    budgets.count("default", "one", now);
    let report = |budgets: &Budgets| budgets.reports(now)[0].1.clone();
    let both = report(&budgets);
    assert_eq!((both.used, both.stretch), (1, 1.0));
    budgets.set_policy(BudgetPolicy {
        requests_per_month: Some(1),
        hard_stop: true,
    });
    assert!(budgets.may_call("default", now).is_err());
    budgets.set_policy(BudgetPolicy {
        requests_per_month: None,
        hard_stop: false,
    });
    budgets.leave("default", "two");
    let one = report(&budgets);
    assert_eq!(one.used, 1);
    assert!(one.projected < both.projected / 2 + 2, "{one:?} {both:?}");
    budgets.leave("default", "one");
    assert!(budgets.reports(now).is_empty());
    budgets.watch("default", "one", (minute, minute), 1.0, now);
    assert_eq!(report(&budgets).used, 1, "spent stays spent");
}
