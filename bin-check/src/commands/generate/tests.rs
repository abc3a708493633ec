//! Whatever a group or an instance is called, what is written says its name and nothing else.

use super::{
    hpa, keda,
    plan::{Group, Plan, Scaled},
};
use crate::cli::{
    Cli, Command,
    generate::{GenerateArgs, What},
};
use clap::Parser as _;
use lag_core::{Bounds, GroupName, InstanceId, Workload, WorkloadKind};
use proptest::prelude::*;
use serde_json::Value;

fn plan(group: &str, instance: &str, name: &str) -> Plan {
    Plan {
        scaled: vec![Scaled {
            workload: Workload {
                namespace: name.to_owned(),
                kind: WorkloadKind::Deployment,
                name: name.to_owned(),
            },
            bounds: Bounds::try_from((1, 4)).unwrap(),
            groups: vec![Group {
                instance: Some(InstanceId::new(instance).unwrap()),
                name: GroupName::new(group).unwrap(),
            }],
        }],
    }
}

fn arguments(more: &[&str]) -> What {
    let cli = Cli::try_parse_from([&["kafka-lag", "generate"], more].concat()).unwrap();
    match cli.command {
        Command::Generate(GenerateArgs { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn written(plan: &Plan, more: &[&str]) -> Value {
    let text = match arguments(more) {
        What::Hpa(args) => hpa::render(plan, &args).unwrap(),
        What::Keda(args) => keda::render(plan, &args).unwrap(),
        other => panic!("{other:?}"),
    };
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

proptest! {
    #[test]
    fn any_name_comes_back(group in "[^\\p{Cc}]{1,40}", instance in "[^\\p{Cc}]{1,20}", name in "[a-z0-9]([-a-z0-9]{0,5}[a-z0-9])?") {
        let plan = plan(&group, &instance, &name);
        let hpa = written(&plan, &["hpa"]);
        prop_assert_eq!(&hpa["metadata"]["name"], &name);
        prop_assert_eq!(&hpa["metadata"]["namespace"], &name);
        let labels = &hpa["spec"]["metrics"][0]["external"]["metric"]["selector"]["matchLabels"];
        prop_assert_eq!(&labels["instance_id"], &instance);
        match lag_core::alias(&group) {
            None => prop_assert_eq!(&labels["consumer_group"], &group),
            Some(alias) => prop_assert_eq!(&labels["consumer_group_alias"], &alias),
        }
        prop_assert_eq!(labels.as_object().unwrap().len(), 2);

        let trigger = |via: &str| written(&plan, &["keda", via])["spec"]["triggers"][0].clone();
        let metadata = trigger("--via=external")["metadata"].clone();
        prop_assert_eq!(&metadata["consumerGroup"], &group);
        prop_assert_eq!(&metadata["instanceId"], &instance);
        let query = trigger("--via=prometheus")["metadata"]["query"].as_str().unwrap().to_owned();
        let value = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        prop_assert_eq!(
            query,
            format!(
                "max(kafka_consumer_message_accumulation{{instance_id={},consumer_group={}}})",
                value(&instance),
                value(&group)
            )
        );
        let url = trigger("--via=metrics-api")["metadata"]["url"].as_str().unwrap().to_owned();
        prop_assert!(url.is_ascii() && !url.contains([' ', '"', '#', '?']), "{}", url);
        prop_assert_eq!(url.matches('/').count(), 7);
    }
}
