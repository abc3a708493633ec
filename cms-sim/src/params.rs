//! What came over the wire, decoded: parameters of query and form, and the few headers that matter.

use http::{HeaderMap, Method, header::CONTENT_TYPE, request::Parts};
use percent_encoding::percent_decode_str;

/// Names and values in the order in which they came.
pub(crate) type Pairs = Vec<(String, String)>;

/// A request after decoding; everything later works on this, never on the raw text.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) query: Pairs,
    pub(crate) form: Pairs,
}

impl<'a> Incoming<'a> {
    /// `None` when a parameter is not UTF-8.
    pub(crate) fn decode(parts: &'a Parts, body: &'a [u8]) -> Option<Self> {
        let is_form = header(&parts.headers, CONTENT_TYPE.as_str())
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let form = if is_form {
            decode_pairs(std::str::from_utf8(body).ok()?)?
        } else {
            Pairs::new()
        };
        Some(Self {
            method: &parts.method,
            path: parts.uri.path(),
            headers: &parts.headers,
            body,
            query: decode_pairs(parts.uri.query().unwrap_or_default())?,
            form,
        })
    }

    /// A parameter by its exact name, from the query first.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .chain(&self.form)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// As [`get`](Self::get), where an empty value counts as absent.
    pub(crate) fn non_empty(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.headers, name)
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Splits and decodes `a=b&c=d`. `+` is a space: the Python SDK writes it although it signs `%20`.
pub(crate) fn decode_pairs(text: &str) -> Option<Pairs> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::decode_pairs;

    #[test]
    fn plus_and_percent_twenty_are_the_same_value() {
        let pairs = decode_pairs("a=x+y&b=x%20y&c=%2B&d=&e&=f&&%E5%80%BC=%25").unwrap();
        let expected = [
            ("a", "x y"),
            ("b", "x y"),
            ("c", "+"),
            ("d", ""),
            ("e", ""),
            ("", "f"),
            ("值", "%"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(pairs, expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(decode_pairs("a=%FF"), None);
    }
}
