//! A value of a manifest that knows where it stands, for errors that name the place.

use serde_json::Value;

use super::quantity;
use crate::nearest::nearest;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {said}")]
pub(crate) struct Wrong {
    file: String,
    said: String,
    /// The field, from the root of the document; empty for the whole of it.
    pub(crate) path: String,
    pub(crate) happens: String,
    pub(crate) instead: String,
}

/// A value, or where one is missing.
#[derive(Debug, Clone)]
pub(crate) struct Field<'v> {
    file: &'v str,
    path: String,
    /// [`Value::Null`] where nothing stands.
    value: &'v Value,
}

impl<'v> Field<'v> {
    /// A whole document.
    pub(crate) fn document(file: &'v str, value: &'v Value) -> Self {
        Self {
            file,
            path: String::new(),
            value,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Self {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let value = self.value.get(key).unwrap_or(&Value::Null);
        Self {
            path,
            value,
            ..*self
        }
    }

    /// A field further down.
    pub(crate) fn at(&self, keys: &[&str]) -> Self {
        keys.iter().fold(self.clone(), |field, key| field.get(key))
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// What is wrong with this field.
    pub(crate) fn wrong(&self, allowed: &str) -> anyhow::Error {
        let Self { file, path, value } = self;
        let place = if path.is_empty() {
            "the document"
        } else {
            path
        };
        let mut shown = value.to_string();
        if self.is_missing() {
            "missing".clone_into(&mut shown);
        } else if shown.chars().count() > 60 {
            shown = shown.chars().take(60).chain(['…']).collect();
        }
        anyhow::Error::new(Wrong {
            file: (*file).to_owned(),
            said: format!("{place} is {shown}: {allowed}"),
            path: path.clone(),
            happens: format!("it is {shown}: it is refused, or nobody reads it"),
            instead: allowed.to_owned(),
        })
    }

    /// Refuses what is no map, and keys that nobody would read.
    pub(crate) fn only(&self, keys: &[&str]) -> anyhow::Result<()> {
        let Some(map) = self.value.as_object() else {
            return Err(self.wrong("write a map"));
        };
        let Some(unknown) = map.keys().find(|key| !keys.contains(&key.as_str())) else {
            return Ok(());
        };
        let place = self.get(unknown);
        let (mark, instead) = match nearest(unknown, keys.iter().copied()).first() {
            Some(meant) => (";", format!("did you mean {meant}?")),
            None => (":", format!("use {}", keys.join(", "))),
        };
        Err(anyhow::Error::new(Wrong {
            file: self.file.to_owned(),
            said: format!("there is no {}{mark} {instead}", place.path),
            path: place.path,
            happens: format!("there is no field {unknown}: it is refused, or nobody reads it"),
            instead,
        }))
    }

    /// The elements of a list; none where it is missing.
    pub(crate) fn items(&self) -> anyhow::Result<Vec<Self>> {
        if self.is_missing() {
            return Ok(Vec::new());
        }
        let list = self
            .value
            .as_array()
            .ok_or_else(|| self.wrong("write a list"))?;
        let item = |(index, value)| Self {
            file: self.file,
            path: format!("{}[{index}]", self.path),
            value,
        };
        Ok(list.iter().enumerate().map(item).collect())
    }

    /// One of some words.
    pub(crate) fn word(&self, allowed: &[&'v str]) -> anyhow::Result<&'v str> {
        let given = self.value.as_str();
        let found = allowed.iter().find(|word| Some(**word) == given);
        found
            .copied()
            .ok_or_else(|| self.wrong(&format!("use {}", allowed.join(", "))))
    }

    /// A text, if it is one.
    pub(crate) fn text(&self) -> Option<&'v str> {
        self.value.as_str()
    }

    /// A whole number in a range, both ends included; `None` where it is missing.
    pub(crate) fn number(&self, least: u32, most: u32) -> anyhow::Result<Option<u32>> {
        if self.is_missing() {
            return Ok(None);
        }
        let number = self
            .value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(&format!("write a whole number from {least} to {most}"))),
        }
    }

    /// A quantity in thousandths; `None` where it is missing.
    pub(crate) fn milli(&self) -> anyhow::Result<Option<u64>> {
        let milli = match self.value {
            Value::Null => return Ok(None),
            Value::String(text) => quantity::milli(text),
            Value::Number(number) => quantity::milli(&number.to_string()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        milli.map(Some).ok_or_else(|| {
            self.wrong("write a number that is not negative, such as 50000, 50k or 666m")
        })
    }
}
