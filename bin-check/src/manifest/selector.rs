//! A label selector.

use super::field::Field;

/// All that a cluster refuses of it. What stands in `matchLabels` is not looked at.
pub(super) fn faults(selector: &Field<'_>) -> Vec<anyhow::Error> {
    if selector.is_missing() {
        return Vec::new();
    }
    let mut found = Vec::from_iter(selector.only(&["matchLabels", "matchExpressions"]).err());
    match selector.get("matchExpressions").items() {
        Ok(all) => found.extend(all.iter().filter_map(|one| expression(one).err())),
        Err(error) => found.push(error),
    }
    found
}

fn expression(field: &Field<'_>) -> anyhow::Result<()> {
    field.only(&["key", "operator", "values"])?;
    let key = field.get("key");
    if key.text().is_none_or(str::is_empty) {
        return Err(key.wrong("write the name of a label"));
    }
    let operator = field.get("operator");
    let word = operator.word(&["In", "NotIn", "Exists", "DoesNotExist"])?;
    let values = field.get("values");
    let is_empty = values.items()?.is_empty();
    match word {
        "In" | "NotIn" if is_empty => {
            Err(values.wrong(&format!("{word} needs at least one value")))
        }
        "Exists" | "DoesNotExist" if !is_empty => {
            Err(values.wrong(&format!("{word} takes no values: leave them out")))
        }
        _ => Ok(()),
    }
}
