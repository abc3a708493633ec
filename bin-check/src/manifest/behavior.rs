//! `behavior` of an HPA, which a ScaledObject holds too.

use jiff::SignedDuration;
use lag_core::simulate::{Behavior, Policy, PolicyKind, Rules, Select};

use super::field::Field;

/// What is written, over what the API server puts in where nothing is; `None` where the whole is missing.
pub(super) fn read(field: &Field<'_>) -> anyhow::Result<Option<Behavior>> {
    if field.is_missing() {
        return Ok(None);
    }
    field.only(&["scaleUp", "scaleDown"])?;
    Ok(Some(Behavior {
        scale_up: rules(&field.get("scaleUp"), Rules::scale_up())?,
        scale_down: rules(&field.get("scaleDown"), Rules::scale_down())?,
    }))
}

/// All that is wrong with it; one mistake of a kind at each place.
pub(super) fn faults(field: &Field<'_>) -> Vec<anyhow::Error> {
    let mut found = Vec::from_iter(read(field).err());
    for way in ["scaleUp", "scaleDown"] {
        let one = field.get(way);
        found.extend(rules(&one, Rules::scale_up()).err());
        for one in one.get("policies").items().unwrap_or_default() {
            found.extend(policy(&one).err());
        }
    }
    found
}

fn rules(field: &Field<'_>, mut rules: Rules) -> anyhow::Result<Rules> {
    if field.is_missing() {
        return Ok(rules);
    }
    field.only(&[
        "stabilizationWindowSeconds",
        "selectPolicy",
        "policies",
        "tolerance",
    ])?;
    if let Some(window) = field.get("stabilizationWindowSeconds").number(0, 3600)? {
        rules.stabilization_window = SignedDuration::from_secs(window.into());
    }
    let select = field.get("selectPolicy");
    if !select.is_missing() {
        rules.select = match select.word(&["Max", "Min", "Disabled"])? {
            "Min" => Select::Min,
            "Disabled" => Select::Disabled,
            _ => Select::Max,
        };
    }
    let policies = field.get("policies");
    if !policies.is_missing() {
        let read: anyhow::Result<Vec<_>> = policies.items()?.iter().map(policy).collect();
        rules.policies = read?;
        if rules.policies.is_empty() && rules.select != Select::Disabled {
            return Err(policies.wrong("write at least one, or leave it out for the default"));
        }
    }
    let tolerance = field.get("tolerance");
    if let Some(milli) = tolerance.milli()? {
        let milli = u32::try_from(milli);
        rules.tolerance_milli =
            Some(milli.map_err(|_| tolerance.wrong("write a fraction such as 0.1 or 666m"))?);
    }
    Ok(rules)
}

fn policy(field: &Field<'_>) -> anyhow::Result<Policy> {
    field.only(&["type", "value", "periodSeconds"])?;
    let kind = match field.get("type").word(&["Pods", "Percent"])? {
        "Pods" => PolicyKind::Pods,
        _ => PolicyKind::Percent,
    };
    let needed = |key: &str, most: u32| {
        let field = field.get(key);
        let number = field.number(1, most)?;
        number.ok_or_else(|| field.wrong(&format!("write a whole number from 1 to {most}")))
    };
    Ok(Policy {
        kind,
        value: needed("value", i32::MAX.unsigned_abs())?,
        period: SignedDuration::from_secs(needed("periodSeconds", 1800)?.into()),
    })
}
