//! Settings that cannot work are refused before anything is sent.

use crate::common::{self, TOKEN, clock, http, settings};
use lag_actions::notify::{
    DingTalk, Feishu, InvalidNotifier, NotifierSettings, Service, WeCom, Webhook, notifier,
};

fn refused(settings: NotifierSettings) -> InvalidNotifier {
    let error = notifier(settings, http(), clock()).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(TOKEN) && !text.contains("hunter2"), "{text}");
    error
}

fn service(kind: &str, url: &str) -> Service {
    let url = url.into();
    match kind {
        "dingtalk" => Service::DingTalk(DingTalk {
            url,
            ..common::dingtalk()
        }),
        "feishu" => Service::Feishu(Feishu {
            url,
            ..common::feishu()
        }),
        "wecom" => Service::WeCom(WeCom {
            url,
            ..common::wecom()
        }),
        _ => Service::Webhook(Webhook {
            url,
            ..common::webhook()
        }),
    }
}

#[test]
fn the_address_of_another_vendor_is_refused_and_named() {
    let own = [
        (
            "dingtalk",
            "DingTalk",
            format!("https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"),
        ),
        (
            "feishu",
            "Feishu",
            format!("https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}"),
        ),
        (
            "feishu",
            "Feishu",
            format!("https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}"),
        ),
        (
            "wecom",
            "WeCom",
            format!("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}"),
        ),
    ];
    for kind in ["dingtalk", "feishu", "wecom", "webhook"] {
        for (owner, name, url) in &own {
            let settings = settings(service(kind, url));
            if kind == *owner {
                notifier(settings, http(), clock()).unwrap();
                continue;
            }
            let expected =
                format!("notifier \"ops\": url: this is a {name} robot: use kind: {owner}");
            assert_eq!(refused(settings).to_string(), expected);
        }
    }
}

#[test]
fn an_address_without_its_parts_is_refused_with_an_example() {
    let cases = [
        (
            "dingtalk",
            format!("http://oapi.dingtalk.com/robot/send?access_token={TOKEN}"),
        ),
        (
            "dingtalk",
            format!("https://oapi.dingtalk.com:8443/robot/send?access_token={TOKEN}"),
        ),
        (
            "dingtalk",
            format!("https://oapi.dingtalk.com/robot/send2?access_token={TOKEN}"),
        ),
        (
            "dingtalk",
            "https://oapi.dingtalk.com/robot/send?access_token=".to_owned(),
        ),
        (
            "dingtalk",
            "https://oapi.dingtalk.com/robot/send".to_owned(),
        ),
        (
            "dingtalk",
            format!("https://oapi.dingtalk.com.evil.example/robot/send?access_token={TOKEN}"),
        ),
        (
            "feishu",
            "https://open.feishu.cn/open-apis/bot/v2/hook/".to_owned(),
        ),
        (
            "feishu",
            format!("https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}/more"),
        ),
        (
            "wecom",
            format!("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?token={TOKEN}"),
        ),
        ("wecom", format!("https://example.com/?key={TOKEN}")),
        (
            "wecom",
            format!("ftp://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}"),
        ),
    ];
    for (kind, url) in cases {
        let error = refused(settings(service(kind, &url)));
        assert_eq!(error.key, "url");
        assert!(error.reason.contains("https://"), "{kind}: {error}");
    }
}

#[test]
fn what_is_no_address_is_not_repeated_in_the_error() {
    for kind in ["dingtalk", "feishu", "wecom", "webhook"] {
        for url in [
            TOKEN.to_owned(),
            format!("https://user:hunter2@hooks.example/{TOKEN}"),
            String::new(),
        ] {
            assert_eq!(refused(settings(service(kind, &url))).key, "url");
        }
    }
}

#[test]
fn a_signed_address_is_refused_because_signatures_age() {
    let url =
        format!("https://oapi.dingtalk.com/robot/send?access_token={TOKEN}&timestamp=1&sign=x");
    let error = refused(settings(service("dingtalk", &url)));
    assert!(error.reason.contains("give the secret"), "{error}");
}

#[test]
fn a_webhook_is_https_unless_it_is_here_or_allowed() {
    for url in [
        "https://hooks.example/x",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "http://[::1]/x",
    ] {
        notifier(settings(service("webhook", url)), http(), clock()).unwrap();
    }
    for url in [
        "http://hooks.example/x",
        "http://10.0.0.1/x",
        "ftp://127.0.0.1/x",
        "file:///x",
    ] {
        assert!(
            refused(settings(service("webhook", url)))
                .reason
                .contains("https"),
            "{url}"
        );
    }
    let url = "http://hooks.example/x".into();
    let allowed = Webhook {
        url,
        allow_http: true,
        ..common::webhook()
    };
    notifier(settings(Service::Webhook(allowed)), http(), clock()).unwrap();
}

#[test]
fn an_endpoint_is_https_or_this_machine_and_nothing_but_a_host() {
    let robot = || Service::DingTalk(common::dingtalk());
    for endpoint in [
        "https://gateway.example",
        "https://gateway.example:8443/",
        "http://127.0.0.1:1",
    ] {
        notifier(common::at(endpoint, robot()), http(), clock()).unwrap();
    }
    for endpoint in [
        "http://gateway.example",
        "https://gateway.example/path",
        "https://gateway.example/?q=1",
        "https://gateway.example/#f",
        "https://user:hunter2@gateway.example",
        "unix:/run/socket",
    ] {
        let settings = common::at(endpoint, robot());
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(refused(settings).key, "endpoint", "{endpoint}");
    }
}

#[test]
fn a_gateway_in_the_place_of_the_address_is_sent_to_endpoint() {
    let url = format!("https://gateway.example/robot/send?access_token={TOKEN}");
    let error = refused(settings(service("dingtalk", &url)));
    assert!(error.reason.contains("the gateway as endpoint"), "{error}");
}

#[test]
fn names_secrets_keywords_and_mentions_are_checked() {
    let robot = common::dingtalk;
    let secret = |text: &str| DingTalk {
        secret: Some(text.into()),
        ..robot()
    };
    let keyword = |text: &str| DingTalk {
        keyword: Some(text.to_owned()),
        ..robot()
    };
    let mobile = |text: &str| DingTalk {
        at_mobiles: vec![text.to_owned()],
        ..robot()
    };
    let cases = [
        ("secret", secret("")),
        ("secret", secret("SEC1\n")),
        ("secret", secret(" SEC1")),
        ("keyword", keyword(" ")),
        ("keyword", keyword("a\nb")),
        ("keyword", keyword(&"字".repeat(40))),
        ("at_mobiles", mobile("")),
        ("at_mobiles", mobile("138 0000 0000")),
        (
            "at_user_ids",
            DingTalk {
                at_user_ids: vec!["<@x>".to_owned()],
                ..robot()
            },
        ),
        (
            "at_user_ids",
            DingTalk {
                at_user_ids: vec!["x".to_owned(); 51],
                ..robot()
            },
        ),
    ];
    for (key, robot) in cases {
        assert_eq!(refused(settings(Service::DingTalk(robot))).key, key);
    }
    for name in ["", "a\nb"] {
        let settings = NotifierSettings {
            name: name.to_owned(),
            ..settings(Service::WeCom(common::wecom()))
        };
        assert_eq!(refused(settings).key, "name");
    }
}
