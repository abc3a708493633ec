//! `GetConsumerProgress` of the Kafka service.

use cms_sim::{Fault, FaultKind, Progress, Scenario, SimConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::client::{Caller, INSTANCE, KAFKA, Seen, Style, config, control, now, start};

async fn ask(caller: &Caller, group: &str, more: &[(&str, &str)]) -> Seen {
    let mut parameters = vec![
        ("RegionId", "cn-hangzhou"),
        ("InstanceId", INSTANCE),
        ("ConsumerId", group),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    parameters.extend(more);
    let caller = caller.version(KAFKA);
    caller.call("GetConsumerProgress", &parameters).await
}

async fn progress(caller: &Caller, group: &str) -> Value {
    let seen = ask(caller, group, &[]).await;
    assert_eq!(seen.status(), 200, "{}", seen.body());
    seen.json()["ConsumerProgress"].clone()
}

fn with_lag(lag: u64) -> SimConfig {
    config().group(INSTANCE, "g", Scenario::constant(lag))
}

#[tokio::test]
async fn offsets_of_all_partitions_sum_to_the_lag_of_topics_and_group() {
    let (_simulator, mut caller) = start(with_lag(150_001).topics(3).partitions(5)).await;
    for style in [Style::GetQuery, Style::PostForm, Style::Acs3Form] {
        caller.style = style;
        let json = ask(&caller, "g", &[]).await.json();
        assert_eq!(
            (&json["Code"], &json["Success"], &json["Message"]),
            (&json!(200), &json!(true), &json!("operation success."))
        );
        let progress = &json["ConsumerProgress"];
        assert_eq!(progress["TotalDiff"], 150_001);
        let topics = progress["TopicList"]["TopicList"].as_array().unwrap();
        assert_eq!((topics.len(), &topics[0]["Topic"]), (3, &json!("orders")));
        let mut sum = 0;
        for topic in topics {
            let offsets = topic["OffsetList"]["OffsetList"].as_array().unwrap();
            let numbers: Vec<_> = offsets
                .iter()
                .map(|o| o["Partition"].as_u64().unwrap())
                .collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4]);
            let number = |offset: &Value, name: &str| offset[name].as_u64().unwrap();
            let behind = offsets
                .iter()
                .map(|offset| number(offset, "BrokerOffset") - number(offset, "ConsumerOffset"));
            let behind: u64 = behind.sum();
            assert_eq!(topic["TotalDiff"], behind);
            sum += behind;
        }
        assert_eq!(sum, 150_001);
    }
}

#[tokio::test]
async fn it_knows_the_lag_of_this_moment_which_cloudmonitor_does_not_know_yet() {
    let (simulator, caller) = start(config().group(INSTANCE, "g", Scenario::ramp(0, 60))).await;
    simulator.set_now(now() + SignedDuration::from_secs(30));
    assert_eq!(progress(&caller, "g").await["TotalDiff"], 30);
    let newest = caller.lag(&[]).await.points().pop().unwrap();
    assert_eq!(newest["Value"], 0.0);
}

#[tokio::test]
async fn a_group_without_offsets_has_no_topics_and_a_sum_of_0_that_means_nothing() {
    let (simulator, caller) = start(with_lag(5)).await;
    simulator.set_lag(INSTANCE, "g", None);
    let found = progress(&caller, "g").await;
    assert_eq!(
        (&found["TotalDiff"], &found["TopicList"]),
        (&json!(0), &json!({ "TopicList": [] }))
    );
    simulator.set_lag(INSTANCE, "g", Some(0));
    let found = progress(&caller, "g").await;
    let topics = found["TopicList"]["TopicList"].as_array().unwrap();
    assert_eq!((&found["TotalDiff"], topics.len()), (&json!(0), 2));
}

