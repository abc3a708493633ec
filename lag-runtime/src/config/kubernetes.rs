//! How the cluster is reached.

use lag_core::PromDuration;
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

use super::{
    ConfigError, File,
    file::Text,
    pick::{Found, Picker, between},
};
use crate::args::KubeArgs;

/// How the cluster is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesConfig {
    /// A kubeconfig, instead of `KUBECONFIG`, `~/.kube/config` or the service account of the pod.
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one.
    pub context: Option<String>,
    /// Time for one request.
    pub timeout: Duration,
}

/// The section, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Kubernetes {
    kubeconfig: Text,
    context: Text,
    timeout: Text,
}

pub(super) fn resolve(
    args: &KubeArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<KubernetesConfig, ConfigError> {
    let keys = &file.kubernetes;
    let kubeconfig = picker.one(
        "--kubeconfig",
        args.kubeconfig.as_deref(),
        "kubernetes.kubeconfig",
        &keys.kubeconfig,
    )?;
    let context = picker.in_file("kubernetes.context", &keys.context)?;
    let timeout = picker.in_file("kubernetes.timeout", &keys.timeout)?;
    let text = |found: Option<Found>| {
        found
            .map(|found| found.text)
            .filter(|text| !text.is_empty())
    };
    Ok(KubernetesConfig {
        kubeconfig: text(kubeconfig).map(PathBuf::from),
        context: text(context),
        timeout: between(timeout, PromDuration::from_secs(10), "100ms", "5m")?,
    })
}
