//! Group robots as their senders see them.

use cms_sim::{Robot, Simulator};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    chat::{
        SECRET, code, dingtalk_sign, feishu_signed, markdown, now_ms, post, say, say_with, text,
    },
    client::{config, encode, get, now, start},
};

async fn with(robot: Robot) -> Simulator {
    start(config().robot(robot)).await.0
}

#[tokio::test]
async fn a_good_message_is_kept_with_its_time_title_text_and_mobiles() {
    let simulator = with(Robot::dingtalk("t").secret(SECRET).keyword("lag")).await;
    let mut body = markdown("lag", "### 订单\n@13800000000");
    body["at"] = json!({ "atMobiles": ["13800000000"], "isAtAll": false });
    let seen = say_with(&simulator, "t", &dingtalk_sign(now_ms(), SECRET), &body).await;
    assert_eq!(seen.json(), json!({ "errcode": 0, "errmsg": "ok" }));
    let [message] = &simulator.messages("t")[..] else {
        panic!("one message")
    };
    assert_eq!(
        (message.at, message.title.as_str(), message.text.as_str()),
        (now(), "lag", "### 订单\n@13800000000")
    );
    assert_eq!(message.at_mobiles, ["13800000000"]);
    assert_eq!(message.raw, body.to_string());
    assert_eq!(simulator.clear_messages("t"), 1);
    assert!(simulator.messages("t").is_empty());
}

#[tokio::test]
async fn the_published_signature_is_accepted_at_its_time() {
    for (milliseconds, secret, sign) in [
        (
            1_700_000_000_000,
            SECRET,
            "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D",
        ),
        (
            1_700_000_000_004,
            SECRET,
            "dYgH6xrRTcunrT2tx3%2FD89WF%2BvvbPlpI9FuEGVpjJbw%3D",
        ),
        (
            1_577_262_236_757,
            "this is secret",
            "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D",
        ),
    ] {
        let simulator = with(Robot::dingtalk("t").secret(secret)).await;
        simulator.set_now(jiff::Timestamp::from_millisecond(milliseconds).unwrap());
        let signed = format!("&timestamp={milliseconds}&sign={sign}");
        let seen = say_with(&simulator, "t", &signed, &text("x")).await;
        assert_eq!(code(&seen), 0, "{}", seen.body());
    }
}

#[tokio::test]
async fn a_plus_that_is_not_encoded_spoils_the_signature() {
    let simulator = with(Robot::dingtalk("t").secret(SECRET)).await;
    simulator.set_now(jiff::Timestamp::from_millisecond(1_700_000_000_004).unwrap());
    let raw = "&timestamp=1700000000004&sign=dYgH6xrRTcunrT2tx3/D89WF+vvbPlpI9FuEGVpjJbw=";
    let seen = say_with(&simulator, "t", raw, &text("x")).await;
    assert_eq!(code(&seen), 310_000);
    assert!(seen.body().contains("sign not match"), "{}", seen.body());
    let encoded = raw.replace('+', "%2B");
    assert_eq!(
        code(&say_with(&simulator, "t", &encoded, &text("x")).await),
        0
    );
}

#[tokio::test]
async fn dingtalk_tells_keyword_sign_and_timestamp_apart() {
    let simulator = with(
        Robot::dingtalk("t")
            .secret(SECRET)
            .keyword("lag")
            .keyword("积压"),
    )
    .await;
    let hour = 3_600_000;
    let wrong = dingtalk_sign(now_ms(), "SECother");
    for (signed, body, errmsg) in [
        (
            dingtalk_sign(now_ms(), SECRET),
            text("hello"),
            "keywords not in content",
        ),
        (String::new(), text("lag"), "sign not match"),
        (wrong, text("lag"), "sign not match"),
        (
            dingtalk_sign(now_ms() - hour - 1, SECRET),
            text("lag"),
            "invalid timestamp",
        ),
        (
            dingtalk_sign(now_ms() + hour + 1, SECRET),
            text("lag"),
            "invalid timestamp",
        ),
        (
            "&timestamp=now&sign=x".into(),
            text("lag"),
            "invalid timestamp",
        ),
    ] {
        let seen = say_with(&simulator, "t", &signed, &body).await;
        assert_eq!(code(&seen), 310_000, "{errmsg}");
        let said = seen.json()["errmsg"].as_str().unwrap().to_owned();
        assert!(said.starts_with(&format!("{errmsg}, more: [")), "{said}");
    }
    assert!(simulator.messages("t").is_empty());
    for body in [text("积压 5"), markdown("lag", "x"), markdown("x", "lag")] {
        let edge = dingtalk_sign(now_ms() - hour, SECRET);
        assert_eq!(code(&say_with(&simulator, "t", &edge, &body).await), 0);
    }
    assert_eq!(simulator.counters().by_outcome["310000"], 6);
    assert_eq!(simulator.counters().by_action["DingTalk"], 9);
}

