//! Decoding and HMAC written a second time, so that a mistake in the first is seen.

use sha2::{Digest, Sha256};

pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > block.len() {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let inner = Sha256::new()
        .chain_update(block.map(|b| b ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|b| b ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

pub(crate) fn decode_base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    assert_eq!(text.len() % 4, 0, "{text}");
    for four in text.as_bytes().chunks(4) {
        let sixes = four.iter().map(|c| match c {
            b'=' => 0,
            c => u32::try_from(alphabet.iter().position(|a| a == c).unwrap()).unwrap(),
        });
        let bits = sixes.fold(0, |bits, six| bits << 6 | six);
        let padding = four.iter().filter(|c| **c == b'=').count();
        out.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    out
}

/// Percent signs only: a `+` stays a plus, which is what DingTalk would not read it as.
pub(crate) fn decode_percent(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        out.push(char::from(u8::from_str_radix(&after[..2], 16).unwrap()));
        rest = &after[2..];
    }
    out + rest
}

#[test]
fn the_second_hmac_agrees_with_the_published_one() {
    let expected = decode_base64("hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=");
    let computed = hmac(b"this is secret", b"1577262236757\nthis is secret");
    assert_eq!(computed, expected);
}
