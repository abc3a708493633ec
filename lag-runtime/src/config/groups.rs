//! Which groups are looked at, and which must exist.

use lag_core::{GroupFilter, GroupName, InstanceId, Matcher, SeriesName};
use std::collections::BTreeMap;

use super::{
    ConfigError, File,
    file::Source,
    pick::{Found, Picker},
};
use crate::args::ReadArgs;

/// Flags, else the source's own patterns, else those of the section `group`.
pub(super) fn filter(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
    own: Option<(&Source, usize)>,
) -> Result<GroupFilter, ConfigError> {
    let list =
        |flag: &str, given: &[String], name: &str, own: Option<&super::file::Texts>, common| {
            let mut found = picker.many(flag, given, "", &None)?;
            if let (true, Some(own)) = (found.is_empty(), own) {
                found = picker.many_in_file(&format!("sources: {name}"), own)?;
            }
            if found.is_empty() {
                found = picker.many_in_file(&format!("group.{name}"), common)?;
            }
            found
                .iter()
                .map(Found::read)
                .collect::<Result<Vec<Matcher>, _>>()
        };
    let own = own.map(|(source, _)| source);
    Ok(GroupFilter {
        include: list(
            "--group.include",
            &args.group.include,
            "include",
            own.map(|source| &source.include),
            &file.group.include,
        )?,
        exclude: list(
            "--group.exclude",
            &args.group.exclude,
            "exclude",
            own.map(|source| &source.exclude),
            &file.group.exclude,
        )?,
    })
}

pub(super) fn expect(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
    own: Option<(&Source, usize)>,
) -> Result<Vec<Found>, ConfigError> {
    if let Some((source, index)) = own {
        let found = picker.many_in_file(&format!("sources[{index}].expect"), &source.expect)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    picker.many(
        "--group.expect",
        &args.group.expect,
        "group.expect",
        &file.group.expect,
    )
}

/// `NAME` for the only instance, `INSTANCE/NAME` for one of several.
pub(super) fn expected(
    found: &[Found],
    instances: &[InstanceId],
    filter: &GroupFilter,
) -> Result<BTreeMap<InstanceId, Vec<SeriesName>>, ConfigError> {
    let mut expected: BTreeMap<InstanceId, Vec<SeriesName>> = BTreeMap::new();
    for found in found {
        let (instance, group) = match (found.text.split_once('/'), instances) {
            (Some((id, group)), _) => {
                let known = instances.iter().find(|known| known.as_str() == id);
                (
                    known.ok_or_else(|| {
                        found.wrong(format!("instance {id:?} is not among those that are read"))
                    })?,
                    group,
                )
            }
            (None, [only]) => (only, found.text.as_str()),
            (None, _) => {
                let problem = format!(
                    "{:?} could be in any of several instances: write INSTANCE/NAME",
                    found.text
                );
                return Err(found.wrong(problem));
            }
        };
        let group: GroupName = group
            .parse()
            .map_err(|error: lag_core::InvalidName| found.wrong(error.to_string()))?;
        if !filter.accepts(&group) {
            let problem = format!(
                "{group} is left out by the include and exclude patterns: it would never be there"
            );
            return Err(found.wrong(problem));
        }
        expected
            .entry(instance.clone())
            .or_default()
            .push(SeriesName { group, topic: None });
    }
    Ok(expected)
}
