//! The text of a state.

use super::{
    format::{Document, Parsed, Unreadable, parse, render},
    strategies,
};
use lag_core::{GroupKey, InstanceId, escalate::CheckState, port::StateNotice};
use proptest::prelude::*;
use serde_json::{Value, json};

const FULL: &str = include_str!("../../tests/fixtures/state/version-1.json");
const POST: &str = include_str!("../../tests/fixtures/state/first-post.json");
const NEWER_FIELDS: &str = include_str!("../../tests/fixtures/state/unknown-fields.json");

fn read(text: &str) -> CheckState {
    parse(text.as_bytes(), None).unwrap().document.state
}

fn imported(text: &str) -> Result<Parsed, Unreadable> {
    let instance = InstanceId::new("alikafka_pre-cn-xxx").unwrap();
    parse(text.as_bytes(), Some(&instance))
}

fn corrupt(text: &str) -> String {
    match imported(text) {
        Err(Unreadable::Corrupt(reason)) => reason,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_text_of_version_1_stays_as_it_is() {
    assert_eq!(render(&read(FULL)), FULL.trim_end());
}

#[test]
fn the_first_posts_names_are_kept() {
    let text: Value = serde_json::from_str(&render(&read(FULL))).unwrap();
    let record = &text["last_check"]["alikafka_pre-cn-xxx/cust_docking_analog"];
    assert_eq!(record["consecutive_count"], 2);
    let at: jiff::Timestamp = record["stage_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(record["last_action_time"], at.as_second());
}

#[test]
fn fields_of_a_newer_program_are_written_back_while_their_record_lives() {
    let document = parse(NEWER_FIELDS.as_bytes(), None).unwrap().document;
    assert_eq!(document.text(), NEWER_FIELDS.trim_end());
    let mut state = document.state.clone();
    state.groups.clear();
    let text: Value = serde_json::from_str(&document.with(&state).text()).unwrap();
    assert_eq!(text["owner"], "team-orders");
    assert_eq!(text["last_check"], json!({}));
}

#[test]
fn a_newer_version_is_refused_and_not_damaged() {
    for text in [r#"{"version":2}"#, r#"{"version":9,"last_check":[]}"#] {
        let Err(Unreadable::Refused(reason)) = parse(text.as_bytes(), None) else {
            panic!("{text} is taken");
        };
        assert!(
            reason.contains("knows version 1: use the newer program"),
            "{reason}"
        );
    }
}

#[test]
fn the_first_posts_file_is_taken_over_for_one_instance() {
    let parsed = imported(POST).unwrap();
    assert_eq!(parsed.notice, Some(StateNotice::Imported { groups: 2 }));
    let key = |group: &str| {
        let instance = "alikafka_pre-cn-xxx".parse().unwrap();
        GroupKey::total(instance, group.parse().unwrap())
    };
    let groups = parsed.document.state.groups;
    let at = "2025-11-22T03:54:00Z".parse().unwrap();
    let cust = &groups[&key("cust_docking_analog")];
    assert_eq!((cust.stage, cust.since, cust.sample_at), (3, at, at));
    assert_eq!(cust.stage_at, Some(at));
    assert!(cust.done.is_empty() && cust.pending.is_empty());
    assert_eq!(groups[&key("cd_docking_analog")].stage, 1);
    assert!(!groups.contains_key(&key("well_docking_analog")), "count 0");
}

#[test]
fn the_first_posts_file_needs_an_instance_and_is_not_damaged_without() {
    let Err(Unreadable::Refused(reason)) = parse(POST.as_bytes(), None) else {
        panic!("taken");
    };
    assert!(reason.contains("exactly one instance"), "{reason}");
}

#[test]
fn the_first_posts_file_may_hold_no_groups() {
    let parsed = imported(r#"{"last_check": {}}"#).unwrap();
    assert_eq!(parsed.notice, Some(StateNotice::Imported { groups: 0 }));
}

#[test]
fn what_is_neither_ours_nor_the_posts_is_damaged() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "not json",
        r#"{"version":0,"last_check":{}}"#,
        r#"{"version":"1","last_check":{}}"#,
        r#"{"version":-1,"last_check":{}}"#,
        r#"{"version":1}"#,
        r#"{"version":1,"last_check":null}"#,
        r#"{"version":1,"last_check":{"no-instance":{"consecutive_count":1,"last_action_time":1}}}"#,
        r#"{"version":1,"last_check":{"i/g":{"consecutive_count":1,"last_action_time":1}}}"#,
        r#"{"last_check":{"g":{"consecutive_count":-1,"last_action_time":1}}}"#,
        r#"{"last_check":{"g":{"consecutive_count":1}}}"#,
        r#"{"last_check":{"g":{"consecutive_count":1,"last_action_time":9999999999999999}}}"#,
    ] {
        let reason = corrupt(text);
        assert!(!reason.contains('\n'), "{reason}");
    }
    // Ours, from which a hand has taken the version: its keys would be read as names of groups.
    assert_eq!(
        corrupt(&FULL.replace("\"version\": 1,", "")),
        "the version is missing"
    );
    let bytes = [
        b"{\"version\":1,\"last_check\":{},\"a\":\"",
        &[0xff][..],
        b"\"}",
    ]
    .concat();
    assert!(matches!(parse(&bytes, None), Err(Unreadable::Corrupt(_))));
}

#[test]
fn a_text_that_is_cut_anywhere_is_no_state() {
    for text in [FULL.trim_end(), NEWER_FIELDS.trim_end(), POST.trim_end()] {
        for end in 0..text.len() {
            let cut = &text.as_bytes()[..end];
            let instance = InstanceId::new("i").unwrap();
            let parsed = parse(cut, Some(&instance));
            assert!(
                matches!(parsed, Err(Unreadable::Corrupt(_))),
                "cut at {end}"
            );
        }
    }
}

#[test]
fn a_series_of_a_topic_is_not_kept_as_its_groups_total() {
    let mut state = read(FULL);
    let (mut key, group) = state.groups.pop_first().unwrap();
    key.topic = Some("orders".parse().unwrap());
    state.groups = [(key, group)].into();
    assert_eq!(read(&render(&state)).groups.len(), 0);
}

proptest! {
    #[test]
    fn every_state_comes_back_as_it_was(state in strategies::state()) {
        let text = render(&state);
        let parsed = parse(text.as_bytes(), None).unwrap();
        prop_assert_eq!(&parsed.document.state, &state, "{}", text);
        prop_assert!(parsed.notice.is_none());
        prop_assert_eq!(parsed.document.text(), text);
    }

    #[test]
    fn a_state_that_is_cut_is_none(state in strategies::state(), at in any::<prop::sample::Index>()) {
        let text = render(&state);
        for end in [at.index(text.len()), text.len() - 1] {
            prop_assert!(parse(&text.as_bytes()[..end], None).is_err());
        }
    }

    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, None);
    }

    #[test]
    fn no_change_of_bytes_breaks_the_parser(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = FULL.as_bytes().to_vec();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(parsed) = parse(&bytes, None) {
            let text = parsed.document.text();
            prop_assert_eq!(parse(text.as_bytes(), None).unwrap().document, parsed.document);
        }
    }
}

#[test]
fn deep_nesting_is_damage_and_no_crash() {
    for open in ["[", "{\"a\":"] {
        let text = format!(
            "{{\"version\":1,\"last_check\":{{}},\"x\":{}",
            open.repeat(100_000)
        );
        assert!(matches!(
            parse(text.as_bytes(), None),
            Err(Unreadable::Corrupt(_))
        ));
    }
}

#[test]
fn an_empty_document_is_a_state() {
    let text = Document::default().text();
    assert_eq!(read(&text), CheckState::default());
}
