//! Keeps keys and quotes of signed text out of what is shown.

use secrecy::ExposeSecret;

use crate::{Credentials, sign::percent_encode};

const MASK: &str = "****";

/// Shorter keys exist in tests only, and would blacken every other word.
const SHORTEST: usize = 8;

/// From here on the vendor quotes what it signed: parameters, the key id, the token.
const QUOTES: [&str; 3] = ["string to sign", "stringtosign", "canonicalrequest"];

/// Enough of an id to tell two apart, too little to look it up.
pub(crate) fn masked_id(id: &str) -> String {
    let chars: Vec<char> = id.chars().collect();
    if chars.len() < 12 {
        return MASK.to_owned();
    }
    let (head, tail) = (&chars[..4], &chars[chars.len() - 4..]);
    head.iter()
        .copied()
        .chain(MASK.chars())
        .chain(tail.iter().copied())
        .collect()
}

/// A message of the vendor without quoted strings to sign, without these
/// credentials, and without anything that looks like an access key id.
pub(crate) fn message(text: &str, credentials: &Credentials) -> String {
    let lower = text.to_ascii_lowercase();
    let quote = QUOTES
        .iter()
        .filter_map(|marker| lower.find(marker).map(|at| at + marker.len()))
        .min();
    let mut out = match quote {
        // ASCII lower-casing keeps every byte where it is, so `at` is a border here too.
        Some(at) => format!("{} [not shown]", &text[..at]),
        None => text.to_owned(),
    };
    let secrets = [
        Some(credentials.access_key_id()),
        Some(credentials.access_key_secret().expose_secret()),
        credentials
            .security_token()
            .map(ExposeSecret::expose_secret),
    ];
    for secret in secrets
        .into_iter()
        .flatten()
        .filter(|s| s.len() >= SHORTEST)
    {
        let once = percent_encode(secret);
        let twice = percent_encode(&once);
        for form in [secret, &once, &twice] {
            if out.contains(form) {
                out = out.replace(form, MASK);
            }
        }
    }
    mask_key_ids(&out)
}

/// Access key ids of other people: `LTAI` or `STS.` and at least eight more letters or digits.
fn mask_key_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["LTAI", "STS."].iter().filter_map(|p| rest.find(p)).min() {
        let (before, found) = rest.split_at(at);
        let (prefix, tail) = found.split_at(4);
        let length = tail.bytes().take_while(u8::is_ascii_alphanumeric).count();
        out.push_str(before);
        out.push_str(prefix);
        out.push_str(if length >= 8 { MASK } else { &tail[..length] });
        rest = &tail[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials::new("my-own-key-id", "s3cr3t/+").with_security_token("CAIS+tok/en==")
    }

    #[test]
    fn an_id_shows_only_its_ends_and_a_short_one_nothing() {
        assert_eq!(masked_id("LTAI5tAbCdEfGhIjKlMnOpQr"), "LTAI****OpQr");
        assert_eq!(masked_id("short"), "****");
        assert_eq!(
            masked_id("一二三四五六七八九十百千万"),
            "一二三四****十百千万"
        );
    }

    #[test]
    fn quotes_of_signed_text_are_cut_off() {
        let v1 = "is not matched. server string to sign is:POST&%2F&AccessKeyId%3Dabc";
        assert_eq!(
            message(v1, &credentials()),
            "is not matched. server string to sign [not shown]"
        );
        let v3 = "no match. server StringToSign is [ACS3\nab] server CanonicalRequest is [POST\nx]";
        assert_eq!(
            message(v3, &credentials()),
            "no match. server StringToSign [not shown]"
        );
    }

    #[test]
    fn keys_are_masked_in_every_encoding() {
        let token = percent_encode("CAIS+tok/en==");
        let text = format!(
            "a my-own-key-id b s3cr3t/+ c {token} d {} e",
            percent_encode(&token)
        );
        assert_eq!(
            message(&text, &credentials()),
            "a **** b **** c **** d **** e"
        );
    }

    #[test]
    fn foreign_key_ids_are_masked_too_and_prose_is_not() {
        let text = "key LTAI5tAbCdEfGhIjKlMn or STS.NUabcdefgh12 of LTAI and STS. Period 一STS.";
        assert_eq!(
            message(text, &credentials()),
            "key LTAI**** or STS.**** of LTAI and STS. Period 一STS."
        );
    }
}
