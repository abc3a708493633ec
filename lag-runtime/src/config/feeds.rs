//! What autoscalers read: the external metrics API and KEDA's external scaler, each off without an address.

use std::{collections::BTreeMap, path::PathBuf};

use lag_core::Matcher;
use serde::{Deserialize, Deserializer};

use super::{
    ConfigError, File, Written,
    file::{Text, Texts},
    pick::{Found, Picker},
};
use crate::args::{ExternalMetricsArgs, KedaArgs};

/// Certificate and key of a port, in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingPair {
    /// PEM, the leaf first.
    pub cert_file: PathBuf,
    /// PEM.
    pub key_file: PathBuf,
}

/// Who may read external metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternalAuth {
    /// The API server alone, known by its front-proxy certificate.
    Mtls,
    /// Also direct callers, by token or certificate, with the rights that the API server says they have.
    Delegated,
}

/// `external.metrics.k8s.io`.
#[derive(Debug, Clone)]
pub struct ExternalMetricsConfig {
    /// Where it is served, as written.
    pub listen_address: Written,
    /// TLS is compulsory: the API server speaks nothing else.
    pub pair: ServingPair,
    /// Who may read.
    pub auth: ExternalAuth,
    /// Which namespace may read which groups, `*` for all other namespaces; `None` when all may read all.
    pub namespaces: Option<BTreeMap<String, Vec<Matcher>>>,
}

/// KEDA's external scaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KedaConfig {
    /// Where it is served, as written.
    pub listen_address: Written,
    /// Plain text without.
    pub pair: Option<ServingPair>,
    /// Clients need a certificate that one of these has signed.
    pub client_ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ExternalMetrics {
    listen_address: Text,
    tls_cert_file: Text,
    tls_key_file: Text,
    auth: Text,
    /// Left out, empty, or with entries: whoever comments all entries out does not mean everybody.
    #[serde(deserialize_with = "present")]
    namespaces: Option<Option<BTreeMap<String, Texts>>>,
}

fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keda {
    listen_address: Text,
    tls_cert_file: Text,
    tls_key_file: Text,
    client_ca_file: Text,
}

const MAKE_PAIR: &str = "`kafka-lag generate serving-cert` makes a pair";

