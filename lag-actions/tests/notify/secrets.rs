//! No secret leaves through an error or `Debug`.

use crate::common::{self, SECRET, TOKEN, at, clock, http, quick, send};
use lag_actions::notify::{Http, HttpOptions, Service, notifier};
use serde_json::json;
use std::{net::TcpListener, sync::Arc, time::Duration};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

fn services() -> [Service; 4] {
    [
        Service::DingTalk(common::dingtalk()),
        Service::Feishu(common::feishu()),
        Service::WeCom(common::wecom()),
        Service::Webhook(common::webhook()),
    ]
}

fn assert_clean(text: &str) {
    let lower = text.to_lowercase();
    for secret in [
        TOKEN,
        SECRET,
        "header-value-0815",
        "access_token=",
        "key=",
        "token=",
    ] {
        assert!(
            !lower.contains(&secret.to_lowercase()),
            "{secret} in {text}"
        );
    }
}

#[test]
fn settings_and_notifiers_show_no_secret() {
    for service in services() {
        let settings = common::settings(service);
        assert_clean(&format!("{settings:?}"));
        let notifier = notifier(settings, http(), clock()).unwrap();
        let shown = format!("{notifier:?} {notifier:#?}");
        assert_clean(&shown);
        assert!(shown.contains("ops"), "and it is not empty: {shown}");
    }
}

/// Services quote what they were sent.
#[tokio::test]
async fn a_service_that_quotes_the_secrets_is_not_repeated() {
    let token = format!("bad token {TOKEN}");
    let both = format!("{token} with {SECRET}");
    let all = format!("{both} and header-value-0815");
    for status in [200, 301, 400, 401, 404, 429, 500] {
        for (service, quote) in services().into_iter().zip([&both, &both, &token, &all]) {
            let server = MockServer::start().await;
            let answer = ResponseTemplate::new(status)
                .insert_header("location", format!("/?access_token={TOKEN}"))
                .set_body_json(json!({"errcode": 7, "errmsg": quote, "code": 7, "msg": quote}));
            Mock::given(any()).respond_with(answer).mount(&server).await;
            let is_webhook = matches!(service, Service::Webhook(_));
            let notifier = notifier(at(&server.uri(), service), http(), clock()).unwrap();
            match send(&*notifier).await {
                Ok(()) => assert!(is_webhook && status == 200),
                Err(error) => assert_clean(&format!("{error} {error:?}")),
            }
        }
    }
}

#[tokio::test]
async fn broken_exchanges_show_no_address() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let silent = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    Mock::given(any()).respond_with(slow).mount(&silent).await;
    let options = HttpOptions {
        timeout: Duration::from_millis(200),
        ..quick()
    };
    let http = Arc::new(Http::new(options).unwrap());
    for endpoint in [format!("http://127.0.0.1:{port}"), silent.uri()] {
        for service in services() {
            let notifier = notifier(at(&endpoint, service), http.clone(), clock()).unwrap();
            let error = send(&*notifier).await.unwrap_err();
            assert_clean(&format!("{error} {error:?}"));
        }
    }
}
