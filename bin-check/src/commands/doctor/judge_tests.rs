#[path = "judge_fixtures.rs"]
mod fixtures;

#[path = "judge_advice_tests.rs"]
mod advice;

use super::*;
use crate::commands::doctor::{
    facts::{Data, Expected, InstanceFacts, Problem},
    finding::{Verdict, first_cause},
};
use fixtures::{broken, broken_keys, data, failed, off, refused, well, with};

fn verdict(facts: &Facts, step: Step) -> Verdict {
    let findings = findings(facts);
    findings
        .iter()
        .find(|finding| finding.step == step)
        .unwrap()
        .verdict
}

#[test]
fn when_all_is_well_nothing_is_said_against_it() {
    let findings = findings(&well());
    for finding in &findings {
        assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
    }
    assert_eq!(first_cause(&findings), None);
}

/// What is wrong, and which step must say so in which words; none when nothing fails.
type Case = (&'static str, Facts, Option<(Step, &'static str)>);

#[test]
fn each_fact_has_its_first_cause() {
    use ErrorKind as Kind;
    let nothing = |older: Option<i64>| Data::Nothing {
        older: older.map(SignedDuration::from_secs),
    };
    let stale = Data::Groups {
        fresh: 0,
        stale: 2,
        newest: SignedDuration::from_mins(9),
        published_within: SignedDuration::ZERO,
    };
    let cases: Vec<Case> = vec![
        (
            "no keys",
            with(|f| {
                f.keys = Some(Err(NoKeys::NotConfigured(
                    "no credentials are configured".into(),
                )))
            }),
            Some((Step::Credentials, "no credentials")),
        ),
        (
            "half a key",
            with(|f| f.keys = Some(Err(broken_keys("half", false)))),
            Some((Step::Credentials, "half")),
        ),
        (
            "no name",
            with(|f| {
                f.addresses = Some(Err("nx".into()));
                f.query = None;
            }),
            Some((Step::Dns, "does not resolve")),
        ),
        (
            "a proxy resolves",
            with(|f| {
                f.addresses = Some(Err("nx".into()));
                f.proxy = Some("HTTPS_PROXY");
            }),
            None,
        ),
        (
            "refused",
            broken(Kind::Network, true),
            Some((Step::Connection, "no connection")),
        ),
        (
            "certificate",
            broken(Kind::Network, false),
            Some((Step::Connection, "not trusted")),
        ),
        (
            "too slow",
            broken(Kind::Timeout, true),
            Some((Step::Connection, "in time")),
        ),
        (
            "no client",
            Facts {
                query: Some(Err(Problem::before_sending("no CA".into()))),
                ..broken(Kind::Network, true)
            },
            Some((Step::Connection, "no CA")),
        ),
        ("a minute off", off(61), None),
        (
            "an hour ahead",
            off(3600),
            Some((Step::Clock, "1h00m ahead of")),
        ),
        (
            "an hour behind",
            off(-3600),
            Some((Step::Clock, "1h00m behind")),
        ),
        (
            "wrong secret",
            refused(Kind::Credentials, "SignatureDoesNotMatch"),
            Some((Step::Authentication, "does not match")),
        ),
        (
            "unknown key",
            refused(Kind::Credentials, "InvalidAccessKeyId.NotFound"),
            Some((Step::Authentication, "not known")),
        ),
        (
            "disabled key",
            refused(Kind::Credentials, "InvalidAccessKeyId.Inactive"),
            Some((Step::Authentication, "disabled")),
        ),
        (
            "expired token",
            refused(Kind::Credentials, "InvalidSecurityToken.Expired"),
            Some((Step::Authentication, "expired")),
        ),
        (
            "odd token",
            refused(Kind::Credentials, "InvalidSecurityToken.Malformed"),
            Some((Step::Authentication, "not accepted")),
        ),
        (
            "no token",
            refused(Kind::Credentials, "MissingSecurityToken"),
            Some((Step::Authentication, "missing")),
        ),
        (
            "forbidden",
            refused(Kind::Forbidden, "Forbidden.RAM"),
            Some((Step::Permission, "missing RAM action")),
        ),
        (
            "throttled",
            refused(Kind::Throttled, "Throttling.User"),
            Some((Step::Answer, "throttles")),
        ),
        (
            "outage",
            refused(Kind::Unavailable, "ServiceUnavailable"),
            Some((Step::Answer, "CloudMonitor fails")),
        ),
        (
            "a proxy fails",
            refused(Kind::Unavailable, ""),
            Some((Step::Answer, "without an error code")),
        ),
        (
            "a proxy forbids",
            refused(Kind::Forbidden, ""),
            Some((Step::Answer, "the text")),
        ),
        (
            "a login page",
            refused(Kind::Decode, ""),
            Some((Step::Answer, "the text")),
        ),
        (
            "refused query",
            refused(Kind::InvalidRequest, "InvalidParameter"),
            Some((Step::Answer, "refused")),
        ),
        (
            "unknown metric",
            Facts {
                offered: Some(Ok(vec!["other".into()])),
                ..refused(Kind::InvalidRequest, "ResourceNotFound")
            },
            Some((Step::Metric, "not among the 1")),
        ),
        (
            "wrong region",
            with(|f| f.known = Some(Ok(Vec::new()))),
            Some((Step::Instances, "no Kafka instance")),
        ),
        (
            "wrong id",
            with(|f| f.known = Some(Ok(vec![("i-2".into(), "running".into())]))),
            Some((Step::Instances, "not known in cn-hangzhou: i-1")),
        ),
        (
            "stopped",
            with(|f| f.known = Some(Ok(vec![("i-1".into(), "expired or frozen".into())]))),
            None,
        ),
        (
            "not comparable",
            with(|f| f.known = Some(Err("forbidden".into()))),
            None,
        ),
        (
            "instance fails",
            data(failed("invalid_request", "odd")),
            Some((Step::Data, "could not be read: odd")),
        ),
        (
            "all stale",
            data(stale),
            Some((
                Step::Data,
                "stale: the newest datum of 2 groups is 9m00s old",
            )),
        ),
        (
            "stale since long",
            with(|f| {
                f.instances[0].data = Some(nothing(Some(7200)));
                f.collection = None;
            }),
            Some((Step::Data, "stale: the newest datum is 2h00m old")),
        ),
        (
            "no group yet",
            with(|f| {
                f.instances[0].data = Some(nothing(None));
                f.collection = None;
            }),
            None,
        ),
        (
            "nothing, not compared",
            with(|f| {
                f.instances[0].data = Some(nothing(None));
                f.collection = None;
                f.known = None;
            }),
            Some((Step::Data, "absent")),
        ),
        (
            "filtered",
            with(|f| {
                f.instances[0].data = Some(nothing(None));
                f.is_filtered = true;
            }),
            Some((Step::Data, "group filters")),
        ),
    ];
    for (name, facts, expected) in cases {
        let findings = findings(&facts);
        let cause = first_cause(&findings);
        match expected {
            None => assert_eq!(cause, None, "{name}"),
            Some((step, words)) => {
                let cause = cause.unwrap_or_else(|| panic!("{name} has a cause"));
                assert_eq!(cause.step, step, "{name}: {cause:?}");
                assert!(cause.found.contains(words), "{name}: {cause:?}");
                assert!(cause.advice.is_some(), "{name}: {cause:?}");
            }
        }
    }
}

