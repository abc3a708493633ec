//! Notes, notifiers and servers for the tests.

use jiff::Timestamp;
use lag_actions::Now;
use lag_actions::notify::{
    DingTalk, Feishu, Http, HttpOptions, NotifierSettings, Service, WeCom, Webhook, notifier,
};
use lag_core::{
    Event, GroupKey, GroupName, InstanceId, Lag, LagSample, Language, News, Note,
    port::{Notifier, PortError, PortErrorKind},
};
use secrecy::SecretString;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SECRET: &str = "SEC000000000000000000000";

/// The moment of the published vectors.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

pub(crate) fn clock() -> Now {
    Arc::new(now)
}

pub(crate) fn http() -> Arc<Http> {
    Arc::new(Http::new(quick()).unwrap())
}

/// Enough for loopback.
pub(crate) fn quick() -> HttpOptions {
    HttpOptions {
        back_off: Duration::from_millis(1),
        ..HttpOptions::default()
    }
}

pub(crate) fn note_of(group: &str, news: News) -> Note {
    let sample = LagSample {
        at: now(),
        lag: Lag::try_from(180_000.0).unwrap(),
        trend: None,
    };
    Note {
        at: now(),
        event: Event::Group {
            key: GroupKey::total(
                InstanceId::new("alikafka_pre-cn-1").unwrap(),
                GroupName::new(group).unwrap(),
            ),
            episode: now(),
            stage: 1,
            sample,
            breach_above: Lag::try_from(150_000.0).unwrap(),
            news,
        },
        sent_to: BTreeSet::new(),
    }
}

pub(crate) fn note(group: &str) -> Note {
    note_of(group, News::Reminder { before: vec![] })
}

pub(crate) fn dingtalk() -> DingTalk {
    DingTalk {
        url: format!("https://oapi.dingtalk.com/robot/send?access_token={TOKEN}").into(),
        secret: Some(SECRET.into()),
        keyword: None,
        at_mobiles: vec![],
        at_user_ids: vec![],
        at_all: false,
    }
}

pub(crate) fn feishu() -> Feishu {
    Feishu {
        url: format!("https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}").into(),
        secret: Some(SECRET.into()),
        keyword: None,
        at_user_ids: vec![],
        at_all: false,
    }
}

pub(crate) fn wecom() -> WeCom {
    WeCom {
        url: format!("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}").into(),
        mentioned_mobiles: vec![],
        mentioned_users: vec![],
    }
}

pub(crate) fn webhook() -> Webhook {
    Webhook {
        url: format!("https://hooks.example/lag?token={TOKEN}").into(),
        bearer: Some(SecretString::from(SECRET)),
        headers: [("X-Key".to_owned(), SecretString::from("header-value-0815"))].into(),
        allow_http: false,
    }
}

pub(crate) fn settings(service: Service) -> NotifierSettings {
    NotifierSettings {
        name: "ops".to_owned(),
        service,
        language: Language::English,
        endpoint: None,
    }
}

pub(crate) fn at(endpoint: &str, service: Service) -> NotifierSettings {
    NotifierSettings {
        endpoint: Some(endpoint.parse().unwrap()),
        ..settings(service)
    }
}

pub(crate) fn made(server: &MockServer, service: Service) -> Box<dyn Notifier> {
    notifier(at(&server.uri(), service), http(), clock()).unwrap()
}

pub(crate) async fn send(notifier: &dyn Notifier) -> Result<(), PortError> {
    notifier.notify(&[&note("billing")], 0).await
}

/// A server that answers every message with this; other paths and methods fail the message.
pub(crate) async fn server(path: &str, answer: ResponseTemplate, times: u64) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(matchers::method("POST"))
        .and(matchers::path(path))
        .and(matchers::header(
            "user-agent",
            concat!("kafka-lag/", env!("CARGO_PKG_VERSION")),
        ))
        .and(matchers::header(
            "content-type",
            "application/json; charset=utf-8",
        ))
        .respond_with(answer)
        .expect(times)
        .mount(&server)
        .await;
    server
}

pub(crate) fn json(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

pub(crate) async fn only_body(server: &MockServer) -> Value {
    let requests = requests(server).await;
    assert_eq!(requests.len(), 1);
    serde_json::from_slice(&requests[0].body).unwrap()
}

/// The kind and every fragment of the text, which is one line that names the notifier.
pub(crate) fn assert_error(error: &PortError, kind: PortErrorKind, fragments: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind, kind, "{text}");
    assert!(text.starts_with("notifier ops: "), "{text}");
    assert!(!text.contains('\n'), "{text}");
    for fragment in fragments {
        assert!(
            text.contains(fragment),
            "{fragment:?} is missing in: {text}"
        );
    }
}
