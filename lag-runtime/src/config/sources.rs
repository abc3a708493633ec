//! Which instances, where.

use aliyun_cms::Endpoint;
use lag_core::{GroupFilter, InstanceId, SeriesName};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    ConfigError, CredentialsConfig, Env, File, credentials,
    file::Source,
    groups::{expect, expected, filter},
    pick::{Found, Picker, flag_place},
};
use crate::args::ReadArgs;

/// One region or account, collected on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// Name in metrics and logs; unique.
    pub name: String,
    /// Region, as a label; empty when only an endpoint is known.
    pub region: String,
    /// Where CloudMonitor is asked.
    pub endpoint: Endpoint,
    /// Name of the account, whose limits its sources share.
    pub account: String,
    /// Whose keys are used.
    pub credentials: CredentialsConfig,
    /// What is asked for, sorted, at least one.
    pub instances: Vec<InstanceId>,
    /// Which groups are looked at.
    pub filter: GroupFilter,
    /// Groups that should exist, by instance.
    pub expected: BTreeMap<InstanceId, Vec<SeriesName>>,
}

/// Name of the account of the common credentials.
const DEFAULT_ACCOUNT: &str = "default";

/// The sources of the command line, else those of the file.
pub(super) fn resolve(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
    notices: &mut Vec<String>,
) -> Result<Vec<SourceConfig>, ConfigError> {
    let sources = match from_flags(args, file, picker)? {
        Some((source, place)) => {
            if !file.sources.is_empty() {
                notices.push(format!("{place} replaces the sources of {}", picker.path));
            }
            vec![source]
        }
        None => from_file(args, file, picker)?,
    };
    let mut owners: BTreeMap<&InstanceId, &str> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for source in &sources {
        if names.insert(&source.name, ()).is_some() {
            let problem = format!(
                "two sources are called {:?}: give each a name of its own",
                source.name
            );
            return Err(ConfigError::new(
                format!("{}: sources", picker.path),
                problem,
            ));
        }
        for instance in &source.instances {
            if let Some(other) = owners.insert(instance, &source.name) {
                let problem = format!(
                    "instance {instance} is in source {other:?} and in {:?}: keep one",
                    source.name
                );
                return Err(ConfigError::new(
                    format!("{}: sources", picker.path),
                    problem,
                ));
            }
        }
    }
    Ok(sources)
}

/// The variables of the first post, so that its manifest works with only the image changed.
fn seed(env: Env<'_>, name: &str) -> Option<String> {
    env(name).filter(|text| !text.is_empty())
}

