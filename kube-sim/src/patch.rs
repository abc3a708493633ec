//! Patches: which kinds are taken, and what they do.

use serde_json::Value;

use crate::{
    object::{is_plain_patch, merge},
    refusal::Refusal,
    resource::Resource,
};

const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// A patch that can be applied: a merge of maps.
#[derive(Debug)]
pub(crate) struct PatchKind(pub(crate) Value);

impl PatchKind {
    pub(crate) fn apply(&self, target: &mut Value) {
        merge(target, &self.0);
    }
}

/// Reads a patch of a type that the resource takes.
pub(crate) fn read(
    content_type: &str,
    resource: &Resource,
    body: impl FnOnce() -> Result<Value, Refusal>,
) -> Result<PatchKind, Refusal> {
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    match content_type {
        MERGE => Ok(PatchKind(body()?)),
        STRATEGIC if !resource.is_custom => {
            let patch = body()?;
            if is_plain_patch(&patch) {
                return Ok(PatchKind(patch));
            }
            Err(Refusal::not_simulated(
                "strategic merges of lists and directives; only maps are merged",
            ))
        }
        "application/json-patch+json" | "application/apply-patch+yaml" => Err(
            Refusal::not_simulated("this type of patch; use a merge patch"),
        ),
        _ => {
            let strategic = if resource.is_custom {
                String::new()
            } else {
                format!("{STRATEGIC}, ")
            };
            let accepted = format!(
                "application/json-patch+json, {MERGE}, {strategic}application/apply-patch+yaml"
            );
            Err(Refusal::unsupported_patch(&accepted))
        }
    }
}
