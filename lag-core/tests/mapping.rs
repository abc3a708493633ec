//! Which workload a group belongs to.
#![allow(clippy::unwrap_used)]

use lag_core::{
    AllowedWorkload, Bounds, GroupKey, OnAutoscaler, RestartWay, TargetMap, TargetRule, Template,
    Workload, WorkloadKind,
};
use proptest::prelude::*;

fn key(group: &str) -> GroupKey {
    GroupKey::total("alikafka_pre-1".parse().unwrap(), group.parse().unwrap())
}

fn rule(groups: &str, namespace: &str, name: &str) -> TargetRule {
    TargetRule {
        place: format!("check.yaml: target {groups}"),
        groups: vec![groups.parse().unwrap()],
        instances: Vec::new(),
        namespace: namespace.parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: name.parse().unwrap(),
        bounds: Bounds::try_from((1, 8)).unwrap(),
        partitions: Some(6),
        restart: RestartWay::Evict,
        autoscaler: OnAutoscaler::RaiseMin,
    }
}

fn map(rules: Vec<TargetRule>, allowed: Option<&[&str]>) -> TargetMap {
    let parse = |list: &[&str]| list.iter().map(|one| one.parse().unwrap()).collect();
    TargetMap {
        rules,
        allowed: allowed.map(parse),
    }
}

fn expand(template: &str, group: &str) -> Result<String, String> {
    let template: Template = template.parse().unwrap();
    template
        .expand(&key(group))
        .map_err(|error| error.to_string())
}

fn workload(namespace: &str, kind: WorkloadKind, name: &str) -> Workload {
    Workload {
        namespace: namespace.into(),
        kind,
        name: name.into(),
    }
}

#[test]
fn a_template_is_filled_from_left_to_right() {
    for (template, group, name) in [
        ("cust", "anything", "cust"),
        ("{group}", "cust", "cust"),
        (
            "{group|strip_suffix:_docking_analog}-consumer",
            "cust_docking_analog",
            "cust-consumer",
        ),
        (
            "{group|strip_prefix:GID_|replace:_:-|lower}",
            "GID_Cust_Docking",
            "cust-docking",
        ),
        ("x-{group|replace:_:}", "a_b_c", "x-abc"),
        ("{group|lower|strip_prefix:a}", "AB", "b"),
        (
            "{instance|replace:_:-}.{group}",
            "cust",
            "alikafka-pre-1.cust",
        ),
        ("{group}{group}", "ab", "abab"),
    ] {
        assert_eq!(expand(template, group).as_deref(), Ok(name), "{template}");
    }
}

#[test]
fn a_strip_that_does_not_fit_is_an_error_that_names_the_group() {
    let error = expand("{group|strip_suffix:_docking_analog}", "cust").unwrap_err();
    assert_eq!(
        error,
        "template \"{group|strip_suffix:_docking_analog}\": group alikafka_pre-1/cust: \"cust\" does not end in \"_docking_analog\""
    );
    assert!(
        expand("{group|strip_prefix:GID_}", "cust")
            .unwrap_err()
            .contains("does not begin with \"GID_\"")
    );
}

#[test]
fn a_template_that_expands_to_nothing_is_an_error_that_names_the_group() {
    for template in [
        "{group|strip_suffix:cust}",
        "{group|replace:cust:}",
        "a{group|strip_prefix:cust}",
    ] {
        let error = expand(template, "cust").unwrap_err();
        assert!(
            error.contains("/cust: nothing is left"),
            "{template}: {error}"
        );
    }
}

