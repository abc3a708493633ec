//! Properties of the encoders: nothing is lost, nothing is ambiguous.
#![allow(clippy::unwrap_used, missing_docs)]

use aliyun_cms::sign::{acs3, percent_encode, rpc};
use proptest::prelude::*;
use url::form_urlencoded;

fn decode(encoded: &str) -> String {
    percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

proptest! {
    #[test]
    fn decoding_an_encoded_text_gives_the_text(text in any::<String>()) {
        prop_assert_eq!(decode(&percent_encode(&text)), text);
    }

    #[test]
    fn only_unreserved_characters_and_upper_case_escapes_come_out(text in any::<String>()) {
        let encoded = percent_encode(&text);
        let bytes = encoded.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'%' {
                let hex = &bytes[at + 1..at + 3];
                prop_assert!(hex.iter().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b)));
                at += 3;
            } else {
                prop_assert!(bytes[at].is_ascii_alphanumeric() || b"-_.~".contains(&bytes[at]));
                at += 1;
            }
        }
    }

    #[test]
    fn a_canonical_query_decodes_to_the_sorted_parameters(
        params in prop::collection::btree_map(".{1,12}", ".{0,40}", 0..12)
    ) {
        let borrowed = || params.iter().rev().map(|(name, value)| (name.as_str(), value.as_str()));
        let canonical = rpc::canonical_query(borrowed());
        let decoded: Vec<(String, String)> =
            form_urlencoded::parse(canonical.as_bytes()).into_owned().collect();
        let sorted: Vec<(String, String)> = params.clone().into_iter().collect();
        prop_assert_eq!(decoded, sorted);
        prop_assert_eq!(canonical, acs3::canonical_query(borrowed()));
    }

    #[test]
    fn the_string_to_sign_holds_the_whole_canonical_query(query in any::<String>()) {
        let to_sign = rpc::string_to_sign("POST", &query);
        let (head, tail) = to_sign.rsplit_once('&').unwrap();
        prop_assert_eq!(head, "POST&%2F");
        prop_assert_eq!(decode(tail), query);
    }
}
