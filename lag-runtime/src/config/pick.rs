//! One value out of flag, file and default, with the place of a mistake.

use lag_core::PromDuration;
use std::{fmt::Display, str::FromStr, time::Duration};

use super::{
    ConfigError, Env,
    expand::expand,
    file::{Text, Texts},
};

/// Where values come from, for messages.
#[derive(Clone, Copy)]
pub(super) struct Picker<'a> {
    /// Path of the file, if there is one.
    pub(super) path: &'a str,
    pub(super) env: Env<'a>,
}

/// A value as written, and the place to name when it is wrong.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) place: String,
    pub(super) text: String,
}

impl Found {
    /// Reads the text as a value.
    pub(super) fn read<T: FromStr<Err: Display>>(&self) -> Result<T, ConfigError> {
        self.text
            .parse()
            .map_err(|error: T::Err| self.wrong(error.to_string()))
    }

    /// One of a few words.
    pub(super) fn choose<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = words.iter().find(|(word, _)| *word == self.text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(format!(
                "{:?} is not known: use {}",
                self.text,
                words.join(" or ")
            ))
        })
    }

    pub(super) fn wrong(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(self.place.clone(), problem)
    }
}

impl Picker<'_> {
    /// The flag if it was given, else the file's value. Empty text counts as not given, as unset variables often are.
    pub(super) fn one(
        &self,
        flag: &str,
        given: Option<&str>,
        key: &str,
        file: &Text,
    ) -> Result<Option<Found>, ConfigError> {
        if let Some(text) = given.filter(|text| !text.is_empty()) {
            return Ok(Some(Found {
                place: flag_place(flag),
                text: text.to_owned(),
            }));
        }
        self.in_file(key, file)
    }

    /// The file's value.
    pub(super) fn in_file(&self, key: &str, file: &Text) -> Result<Option<Found>, ConfigError> {
        file.as_ref()
            .map(|text| self.expanded(key, &text.value, text.referenced.line()))
            .transpose()
    }

    /// The flag's values if any were given, else the file's.
    pub(super) fn many(
        &self,
        flag: &str,
        given: &[String],
        key: &str,
        file: &Texts,
    ) -> Result<Vec<Found>, ConfigError> {
        let given: Vec<_> = given
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .collect();
        if !given.is_empty() {
            let found = |text: &str| Found {
                place: flag_place(flag),
                text: text.to_owned(),
            };
            return Ok(given.into_iter().map(found).collect());
        }
        self.many_in_file(key, file)
    }

    /// The file's values.
    pub(super) fn many_in_file(&self, key: &str, file: &Texts) -> Result<Vec<Found>, ConfigError> {
        let texts = file.iter().flatten();
        texts
            .map(|text| self.expanded(key, &text.value, text.referenced.line()))
            .collect()
    }

    fn expanded(&self, key: &str, text: &str, line: u64) -> Result<Found, ConfigError> {
        let place = format!("{} line {line}: {key}", self.path);
        let text =
            expand(text, self.env).map_err(|problem| ConfigError::new(place.clone(), problem))?;
        Ok(Found { place, text })
    }
}

/// A flag and its environment variable, because either may have been used.
pub(super) fn flag_place(flag: &str) -> String {
    let variable = flag
        .trim_start_matches('-')
        .replace(['.', '-'], "_")
        .to_ascii_uppercase();
    format!("{flag} (or KAFKA_LAG_{variable})")
}

pub(super) fn between(
    found: Option<Found>,
    default: PromDuration,
    least: &str,
    most: &str,
) -> Result<Duration, ConfigError> {
    let Some(found) = found else {
        return Ok(default.into());
    };
    let value: PromDuration = found.read()?;
    let (low, high): (PromDuration, PromDuration) = (
        least.parse().unwrap_or(PromDuration::from_secs(0)),
        most.parse().unwrap_or(PromDuration::from_secs(u64::MAX)),
    );
    if value < low || value > high {
        return Err(found.wrong(format!("{value} is out of range: use {least} to {most}")));
    }
    Ok(value.into())
}

pub(super) fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy>(
    found: &Found,
    least: T,
    most: T,
    what: &str,
) -> Result<T, ConfigError> {
    let value = found
        .text
        .parse()
        .ok()
        .filter(|value| *value >= least && *value <= most);
    value.ok_or_else(|| {
        found.wrong(format!(
            "{:?} is not possible: use {least} to {most} {what}",
            found.text
        ))
    })
}

pub(super) fn boolean(found: Option<Found>) -> Result<bool, ConfigError> {
    found.map_or(Ok(false), |found| {
        found.choose(&[("true", true), ("false", false)])
    })
}
