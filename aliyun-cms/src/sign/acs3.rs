//! V3, `ACS3-HMAC-SHA256`: a MAC over request line, chosen headers and body.
//!
//! The order of calls: [`hashed_payload`], [`canonical_query`],
//! [`canonical_request`], [`string_to_sign`], [`signature`], [`authorization`].

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::encode_sorted;

/// The name of the scheme, as it begins the string to sign and the header.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Lower-case hex SHA-256 of the body, also the value of `x-acs-content-sha256`.
#[must_use]
pub fn hashed_payload(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// The query, encoded once and sorted; the empty string when there is none.
#[must_use]
pub fn canonical_query<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    encode_sorted(params)
}

/// The headers' names joined with `;`, in the order in which they are signed.
#[must_use]
pub fn signed_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let names: Vec<String> = sorted(headers).into_iter().map(|(name, _)| name).collect();
    names.join(";")
}

/// The request as signed. `path` is `/` for every RPC product.
///
/// Sign `host`, every `x-acs-*` header and `content-type` when it is sent.
/// Signing more (`user-agent`, `accept`) breaks behind proxies that rewrite them.
#[must_use]
pub fn canonical_request<'a>(
    method: &str,
    path: &str,
    canonical_query: &str,
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    hashed_payload: &str,
) -> String {
    let headers = sorted(headers);
    let mut out = format!("{method}\n{path}\n{canonical_query}\n");
    for (name, value) in &headers {
        out.push_str(name);
        out.push(':');
        out.push_str(value.trim());
        out.push('\n');
    }
    out.push('\n');
    for (index, (name, _)) in headers.iter().enumerate() {
        if index > 0 {
            out.push(';');
        }
        out.push_str(name);
    }
    out.push('\n');
    out.push_str(hashed_payload);
    out
}

/// The text the MAC is computed over.
#[must_use]
pub fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", hex(&Sha256::digest(canonical_request)))
}

/// Lower-case hex MAC. The key is the secret alone: V1's `&` is not appended.
#[must_use]
pub fn signature(secret: &SecretString, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The value of the header `Authorization`; no space follows the commas.
#[must_use]
pub fn authorization(access_key_id: &str, signed_headers: &str, signature: &str) -> String {
    format!(
        "{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}"
    )
}

fn sorted<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, &'a str)> {
    let mut headers: Vec<_> = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    headers.sort_unstable();
    headers
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
    }
    out
}
