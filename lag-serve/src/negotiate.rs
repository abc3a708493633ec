//! Which format and encoding a client prefers. What cannot be understood falls back to plain text as it is: a scrape
//! that gets something readable is better than one that gets an error.

use crate::exposition::{Encoding, Format};
use http::{
    HeaderMap,
    header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderName},
};
use lag_core::Language;

/// A weight in thousandths, 0 to 1000, as in RFC 9110 section 12.4.2.
type Weight = u16;

const FULL: Weight = 1000;

/// OpenMetrics when it is asked for by name with no less weight than plain text, else text.
pub(crate) fn format(headers: &HeaderMap) -> Format {
    accepted(headers).map_or(Format::Text, |ranges| choose_format(&ranges))
}

/// gzip when it is asked for, and not less than no compression is.
pub(crate) fn encoding(headers: &HeaderMap) -> Encoding {
    let Some(items) = items(headers, &ACCEPT_ENCODING) else {
        return Encoding::Identity;
    };
    let weight = |names: &[&str]| {
        let named = |item: &&Item<'_>| names.iter().any(|n| item.name.eq_ignore_ascii_case(n));
        items.iter().find(named).map(|item| item.weight)
    };
    let any = weight(&["*"]);
    let gzip = weight(&["gzip", "x-gzip"]).or(any).unwrap_or(0);
    // Unnamed, "no compression" is the last resort and loses to anything that is acceptable.
    let identity = weight(&["identity"]).unwrap_or(0);
    if gzip > 0 && gzip >= identity {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// Chinese when it is liked better than English, whatever the script or region; of two liked alike the first one named.
pub(crate) fn language(headers: &HeaderMap) -> Language {
    let items = items(headers, &ACCEPT_LANGUAGE).unwrap_or_default();
    let is = |item: &Item<'_>, primary: &str| {
        let tag = item.name.split('-').next().unwrap_or_default();
        tag.eq_ignore_ascii_case(primary)
    };
    let any = items.iter().find(|item| item.name == "*");
    let best = |primary: &str| {
        let named = items
            .iter()
            .enumerate()
            .filter(|(_, item)| is(item, primary));
        // The heaviest, and of these the first.
        let named = named.max_by_key(|(at, item)| (item.weight, std::cmp::Reverse(*at)));
        named.map_or(
            (any.map_or(0, |any| any.weight), usize::MAX),
            |(at, item)| (item.weight, at),
        )
    };
    let ((chinese, at), (english, other)) = (best("zh"), best("en"));
    if chinese > english || (chinese == english && chinese > 0 && at < other) {
        Language::Chinese
    } else {
        Language::English
    }
}

fn choose_format(ranges: &[Item<'_>]) -> Format {
    let weight = |name: &str, version: &str| {
        let matching = ranges.iter().filter(|range| {
            range.name.eq_ignore_ascii_case(name) && range.version.is_none_or(|v| v == version)
        });
        matching.map(|range| range.weight).max()
    };
    let open_metrics = weight("application/openmetrics-text", "1.0.0").unwrap_or(0);
    // The most specific range that matches counts, not the heaviest.
    let text = weight("text/plain", "0.0.4")
        .or_else(|| weight("text/*", "0.0.4"))
        .or_else(|| weight("*/*", "0.0.4"))
        .unwrap_or(0);
    if open_metrics > 0 && open_metrics >= text {
        Format::OpenMetrics
    } else {
        Format::Text
    }
}

/// The media ranges of `Accept`; `None` when any of them cannot be understood.
fn accepted(headers: &HeaderMap) -> Option<Vec<Item<'_>>> {
    let ranges = items(headers, &ACCEPT)?;
    let is_range = |range: &Item<'_>| {
        let parts = range.name.split_once('/');
        parts.is_some_and(|(kind, sub)| !kind.is_empty() && !sub.is_empty() && !sub.contains('/'))
    };
    ranges.iter().all(is_range).then_some(ranges)
}

/// One element of a list header.
#[derive(Debug, PartialEq)]
struct Item<'h> {
    name: &'h str,
    version: Option<&'h str>,
    weight: Weight,
}

/// The elements of a header that may be there several times; `None` when one of them cannot be understood.
fn items<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Vec<Item<'h>>> {
    let mut items = Vec::new();
    for line in headers.get_all(name) {
        let elements = line.to_str().ok()?.split(',').map(str::trim);
        for element in elements.filter(|element| !element.is_empty()) {
            items.push(item(element)?);
        }
    }
    Some(items)
}

