//! Proxies of the environment. It belongs to a whole process, so each case runs in a process of its own.

use crate::common::{self, clock, http, json, made, send, settings};
use lag_actions::notify::{Service, Webhook, notifier};
use serde_json::json;
use std::process::Command;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

/// Says that this process is a child of its test.
const CHILD: &str = "KAFKA_LAG_TEST_CHILD";

#[expect(
    clippy::disallowed_methods,
    reason = "asks for the mark that the parent has set"
)]
fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs one test of this file with a proxy.
fn passes_with_proxy(test: &str, proxy: &str) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .args(["--exact", &format!("environment::{test}")])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("http_proxy", proxy)
        .env("https_proxy", proxy)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("running 1 test"), "{said}");
    output.status.success()
}

#[tokio::test]
async fn child_sends_to_this_machine() {
    if !is_child() {
        return; // the tests below run it
    }
    let server = common::server("/robot/send", json(&json!({"errcode": 0})), 1).await;
    send(&*made(&server, Service::DingTalk(common::dingtalk())))
        .await
        .unwrap();
}

#[tokio::test]
async fn child_sends_to_a_gateway() {
    if !is_child() {
        return; // the tests below run it
    }
    let url = "http://gateway.invalid/lag".into();
    let webhook = Webhook {
        url,
        allow_http: true,
        ..common::webhook()
    };
    let notifier = notifier(settings(Service::Webhook(webhook)), http(), clock()).unwrap();
    send(&*notifier).await.unwrap();
}

#[test]
fn a_proxy_is_not_asked_for_this_machine() {
    assert!(passes_with_proxy(
        "child_sends_to_this_machine",
        "http://proxy.invalid:9"
    ));
}

#[tokio::test]
async fn a_proxy_is_asked_for_others() {
    let proxy = MockServer::start().await;
    Mock::given(matchers::method("POST"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&proxy)
        .await;
    assert!(passes_with_proxy("child_sends_to_a_gateway", &proxy.uri()));
}
