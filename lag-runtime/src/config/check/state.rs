//! Where state is kept between runs.

use std::{fmt, path::PathBuf};

use super::wire::Check;
use crate::{
    args::{ReactionArgs, ReadArgs},
    config::{
        ConfigError, File,
        object::{is_name, is_namespace},
        pick::{Found, Picker},
    },
};

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatePlace {
    /// In a file.
    File(PathBuf),
    /// In a ConfigMap of the cluster.
    ConfigMap {
        /// The ConfigMap.
        configmap: ObjectName,
        /// The Lease that keeps runs apart.
        lease: ObjectName,
    },
}

/// Name of an object of the cluster, written `NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A file or a ConfigMap, else `check.json` in the state directory, if there is one.
pub(super) fn resolve(
    args: &ReactionArgs,
    read: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<StatePlace>, ConfigError> {
    let keys: &Check = &file.check;
    let given = |found: Option<Found>| found.filter(|found| !found.text.trim().is_empty());
    let path = given(picker.one(
        "--state-file",
        args.state_file.as_deref(),
        "check.state_file",
        &keys.state_file,
    )?);
    let configmap = given(picker.one(
        "--state-configmap",
        args.state_configmap.as_deref(),
        "check.state_configmap",
        &keys.state_configmap,
    )?);
    let lease = given(picker.in_file("check.state_lease", &keys.state_lease)?);
    if let (Some(path), Some(configmap)) = (&path, &configmap) {
        // Not even a flag wins over the file here: two places mean two memories, and everything is done twice.
        let problem = format!(
            "state is also said to be kept at {}: give one of the two",
            path.place
        );
        return Err(configmap.wrong(problem));
    }
    if let (None, Some(lease)) = (&configmap, &lease) {
        return Err(lease.wrong(
            "a lease goes with a ConfigMap: give check.state_configmap too, or leave this out",
        ));
    }
    if let Some(configmap) = configmap {
        let configmap = object(&configmap)?;
        if let Some(found) = &lease
            && object(found)?.namespace != configmap.namespace
        {
            let problem = format!(
                "the lease stands in the ConfigMap's namespace: write {}/NAME",
                configmap.namespace
            );
            return Err(found.wrong(problem));
        }
        let lease = lease.as_ref().map(object).transpose()?;
        return Ok(Some(StatePlace::ConfigMap {
            lease: lease.unwrap_or_else(|| configmap.clone()),
            configmap,
        }));
    }
    if let Some(path) = path {
        return Ok(Some(StatePlace::File(path.text.into())));
    }
    let directory = given(picker.one(
        "--state.directory",
        read.budget.state_directory.as_deref(),
        "state.directory",
        &file.state.directory,
    )?);
    Ok(directory.map(|found| StatePlace::File(PathBuf::from(found.text).join("check.json"))))
}

/// Reads `NAMESPACE/NAME`.
pub(in crate::config) fn object(found: &Found) -> Result<ObjectName, ConfigError> {
    let parts = found.text.split_once('/');
    let valid = parts.filter(|(namespace, name)| is_namespace(namespace) && is_name(name));
    let (namespace, name) = valid.ok_or_else(|| {
        found.wrong(format!(
            "{:?} names no object: write NAMESPACE/NAME in lower case, such as kafka-lag/kafka-lag-state",
            found.text
        ))
    })?;
    Ok(ObjectName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}
