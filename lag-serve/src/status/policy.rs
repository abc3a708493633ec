//! What may run and load on the page: the style and the script below, by their hashes, and nothing else.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style, as it stands in the page.
pub(super) const STYLE: &str = include_str!("status.css");
/// The script, as it stands in the page.
pub(super) const SCRIPT: &str = include_str!("status.js");

/// The value of `Content-Security-Policy`.
pub(super) fn header() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        HeaderValue::from_str(&policy).expect("letters, digits and quotes are a header value")
    });
    POLICY.clone()
}
