//! What of the page is asked for: everything is bounded, and what cannot be understood is left out.

use lag_core::Language;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All that does not stand for itself in an address (RFC 3986 section 2.3).
pub(super) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Rows of a page that can be chosen; the first is the default.
pub(super) const SIZES: [usize; 3] = [50, 100, 200];
/// Bytes of a query that are looked at: more than two names of the greatest length need.
const MOST: usize = 8_192;
/// Characters of a search.
pub(super) const SEARCH: usize = 256;

/// By what the groups are sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// What a person should look at first.
    #[default]
    Trouble,
    /// Name of the group.
    Group,
    /// Id of the instance.
    Instance,
    /// Fresh lags.
    Lag,
    /// Change per second.
    Trend,
    /// Time to drain.
    Drain,
    /// Age of the newest datum, fresh or not.
    Age,
}

impl Sort {
    pub(super) const ALL: [Self; 7] = [
        Self::Trouble,
        Self::Group,
        Self::Instance,
        Self::Lag,
        Self::Trend,
        Self::Drain,
        Self::Age,
    ];

    /// Its name in a query.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Group => "group",
            Self::Instance => "instance",
            Self::Lag => "lag",
            Self::Trend => "trend",
            Self::Drain => "drain",
            Self::Age => "age",
        }
    }

    /// Whether the greatest comes first unless it is asked for otherwise.
    pub(super) fn falls(self) -> bool {
        !matches!(self, Self::Trouble | Self::Group | Self::Instance)
    }
}

/// A query, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) search: String,
    pub(super) sort: Sort,
    /// The greatest first; for trouble, the least.
    pub(super) falling: bool,
    /// Counted from 1.
    pub(super) page: usize,
    pub(super) size: usize,
    /// Only when it is named in the query.
    pub(super) language: Option<Language>,
    /// Instance and group, to look at one alone.
    pub(super) one: Option<(String, String)>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            search: String::new(),
            sort: Sort::default(),
            falling: false,
            page: 1,
            size: SIZES[0],
            language: None,
            one: None,
        }
    }
}

impl Asked {
    /// Reads a query. A parameter that is there twice counts once, the first time.
    pub(super) fn read(query: Option<&str>) -> Self {
        let query = query.unwrap_or_default();
        let query = &query[..query.floor_char_boundary(MOST)];
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            let spaced = value.replace('+', " ");
            let text = percent_decode_str(&spaced).decode_utf8_lossy();
            (!text.is_empty()).then(|| text.into_owned())
        };
        let sort = value("sort").and_then(|text| Sort::ALL.into_iter().find(|s| s.name() == text));
        let sort = sort.unwrap_or_default();
        let falling = match value("order").as_deref() {
            Some("asc") => false,
            Some("desc") => true,
            _ => sort.falls(),
        };
        let number = |name| value(name).and_then(|text| text.parse::<usize>().ok());
        let search = value("q").unwrap_or_default();
        Self {
            search: search.trim().chars().take(SEARCH).collect(),
            sort,
            falling,
            page: number("page").unwrap_or(1).max(1),
            size: number("size")
                .filter(|size| SIZES.contains(size))
                .unwrap_or(SIZES[0]),
            language: match value("lang").as_deref() {
                Some("en") => Some(Language::English),
                Some("zh") => Some(Language::Chinese),
                _ => None,
            },
            one: value("instance").zip(value("group")),
        }
    }

    /// The address of a page, relative to this one; only what differs from the default is named.
    pub(super) fn link(&self) -> String {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        if let Some((instance, group)) = &self.one {
            pairs.push(("instance", instance.clone()));
            pairs.push(("group", group.clone()));
        }
        if !self.search.is_empty() {
            pairs.push(("q", self.search.clone()));
        }
        if self.sort != Sort::default() {
            pairs.push(("sort", self.sort.name().into()));
        }
        if self.falling != self.sort.falls() {
            pairs.push(("order", if self.falling { "desc" } else { "asc" }.into()));
        }
        if self.size != SIZES[0] {
            pairs.push(("size", self.size.to_string()));
        }
        if self.page > 1 {
            pairs.push(("page", self.page.to_string()));
        }
        match self.language {
            Some(Language::English) => pairs.push(("lang", "en".into())),
            Some(Language::Chinese) => pairs.push(("lang", "zh".into())),
            None => {}
        }
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, RESERVED)));
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_understood_is_the_default() {
        for query in [
            None,
            Some(""),
            Some("page=0&size=7&sort=x&order=y&lang=fr&q="),
            Some("page=-1&size=99999999999999999999"),
            Some("x=1&&=&%ff=%ff"),
            Some("group=a"),
        ] {
            assert_eq!(Asked::read(query), Asked::default(), "{query:?}");
        }
    }

    #[test]
    fn a_search_is_cut_and_a_query_has_an_end() {
        let long = format!("q={}", "订".repeat(2_000));
        let asked = Asked::read(Some(&long));
        assert_eq!(asked.search.chars().count(), SEARCH);
        let late = format!("x={}&q=a", "y".repeat(MOST));
        assert_eq!(Asked::read(Some(&late)), Asked::default());
    }

    proptest! {
        #[test]
        fn a_link_reads_back_the_same(
            search in "[^ ](\\PC{0,40}[^ ])?",
            sort in 0..Sort::ALL.len(),
            falling: bool,
            page in 1_usize..400,
            size in 0..SIZES.len(),
            language in prop_oneof![Just(None), Just(Some(Language::English)), Just(Some(Language::Chinese))],
            one in proptest::option::of(("\\PC{1,64}", "\\PC{1,64}")),
        ) {
            let asked = Asked {
                search: search.trim().to_owned(),
                sort: Sort::ALL[sort],
                falling,
                page,
                size: SIZES[size],
                language,
                one,
            };
            let link = asked.link();
            prop_assert_eq!(Asked::read(link.strip_prefix('?')), asked);
        }

        #[test]
        fn no_query_makes_the_reader_panic(query in "\\PC{0,200}") {
            Asked::read(Some(&query)).link();
        }
    }
}
