//! Names with places to fill.

use crate::GroupKey;
use std::{fmt, str::FromStr};

/// A name with places to fill: `{group}`, `{instance}`, each with filters, as in
/// `{group|strip_suffix:_docking_analog|replace:_:-}-consumer`. Filters, applied from left to right: `strip_prefix:TEXT`,
/// `strip_suffix:TEXT`, `replace:FROM:TO`, `lower`. Everything else is taken as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    written: String,
    parts: Vec<Part>,
}

/// Text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {written:?}: {problem}")]
pub struct InvalidTemplate {
    written: String,
    problem: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place { field: Field, filters: Vec<Filter> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Group,
    Instance,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Filter {
    StripPrefix(String),
    StripSuffix(String),
    Replace { from: String, to: String },
    Lower,
}

impl Template {
    /// The name for this group.
    ///
    /// # Errors
    /// [`InvalidTemplate`] when a filter does not fit (`strip_suffix` of a suffix that is not there), or nothing is left.
    pub fn expand(&self, key: &GroupKey) -> Result<String, InvalidTemplate> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Place { field, filters } => {
                    let filled = fill(*field, filters, key).map_err(|problem| InvalidTemplate {
                        written: self.written.clone(),
                        problem: format!("group {key}: {problem}"),
                    })?;
                    name.push_str(&filled);
                }
            }
        }
        Ok(name)
    }

    /// Whether the name depends on the group.
    pub(super) fn is_open(&self) -> bool {
        self.fixed().is_none()
    }

    /// The name, if it is the same for all groups.
    pub(super) fn fixed(&self) -> Option<&str> {
        let text = |part: &Part| matches!(part, Part::Text(_));
        self.parts.iter().all(text).then_some(self.written.as_str())
    }
}

fn fill(field: Field, filters: &[Filter], key: &GroupKey) -> Result<String, String> {
    let mut value = match field {
        Field::Group => key.group.as_str().to_owned(),
        Field::Instance => key.instance.as_str().to_owned(),
    };
    for filter in filters {
        value = match filter {
            Filter::StripPrefix(text) => value
                .strip_prefix(text.as_str())
                .ok_or_else(|| format!("{value:?} does not begin with {text:?}"))?
                .to_owned(),
            Filter::StripSuffix(text) => value
                .strip_suffix(text.as_str())
                .ok_or_else(|| format!("{value:?} does not end in {text:?}"))?
                .to_owned(),
            Filter::Replace { from, to } => value.replace(from.as_str(), to),
            Filter::Lower => value.to_lowercase(),
        };
    }
    if value.is_empty() {
        return Err("nothing is left of the name after its filters".to_owned());
    }
    Ok(value)
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(written: &str) -> Result<Self, InvalidTemplate> {
        parse(written)
            .map(|parts| Self {
                written: written.to_owned(),
                parts,
            })
            .map_err(|problem| InvalidTemplate {
                written: written.chars().take(128).collect(),
                problem,
            })
    }
}

fn parse(written: &str) -> Result<Vec<Part>, String> {
    if written.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut parts = Vec::new();
    let mut rest = written;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, after) = rest.split_at(at);
        let inner = after
            .strip_prefix('{')
            .ok_or("a } has no { before it")?
            .split_once('}');
        let (place, behind) = inner.ok_or("a { has no } after it")?;
        if place.contains('{') {
            return Err("a { stands inside of braces".to_owned());
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        parts.push(parse_place(place)?);
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn parse_place(place: &str) -> Result<Part, String> {
    let mut steps = place.split('|');
    let field = match steps.next() {
        Some("group") => Field::Group,
        Some("instance") => Field::Instance,
        other => {
            return Err(format!(
                "there is no {{{}}}: write {{group}} or {{instance}}",
                other.unwrap_or_default()
            ));
        }
    };
    let filters = steps.map(parse_filter).collect::<Result<_, _>>()?;
    Ok(Part::Place { field, filters })
}

fn parse_filter(written: &str) -> Result<Filter, String> {
    let unknown = || {
        format!(
            "there is no filter {written:?}: write strip_prefix:TEXT, strip_suffix:TEXT, replace:FROM:TO or lower"
        )
    };
    match written.split_once(':') {
        None if written == "lower" => Ok(Filter::Lower),
        Some(("strip_prefix", text)) if !text.is_empty() => {
            Ok(Filter::StripPrefix(text.to_owned()))
        }
        Some(("strip_suffix", text)) if !text.is_empty() => {
            Ok(Filter::StripSuffix(text.to_owned()))
        }
        Some(("replace", text)) => match text.split_once(':') {
            Some((from, to)) if !from.is_empty() => Ok(Filter::Replace {
                from: from.to_owned(),
                to: to.to_owned(),
            }),
            _ => Err(unknown()),
        },
        _ => Err(unknown()),
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