pub(super) fn external_metrics(
    args: &ExternalMetricsArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<ExternalMetricsConfig>, ConfigError> {
    let keys = &file.external_metrics;
    let pick = |flag: &str, given: &Option<String>, key: &str, text: &Text| {
        let (flag, key) = (
            format!("--external-metrics.{flag}"),
            format!("external_metrics.{key}"),
        );
        filled(picker.one(&flag, given.as_deref(), &key, text))
    };
    let listen = pick(
        "listen-address",
        &args.external_metrics_listen_address,
        "listen_address",
        &keys.listen_address,
    )?;
    let cert = pick(
        "tls-cert-file",
        &args.external_metrics_tls_cert_file,
        "tls_cert_file",
        &keys.tls_cert_file,
    )?;
    let key = pick(
        "tls-key-file",
        &args.external_metrics_tls_key_file,
        "tls_key_file",
        &keys.tls_key_file,
    )?;
    let auth = pick("auth", &args.external_metrics_auth, "auth", &keys.auth)?;
    let namespaces = namespaces(keys, picker)?;
    let Some(listen) = listen else {
        let useless = [cert, key, auth].into_iter().flatten().next();
        let without = "--external-metrics.listen-address";
        if namespaces.is_some() {
            return Err(ConfigError::new(
                format!("{}: external_metrics.namespaces", picker.path),
                no_effect(without),
            ));
        }
        return useless.map_or(Ok(None), |found| Err(found.wrong(no_effect(without))));
    };
    let Some(pair) = pair("--external-metrics", cert, key)? else {
        return Err(listen.wrong(format!(
            "the API server speaks TLS and nothing else: give --external-metrics.tls-cert-file and \
             --external-metrics.tls-key-file; {MAKE_PAIR}"
        )));
    };
    let auth = auth.map(|found| {
        found.choose(&[
            ("mtls", ExternalAuth::Mtls),
            ("delegated", ExternalAuth::Delegated),
        ])
    });
    Ok(Some(ExternalMetricsConfig {
        listen_address: Written::new(listen),
        pair,
        auth: auth.transpose()?.unwrap_or(ExternalAuth::Mtls),
        namespaces,
    }))
}

fn namespaces(
    keys: &ExternalMetrics,
    picker: Picker<'_>,
) -> Result<Option<BTreeMap<String, Vec<Matcher>>>, ConfigError> {
    let Some(written) = &keys.namespaces else {
        return Ok(None);
    };
    let Some(written) = written else {
        return Err(ConfigError::new(
            format!("{}: external_metrics.namespaces", picker.path),
            "it is empty: leave it out if every namespace may read every group, or write {} if none may",
        ));
    };
    let entry = |(namespace, patterns): (&String, &Texts)| {
        let key = format!("external_metrics.namespaces.{namespace}");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if namespace != "*" && (namespace.is_empty() || !namespace.chars().all(is_plain)) {
            let problem = "this is no namespace: write the name of one, or \"*\" for all others";
            return Err(ConfigError::new(format!("{}: {key}", picker.path), problem));
        }
        let patterns = picker.many_in_file(&key, patterns)?;
        let patterns = patterns.iter().map(Found::read);
        Ok((namespace.clone(), patterns.collect::<Result<Vec<_>, _>>()?))
    };
    written
        .iter()
        .map(entry)
        .collect::<Result<_, _>>()
        .map(Some)
}

pub(super) fn keda(
    args: &KedaArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<KedaConfig>, ConfigError> {
    let keys = &file.keda;
    let pick = |flag: &str, given: &Option<String>, key: &str, text: &Text| {
        let (flag, key) = (format!("--keda.{flag}"), format!("keda.{key}"));
        filled(picker.one(&flag, given.as_deref(), &key, text))
    };
    let listen = pick(
        "listen-address",
        &args.keda_listen_address,
        "listen_address",
        &keys.listen_address,
    )?;
    let cert = pick(
        "tls-cert-file",
        &args.keda_tls_cert_file,
        "tls_cert_file",
        &keys.tls_cert_file,
    )?;
    let key = pick(
        "tls-key-file",
        &args.keda_tls_key_file,
        "tls_key_file",
        &keys.tls_key_file,
    )?;
    let client_ca = pick(
        "client-ca-file",
        &args.keda_client_ca_file,
        "client_ca_file",
        &keys.client_ca_file,
    )?;
    let Some(listen) = listen else {
        let useless = [cert, key, client_ca].into_iter().flatten().next();
        let without = "--keda.listen-address";
        return useless.map_or(Ok(None), |found| Err(found.wrong(no_effect(without))));
    };
    let pair = pair("--keda", cert, key)?;
    if let (None, Some(found)) = (&pair, &client_ca) {
        return Err(found.wrong(
            "clients can only be asked for a certificate over TLS: give --keda.tls-cert-file and --keda.tls-key-file too",
        ));
    }
    Ok(Some(KedaConfig {
        listen_address: Written::new(listen),
        pair,
        client_ca_file: client_ca.map(|found| found.text.into()),
    }))
}

/// Both or none.
fn pair(
    flags: &str,
    cert: Option<Found>,
    key: Option<Found>,
) -> Result<Option<ServingPair>, ConfigError> {
    let half = |found: &Found, missing: &str| {
        Err(found.wrong(format!("it needs {flags}.{missing} beside it; {MAKE_PAIR}")))
    };
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(ServingPair {
            cert_file: cert.text.into(),
            key_file: key.text.into(),
        })),
        (Some(cert), None) => half(&cert, "tls-key-file"),
        (None, Some(key)) => half(&key, "tls-cert-file"),
        (None, None) => Ok(None),
    }
}

fn no_effect(without: &str) -> String {
    format!("it has no effect without {without}: give that too, or leave this out")
}

/// Empty text counts as not given.
fn filled(found: Result<Option<Found>, ConfigError>) -> Result<Option<Found>, ConfigError> {
    Ok(found?.filter(|found| !found.text.trim().is_empty()))
}
