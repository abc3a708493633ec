//! The two signatures of robots: one HMAC-SHA256, with key and message swapped.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// DingTalk: the secret is the key, `SEC` included, and milliseconds with the secret are the message.
pub(super) fn dingtalk(timestamp: &str, secret: &str) -> String {
    hmac(secret, &format!("{timestamp}\n{secret}"))
}

/// Feishu: seconds with the secret are the key, and the message is empty.
pub(super) fn feishu(timestamp: &str, secret: &str) -> String {
    hmac(&format!("{timestamp}\n{secret}"), "")
}

fn hmac(key: &str, message: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::{dingtalk, feishu};

    #[test]
    fn the_known_vectors_are_reproduced() {
        let secret = "SEC000000000000000000000";
        for (timestamp, secret, expected) in [
            (
                "1700000000000",
                secret,
                "1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=",
            ),
            (
                "1700000000004",
                secret,
                "dYgH6xrRTcunrT2tx3/D89WF+vvbPlpI9FuEGVpjJbw=",
            ),
            (
                "1577262236757",
                "this is secret",
                "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=",
            ),
        ] {
            assert_eq!(dingtalk(timestamp, secret), expected);
        }
        assert_eq!(
            feishu("1700000000", "demo"),
            "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo="
        );
    }
}