#[tokio::test]
async fn dingtalk_refuses_unknown_tokens_long_bodies_and_missing_parameters() {
    let simulator = with(Robot::dingtalk("t")).await;
    let at = simulator.addr();
    for target in ["/robot/send", "/robot/send?access_token=other"] {
        let seen = post(at, target, &text("x").to_string()).await;
        assert_eq!(
            seen.json(),
            json!({ "errcode": 300_001, "errmsg": "token is not exist" })
        );
    }
    let frame = text("").to_string().len();
    let fits = text(&"x".repeat(20_000 - frame));
    assert_eq!(code(&say(&simulator, "t", &fits).await), 0);
    let long = text(&"x".repeat(20_001 - frame));
    assert_eq!(code(&say(&simulator, "t", &long).await), 460_101);
    for body in [
        json!({ "msgtype": "markdown", "markdown": { "text": "x" } }),
        markdown("", "x"),
        text(""),
        json!({ "msgtype": "poem" }),
        json!([]),
    ] {
        assert_eq!(code(&say(&simulator, "t", &body).await), 40_035, "{body}");
    }
    let target = "/robot/send?access_token=t";
    assert_eq!(code(&post(at, target, "no json").await), 40_035);
    assert_eq!(code(&get(at, target, &[]).await), 43_002);
    assert_eq!(simulator.messages("t").len(), 1);
}

#[tokio::test]
async fn the_21st_message_of_a_minute_silences_a_dingtalk_robot_for_10_minutes() {
    let simulator = start(
        config()
            .robot(Robot::dingtalk("t"))
            .robot(Robot::dingtalk("u")),
    )
    .await
    .0;
    for _ in 0..20 {
        assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    }
    let seen = say(&simulator, "t", &text("x")).await;
    let expected = json!({
        "errcode": 130_101, "errmsg": "send too fast, exceed 20 times per minute",
        "status": 1111, "wait": 5, "punish": "deny",
    });
    assert_eq!(seen.json(), expected);
    assert_eq!(
        code(&say(&simulator, "u", &text("x")).await),
        0,
        "each robot for itself"
    );
    simulator.set_now(now() + SignedDuration::from_secs(599));
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 130_101);
    simulator.set_now(now() + SignedDuration::from_secs(600));
    assert_eq!(code(&say(&simulator, "t", &text("x")).await), 0);
    assert_eq!(simulator.messages("t").len(), 21);
}

#[tokio::test]
async fn feishu_checks_the_signature_in_the_body() {
    let simulator = with(Robot::feishu("hook-1").secret("demo").keyword("lag")).await;
    let text = json!({ "msg_type": "text", "content": { "text": "lag 5" } });
    let seconds = now().as_second();
    let good = feishu_signed(text.clone(), seconds, "demo");
    let seen = say(&simulator, "hook-1", &good).await;
    assert_eq!((code(&seen), &seen.json()["msg"]), (0, &json!("success")));
    assert_eq!(simulator.messages("hook-1")[0].text, "lag 5");
    let mut number = good.clone();
    number["timestamp"] = json!(seconds);
    for bad in [
        text.clone(),
        number,
        feishu_signed(text.clone(), seconds, "other"),
        feishu_signed(text.clone(), seconds - 3601, "demo"),
        feishu_signed(text, now_ms(), "demo"),
    ] {
        let seen = say(&simulator, "hook-1", &bad).await;
        assert_eq!(code(&seen), 19_021);
        let expected = "sign match fail or timestamp is not within one hour from current time";
        assert_eq!(seen.json()["msg"], expected);
    }
    let silent = json!({ "msg_type": "text", "content": { "text": "hello" } });
    let silent = feishu_signed(silent, seconds, "demo");
    assert_eq!(code(&say(&simulator, "hook-1", &silent).await), 19_024);
    assert_eq!(simulator.messages("hook-1").len(), 1);
}

#[tokio::test]
async fn the_known_feishu_signature_is_accepted_at_its_time() {
    let simulator = with(Robot::feishu("h").secret("demo")).await;
    simulator.set_now(jiff::Timestamp::from_second(1_700_000_000).unwrap());
    let body = json!({
        "timestamp": "1700000000", "sign": "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=",
        "msg_type": "text", "content": { "text": "x" },
    });
    assert_eq!(code(&say(&simulator, "h", &body).await), 0);
}