#[test]
fn a_mistake_in_a_template_is_found_when_it_is_read() {
    for (template, part) in [
        ("", "it is empty"),
        ("{group", "no } after"),
        ("group}", "no { before"),
        ("{{group}}", "inside of braces"),
        ("{group}}", "no { before"),
        ("{}", "write {group} or {instance}"),
        (
            "{topic}",
            "there is no {topic}: write {group} or {instance}",
        ),
        ("{ group }", "write {group} or {instance}"),
        (
            "{group|upper}",
            "there is no filter \"upper\": write strip_prefix:TEXT, strip_suffix:TEXT, replace:FROM:TO or lower",
        ),
        ("{group|}", "there is no filter \"\""),
        ("{group|strip_suffix}", "strip_suffix:TEXT"),
        ("{group|strip_suffix:}", "strip_suffix:TEXT"),
        ("{group|replace:a}", "replace:FROM:TO"),
        ("{group|replace::a}", "replace:FROM:TO"),
        ("{group|lower:x}", "or lower"),
    ] {
        let error = template.parse::<Template>().unwrap_err().to_string();
        assert!(error.contains(part), "{template}: {error}");
    }
}

#[test]
fn a_name_that_no_cluster_accepts_is_refused_with_the_filters_that_would_help() {
    let map = map(
        vec![rule("suffix:_analog", "orders", "{group}")],
        Some(&["orders/Deployment/*"]),
    );
    let error = map.resolve(&key("Cust_analog")).unwrap_err();
    assert_eq!(error.place, "check.yaml: target suffix:_analog");
    assert_eq!(
        error.problem,
        "group alikafka_pre-1/Cust_analog, template \"{group}\": no workload can be called \"Cust_analog\": \
         1 to 253 lower-case letters, digits, - and ., a letter or digit at both ends; add |replace:_:-|lower to a template, or name it otherwise"
    );
}

#[test]
fn an_entry_accepts_what_it_names_and_nothing_else() {
    let accepts = |entry: &str, workload: &Workload| {
        entry.parse::<AllowedWorkload>().unwrap().accepts(workload)
    };
    let cust = workload("orders", WorkloadKind::Deployment, "cust-1");
    for entry in [
        "orders/Deployment/cust-1",
        "orders/Deployment/cust-*",
        "orders/Deployment/cust-?",
        "*/*/*",
        "ord*/*/*-1",
    ] {
        assert!(accepts(entry, &cust), "{entry}");
    }
    for entry in [
        "orders/Deployment/cust",
        "orders/Deployment/ust-1",
        "orders/StatefulSet/cust-1",
        "order/Deployment/cust-1",
        "orders/Deployment/cust-??",
        "orders/Deploy/cust-1",
    ] {
        assert!(!accepts(entry, &cust), "{entry}");
    }
}

#[test]
fn names_are_exact_so_cust_never_means_customer_x() {
    let customer = workload("orders", WorkloadKind::Deployment, "customer-x");
    let entry: AllowedWorkload = "orders/Deployment/cust".parse().unwrap();
    assert!(!entry.accepts(&customer));

    let map = map(vec![rule("exact:cust", "orders", "cust")], None);
    assert!(map.resolve(&key("cust")).unwrap().is_some());
    assert_eq!(map.resolve(&key("customer-x")), Ok(None));
}

