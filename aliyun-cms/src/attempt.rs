//! One request, from parameters to bytes: what is signed is what is sent.

use std::borrow::Cow;

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{
        ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    },
};
use secrecy::ExposeSecret;
use url::Url;

use crate::{
    Credentials, Endpoint, SignatureVersion,
    sign::{acs3, percent_encode, rpc},
};

/// Where the parameters of a POST travel. Both places have the same V1 signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Placement {
    /// In the query, with an empty body: what the vendor's own CMS clients do.
    #[default]
    Query,
    /// In a form body. Keeps a V1 key id and token out of the logs of proxies, but of
    /// the vendor's clients only an older one calls CMS so.
    Form,
}

/// Name and value of each parameter of an action.
pub(crate) type Params = Vec<(Cow<'static, str>, String)>;

/// Names the client sets itself; a second value would be signed and refused.
pub(crate) const RESERVED: [&str; 10] = [
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "SecurityToken",
    "Timestamp",
];

const FORM: &str = "application/x-www-form-urlencoded";

/// What is the same for every request of a client.
pub(crate) struct Recipe {
    pub(crate) endpoint: Endpoint,
    pub(crate) signature: SignatureVersion,
    pub(crate) placement: Placement,
    pub(crate) api_version: String,
}

/// What is different in every attempt.
pub(crate) struct Fresh<'a> {
    pub(crate) credentials: &'a Credentials,
    pub(crate) now: Timestamp,
    pub(crate) nonce: String,
}

/// A request ready to go. No `Debug`: URL and headers are as good as a password.
pub(crate) struct Signed {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) string_to_sign: String,
}

impl Recipe {
    pub(crate) const METHOD: Method = Method::POST;

    pub(crate) fn sign(&self, action: &str, params: &Params, fresh: &Fresh<'_>) -> Signed {
        match self.signature {
            SignatureVersion::V1 => self.sign_v1(action, params, fresh),
            SignatureVersion::V3 => self.sign_v3(action, params, fresh),
        }
    }

    fn sign_v1(&self, action: &str, params: &Params, fresh: &Fresh<'_>) -> Signed {
        let timestamp = timestamp(fresh.now);
        let credentials = fresh.credentials;
        let mut all: Vec<(&str, &str)> = vec![
            ("Action", action),
            ("Version", &self.api_version),
            ("Format", "JSON"),
            ("AccessKeyId", credentials.access_key_id()),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &fresh.nonce),
            ("Timestamp", &timestamp),
        ];
        // The token is a parameter like any other: it is signed too.
        if let Some(token) = credentials.security_token() {
            all.push(("SecurityToken", token.expose_secret()));
        }
        all.extend(params.iter().map(|(name, value)| (&**name, &**value)));

        let canonical = rpc::canonical_query(all);
        let string_to_sign = rpc::string_to_sign(Self::METHOD.as_str(), &canonical);
        let signature = rpc::signature(credentials.access_key_secret(), &string_to_sign);
        let sent = format!("{canonical}&Signature={}", percent_encode(&signature));
        let (url, body) = self.place(sent);
        Signed {
            headers: common_headers(&body),
            url,
            body,
            string_to_sign,
        }
    }

    fn sign_v3(&self, action: &str, params: &Params, fresh: &Fresh<'_>) -> Signed {
        let pairs = params.iter().map(|(name, value)| (&**name, &**value));
        let (url, body) = self.place(acs3::canonical_query(pairs));
        let query = url.query().unwrap_or_default();
        let payload = acs3::hashed_payload(body.as_bytes());
        let (host, timestamp) = (self.endpoint.to_string(), timestamp(fresh.now));
        let credentials = fresh.credentials;

        let mut signed: Vec<(&'static str, &str)> = vec![
            ("x-acs-action", action),
            ("x-acs-version", &self.api_version),
            ("x-acs-date", &timestamp),
            ("x-acs-signature-nonce", &fresh.nonce),
            ("x-acs-content-sha256", &payload),
        ];
        if let Some(token) = credentials.security_token() {
            signed.push(("x-acs-accesskey-id", credentials.access_key_id()));
            signed.push(("x-acs-security-token", token.expose_secret()));
        }
        let mut headers = common_headers(&body);
        for (name, value) in &signed {
            headers.insert(HeaderName::from_static(name), sensitive(value));
        }
        // `host` is sent by the HTTP client, and equals this.
        signed.push(("host", &host));
        if !body.is_empty() {
            signed.push(("content-type", FORM));
        }

        let pairs = || signed.iter().copied();
        let request = acs3::canonical_request(Self::METHOD.as_str(), "/", query, pairs(), &payload);
        let string_to_sign = acs3::string_to_sign(&request);
        let signature = acs3::signature(credentials.access_key_secret(), &string_to_sign);
        let names = acs3::signed_headers(pairs());
        let authorization = acs3::authorization(credentials.access_key_id(), &names, &signature);
        headers.insert(AUTHORIZATION, sensitive(&authorization));
        Signed {
            url,
            headers,
            body,
            string_to_sign,
        }
    }

    fn place(&self, sent: String) -> (Url, String) {
        match self.placement {
            Placement::Query if sent.is_empty() => (self.endpoint.with_query(None), sent),
            Placement::Query => (self.endpoint.with_query(Some(&sent)), String::new()),
            Placement::Form => (self.endpoint.with_query(None), sent),
        }
    }
}

fn common_headers(body: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if body.is_empty() {
        // Some gateways answer 411 to a POST without it.
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
    }
    headers
}

/// Hidden from `Debug`. Characters no header can carry become `?`: the vendor then
/// refuses the call, with a text that says which part is wrong.
fn sensitive(value: &str) -> HeaderValue {
    let mut header = HeaderValue::from_str(value).unwrap_or_else(|_| {
        let clean: String = value
            .chars()
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect();
        HeaderValue::from_str(&clean).expect("visible ASCII is a header value")
    });
    header.set_sensitive(true);
    header
}

/// As the vendor writes it: UTC, whole seconds.
fn timestamp(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Compares what the server quotes in a `SignatureDoesNotMatch` with what was signed here.
pub(crate) fn server_signed_the_same(message: &str, ours: &str) -> Option<bool> {
    let theirs = if let Some((_, quote)) = message.split_once("server string to sign is:") {
        quote.trim()
    } else if let Some((_, quote)) = message.split_once("server StringToSign is [") {
        quote.split(']').next().unwrap_or_default()
    } else {
        return None;
    };
    Some(theirs == ours)
}
