//! Both signature schemes, verified from the decoded request.
//!
//! Written from the vendor's description and shared with no client: the request is decoded first and encoded again
//! here, so that a client whose encoder is wrong is refused instead of agreed with.

mod rpc;
mod v3;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{errors::Refusal, params::Incoming};

/// What a request says about itself before anything is believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    pub(crate) action: &'a str,
    pub(crate) version: &'a str,
    pub(crate) key_id: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) token: Option<&'a str>,
    scheme: Scheme<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum Scheme<'a> {
    Rpc { signature: &'a str },
    Acs3(v3::Authorization<'a>),
}

impl<'a> Claim<'a> {
    /// Reads the claim, which is complete or refused.
    pub(crate) fn read(incoming: &'a Incoming<'a>) -> Result<Self, Refusal> {
        match incoming.header("authorization") {
            Some(text) => v3::claim(incoming, text),
            None => rpc::claim(incoming),
        }
    }

    /// Computes the signature with `secret` and compares.
    pub(crate) fn verify(&self, incoming: &Incoming<'_>, secret: &str) -> Result<(), Refusal> {
        match &self.scheme {
            Scheme::Rpc { signature } => rpc::verify(incoming, signature, secret),
            Scheme::Acs3(authorization) => v3::verify(incoming, authorization, secret),
        }
    }
}

/// Everything but unreserved characters becomes `%XX`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Encoded pairs in byte order of their names.
fn canonical_query<'p>(pairs: impl Iterator<Item = &'p (String, String)>) -> String {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    encoded.join("&")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