#[tokio::test]
async fn feishu_refuses_bad_bodies_unknown_hooks_and_haste() {
    let simulator = with(Robot::feishu("h")).await;
    let at = simulator.addr();
    let hook = "/open-apis/bot/v2/hook/h";
    let long = json!({ "msg_type": "text", "content": { "text": "x".repeat(20_480) } });
    for body in ["no json", r#"{"msg_type":"poem"}"#, &long.to_string()] {
        assert_eq!(code(&post(at, hook, body).await), 9499);
    }
    let text = json!({ "msg_type": "text", "content": { "text": "x" } });
    let unknown = post(at, "/open-apis/bot/v2/hook/other", &text.to_string()).await;
    assert_eq!(code(&unknown), 19_001);
    for _ in 0..5 {
        assert_eq!(code(&say(&simulator, "h", &text).await), 0);
    }
    assert_eq!(code(&say(&simulator, "h", &text).await), 11_232);
    simulator.set_now(now() + SignedDuration::from_secs(1));
    assert_eq!(code(&say(&simulator, "h", &text).await), 0);
}

#[tokio::test]
async fn wecom_counts_the_bytes_of_the_content() {
    let simulator = with(Robot::wecom("k")).await;
    let markdown =
        |content: &str| json!({ "msgtype": "markdown", "markdown": { "content": content } });
    assert_eq!(
        code(&say(&simulator, "k", &text(&"x".repeat(2048))).await),
        0
    );
    assert_eq!(
        code(&say(&simulator, "k", &markdown(&"x".repeat(4096))).await),
        0
    );
    for (body, most) in [
        (
            text(&"汉".repeat(683)),
            "text.content exceed max length 2048",
        ),
        (
            markdown(&"x".repeat(4097)),
            "markdown.content exceed max length 4096",
        ),
    ] {
        let seen = say(&simulator, "k", &body).await;
        assert_eq!(code(&seen), 40_058);
        assert!(seen.body().contains(most), "{}", seen.body());
    }
    let mut named = text("x");
    named["text"]["mentioned_mobile_list"] = json!(["13800000000", "@all"]);
    assert_eq!(code(&say(&simulator, "k", &named).await), 0);
    assert_eq!(
        simulator.messages("k")[2].at_mobiles,
        ["13800000000", "@all"]
    );
}

#[tokio::test]
async fn wecom_refuses_unknown_keys_kinds_and_the_21st_message() {
    let simulator = with(Robot::wecom("k")).await;
    let target = "/cgi-bin/webhook/send?key=other";
    let unknown = post(simulator.addr(), target, &text("x").to_string()).await;
    assert_eq!(code(&unknown), 93_000);
    assert_eq!(
        code(&say(&simulator, "k", &json!({ "msgtype": "poem" })).await),
        40_008
    );
    for _ in 0..20 {
        assert_eq!(code(&say(&simulator, "k", &text("x")).await), 0);
    }
    assert_eq!(code(&say(&simulator, "k", &text("x")).await), 45_009);
    simulator.set_now(now() + SignedDuration::from_secs(60));
    assert_eq!(code(&say(&simulator, "k", &text("x")).await), 0);
}

#[tokio::test]
async fn a_webhook_takes_any_body() {
    let simulator = with(Robot::webhook("ops")).await;
    let at = simulator.addr();
    let titled = json!({ "title": "T", "text": "t", "more": [1] });
    assert_eq!(say(&simulator, "ops", &titled).await.status(), 200);
    assert_eq!(post(at, "/webhook/ops", "plain").await.status(), 200);
    assert_eq!(get(at, "/webhook/ops", &[]).await.status(), 405);
    assert_eq!(post(at, "/webhook/other", "x").await.status(), 404);
    let messages = simulator.messages("ops");
    let seen: Vec<_> = messages
        .iter()
        .map(|m| (m.title.as_str(), m.text.as_str()))
        .collect();
    assert_eq!(seen, [("T", "t"), ("", "plain")]);
    assert_eq!(messages[0].raw, titled.to_string());
}

#[tokio::test]
async fn the_token_of_one_kind_is_unknown_to_the_others() {
    let simulator = with(Robot::feishu("t")).await;
    let target = format!("/robot/send?access_token={}", encode("t"));
    let seen = post(simulator.addr(), &target, &text("x").to_string()).await;
    assert_eq!(code(&seen), 300_001);
}

#[tokio::test]
async fn a_removed_robot_is_unknown_and_an_added_one_is_not() {
    let simulator = with(Robot::dingtalk("t")).await;
    assert!(simulator.remove_robot("t") && !simulator.remove_robot("t"));
    assert_eq!(simulator.robot_url("t"), None);
    let target = "/robot/send?access_token=t";
    let send = || async { code(&post(simulator.addr(), target, &text("x").to_string()).await) };
    assert_eq!(send().await, 300_001);
    simulator.add_robot(Robot::dingtalk("t"));
    assert_eq!(send().await, 0);
}
