//! Which namespace may read which groups.

use super::*;
use lag_core::{NamespaceScopes, alias};

fn api() -> Api {
    let board = Board::default().watching("main", [watched(A, &[])], now());
    let samples = vec![
        (total("order_a"), sample(60, 1.0, None)),
        (total("order_b"), sample(60, 2.0, None)),
        (total("billing"), sample(600, 4.0, None)),
        (total("账单"), sample(60, 8.0, None)),
    ];
    let board = collect(&board, "main", answer(A, samples));
    let entry = |namespace: &str, pattern: &str| (namespace.into(), vec![pattern.parse().unwrap()]);
    let scopes = [
        entry("orders", "prefix:order_"),
        entry("bills", "glob:账*"),
        ("quiet".into(), vec![]),
    ];
    Api::with(board, |config| {
        config.scopes = Some(NamespaceScopes::new(scopes.into()))
    })
}

#[tokio::test]
async fn a_namespace_sees_its_own_groups_only() {
    let api = api();
    // The stale group of somebody else does not take the answer away.
    for selector in [
        "",
        "consumer_group in (order_a,order_b)",
        "consumer_group!=x",
    ] {
        let reply = api.values_in("orders", names::LAG, selector).await;
        let own = pairs(&[("a/order_a", "1"), ("a/order_b", "2")]);
        assert_eq!(items(&reply), own, "{selector}");
    }
    let selector = format!("consumer_group_alias={}", alias("账单").unwrap());
    let reply = api.values_in("bills", names::LAG, &selector).await;
    assert_eq!(items(&reply), pairs(&[("a/账单", "8")]));
}

#[tokio::test]
async fn what_a_namespace_may_not_read_is_403_whether_it_exists_or_not() {
    let api = api();
    let alias = |name: &str| format!("consumer_group_alias={}", alias(name).unwrap());
    for (namespace, selector) in [
        ("orders", "consumer_group=billing".to_owned()),
        ("orders", "consumer_group=nobody".to_owned()),
        ("orders", "consumer_group in (order_a,billing)".to_owned()),
        ("orders", alias("账单")),
        ("orders", alias("没有")),
        ("orders", "consumer_group_alias".to_owned()),
        ("quiet", String::new()),
        ("elsewhere", "consumer_group=order_a".to_owned()),
    ] {
        for metric in [names::LAG, names::RECOMMENDED] {
            let reply = api.values_in(namespace, metric, &selector).await;
            let (code, message) = refusal(&reply);
            assert_eq!(code, 403, "{namespace} {selector}: {message}");
            assert!(
                message.starts_with(&format!("namespace {namespace} may not read "))
                    && message.contains("external_metrics.namespaces"),
                "{message}"
            );
        }
    }
    let reply = api
        .values_in("orders", names::LAG, "consumer_group=billing")
        .await;
    assert_eq!(
        refusal(&reply).1,
        "namespace orders may not read consumer_group=billing: its groups are listed under external_metrics.namespaces"
    );
    let (code, _) = refusal(
        &api.values_in("orders", names::LAG, "consumer_group=order_c")
            .await,
    );
    assert_eq!(code, 404, "allowed, and unknown");
}
