//! Objects as JSON: reading fields, comparing what counts, merging patches.

use serde_json::{Map, Value, json};

pub(crate) const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// The text at a JSON pointer; empty counts as missing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = object.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

pub(crate) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

/// `spec.replicas`, which is 1 when it is not said.
pub(crate) fn replicas(object: &Value) -> i64 {
    number(object, "/spec/replicas").unwrap_or(1)
}

/// The map at this key, made when there is none.
pub(crate) fn map_mut<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    if !object[key].is_object() {
        object[key] = json!({});
    }
    object[key].as_object_mut().expect("made an object above")
}

/// `metadata`, made when there is none.
pub(crate) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    map_mut(object, "metadata")
}

/// The texts of a map of texts, such as labels.
pub(crate) fn texts<'a>(
    object: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let fields = object.pointer(pointer).and_then(Value::as_object);
    let fields = fields.into_iter().flatten();
    fields.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// `app=consumer`: the selector as the scale subresource writes it.
pub(crate) fn selector_text(object: &Value) -> String {
    let pairs = texts(object, "/spec/selector/matchLabels");
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// What remains when the parts that the server keeps for itself are left out.
pub(crate) fn essence(object: &Value) -> Value {
    let mut essence = object.clone();
    let metadata = metadata(&mut essence);
    for own in ["resourceVersion", "managedFields", "generation"] {
        metadata.remove(own);
    }
    essence
}

/// RFC 7386: maps are merged, null removes, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Some(changes) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().expect("made an object above");
    for (key, change) in changes {
        if change.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Whether a strategic merge of this patch is the same as a plain merge: it has no list and no directive.
pub(crate) fn is_plain_patch(patch: &Value) -> bool {
    match patch {
        Value::Object(fields) => fields
            .iter()
            .all(|(key, value)| !key.starts_with('$') && is_plain_patch(value)),
        Value::Array(_) => false,
        _ => true,
    }
}

/// Removes fields that are 0, as the real server leaves them out.
pub(crate) fn without_zeros(mut status: Value) -> Value {
    if let Some(fields) = status.as_object_mut() {
        fields.retain(|_, value| value.as_i64() != Some(0));
    }
    status
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{essence, is_plain_patch, merge};

    #[test]
    fn merging_keeps_what_the_patch_does_not_name_and_null_removes() {
        let mut object = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"});
        merge(
            &mut object,
            &json!({"a": {"c": [3], "e": {"f": null}}, "d": null}),
        );
        assert_eq!(object, json!({"a": {"b": 1, "c": [3], "e": {}}}));
    }

    #[test]
    fn lists_and_directives_need_more_than_a_plain_merge() {
        assert!(is_plain_patch(
            &json!({"spec": {"template": {"metadata": {}}}})
        ));
        assert!(!is_plain_patch(&json!({"spec": {"containers": []}})));
        assert!(!is_plain_patch(&json!({"spec": {"$patch": "replace"}})));
    }

    #[test]
    fn version_and_managers_are_not_essential() {
        let one = json!({"metadata": {"name": "a", "resourceVersion": "1", "generation": 2}});
        assert_eq!(essence(&one), json!({"metadata": {"name": "a"}}));
    }
}
