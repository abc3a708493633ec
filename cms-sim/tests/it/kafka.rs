//! `GetInstanceList` of the Kafka service.

use cms_sim::{Scenario, SimConfig};
use serde_json::{Value, json};

use crate::client::{Caller, INSTANCE, KAFKA, Style, config, now, start};

const REGION: (&str, &str) = ("RegionId", "cn-hangzhou");

async fn list(caller: &Caller, parameters: &[(&str, &str)]) -> Value {
    let seen = caller
        .version(KAFKA)
        .call("GetInstanceList", parameters)
        .await;
    assert_eq!(seen.status(), 200, "{}", seen.body());
    let json = seen.json();
    assert_eq!(
        (&json["Code"], &json["Success"]),
        (&json!(200), &json!(true))
    );
    json["InstanceList"]["InstanceVO"].clone()
}

#[tokio::test]
async fn the_instances_of_the_model_are_listed_in_every_style_of_request() {
    let (simulator, mut caller) = start(SimConfig::demo().manual_clock(now())).await;
    for style in [
        Style::GetQuery,
        Style::PostQuery,
        Style::PostForm,
        Style::Acs3Get,
        Style::Acs3Form,
    ] {
        caller.style = style;
        let found = list(&caller, &[REGION]).await;
        assert_eq!(found.as_array().unwrap().len(), 2, "{style:?}");
        assert_eq!(found[0]["InstanceId"], INSTANCE);
        assert_eq!(
            (&found[0]["Name"], &found[1]["Name"]),
            (&json!("orders-prod"), &json!("订单中心-生产"))
        );
        assert_eq!(
            (&found[0]["PaidType"], &found[1]["PaidType"]),
            (&json!(0), &json!(1))
        );
        for instance in found.as_array().unwrap() {
            assert_eq!(instance["ServiceStatus"], 5);
            assert_eq!(instance["RegionId"], "cn-hangzhou");
            for text in ["SpecType", "VpcId", "EndPoint", "ZoneId", "Series"] {
                assert!(!instance[text].as_str().unwrap().is_empty(), "{text}");
            }
        }
        assert_eq!(
            (&found[0]["UsedGroupCount"], &found[1]["UsedGroupCount"]),
            (&json!(8), &json!(4))
        );
    }
    assert_eq!(simulator.counters().by_action["GetInstanceList"], 5);
}

#[tokio::test]
async fn ids_and_regions_narrow_the_list() {
    let (simulator, caller) =
        start(SimConfig::demo().manual_clock(now()).region("eu-central-1")).await;
    let here = ("RegionId", "eu-central-1");
    assert_eq!(list(&caller, &[REGION]).await, json!([]));
    let one = list(
        &caller,
        &[
            here,
            ("InstanceId.1", INSTANCE),
            ("InstanceId.2", "unknown"),
        ],
    )
    .await;
    assert_eq!(
        (one.as_array().unwrap().len(), &one[0]["InstanceId"]),
        (1, &json!(INSTANCE))
    );
    simulator.set_scenario("alikafka_serverless-cn-sim1", "g", Scenario::Zero);
    let all = list(&caller, &[here]).await;
    assert_eq!(
        (&all[2]["InstanceId"], &all[2]["PaidType"]),
        (&json!("alikafka_serverless-cn-sim1"), &json!(3))
    );
}

#[tokio::test]
async fn the_region_is_mandatory_and_the_version_must_fit() {
    let (_simulator, caller) = start(config()).await;
    for parameters in [&[][..], &[("RegionId", "")]] {
        let seen = caller
            .version(KAFKA)
            .call("GetInstanceList", parameters)
            .await;
        assert_eq!(
            (seen.status(), seen.code().as_str()),
            (400, "MissingRegionId")
        );
        let recommend = seen.json()["Recommend"].to_string();
        assert!(recommend.contains("product=alikafka"), "{recommend}");
    }
    let seen = caller.call("GetInstanceList", &[REGION]).await;
    assert_eq!(seen.code(), "InvalidAction.NotFound");
    let wrong = Caller {
        secret: "other".into(),
        ..caller.version(KAFKA)
    };
    let seen = wrong.call("GetInstanceList", &[REGION]).await;
    assert_eq!(seen.code(), "SignatureDoesNotMatch");
}