#[test]
fn an_entry_that_names_no_workloads_is_refused_with_an_example() {
    for text in [
        "",
        "cust",
        "orders/cust",
        "orders/Deployment/cust/x",
        "/Deployment/cust",
        "orders//cust",
        "orders/Deployment/",
        "orders/deployment/cust",
        "orders/Deploy*/cust",
        "Orders/Deployment/cust",
        "orders/Deployment/cust_1",
        "orders/Deployment/[a-z]",
        " orders/Deployment/cust",
    ] {
        let error = text.parse::<AllowedWorkload>().unwrap_err().to_string();
        assert!(
            error.contains("orders/Deployment/cust-*"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_template_without_an_allow_list_is_refused() {
    for (namespace, name) in [("orders", "{group}"), ("{group}", "cust")] {
        let map = map(vec![rule("prefix:c", namespace, name)], None);
        for error in [
            map.check().unwrap_err(),
            map.resolve(&key("c")).unwrap_err(),
        ] {
            assert!(
                error
                    .to_string()
                    .starts_with("check.yaml: target prefix:c: a template"),
                "{error}"
            );
            assert!(error.problem.contains("allow-list is needed"), "{error}");
        }
    }
}

#[test]
fn a_fixed_workload_outside_the_allow_list_is_refused_before_any_group_is_known() {
    let map = map(
        vec![rule("exact:cust", "orders", "cust")],
        Some(&["orders/Deployment/other"]),
    );
    for error in [
        map.check().unwrap_err(),
        map.resolve(&key("cust")).unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "check.yaml: target exact:cust: orders/Deployment/cust is not in the allow-list: add it there, or correct this rule"
        );
    }
}

#[test]
fn an_empty_allow_list_allows_nothing() {
    let map = map(vec![rule("exact:cust", "orders", "cust")], Some(&[]));
    assert!(map.check().is_err());
    assert!(map.resolve(&key("cust")).is_err());
}

#[test]
fn fixed_names_that_cannot_exist_and_rules_without_groups_are_refused_at_once() {
    let bad_name = map(vec![rule("exact:cust", "orders", "Cust")], None);
    assert!(bad_name.check().unwrap_err().problem.contains("lower-case"));
    let bad_namespace = map(vec![rule("exact:cust", "a.b", "{group}")], Some(&["*/*/*"]));
    assert!(bad_namespace.check().is_err());
    let mut empty = rule("exact:cust", "orders", "cust");
    empty.groups.clear();
    let error = map(vec![empty], None).check().unwrap_err();
    assert!(error.problem.contains("no group"), "{error}");
}

#[test]
fn the_first_rule_that_fits_counts() {
    let mut elsewhere = rule("prefix:c", "elsewhere", "a");
    elsewhere.instances = vec!["exact:alikafka_post-2".parse().unwrap()];
    let map = map(
        vec![
            elsewhere,
            rule("exact:cust", "orders", "first"),
            rule("prefix:c", "orders", "second"),
        ],
        None,
    );
    map.check().unwrap();
    let name = |group| map.resolve(&key(group)).unwrap().unwrap().workload.name;
    assert_eq!(name("cust"), "first");
    assert_eq!(name("cd"), "second");
    assert_eq!(map.resolve(&key("x")), Ok(None));

    let target = map.resolve(&key("cust")).unwrap().unwrap();
    assert_eq!(target.workload.to_string(), "orders/Deployment/first");
    assert_eq!(target.limits().max(), 6);
    assert_eq!(target.restart, RestartWay::Evict);
    assert_eq!(target.autoscaler, OnAutoscaler::RaiseMin);
}

proptest! {
    #[test]
    fn a_resolved_workload_is_always_accepted_by_the_allow_list(
        group in "[a-zA-Z_.-]{1,12}",
        template in prop::sample::select(vec![
            "{group}", "{group|lower}", "x-{group|replace:_:-}", "{group|strip_suffix:_a|lower}", "fixed",
        ]),
        allowed in prop::collection::vec("[ab*?]{1,2}/(Deployment|\\*|StatefulSet)/[a-c*?-]{1,6}", 0..4),
        namespace in prop::sample::select(vec!["a", "b", "{group}"]),
    ) {
        let list: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let map = map(vec![rule("glob:*", namespace, template)], Some(&list));
        if let Ok(Some(target)) = map.resolve(&key(&group)) {
            let entries = map.allowed.as_ref().unwrap();
            prop_assert!(entries.iter().any(|entry| entry.accepts(&target.workload)));
        }
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[{}|:a-z_/*? ]{0,30}|.{0,30}", group in "\\PC{1,20}") {
        if let Ok(template) = text.parse::<Template>() {
            prop_assert_eq!(template.to_string(), text.clone());
            let _ = template.expand(&key(&group));
        }
        if let Ok(entry) = text.parse::<AllowedWorkload>() {
            prop_assert_eq!(entry.to_string(), text);
        }
    }
}