fn item(element: &str) -> Option<Item<'_>> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next()?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return None;
    }
    let (mut version, mut weight) = (None, FULL);
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (key, value) = parameter.split_once('=')?;
        match key.trim_end() {
            "q" | "Q" => weight = parse_weight(value.trim_start())?,
            key if key.eq_ignore_ascii_case("version") => {
                version = Some(value.trim_start().trim_matches('"'));
            }
            _ => {}
        }
    }
    Some(Item {
        name,
        version,
        weight,
    })
}

/// `0`, `0.5`, `1.000`: at most three decimals and never above one.
fn parse_weight(text: &str) -> Option<Weight> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1")
        || decimals.len() > 3
        || !decimals.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let weight: Weight = format!("{whole}{decimals:0<3}").parse().ok()?;
    (weight <= FULL).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn openmetrics_needs_its_name_and_no_less_weight_than_text() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for accept in [
            prometheus,
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0, text/plain",
            "Application/OpenMetrics-Text; Version=\"1.0.0\"; q=0.5, text/plain;q=0.5",
            "text/plain;q=0.3,*/*;q=0.9,application/openmetrics-text;q=0.4",
        ] {
            assert_eq!(
                format(&headers(ACCEPT, accept)),
                Format::OpenMetrics,
                "{accept}"
            );
        }
    }

    #[test]
    fn everything_else_is_text() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "text/plain",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=0.4,text/plain;q=0.5",
            "application/openmetrics-text;q=0.4,*/*",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;version=2.0.0",
        ] {
            assert_eq!(format(&headers(ACCEPT, accept)), Format::Text, "{accept}");
        }
        assert_eq!(format(&HeaderMap::new()), Format::Text);
    }

    #[test]
    fn a_malformed_accept_is_text() {
        for accept in [
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=0.1234",
            "application/openmetrics-text;q=1.001",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text, nonsense",
            "application/openmetrics-text;version",
            "application/openmetrics-text, a/b/c",
            "application/openmetrics-text, text/",
        ] {
            assert_eq!(format(&headers(ACCEPT, accept)), Format::Text, "{accept}");
        }
    }

    #[test]
    fn gzip_is_used_when_accepted_and_never_at_weight_zero() {
        for (accept, expected) in [
            ("gzip", Encoding::Gzip),
            ("deflate, GZIP;q=0.5", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("*", Encoding::Gzip),
            ("identity;q=0, *;q=0.1", Encoding::Gzip),
            ("gzip;q=1.0, identity;q=0.5", Encoding::Gzip),
            ("", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("br, zstd", Encoding::Identity),
            ("gzip;q=0", Encoding::Identity),
            ("gzip;q=0, *", Encoding::Identity),
            ("gzip;q=0.000", Encoding::Identity),
            ("*;q=0", Encoding::Identity),
            ("gzip;q=0.5, identity", Encoding::Identity),
            ("gzip;q=9", Encoding::Identity),
        ] {
            assert_eq!(
                encoding(&headers(ACCEPT_ENCODING, accept)),
                expected,
                "{accept}"
            );
        }
        assert_eq!(encoding(&HeaderMap::new()), Encoding::Identity);
    }

    #[test]
    fn the_language_that_is_liked_best_and_else_english() {
        for (accept, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("ZH-Hant-TW", Language::Chinese),
            ("en;q=0.7,zh;q=0.8", Language::Chinese),
            ("zh,en", Language::Chinese),
            ("de,zh;q=0.1", Language::Chinese),
            ("en,zh", Language::English),
            ("en-GB;q=0.9,zh;q=0.8,zh-CN;q=0.7", Language::English),
            ("zh;q=0.5,*", Language::English),
            ("*", Language::English),
            ("de,fr", Language::English),
            ("zh;q=0", Language::English),
            ("zhx", Language::English),
            ("zh;q=7", Language::English),
            ("", Language::English),
        ] {
            let found = language(&headers(ACCEPT_LANGUAGE, accept));
            assert_eq!(found, expected, "{accept}");
        }
        assert_eq!(language(&HeaderMap::new()), Language::English);
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic(text in "[ -~]{0,60}") {
            language(&headers(ACCEPT_LANGUAGE, &text));
            format(&headers(ACCEPT, &text));
            encoding(&headers(ACCEPT_ENCODING, &text));
        }
    }
}