#[test]
fn nothing_is_judged_by_an_answer_that_says_nothing_about_it() {
    for facts in [
        broken(ErrorKind::Network, true),
        refused(ErrorKind::Decode, ""),
        refused(ErrorKind::Unavailable, ""),
        refused(ErrorKind::Unavailable, "ServiceUnavailable"),
        refused(ErrorKind::Throttled, "Throttling"),
    ] {
        assert_eq!(
            verdict(&facts, Step::Authentication),
            Verdict::Skipped,
            "{facts:?}"
        );
        assert_eq!(
            verdict(&facts, Step::Permission),
            Verdict::Skipped,
            "{facts:?}"
        );
    }
}

#[test]
fn a_wrong_clock_is_not_blamed_on_the_key() {
    let mut facts = refused(ErrorKind::Credentials, "InvalidTimeStamp.Expired");
    facts.clock_offset = Some(SignedDuration::from_mins(20));
    assert_eq!(verdict(&facts, Step::Clock), Verdict::Failed);
    assert_eq!(verdict(&facts, Step::Authentication), Verdict::Skipped);
}

#[test]
fn keys_that_end_are_told_in_time() {
    let left = |seconds| {
        with(|facts| {
            if let Some(Ok(keys)) = &mut facts.keys {
                keys.expires_in = Some(SignedDuration::from_secs(seconds));
            }
        })
    };
    let verdicts = [3600, 299, 0].map(|seconds| verdict(&left(seconds), Step::Credentials));
    assert_eq!(verdicts, [Verdict::Ok, Verdict::Warn, Verdict::Failed]);
}

#[test]
fn an_expected_group_must_be_fresh() {
    for (state, expected) in [
        ("fresh", Verdict::Ok),
        ("stale", Verdict::Failed),
        ("absent", Verdict::Failed),
        ("failed", Verdict::Skipped),
    ] {
        let group = Expected {
            name: "i-1/g".into(),
            state,
            near: Vec::new(),
        };
        let facts = with(|facts| facts.expected.push(group));
        assert_eq!(verdict(&facts, Step::Expected), expected, "{state}");
    }
}
