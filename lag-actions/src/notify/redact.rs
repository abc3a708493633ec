//! Texts of a service, made fit to be shown.

use secrecy::{ExposeSecret, SecretString};

const LONGEST: usize = 300;
/// Shorter ones exist in tests only, and would blacken every other word.
const SHORTEST: usize = 6;

/// In one line, cut, and without these secrets in any usual encoding.
pub(super) fn shown(text: &str, secrets: &[SecretString]) -> String {
    let mut out = text.to_owned();
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for form in [secret, &encoded] {
            if form.len() >= SHORTEST {
                out = out.replace(form, "****");
            }
        }
    }
    let words: Vec<&str> = out.split(|c: char| c.is_control() || c == ' ').collect();
    let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
    let mut out = words.join(" ");
    if let Some((end, _)) = out.char_indices().nth(LONGEST) {
        out.truncate(end);
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_short_line_without_secrets() {
        let secrets = [SecretString::from("SEC+0/secret")];
        assert_eq!(
            shown("a\r\n SEC+0/secret  b SEC%2B0%2Fsecret\u{7}", &secrets),
            "a **** b ****"
        );
        assert_eq!(shown(&"字".repeat(400), &[]).chars().count(), LONGEST + 1);
    }
}
