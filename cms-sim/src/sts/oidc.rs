//! The OIDC tokens that are accepted, and those that were.

use std::fmt;

use http::StatusCode;

use crate::errors::Refusal;

/// So many old tokens are still known as expired; older ones are wrong.
const MOST_EXPIRED: usize = 100;

/// Tokens by what becomes of them.
pub(crate) struct OidcTokens {
    accepted: Vec<String>,
    expired: Vec<String>,
}

/// Shows no token.
impl fmt::Debug for OidcTokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OidcTokens")
            .field("accepted", &self.accepted.len())
            .field("expired", &self.expired.len())
            .finish()
    }
}

impl OidcTokens {
    pub(crate) fn new(accepted: Vec<String>) -> Self {
        Self {
            accepted,
            expired: Vec::new(),
        }
    }

    /// Accepts this token from now on; the ones before have expired, as after a rotation of the token's file.
    pub(crate) fn replace(&mut self, token: String) {
        self.expired.append(&mut self.accepted);
        let surplus = self.expired.len().saturating_sub(MOST_EXPIRED);
        self.expired.drain(..surplus);
        self.accepted.push(token);
    }

    /// Codes, statuses and texts are those of the vendor's table of errors of STS 2015-04-01; which of them a real
    /// token with a wrong signature or another cluster's token gets is not verified.
    pub(super) fn check(&self, token: &str) -> Result<(), Refusal> {
        let refused = |kind: &str, message: &'static str| {
            let code = format!("AuthenticationFail.OIDCToken.{kind}");
            Err(Refusal::new(StatusCode::UNAUTHORIZED, code, message))
        };
        let known = |list: &[String]| list.iter().any(|known| known == token);
        if token.is_empty() {
            return refused("Invalid", "The OIDCToken can not empty.");
        }
        if token.split('.').count() != 3 {
            let message = "The number of Jwt field should be divided into 3 parts with '.' .";
            return refused("Invalid", message);
        }
        if known(&self.accepted) {
            return Ok(());
        }
        if known(&self.expired) {
            return refused("Expired", "This JsonWebToken is expired.");
        }
        refused(
            "Invalid",
            "The Jwt content is invalid that cannot be recognized.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::OidcTokens;

    #[test]
    fn after_a_rotation_the_old_token_has_expired() {
        let mut tokens = OidcTokens::new(vec!["a.b.c".into(), "d.e.f".into()]);
        let code = |tokens: &OidcTokens, token| tokens.check(token).map_err(|refusal| refusal.code);
        assert_eq!(code(&tokens, "a.b.c"), Ok(()));
        tokens.replace("g.h.i".into());
        assert_eq!(code(&tokens, "g.h.i"), Ok(()));
        for (token, expected) in [
            ("a.b.c", "Expired"),
            ("d.e.f", "Expired"),
            ("x.y.z", "Invalid"),
            ("a.b.c\n", "Invalid"),
            ("a.b", "Invalid"),
            ("", "Invalid"),
        ] {
            let expected = format!("AuthenticationFail.OIDCToken.{expected}");
            assert_eq!(code(&tokens, token), Err(expected.into()), "{token:?}");
        }
        tokens.replace("a.b.c".into());
        assert_eq!(code(&tokens, "a.b.c"), Ok(()));
    }

    #[test]
    fn debug_output_shows_no_token() {
        let mut tokens = OidcTokens::new(vec!["a.t0ken.c".into()]);
        tokens.replace("another.t0ken.c".into());
        assert!(!format!("{tokens:?}").contains("t0ken"));
    }
}