fn from_flags(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<(SourceConfig, String)>, ConfigError> {
    let found = |flag: &str, given: Option<&str>, variable: &str| {
        let given = given.filter(|text| !text.is_empty());
        given
            .map(|text| Found {
                place: flag_place(flag),
                text: text.to_owned(),
            })
            .or_else(|| {
                seed(picker.env, variable).map(|text| Found {
                    place: format!("variable {variable}"),
                    text,
                })
            })
    };
    let region = found("--cms.region", args.source.region.as_deref(), "REGION_ID");
    let endpoint = found("--cms.endpoint", args.source.endpoint.as_deref(), "");
    let network = found("--cms.network", args.source.network.as_deref(), "");
    let mut instances = picker.many("--cms.instance", &args.source.instance, "", &None)?;
    if instances.is_empty() {
        let place = "variable TARGET_INSTANCE_ID".to_owned();
        let text = seed(picker.env, "TARGET_INSTANCE_ID").unwrap_or_default();
        let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
        instances = ids
            .map(|id| Found {
                place: place.clone(),
                text: id.to_owned(),
            })
            .collect();
    }
    if instances.is_empty() && !file.sources.is_empty() {
        let given = [region, endpoint, network]
            .into_iter()
            .flatten()
            .find(|found| found.place.starts_with('-'));
        return match given {
            Some(flag) => Err(flag.wrong(format!(
                "the sources of {} have their own region and endpoint: name instances with --cms.instance as well, \
                 or leave this out",
                picker.path
            ))),
            None => Ok(None),
        };
    }
    if instances.is_empty() {
        return Err(ConfigError {
            lacks_instances: true,
            ..ConfigError::new(
                flag_place("--cms.instance"),
                "no Kafka instance is given: name one, for example --cms.instance alikafka_pre-cn-xxx, or list sources \
                 in --config.file",
            )
        });
    }
    let no_region = || {
        let problem = format!(
            "no region is given for the instances of {}: write one such as cn-hangzhou",
            instances[0].place
        );
        ConfigError::new(flag_place("--cms.region"), problem)
    };
    let (label, endpoint) = place(
        region.as_ref(),
        endpoint.as_ref(),
        network.as_ref(),
        no_region,
    )?;
    let name = if label.is_empty() {
        endpoint.to_string()
    } else {
        label.clone()
    };
    let filter = filter(args, file, picker, None)?;
    let named_by = instances[0].place.clone();
    let instances = ids(&instances)?;
    let expected = expected(&expect(args, file, picker, None)?, &instances, &filter)?;
    let source = SourceConfig {
        name,
        region: label,
        endpoint,
        account: DEFAULT_ACCOUNT.to_owned(),
        credentials: credentials::resolve(args, file, picker)?,
        instances,
        filter,
        expected,
    };
    Ok(Some((source, named_by)))
}

fn from_file(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Vec<SourceConfig>, ConfigError> {
    let common = credentials::resolve(args, file, picker)?;
    let source = |(index, source): (usize, &Source)| {
        let key = |name: &str| format!("sources[{index}].{name}");
        let region = picker.in_file(&key("region"), &source.region)?;
        let endpoint = picker.in_file(&key("endpoint"), &source.endpoint)?;
        let network = picker.in_file(&key("network"), &source.network)?;
        let no_region = || {
            let place = format!("{}: {}", picker.path, key("region"));
            ConfigError::new(place, "no region is given: write one such as cn-hangzhou")
        };
        let (region, endpoint) = place(
            region.as_ref(),
            endpoint.as_ref(),
            network.as_ref(),
            no_region,
        )?;
        let found = picker.many_in_file(&key("instances"), &source.instances)?;
        if found.is_empty() {
            let place = format!("{}: {}", picker.path, key("instances"));
            return Err(ConfigError::new(
                place,
                "no Kafka instance is listed: add at least one id",
            ));
        }
        let instances = ids(&found)?;
        let name = picker
            .in_file(&key("name"), &source.name)?
            .map(|found| found.text);
        let name = name.unwrap_or_else(|| {
            if region.is_empty() {
                endpoint.to_string()
            } else {
                region.clone()
            }
        });
        let account = picker.in_file(&key("account"), &source.account)?;
        let own_credentials = credentials::resolve_own(source, index, picker)?;
        // Until all are known, an account of its own has no name.
        let account = account.map_or_else(
            || {
                own_credentials
                    .as_ref()
                    .map_or(DEFAULT_ACCOUNT, |_| "")
                    .to_owned()
            },
            |found| found.text,
        );
        let own = Some((source, index));
        let filter = filter(args, file, picker, own)?;
        let expected = expected(&expect(args, file, picker, own)?, &instances, &filter)?;
        Ok(SourceConfig {
            name,
            region,
            endpoint,
            account,
            credentials: own_credentials.unwrap_or_else(|| common.clone()),
            instances,
            filter,
            expected,
        })
    };
    let mut sources = file
        .sources
        .iter()
        .enumerate()
        .map(source)
        .collect::<Result<Vec<_>, _>>()?;
    name_accounts(&mut sources);
    Ok(sources)
}

/// Sources with the same credentials of their own are one account, called like the first of them.
fn name_accounts(sources: &mut [SourceConfig]) {
    let given: BTreeSet<String> = sources
        .iter()
        .map(|source| source.account.clone())
        .chain([DEFAULT_ACCOUNT.to_owned()])
        .collect();
    for at in 0..sources.len() {
        if sources[at].account.is_empty() {
            let twin = sources[..at]
                .iter()
                .find(|other| other.credentials == sources[at].credentials);
            sources[at].account = match (twin, &sources[at].name) {
                (Some(twin), _) => twin.account.clone(),
                // Not an account that somebody else is in.
                (None, name) if given.contains(name) => format!("{name} (own)"),
                (None, name) => name.clone(),
            };
        }
    }
}

/// Region label and endpoint.
fn place(
    region: Option<&Found>,
    endpoint: Option<&Found>,
    network: Option<&Found>,
    no_region: impl Fn() -> ConfigError,
) -> Result<(String, Endpoint), ConfigError> {
    let vpc = network
        .map(|found| found.choose(&[("public", false), ("vpc", true)]))
        .transpose()?;
    let label = region
        .as_ref()
        .map(|found| found.text.clone())
        .unwrap_or_default();
    let made = match (region, endpoint) {
        (_, Some(url)) => Endpoint::url(&url.text).map_err(|error| url.wrong(error.to_string())),
        (Some(region), None) if vpc == Some(true) => {
            Endpoint::vpc(&region.text).map_err(|error| region.wrong(error.to_string()))
        }
        (Some(region), None) => {
            Endpoint::region(&region.text).map_err(|error| region.wrong(error.to_string()))
        }
        (None, None) => Err(no_region()),
    };
    Ok((label, made?))
}

fn ids(found: &[Found]) -> Result<Vec<InstanceId>, ConfigError> {
    let id = |found: &Found| {
        let id: InstanceId = found.read()?;
        if id.as_str().contains(['/', ',']) || id.as_str().contains(char::is_whitespace) {
            return Err(found.wrong(format!(
                "{id:?} is no instance id: they look like alikafka_pre-cn-xxx"
            )));
        }
        Ok(id)
    };
    let mut ids = found.iter().map(id).collect::<Result<Vec<_>, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}
