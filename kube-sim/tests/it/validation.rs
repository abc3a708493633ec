use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, EVENTS, LEASES, post, start};

fn event() -> Value {
    json!({
        "metadata": {"name": "consumer.18f3a2b4c5d6e7f8", "namespace": "demo"},
        "eventTime": "2026-11-22T03:54:00.000000Z",
        "reportingController": "kafka-lag.example.com/check",
        "reportingInstance": "kafka-lag-28231-abcde",
        "type": "Normal", "reason": "KafkaLagHigh", "action": "RolloutRestart",
        "regarding": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "demo", "name": "consumer"},
        "note": "lag 162340 > 150000: rolling restart",
    })
}

#[tokio::test]
async fn a_whole_event_is_stored() {
    let sim = start().await;
    post(&sim, EVENTS, &event()).await.expect(201);
    let events = sim.events("demo");
    assert_eq!(
        (events.len(), &events[0]["reason"]),
        (1, &json!("KafkaLagHigh"))
    );
}

#[tokio::test]
async fn a_missing_field_of_an_event_is_named() {
    let sim = start().await;
    for field in [
        "eventTime",
        "reportingController",
        "reportingInstance",
        "action",
        "reason",
        "type",
    ] {
        let mut event = event();
        event.as_object_mut().unwrap().remove(field);
        let (status, reason, message) = post(&sim, EVENTS, &event).await.refusal();
        assert_eq!((status, reason.as_str()), (422, "Invalid"), "{field}");
        assert!(
            message.contains(&format!("{field}: Required value")),
            "{message}"
        );
    }
    assert!(sim.events("demo").is_empty());
}

#[tokio::test]
async fn a_wrong_field_of_an_event_is_named() {
    let sim = start().await;
    for (pointer, value) in [
        ("/regarding/namespace", json!("other")),
        ("/reportingController", json!("not a name")),
        ("/reportingController", json!("a/b/c")),
        ("/type", json!("Error")),
        ("/reason", json!("R".repeat(129))),
        ("/note", json!("n".repeat(1025))),
        ("/eventTime", json!("2026-11-22T03:54:00Z")),
    ] {
        let mut event = event();
        *event.pointer_mut(pointer).unwrap() = value;
        let (status, _, message) = post(&sim, EVENTS, &event).await.refusal();
        let field = pointer[1..].replace('/', ".");
        assert_eq!(status, 422, "{pointer}");
        assert!(message.contains(&format!(": {field}: ")), "{message}");
    }
}

#[tokio::test]
async fn a_note_of_1024_bytes_is_taken() {
    let sim = start().await;
    let mut event = event();
    event["note"] = json!("n".repeat(1024));
    post(&sim, EVENTS, &event).await.expect(201);
}

#[tokio::test]
async fn a_prefix_of_a_name_may_not_end_in_a_dot() {
    let sim = start().await;
    let mut event = event();
    event["metadata"] = json!({"generateName": "consumer.", "namespace": "demo"});
    let (status, _, message) = post(&sim, EVENTS, &event).await.refusal();
    assert_eq!(status, 422);
    assert!(message.contains("metadata.generateName"), "{message}");
    event["metadata"] = json!({"generateName": "consumer-", "namespace": "demo"});
    let mut names = Vec::new();
    for _ in 0..2 {
        let made = post(&sim, EVENTS, &event).await.expect(201);
        names.push(made["metadata"]["name"].as_str().unwrap().to_owned());
    }
    assert!(
        names[0].starts_with("consumer-") && names[0] != names[1],
        "{names:?}"
    );
}

#[tokio::test]
async fn the_times_of_a_lease_have_exactly_six_digits() {
    let sim = start().await;
    for (time, status) in [
        ("2026-11-22T03:54:00Z", 422),
        ("2026-11-22T03:54:00.000000000Z", 422),
        ("2026-11-22T03:54:00.000Z", 422),
        ("2026-11-22T03:54:00.000000Z", 201),
    ] {
        let lease = json!({"metadata": {"name": "l"}, "spec": {"renewTime": time}});
        assert_eq!(post(&sim, LEASES, &lease).await.status(), status, "{time}");
    }
}

#[tokio::test]
async fn a_config_map_holds_a_mebibyte_and_not_one_byte_more() {
    let sim = start().await;
    let of = |name: &str, bytes: usize| json!({"metadata": {"name": name}, "data": {"a": "x".repeat(bytes)}});
    post(&sim, CONFIG_MAPS, &of("fits", 1_048_576))
        .await
        .expect(201);
    let (status, reason, message) = post(&sim, CONFIG_MAPS, &of("over", 1_048_577))
        .await
        .refusal();
    assert_eq!((status, reason.as_str()), (422, "Invalid"));
    assert!(message.contains("1048576 bytes"), "{message}");
}

#[tokio::test]
async fn a_name_must_be_one() {
    let sim = start().await;
    for name in ["Upper", "a_b", "-a", "a.", ""] {
        let object = json!({"metadata": {"name": name}});
        assert_eq!(
            post(&sim, CONFIG_MAPS, &object).await.refusal().0,
            422,
            "{name}"
        );
    }
}
