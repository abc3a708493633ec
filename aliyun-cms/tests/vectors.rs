//! Both signatures against vectors made with the vendor's own libraries.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::BTreeMap;

use aliyun_cms::sign::{acs3, percent_encode, rpc};
use secrecy::SecretString;
use serde_json::Value;
use url::form_urlencoded;

fn vectors(scheme: &str) -> Vec<Value> {
    common::json("signature-vectors.json")[scheme]
        .as_array()
        .unwrap()
        .clone()
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {}", vector["id"]))
}

fn pairs(object: &Value) -> Vec<(&str, &str)> {
    object
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str().unwrap()))
        .collect()
}

fn secret(vector: &Value) -> SecretString {
    SecretString::from(text(vector, "access_key_secret"))
}

#[test]
fn v1_agrees_with_the_vendor_in_every_intermediate_text() {
    let vectors = vectors("v1");
    assert_eq!(vectors.len(), 15);
    for vector in &vectors {
        let id = text(vector, "id");
        let params =
            ["common_params", "api_params", "body_params"].map(|part| pairs(&vector[part]));
        let canonical = rpc::canonical_query(params.into_iter().flatten());
        assert_eq!(canonical, text(vector, "canonical_query"), "{id}");
        let to_sign = rpc::string_to_sign(text(vector, "method"), &canonical);
        assert_eq!(to_sign, text(vector, "string_to_sign"), "{id}");
        let signature = rpc::signature(&secret(vector), &to_sign);
        assert_eq!(signature, text(vector, "signature"), "{id}");

        // What goes over the wire says the same as what was signed.
        let wire = &vector["wire_example"];
        let sent = format!(
            "{}&{}",
            text(wire, "request_target"),
            wire["body"].as_str().unwrap_or("")
        );
        assert!(
            sent.contains(&format!("Signature={}", percent_encode(&signature))),
            "{id}"
        );
    }
}

#[test]
fn the_order_in_which_parameters_are_given_does_not_matter() {
    for vector in vectors("v1") {
        let mut params: Vec<_> = ["common_params", "api_params", "body_params"]
            .into_iter()
            .flat_map(|part| pairs(&vector[part]))
            .collect();
        params.reverse();
        assert_eq!(
            rpc::canonical_query(params),
            text(&vector, "canonical_query")
        );
    }
}

#[test]
fn v3_agrees_with_the_vendor_in_every_intermediate_text() {
    let vectors = vectors("v3");
    assert_eq!(vectors.len(), 12);
    for vector in &vectors {
        let id = text(vector, "id");
        let headers = pairs(&vector["headers_to_sign"]);
        let payload = acs3::hashed_payload(text(vector, "body_utf8").as_bytes());
        assert_eq!(payload, text(vector, "hashed_payload"), "{id}");
        let query = acs3::canonical_query(pairs(&vector["query"]));
        let request = acs3::canonical_request(
            text(vector, "method"),
            text(vector, "path"),
            &query,
            headers.iter().copied(),
            &payload,
        );
        assert_eq!(request, text(vector, "canonical_request"), "{id}");
        let to_sign = acs3::string_to_sign(&request);
        assert_eq!(to_sign, text(vector, "string_to_sign"), "{id}");
        let names = acs3::signed_headers(headers.iter().copied());
        assert_eq!(names, text(vector, "signed_headers"), "{id}");
        let signature = acs3::signature(&secret(vector), &to_sign);
        assert_eq!(signature, text(vector, "signature"), "{id}");
        let authorization = acs3::authorization(text(vector, "access_key_id"), &names, &signature);
        assert_eq!(authorization, text(vector, "authorization"), "{id}");
    }
}

/// A request as a server sees it: decoded first, never signed as it stands.
fn decoded(request_target: &str) -> BTreeMap<String, String> {
    let query = request_target
        .split_once('?')
        .map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn borrowed(params: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

#[test]
fn whole_requests_of_the_vendors_libraries_verify() {
    let wire = vectors("wire");
    assert_eq!(wire.len(), 5);
    for vector in &wire {
        let id = text(vector, "id");
        let mut params = decoded(text(vector, "request_target"));
        match text(vector, "scheme") {
            "v1" => {
                let theirs = params.remove("Signature").unwrap();
                let canonical = rpc::canonical_query(borrowed(&params));
                let to_sign = rpc::string_to_sign(text(vector, "method"), &canonical);
                assert_eq!(rpc::signature(&secret(vector), &to_sign), theirs, "{id}");
            }
            "v3" => {
                let headers: BTreeMap<String, &str> = vector["headers"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|pair| {
                        (
                            pair[0].as_str().unwrap().to_lowercase(),
                            pair[1].as_str().unwrap(),
                        )
                    })
                    .collect();
                let theirs = headers["authorization"];
                let names = theirs.split("SignedHeaders=").nth(1).unwrap();
                let names = names.split(',').next().unwrap();
                let signed: Vec<(&str, &str)> =
                    names.split(';').map(|name| (name, headers[name])).collect();
                let payload = acs3::hashed_payload(text(vector, "body").as_bytes());
                let request = acs3::canonical_request(
                    text(vector, "method"),
                    "/",
                    &acs3::canonical_query(borrowed(&params)),
                    signed.iter().copied(),
                    &payload,
                );
                let signature = acs3::signature(&secret(vector), &acs3::string_to_sign(&request));
                let names = acs3::signed_headers(signed);
                let ours = acs3::authorization(text(vector, "access_key_id"), &names, &signature);
                assert_eq!(ours, theirs, "{id}");
            }
            other => panic!("unknown scheme {other}"),
        }
    }
}

#[test]
fn the_published_signature_is_reproduced() {
    // The much copied CT9X0VtwR86fNWSnsc6v8YGOjuE= belongs to a misspelt parameter.
    let first = &vectors("v1")[0];
    assert_eq!(text(first, "signature"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
}
