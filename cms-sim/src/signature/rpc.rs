//! The RPC signature, `SignatureVersion` 1.0: HMAC-SHA1 over every parameter of query and form.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::{Claim, Scheme, canonical_query, encode};
use crate::{errors::Refusal, params::Incoming};

pub(super) fn claim<'a>(incoming: &'a Incoming<'a>) -> Result<Claim<'a>, Refusal> {
    let required = |name: &str| {
        incoming
            .non_empty(name)
            .ok_or_else(|| Refusal::missing(name))
    };
    let claim = Claim {
        action: required("Action")?,
        version: required("Version")?,
        key_id: required("AccessKeyId")?,
        timestamp: required("Timestamp")?,
        nonce: required("SignatureNonce")?,
        token: incoming.non_empty("SecurityToken"),
        scheme: Scheme::Rpc {
            signature: required("Signature")?,
        },
    };
    if required("SignatureMethod")? != "HMAC-SHA1" {
        return Err(Refusal::invalid_signature_method());
    }
    if required("SignatureVersion")? != "1.0" {
        return Err(Refusal::incomplete_signature());
    }
    Ok(claim)
}

pub(super) fn verify(
    incoming: &Incoming<'_>,
    signature: &str,
    secret: &str,
) -> Result<(), Refusal> {
    let text = string_to_sign(incoming);
    if compute(secret, &text) == signature {
        return Ok(());
    }
    Err(Refusal::signature_mismatch(format!(
        "Specified signature is not matched with our calculation. server string to sign is:{text}"
    )))
}

fn string_to_sign(incoming: &Incoming<'_>) -> String {
    let signed = incoming.query.iter().chain(&incoming.form);
    let canonical = canonical_query(signed.filter(|(name, _)| name != "Signature"));
    format!("{}&%2F&{}", incoming.method, encode(&canonical))
}

fn compute(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
