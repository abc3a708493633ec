//! Decoding survives anything, and loses nothing it should keep.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Head, decode};
use crate::paginate::MetricPayload;

fn datapoints(body: &Value) -> Option<String> {
    let (_, payload) = decode::<MetricPayload>(&body.to_string()).unwrap();
    payload.datapoints.0
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::from(serde_json::Map::from_iter(map))),
        ]
    })
}

const KEYS: [&str; 8] = [
    "Code",
    "Success",
    "Message",
    "RequestId",
    "AccessDeniedDetail",
    "Datapoints",
    "NextToken",
    "Period",
];

proptest! {
    #[test]
    fn no_text_makes_decoding_panic(body in any::<String>()) {
        let _ = decode::<MetricPayload>(&body);
    }

    #[test]
    fn no_value_under_a_known_key_makes_decoding_panic(values in prop::collection::vec(any_json(), 8)) {
        let body: Value = KEYS.into_iter().zip(values).map(|(k, v)| (k.to_owned(), v)).collect::<serde_json::Map<_, _>>().into();
        let text = body.to_string();
        let whole = decode::<MetricPayload>(&text);
        // A reply that was cut off is never taken for a whole one.
        for (at, _) in text.char_indices() {
            prop_assert!(decode::<MetricPayload>(&text[..at]).is_err());
        }
        drop(whole);
    }

    #[test]
    fn points_are_the_same_as_a_text_and_as_an_array(points in prop::collection::vec(any_json(), 0..6)) {
        let array = Value::from(points);
        let as_array = datapoints(&json!({"Datapoints": array})).unwrap();
        let as_text = datapoints(&json!({"Datapoints": array.to_string()})).unwrap();
        prop_assert_eq!(&as_array, &as_text);
        prop_assert_eq!(serde_json::from_str::<Value>(&as_text).unwrap(), array);
    }

    #[test]
    fn a_token_comes_out_as_it_came_in(token in ".{1,80}") {
        let (_, payload) = decode::<MetricPayload>(&json!({"NextToken": token}).to_string()).unwrap();
        prop_assert_eq!(payload.next_token, Some(token));
    }
}

#[test]
fn nothing_speaks_for_success_but_code_and_flag() {
    let head = |code: Option<&str>, success| Head {
        code: code.map(str::to_owned),
        success,
        ..Head::default()
    };
    for (code, success, error, says_success) in [
        (None, None, false, false),
        (Some("200"), None, false, true),
        (None, Some(true), false, true),
        (Some("200"), Some(true), false, true),
        (Some("200"), Some(false), true, false),
        (None, Some(false), true, false),
        (Some("Throttling"), None, true, false),
        (Some("Throttling"), Some(true), true, false),
    ] {
        let head = head(code, success);
        assert_eq!(
            (head.is_error(), head.says_success()),
            (error, says_success),
            "{head:?}"
        );
    }
}
