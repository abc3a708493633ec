//! Manifests of Kubernetes, as people write them: one file, several documents.

mod behavior;
mod field;
pub(crate) mod hpa;
pub(crate) mod quantity;
pub(crate) mod scaled_object;
mod selector;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, bail};
use serde_json::Value;

pub(crate) use self::field::Wrong;

/// The documents of a YAML (or JSON) text, empty ones left out. `name` is for messages.
pub(crate) fn documents(name: &str, text: &str) -> anyhow::Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)
        .map_err(|error| anyhow::anyhow!("{}", error.without_snippet()))
        .with_context(|| format!("{name} is not YAML"))?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// The documents of one kind, at least one.
fn of_kind<'d>(file: &str, documents: &'d [Value], kind: &str) -> anyhow::Result<Vec<&'d Value>> {
    let kind_of = |document: &'d Value| document.get("kind").and_then(Value::as_str);
    let found: Vec<_> = documents
        .iter()
        .filter(|document| kind_of(document) == Some(kind))
        .collect();
    if found.is_empty() {
        let others: Vec<_> = documents.iter().filter_map(kind_of).collect();
        match others.as_slice() {
            [] => bail!("{file}: holds no {kind}"),
            others => bail!("{file}: holds no {kind}, but {}", others.join(", ")),
        }
    }
    Ok(found)
}
