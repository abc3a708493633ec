//! Selectors of a list: equality of labels, and of an object's name and namespace.

use serde_json::Value;

use crate::refusal::Refusal;

/// What a listed object must have.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Debug)]
struct Requirement {
    key: String,
    value: String,
    is_equal: bool,
}

impl Selector {
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let fields = requirements(fields)?;
        let known = ["metadata.name", "metadata.namespace"];
        if let Some(other) = fields
            .iter()
            .find(|field| !known.contains(&field.key.as_str()))
        {
            return Err(Refusal::bad_request(format!(
                "field label not supported: {}",
                other.key
            )));
        }
        Ok(Self {
            labels: requirements(labels)?,
            fields,
        })
    }

    pub(crate) fn accepts(&self, object: &Value) -> bool {
        let has = |found: Option<&Value>, wanted: &Requirement| {
            let is_equal = found.and_then(Value::as_str) == Some(&wanted.value);
            is_equal == wanted.is_equal
        };
        let label =
            |wanted: &Requirement| has(object["metadata"]["labels"].get(&wanted.key), wanted);
        let field = |wanted: &Requirement| {
            let name = wanted.key.trim_start_matches("metadata.");
            has(object["metadata"].get(name), wanted)
        };
        self.labels.iter().all(label) && self.fields.iter().all(field)
    }
}

/// `a=b,c==d,e!=f`; sets are not simulated, and said so.
fn requirements(text: &str) -> Result<Vec<Requirement>, Refusal> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| Refusal::not_simulated("selectors other than equality"))?;
            let (key, is_equal) = match key.strip_suffix('!') {
                Some(key) => (key, false),
                None => (key, true),
            };
            Ok(Requirement {
                key: key.trim().to_owned(),
                value: value.trim_start_matches('=').trim().to_owned(),
                is_equal,
            })
        })
        .collect()
}
