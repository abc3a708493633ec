//! Every word of the page, one file per language. A language that lacks one does not compile.

mod chinese;
mod english;

use jiff::SignedDuration;
use lag_core::{Language, digits, recommend::Why};

pub(super) use chinese::CHINESE;
pub(super) use english::ENGLISH;

/// The words of a language.
pub(super) fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

macro_rules! words {
    ($($name:ident),* $(,)?) => {
        /// Texts; `{n}` and the like are filled in by [`fill`].
        pub(super) struct Words {
            $(pub(super) $name: &'static str,)*
            /// Names of day, hour, minute, second.
            pub(super) units: [&'static str; 4],
            /// Between a number and its unit.
            pub(super) gap: &'static str,
            /// Why so many replicas, or why none.
            pub(super) why: fn(Why) -> String,
        }

        #[cfg(test)]
        impl Words {
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

words! {
    lang, heading, skip, facts, docs, docs_path, metrics_link, json_link, switch_to, switch_lang, as_of, live, paused, unreachable,
    refused, expired, no_script,
    v_untried, v_unread_one, v_unread_many, v_unread_all, v_since, v_end, v_silent_one, v_silent_many, v_above_one, v_above_many,
    v_blind_one, v_blind_many, v_cut, v_well_none, v_well_one, v_well_many, v_within_one, v_within_many,
    instances, instance, region, up, down, silent, not_yet, last_success, never, failures, last_error, none, more_instances,
    calls, account, calls_month, calls_projected, calls_budget, calls_unlimited, calls_stretch, calls_interval, calls_stopped_until, times,
    no_limit, not_loaded, silent_help,
    replica, leads, follows, follows_nobody,
    groups, search, search_hint, size, apply, sort_by, trouble, group, state, lag, hour, trend, drain, age, limit, replicas,
    found, found_of, found_none, no_groups, shown, pages, previous, next, page_of,
    c_above, c_failed, c_absent, c_stale, c_growing, c_standing, c_draining, c_caught_up,
    aged, s_fresh, s_stale, s_absent, no_number, last_known, failed_since, no_history, history, dash_unknown, dash_no_drain, dash_drained,
    back, one_unknown, chart, chart_from, minutes, minute_utc, no_point, topics, topic, use_it, metric, promql, kubectl, kubectl_note,
    json, why_none, steps, datum,
}

impl Words {
    /// A length of time in its two largest units.
    pub(super) fn span(&self, duration: SignedDuration) -> String {
        digits::span(duration.as_secs(), self.units, self.gap)
    }

    /// A length of time by which somebody judges: as [`Self::span`], but with the seconds below ten minutes.
    pub(super) fn age(&self, duration: SignedDuration) -> String {
        let seconds = duration.as_secs();
        let rest = seconds % 60;
        if !(120..600).contains(&seconds) || rest == 0 {
            return self.span(duration);
        }
        let [.., minute, second] = self.units;
        let gap = self.gap;
        format!("{}{gap}{minute}{gap}{rest}{gap}{second}", seconds / 60)
    }

    /// What stands before an age, and behind it: that it is `word`.
    pub(super) fn around_age(&self, word: &str) -> (&'static str, String) {
        let (before, behind) = self.aged.split_once("{age}").unwrap_or_default();
        (before, fill(behind, &[("word", word)]))
    }
}

/// Puts values into the places of a text.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> = text
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn both_languages_have_every_word_with_the_same_places() {
        let (english, chinese) = (ENGLISH.all(), CHINESE.all());
        for ((name, one), (_, other)) in english.into_iter().zip(chinese) {
            assert!(!one.is_empty() && !other.is_empty(), "{name}");
            assert_eq!(places(one), places(other), "{name}");
        }
    }

    #[test]
    fn chinese_is_not_english_left_over() {
        // Names of things that are the same in both.
        let same = [
            "metrics_link",
            "json",
            "promql",
            "lang",
            "docs_path",
            "switch_to",
            "switch_lang",
            "kubectl",
            "page_of",
            "times",
            "v_end",
        ];
        let is_han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (name, text) in CHINESE.all() {
            assert!(is_han(text) || same.contains(&name), "{name}: {text}");
        }
        for (name, text) in ENGLISH.all() {
            assert!(!is_han(text) || name == "switch_to", "{name}: {text}");
        }
    }
}
