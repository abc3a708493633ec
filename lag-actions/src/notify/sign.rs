//! The signatures of DingTalk and Feishu, which look alike and are not.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// DingTalk: the secret is the key, `timestamp` (milliseconds) and secret are the message.
pub(super) fn dingtalk(timestamp_ms: i64, secret: &SecretString) -> String {
    let secret = secret.expose_secret();
    let message = SecretString::from(format!("{timestamp_ms}\n{secret}"));
    hmac(secret, message.expose_secret())
}

/// Feishu: `timestamp` (seconds) and secret are the key, and the message is empty.
pub(super) fn feishu(timestamp_s: i64, secret: &SecretString) -> String {
    let key = SecretString::from(format!("{timestamp_s}\n{}", secret.expose_secret()));
    hmac(key.expose_secret(), "")
}

fn hmac(key: &str, message: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_dingtalk_come_out() {
        let vectors = [
            (
                1_700_000_000_000,
                "SEC000000000000000000000",
                "1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=",
            ),
            (
                1_700_000_000_004,
                "SEC000000000000000000000",
                "dYgH6xrRTcunrT2tx3/D89WF+vvbPlpI9FuEGVpjJbw=",
            ),
            (
                1_577_262_236_757,
                "this is secret",
                "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=",
            ),
        ];
        for (at, secret, expected) in vectors {
            assert_eq!(dingtalk(at, &SecretString::from(secret)), expected, "{at}");
        }
    }

    #[test]
    fn the_vector_of_feishu_comes_out() {
        let signed = feishu(1_700_000_000, &SecretString::from("demo"));
        assert_eq!(signed, "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=");
    }
}
