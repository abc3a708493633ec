use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, Seen, get, post, put, start, version};

fn events(seen: &Seen) -> Vec<Value> {
    assert_eq!(seen.status(), 200);
    let lines = seen.body().lines();
    // The body comes in chunks, each with its length before it.
    let json = lines.filter(|line| line.starts_with('{'));
    json.map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn told(events: &[Value]) -> Vec<(&str, &str)> {
    events
        .iter()
        .map(|event| {
            (
                event["type"].as_str().unwrap(),
                event["object"]["metadata"]["name"].as_str().unwrap(),
            )
        })
        .collect()
}

fn map(name: &str, value: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": value}})
}

#[tokio::test]
async fn a_watch_tells_what_happens_after_a_version_in_its_namespace() {
    let sim = start().await;
    let first = post(&sim, CONFIG_MAPS, &map("one", "1")).await.expect(201);
    let from = version(&first);
    let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion={from}&timeoutSeconds=2");
    let world = async {
        put(&sim, &format!("{CONFIG_MAPS}/one"), &map("one", "2")).await;
        post(&sim, CONFIG_MAPS, &map("two", "1")).await;
        post(&sim, "/api/v1/namespaces/other/configmaps", &map("x", "1")).await;
        assert!(sim.remove("configmaps", "demo", "one"));
    };
    let (seen, ()) = tokio::join!(get(&sim, &path), world);
    let events = events(&seen);
    let expected = [("MODIFIED", "one"), ("ADDED", "two"), ("DELETED", "one")];
    assert_eq!(told(&events), expected);
    assert_eq!(events[0]["object"]["data"]["a"], "2");
    assert_eq!(events[0]["object"]["kind"], "ConfigMap");
    let versions: Vec<u64> = events
        .iter()
        .map(|event| version(&event["object"]).parse().unwrap())
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_is_there() {
    let sim = start().await;
    for name in ["one", "two"] {
        post(&sim, CONFIG_MAPS, &map(name, "1")).await.expect(201);
    }
    for (query, expected) in [
        ("", vec![("ADDED", "one"), ("ADDED", "two")]),
        (
            "&resourceVersion=0",
            vec![("ADDED", "one"), ("ADDED", "two")],
        ),
        ("&fieldSelector=metadata.name%3Dtwo", vec![("ADDED", "two")]),
    ] {
        let path = format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=0{query}");
        assert_eq!(told(&events(&get(&sim, &path).await)), expected, "{query}");
    }
}

#[tokio::test]
async fn a_version_that_is_forgotten_is_expired() {
    let sim = start().await;
    let old = post(&sim, CONFIG_MAPS, &map("one", "1")).await.expect(201);
    post(&sim, CONFIG_MAPS, &map("two", "1")).await.expect(201);
    sim.compact();
    let from = version(&old);
    let path = format!("{CONFIG_MAPS}?watch=true&resourceVersion={from}");
    let events = events(&get(&sim, &path).await);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "ERROR");
    assert_eq!(events[0]["object"]["code"], 410);
    assert_eq!(events[0]["object"]["reason"], "Expired");
}

#[tokio::test]
async fn what_is_not_simulated_of_watches_says_so() {
    let sim = start().await;
    for query in ["labelSelector=a%3Db", "sendInitialEvents=true"] {
        let seen = get(&sim, &format!("{CONFIG_MAPS}?watch=true&{query}")).await;
        assert_eq!(seen.refusal().0, 501, "{query}");
    }
    let seen = get(&sim, &format!("{CONFIG_MAPS}/one?watch=true")).await;
    assert_eq!(seen.refusal().0, 501);
    let seen = get(&sim, &format!("{CONFIG_MAPS}?watch=true&resourceVersion=x")).await;
    assert_eq!(seen.refusal().0, 400);
}
