//! ACS3-HMAC-SHA256: headers, query and body hash, in the `Authorization` header.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Claim, Scheme, canonical_query, hex};
use crate::{errors::Refusal, params::Incoming};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The three parts of the header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    key_id: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

pub(super) fn claim<'a>(incoming: &'a Incoming<'a>, text: &'a str) -> Result<Claim<'a>, Refusal> {
    let authorization = parse(text)?;
    let required = |header: &str, name: &str| {
        let value = incoming.header(header).filter(|value| !value.is_empty());
        value.ok_or_else(|| Refusal::missing(name))
    };
    let claim = Claim {
        action: required("x-acs-action", "Action")?,
        version: required("x-acs-version", "Version")?,
        key_id: authorization.key_id,
        timestamp: required("x-acs-date", "Timestamp")?,
        nonce: required("x-acs-signature-nonce", "SignatureNonce")?,
        token: incoming
            .header("x-acs-security-token")
            .filter(|value| !value.is_empty()),
        scheme: Scheme::Acs3(authorization),
    };
    incoming
        .header("x-acs-content-sha256")
        .ok_or_else(Refusal::incomplete_signature)?;
    Ok(claim)
}

/// `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`, without spaces after the commas.
fn parse(text: &str) -> Result<Authorization<'_>, Refusal> {
    let (algorithm, rest) = text
        .split_once(' ')
        .ok_or_else(Refusal::incomplete_signature)?;
    if algorithm != ALGORITHM {
        return Err(Refusal::invalid_signature_method());
    }
    let part = |name: &str| {
        rest.split(',')
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            .filter(|value| !value.is_empty())
            .ok_or_else(Refusal::incomplete_signature)
    };
    Ok(Authorization {
        key_id: part("Credential")?,
        signed_headers: part("SignedHeaders")?.split(';').collect(),
        signature: part("Signature")?,
    })
}

pub(super) fn verify(
    incoming: &Incoming<'_>,
    authorization: &Authorization<'_>,
    secret: &str,
) -> Result<(), Refusal> {
    let canonical = canonical_request(incoming, authorization)?;
    let text = format!(
        "{ALGORITHM}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let hash = incoming.header("x-acs-content-sha256");
    let body_fits = hash.is_some_and(|hash| hash == hex(&Sha256::digest(incoming.body)));
    if body_fits && compute(secret, &text) == authorization.signature {
        return Ok(());
    }
    Err(Refusal::signature_mismatch(format!(
        "Specified signature does not match our calculation. server StringToSign is [{text}] server CanonicalRequest is [{canonical}]"
    )))
}

fn canonical_request(
    incoming: &Incoming<'_>,
    authorization: &Authorization<'_>,
) -> Result<String, Refusal> {
    let names = &authorization.signed_headers;
    let in_order = names.windows(2).all(|pair| pair[0] < pair[1]);
    let lower_case = names
        .iter()
        .all(|name| !name.bytes().any(|b| b.is_ascii_uppercase()));
    let mut obliged = incoming.headers.keys().map(http::HeaderName::as_str);
    let covered = obliged.all(|name| {
        let obliged = name == "host" || name.starts_with("x-acs-");
        !obliged || names.contains(&name)
    });
    if !in_order || !lower_case || !covered || !names.contains(&"host") {
        return Err(Refusal::incomplete_signature());
    }
    let mut headers = String::new();
    for name in names {
        let value = incoming
            .header(name)
            .ok_or_else(Refusal::incomplete_signature)?;
        headers += &format!("{name}:{value}\n");
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        incoming.method,
        incoming.path,
        canonical_query(incoming.query.iter()),
        names.join(";"),
        hex(&Sha256::digest(incoming.body)),
    ))
}

fn compute(secret: &str, text: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}
