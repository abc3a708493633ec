use super::{
    fixtures::{broken_keys, well, with},
    *,
};

/// The advice of a step.
fn advice(facts: &Facts, step: Step) -> String {
    let mut findings = findings(facts).into_iter();
    let found = findings.find(|finding| finding.step == step).unwrap();
    found.advice.unwrap()
}

#[test]
fn a_failed_instance_is_advised_by_the_kind_of_its_failure() {
    let several = |facts: &mut Facts| facts.instances.push(facts.instances[0].clone());
    for (kind, text, words) in [
        ("decode", "odd", "see what the answer lacks"),
        ("decode", "check --cms.statistic", "check --cms.statistic"),
        ("decode", "check --cms.metric", "check --cms.metric"),
        ("decode", "check the clock", "NTP"),
        ("pagination", "odd", "raise --cms.max-pages"),
        ("invalid_request", "odd", "check the id"),
        ("throttled", "odd", "--cms.rate-limit"),
        ("unavailable", "odd", "asked again at the next"),
        ("timeout", "odd", "--cms.timeout"),
        ("network", "odd", "asked again at the next"),
        ("forbidden", "odd", "correct what is named"),
        ("budget", "odd", "correct what is named"),
    ] {
        let mut facts = data(failed(kind, text));
        let said = advice(&facts, Step::Data);
        assert!(said.contains(words), "{kind}: {said}");
        assert!(!said.contains("other instances"), "{kind}: {said}");
        assert_eq!(
            kind == "decode",
            said.contains("nothing is wrong with the key or the id")
        );
        several(&mut facts);
        let names_others = advice(&facts, Step::Data).contains("other instances");
        assert_eq!(names_others, kind == "invalid_request", "{kind}");
    }
}

#[test]
fn keys_that_may_come_later_are_not_to_be_corrected() {
    let with_keys =
        |text, is_retryable| with(|f| f.keys = Some(Err(broken_keys(text, is_retryable))));
    let said = advice(&with_keys("STS fails", true), Step::Credentials);
    assert!(said.contains("asked again at each collection"), "{said}");
    let said = advice(&with_keys("half", false), Step::Credentials);
    assert!(said.contains("correct what is named"), "{said}");
    for is_retryable in [false, true] {
        let said = advice(
            &with_keys("InvalidTimeStamp.Expired", is_retryable),
            Step::Credentials,
        );
        assert!(said.contains("NTP"), "{said}");
    }
}

#[test]
fn filters_are_blamed_only_when_no_instance_has_a_group() {
    let none = InstanceFacts {
        id: "i-2".into(),
        data: Some(Data::Nothing { older: None }),
    };
    let blamed = |facts: &Facts| {
        let findings = findings(facts).into_iter();
        findings
            .filter(|finding| finding.found.contains("group filters"))
            .count()
    };
    let mut facts = with(|f| {
        f.known = None;
        f.is_filtered = true;
        f.instances = vec![none.clone(), none.clone()];
    });
    assert_eq!(blamed(&facts), 2);
    facts.is_filtered = false;
    assert_eq!(blamed(&facts), 0, "there is no filter");
    facts.is_filtered = true;
    facts.instances.extend(well().instances);
    assert_eq!(blamed(&facts), 0, "some group passes");
}
