//! Both signatures of the vendor, as pure functions over text.
//!
//! The client uses them; they are public so that a server in a test, or a
//! tool that explains a `SignatureDoesNotMatch`, can use them too.
//! [`rpc`] is V1, [`acs3`] is V3.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub mod acs3;
pub mod rpc;

/// What stays as it is: letters, digits and `- _ . ~`.
///
/// A form serialiser differs in the space, in `*` and in `~`, and each of
/// them breaks the signature.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The signature scheme of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureVersion {
    /// HMAC-SHA1 over the sorted parameters, sent as the parameter `Signature`.
    #[default]
    V1,
    /// ACS3-HMAC-SHA256 over request line, headers and body, sent as the header
    /// `Authorization`. Keeps the key id and the token out of the URL.
    V3,
}

/// Percent-encodes as both schemes want it: upper-case hex, space as `%20`.
///
/// ```
/// assert_eq!(aliyun_cms::sign::percent_encode("a b*~/é"), "a%20b%2A~%2F%C3%A9");
/// ```
#[must_use]
pub fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// `name=value` pairs, encoded, sorted by name and joined with `&`.
pub(crate) fn encode_sorted<'a>(params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut params: Vec<_> = params.into_iter().collect();
    params.sort_unstable();
    let mut out = String::with_capacity(params.iter().map(|(n, v)| n.len() + v.len() + 8).sum());
    for (name, value) in params {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name, ENCODED));
        out.push('=');
        out.extend(utf8_percent_encode(value, ENCODED));
    }
    out
}
