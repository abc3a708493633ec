//! The token of the metadata service, kept for its life.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::credentials::answer::Answer;

/// The longest the service allows.
pub(super) const TTL_SECONDS: u16 = 21_600;
/// A token is not used in its last minute, so that it does not run out on the way.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// The last token, if it is still good.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<(SecretString, Timestamp)>>);

impl Kept {
    pub(super) fn get(&self, now: Timestamp) -> Option<SecretString> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, until) = kept.as_ref()?;
        (now < *until).then(|| token.clone())
    }

    pub(super) fn put(&self, token: SecretString, now: Timestamp) {
        let life = SignedDuration::from_secs(i64::from(TTL_SECONDS)) - MARGIN;
        let until = now.saturating_add(life).unwrap_or(now);
        self.set(Some((token, until)));
    }

    pub(super) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, token: Option<(SecretString, Timestamp)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// The token in an answer; a page or an error text is none.
pub(super) fn read(answer: &Answer) -> Option<SecretString> {
    let text = str::from_utf8(answer.body.trim_ascii()).ok()?;
    let is_token = answer.status.as_u16() == 200
        && (1..=4096).contains(&text.len())
        && !text.starts_with(['<', '{'])
        && text.bytes().all(|b| b.is_ascii_graphic());
    is_token.then(|| SecretString::from(text))
}

pub(super) fn header(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(token.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    #[test]
    fn a_token_is_kept_until_a_minute_before_its_end() {
        let start: Timestamp = "2026-01-15T08:30:00Z".parse().unwrap();
        let after = |seconds| start + SignedDuration::from_secs(seconds);
        let kept = Kept::default();
        assert!(kept.get(start).is_none());
        kept.put("t".into(), start);
        assert!(kept.get(after(21_539)).is_some());
        assert!(kept.get(after(21_540)).is_none());
        kept.forget();
        assert!(kept.get(start).is_none());
    }

    #[test]
    fn only_a_short_text_without_markup_is_a_token() {
        for (status, body, expected) in [
            (200, "AQAE==\n", true),
            (404, "AQAE==", false),
            (200, "", false),
            (200, "<html>", false),
            (200, r#"{"Code":"Failed"}"#, false),
            (200, "two words", false),
            (200, "名", false),
            (200, &"x".repeat(4097), false),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                body: body.as_bytes().to_vec(),
            };
            assert_eq!(read(&answer).is_some(), expected, "{status} {body}");
        }
    }
}
