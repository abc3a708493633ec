//! The `Authorization` header of RFC 7617.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION};
use std::fmt;

/// Longer ones are nobody's; bcrypt itself looks at 72 bytes of a password.
const LONGEST: usize = 1_024;

/// What somebody claims.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::web) struct Credentials {
    pub(super) user: String,
    pub(super) password: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// The one claim of a request. Two are none: nobody could say which of them holds.
    pub(in crate::web) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        Self::parse(value.to_str().ok()?)
    }

    /// Reads `Basic BASE64`, where the text is `USER:PASSWORD`; a user has no colon and no control characters.
    fn parse(value: &str) -> Option<Self> {
        let (scheme, text) = value.split_once(' ')?;
        let text = text.trim_matches(' ');
        if !scheme.eq_ignore_ascii_case("basic") || text.len() > LONGEST {
            return None;
        }
        let mut user = STANDARD.decode(text).ok()?;
        let colon = user.iter().position(|byte| *byte == b':')?;
        let password = user.split_off(colon).split_off(1);
        let user = String::from_utf8(user).ok()?;
        (!user.chars().any(char::is_control)).then_some(Self { user, password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: impl AsRef<[u8]>) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        for value in [
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ== ",
        ] {
            let read = Credentials::parse(value).unwrap();
            assert_eq!(
                (read.user.as_str(), &*read.password),
                ("Aladdin", &b"open sesame"[..])
            );
        }
    }

    #[test]
    fn anything_else_is_nobody() {
        for value in [
            "".into(),
            "Basic".into(),
            "Basic ".into(),
            "Basic QWxh".into(),
            "Basic !".into(),
            format!("Bearer {}", encoded("a:b")),
            format!("Basic {}", encoded("no colon")),
            format!("Basic {}", encoded("a\0:b")),
            format!("Basic {}", encoded([0xff, b':', b'b'])),
            format!("Basic {}", encoded(format!("a:{}", "b".repeat(LONGEST)))),
        ] {
            assert_eq!(Credentials::parse(&value), None, "{value}");
        }
    }

    #[test]
    fn two_claims_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(Credentials::of(&headers), None);
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        let one = Credentials::of(&headers).unwrap();
        assert!(!format!("{one:?}").contains('b'), "{one:?}");
        headers.append(AUTHORIZATION, "Basic YTpj".parse().unwrap());
        assert_eq!(Credentials::of(&headers), None);
    }

    proptest! {
        #[test]
        fn what_a_client_encodes_is_what_is_read(
            user in "[^:\\p{Cc}]{0,20}",
            password in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let text = [user.as_bytes(), b":", &password].concat();
            let read = Credentials::parse(&format!("Basic {}", encoded(text)));
            prop_assert_eq!(read, Some(Credentials { user, password }));
        }

        #[test]
        fn no_value_makes_the_parser_panic(value in "(?i:basic )?\\PC{0,60}") {
            let _ = Credentials::parse(&value);
        }
    }
}
