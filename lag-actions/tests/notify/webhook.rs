//! The generic webhook.

use crate::common::{
    self, SECRET, TOKEN, assert_error, made, note_of, now, only_body, requests, send,
};
use lag_actions::notify::{Service, Webhook, notifier};
use lag_core::{
    Effect, Event, Lag, News, Note, Outcome, Refusal,
    port::PortErrorKind::{Forbidden, Invalid, NotFound, RateLimited, Unavailable},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wiremock::{MockServer, ResponseTemplate};

async fn answering(status: u16, times: u64) -> MockServer {
    common::server("/lag", ResponseTemplate::new(status), times).await
}

fn outcome(effect: Effect) -> Outcome {
    Outcome {
        stage: 2,
        at: now(),
        workload: "shop/Deployment/billing".to_owned(),
        effect,
    }
}

/// The notes of a message, without the words.
async fn notes(notes: &[&Note]) -> Value {
    let server = answering(204, 1).await;
    let receiver = made(&server, Service::Webhook(common::webhook()));
    receiver.notify(notes, 3).await.unwrap();
    let mut body = only_body(&server).await;
    assert_eq!(
        (&body["version"], &body["sent_at"], &body["dropped"]),
        (&json!(1), &json!("2023-11-14T22:13:20Z"), &json!(3))
    );
    for note in body["notes"].as_array_mut().unwrap() {
        let text = note.as_object_mut().unwrap().remove("text").unwrap();
        assert!(!text.as_str().unwrap().is_empty());
    }
    body["notes"].take()
}

#[tokio::test]
async fn a_stage_is_told_with_all_its_facts() {
    let news = News::Stage {
        outcomes: vec![outcome(Effect::Scaled { from: 2, to: 4 })],
        before: vec![outcome(Effect::Restarted)],
        last: false,
    };
    let moment = "2023-11-14T22:13:20Z";
    let workload = "shop/Deployment/billing";
    assert_eq!(
        notes(&[&note_of("billing", news)]).await,
        json!([{
            "at": moment, "kind": "stage", "instance_id": "alikafka_pre-cn-1",
            "consumer_group": "billing", "episode": moment, "stage": 1, "lag": 180_000.0,
            "lag_timestamp": moment, "threshold": 150_000.0, "last": false,
            "outcomes": [{"stage": 2, "at": moment, "workload": workload,
                          "effect": "scaled", "from": 2, "to": 4}],
            "before": [{"stage": 2, "at": moment, "workload": workload, "effect": "restarted"}],
        }])
    );
}

#[tokio::test]
async fn every_effect_has_its_word_and_its_numbers() {
    let by = "HorizontalPodAutoscaler/cust".to_owned();
    let refused = |refusal, fields: Value| (Effect::Refused(refusal), fields);
    let cases = [
        (Effect::Restarted, json!({"effect": "restarted"})),
        (
            Effect::AlreadyRestarted,
            json!({"effect": "already_restarted"}),
        ),
        (
            Effect::Evicted { pods: 3 },
            json!({"effect": "evicted", "pods": 3}),
        ),
        (
            Effect::MinimumChanged {
                autoscaler: by.clone(),
                from: 1,
                to: 2,
            },
            json!({"effect": "minimum_changed", "autoscaler": by, "from": 1, "to": 2}),
        ),
        (
            Effect::AlreadyScaled { at: 4 },
            json!({"effect": "already_scaled", "replicas": 4}),
        ),
        (
            Effect::Failed {
                reason: "no".to_owned(),
                last: true,
            },
            json!({"effect": "failed", "reason": "no", "last": true}),
        ),
        refused(Refusal::NoTarget, json!({"reason": "no_target"})),
        refused(Refusal::Paused, json!({"reason": "paused"})),
        refused(Refusal::RollingOut, json!({"reason": "rolling_out"})),
        refused(Refusal::OnDelete, json!({"reason": "on_delete"})),
        refused(
            Refusal::Kind("Job".to_owned()),
            json!({"reason": "kind", "workload_kind": "Job"}),
        ),
        refused(
            Refusal::Autoscaled { by: by.clone() },
            json!({"reason": "autoscaled", "autoscaler": by}),
        ),
        refused(
            Refusal::AtMaximum { at: 8 },
            json!({"reason": "at_maximum", "replicas": 8}),
        ),
        refused(
            Refusal::AtPartitions { at: 8 },
            json!({"reason": "at_partitions", "replicas": 8}),
        ),
        refused(Refusal::AtZero, json!({"reason": "at_zero"})),
        refused(Refusal::Disruption, json!({"reason": "disruption"})),
        refused(
            Refusal::ChangedSince { at: 5 },
            json!({"reason": "changed_since", "replicas": 5}),
        ),
        refused(Refusal::Stuck, json!({"reason": "stuck"})),
        refused(
            Refusal::DailyCap { changes: 9 },
            json!({"reason": "daily_cap", "changes": 9}),
        ),
    ];
    let outcomes = cases
        .iter()
        .map(|(effect, _)| outcome(effect.clone()))
        .collect();
    let told = notes(&[&note_of("billing", News::Retry { outcomes })]).await;
    for ((effect, fields), told) in cases.iter().zip(told[0]["outcomes"].as_array().unwrap()) {
        let mut expected = json!({"effect": "refused", "stage": 2, "at": "2023-11-14T22:13:20Z",
            "workload": "shop/Deployment/billing"});
        expected
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        assert_eq!(*told, expected, "{effect:?}");
    }
}

#[tokio::test]
async fn every_kind_of_news_has_its_word() {
    let lag = Lag::try_from(7.0).unwrap();
    let span = jiff::SignedDuration::from_mins(10);
    let (outcomes, before) = (vec![], vec![]);
    let cases = [
        (
            News::Retry { outcomes },
            json!({"kind": "retry", "outcomes": []}),
        ),
        (
            News::Reminder { before },
            json!({"kind": "reminder", "before": []}),
        ),
        (
            News::Unconfirmed {
                reason: "no permission".to_owned(),
            },
            json!({"kind": "unconfirmed", "reason": "no permission"}),
        ),
        (
            News::Stuck { lag_at_scale: lag },
            json!({"kind": "stuck", "lag_at_scale": 7.0}),
        ),
        (
            News::Disputed { total: lag },
            json!({"kind": "disputed", "service_lag": 7.0}),
        ),
        (
            News::Recovered {
                lasted: span,
                before: vec![],
                dropped: 2,
            },
            json!({"kind": "recovered", "lasted_seconds": 600, "before": [], "dropped_changes": 2}),
        ),
        (
            News::ScaledBack { outcomes: vec![] },
            json!({"kind": "scaled_back", "outcomes": []}),
        ),
        (
            News::Lost { missing_for: span },
            json!({"kind": "lost", "missing_for_seconds": 600}),
        ),
    ];
    for (news, fields) in cases {
        let told = notes(&[&note_of("billing", news)]).await;
        for (name, value) in fields.as_object().unwrap() {
            assert_eq!(told[0][name], *value, "{name}");
        }
    }
    let event = Event::StateLost {
        moved_to: "state.json.bad".to_owned(),
    };
    let lost = Note {
        at: now(),
        event,
        sent_to: BTreeSet::new(),
    };
    let expected =
        json!([{"at": "2023-11-14T22:13:20Z", "kind": "state_lost", "moved_to": "state.json.bad"}]);
    assert_eq!(notes(&[&lost]).await, expected);
    let event = Event::Alert {
        alerts: vec!["LagHigh".to_owned()],
        outcome: Outcome {
            stage: 1,
            at: now(),
            workload: "orders/Deployment/cust".to_owned(),
            effect: Effect::Scaled { from: 2, to: 3 },
        },
        truncated: 4,
    };
    let scaled = Note {
        at: now(),
        event,
        sent_to: BTreeSet::new(),
    };
    let expected = json!([{
        "at": "2023-11-14T22:13:20Z", "kind": "alert", "alerts": ["LagHigh"], "truncated_alerts": 4,
        "outcomes": [{
            "stage": 1, "at": "2023-11-14T22:13:20Z", "workload": "orders/Deployment/cust", "effect": "scaled", "from": 2,
            "to": 3,
        }],
    }]);
    assert_eq!(notes(&[&scaled]).await, expected);
}

#[tokio::test]
async fn address_bearer_and_headers_arrive_as_they_are() {
    let server = answering(200, 1).await;
    send(&*made(&server, Service::Webhook(common::webhook())))
        .await
        .unwrap();
    let request = &requests(&server).await[0];
    assert_eq!(request.url.query(), Some(format!("token={TOKEN}").as_str()));
    assert_eq!(
        request.headers["authorization"],
        format!("Bearer {SECRET}").as_str()
    );
    assert_eq!(request.headers["x-key"], "header-value-0815");
}

#[tokio::test]
async fn every_2xx_is_a_delivery_and_the_rest_says_what_to_do() {
    for status in [200, 201, 202, 204] {
        let server = answering(status, 1).await;
        send(&*made(&server, Service::Webhook(common::webhook())))
            .await
            .unwrap();
    }
    let cases = [
        (429, 1, RateLimited, "wait"),
        (401, 1, Forbidden, "bearer"),
        (403, 1, Forbidden, "bearer"),
        (404, 1, NotFound, "address"),
        (410, 1, NotFound, "address"),
        (413, 1, Invalid, "not accepted"),
        (408, 1, Unavailable, "no clear answer"),
        (500, 3, Unavailable, "could not take"),
        (503, 3, Unavailable, "could not take"),
    ];
    for (status, times, kind, advice) in cases {
        let server = answering(status, times).await;
        let error = send(&*made(&server, Service::Webhook(common::webhook())))
            .await
            .unwrap_err();
        assert_error(
            &error,
            kind,
            &["webhook", &format!("HTTP {status}"), advice],
        );
    }
}

#[test]
fn headers_that_are_ours_or_no_headers_are_refused() {
    for (name, value) in [
        ("content-type", "x"),
        ("Host", "x"),
        ("Authorization", "x"),
        ("a b", "x"),
        ("", "x"),
        ("x-ok", "a\nb"),
    ] {
        let settings = Webhook {
            headers: [(name.to_owned(), value.into())].into(),
            ..common::webhook()
        };
        let settings = common::settings(Service::Webhook(settings));
        let error = notifier(settings, common::http(), common::clock()).unwrap_err();
        assert_eq!(error.key, "headers", "{error}");
    }
}
