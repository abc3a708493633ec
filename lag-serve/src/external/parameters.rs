//! What a query asks for. Names and values are decoded as any form is: a plus is a space.

use super::status::Status;
use http::StatusCode;
use percent_encoding::percent_decode_str;

/// The parameters that mean something here; all others are passed over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The label selector as text, empty when there is none.
    pub(super) selector: String,
    pub(super) watch: bool,
}

impl Parameters {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 when the selector is not text, or stands there twice. Half of a selector would match too much.
    pub(super) fn read(query: &str) -> Result<Self, Status> {
        let mut selector = None;
        let mut watch = false;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match decode(name).as_deref() {
                Some("labelSelector") => {
                    let bad = |what| Status::new(StatusCode::BAD_REQUEST, what);
                    let decoded = decode(value).ok_or_else(|| {
                        bad("labelSelector is not text: percent-encode it as UTF-8")
                    })?;
                    if selector.replace(decoded).is_some() {
                        return Err(bad(
                            "labelSelector stands there twice: join the requirements with commas",
                        ));
                    }
                }
                // As Kubernetes reads it: whatever is not a no.
                Some("watch") => watch = value != "0" && !value.eq_ignore_ascii_case("false"),
                _ => {}
            }
        }
        Ok(Self {
            selector: selector.unwrap_or_default(),
            watch,
        })
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> Parameters {
        Parameters::read(query).unwrap()
    }

    #[test]
    fn the_selector_is_decoded_and_the_rest_is_passed_over() {
        for (query, selector) in [
            ("", ""),
            ("labelSelector=", ""),
            (
                "labelSelector=consumer_group%3Da%2Ctopic+in+%28b%29",
                "consumer_group=a,topic in (b)",
            ),
            ("limit=1&labelSelector=a=b&fieldSelector=x&pretty", "a=b"),
            ("label%53elector=a=b", "a=b"),
            ("labelSelector=a%zz", "a%zz"),
        ] {
            assert_eq!(read(query).selector, selector, "{query}");
        }
    }

    #[test]
    fn half_a_selector_is_refused() {
        for query in ["labelSelector=%ff", "labelSelector=a&labelSelector=b"] {
            assert!(Parameters::read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_watch_is_whatever_is_not_a_no() {
        for (query, watch) in [
            ("watch=true", true),
            ("watch=1", true),
            ("watch", true),
            ("watch=", true),
            ("watch=False", false),
            ("watch=0", false),
            ("labelSelector=watch", false),
        ] {
            assert_eq!(read(query).watch, watch, "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[a-zA-Z=&%+0-9]{0,40}") {
            let _ = Parameters::read(&query);
        }
    }
}
