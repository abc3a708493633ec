//! Manifests of Kubernetes, as people write them: one file, several documents.

use anyhow::Context as _;
use serde_json::Value;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_a_file_is_read_and_empty_ones_are_none() {
        let text = "---\nkind: A\n---\n---\nkind: B\nspec: {n: 5}\n";
        let found = documents("x.yaml", text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1]["spec"]["n"], 5);
        assert!(documents("x.yaml", "a: [").is_err());
    }
}
