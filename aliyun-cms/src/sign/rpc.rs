//! V1, the "RPC signature": HMAC-SHA1 over the sorted parameters.
//!
//! The method is signed; the host, the headers and the placement of the
//! parameters (query or form) are not.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;

use super::{encode_sorted, percent_encode};

/// All parameters except `Signature`, whether they travel in the query or in a
/// form body: encoded, sorted by name in byte order, joined with `&`.
///
/// A parameter with an empty value stays, as `Name=`.
#[must_use]
pub fn canonical_query<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    encode_sorted(params)
}

/// The text the MAC is computed over: the canonical query is encoded once more.
#[must_use]
pub fn string_to_sign(method: &str, canonical_query: &str) -> String {
    format!("{method}&%2F&{}", percent_encode(canonical_query))
}

/// The value of the parameter `Signature`; encode it like any other value.
///
/// The MAC's key is the secret followed by `&`, which this function appends.
#[must_use]
pub fn signature(secret: &SecretString, string_to_sign: &str) -> String {
    let key = SecretString::from(format!("{}&", secret.expose_secret()));
    let mut mac = Hmac::<Sha1>::new_from_slice(key.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