#[tokio::test]
async fn it_can_contradict_cloudmonitor() {
    let low = with_lag(500_000).progress(INSTANCE, "g", Progress::Lag(12));
    let (simulator, caller) = start(low).await;
    assert_eq!(progress(&caller, "g").await["TotalDiff"], 12);
    assert_eq!(caller.lag(&[]).await.points()[0]["Value"], 500_000.0);
    simulator.set_progress(INSTANCE, "g", Progress::Nothing);
    assert_eq!(
        progress(&caller, "g").await["TopicList"]["TopicList"],
        json!([])
    );
    let path = format!("/groups/{INSTANCE}/g/progress");
    for (method, body, expected) in [
        ("PUT", r#"{"lag":7}"#, json!({ "lag": 7 })),
        ("PUT", r#"{"lag":null}"#, json!("nothing")),
        ("DELETE", "", json!("truth")),
    ] {
        let (status, answer) = control(&simulator, method, &path, body).await;
        assert_eq!((status, &answer["progress"]), (200, &expected), "{answer}");
    }
    assert_eq!(progress(&caller, "g").await["TotalDiff"], 500_000);
    assert_eq!(control(&simulator, "PUT", &path, "{}").await.0, 400);
    let unknown = format!("/groups/{INSTANCE}/none/progress");
    assert_eq!(control(&simulator, "DELETE", &unknown, "").await.0, 404);
}

#[tokio::test]
async fn unknown_groups_instances_and_regions_are_refused() {
    let (_simulator, caller) = start(with_lag(5)).await;
    for (more, code) in [
        (("ConsumerId", "none"), "BIZ_SUBSCRIPTION_NOT_FOUND"),
        (
            ("InstanceId", "alikafka_pre-cn-none"),
            "BIZ.INSTANCE.NOT.FOUND",
        ),
        (("RegionId", "eu-central-1"), "BIZ.INSTANCE.NOT.FOUND"),
        (("RegionId", ""), "MissingRegionId"),
        (("InstanceId", ""), "MissingInstanceId"),
        (("ConsumerId", ""), "MissingConsumerId"),
    ] {
        let seen = ask(&caller, "g", &[more]).await;
        assert_eq!((seen.status(), seen.code().as_str()), (400, code));
    }
    let parameters = [("RegionId", "cn-hangzhou")];
    let seen = caller.call("GetConsumerProgress", &parameters).await;
    assert_eq!(
        seen.code(),
        "InvalidAction.NotFound",
        "of CloudMonitor's version"
    );
}

#[tokio::test]
async fn the_times_of_messages_can_be_hidden() {
    let (simulator, caller) = start(with_lag(600)).await;
    let shown = progress(&caller, "g").await["LastTimestamp"]
        .as_i64()
        .unwrap();
    assert!(shown < now().as_millisecond() && shown > now().as_millisecond() - 60_000);
    let seen = ask(&caller, "g", &[("HideLastTimestamp", "true")]).await;
    assert_eq!(seen.json()["ConsumerProgress"]["LastTimestamp"], -1);
    let serverless = "alikafka_serverless_cn-sim1";
    simulator.set_scenario(serverless, "g", Scenario::constant(5));
    let seen = ask(&caller, "g", &[("InstanceId", serverless)]).await;
    assert_eq!(seen.json()["ConsumerProgress"]["LastTimestamp"], -1);
}

#[tokio::test]
async fn offsets_never_go_back_while_consumers_keep_up() {
    let (simulator, caller) = start(with_lag(5)).await;
    let offset = |found: Value| {
        let first = &found["TopicList"]["TopicList"][0]["OffsetList"]["OffsetList"][0];
        first["ConsumerOffset"].as_u64().unwrap()
    };
    let before = offset(progress(&caller, "g").await);
    simulator.set_now(now() + SignedDuration::from_secs(10));
    assert!(offset(progress(&caller, "g").await) > before);
}

#[tokio::test]
async fn faults_strike_it_by_action_by_instance_and_as_the_kafka_service() {
    let (simulator, caller) = start(with_lag(5)).await;
    let here = Fault::new(FaultKind::InternalError)
        .on_action("GetConsumerProgress")
        .on_instance(INSTANCE);
    simulator.inject(here.times(1));
    assert_eq!(ask(&caller, "g", &[]).await.status(), 500);
    assert_eq!(ask(&caller, "g", &[]).await.status(), 200);
    simulator.inject(Fault::new(FaultKind::KafkaForbidden));
    let seen = ask(&caller, "g", &[]).await;
    assert_eq!(
        (seen.status(), seen.code().as_str()),
        (403, "Forbidden.RAM")
    );
    assert_eq!(
        seen.json()["AccessDeniedDetail"]["AuthAction"],
        "alikafka:ListGroup"
    );
    simulator.clear_faults();
    simulator.inject(Fault::new(FaultKind::Reset));
    assert_eq!(
        ask(&caller, "g", &[]).await.status(),
        200,
        "a fault of CloudMonitor"
    );
}
