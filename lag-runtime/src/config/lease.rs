//! How replicas agree which of them asks the cloud.

use lag_core::PromDuration;
use serde::Deserialize;
use std::{net::IpAddr, time::Duration};

use super::{
    ConfigError, File, ObjectName,
    check::object,
    file::Text,
    pick::{Found, Picker, between, flag_place},
};
use crate::args::LeaseArgs;

/// The section `lease`, as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lease {
    name: Text,
    advertise_url: Text,
    follow_interval: Text,
    duration: Text,
}

/// How replicas agree which of them asks the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseConfig {
    /// The Lease.
    pub lease: ObjectName,
    /// Where other replicas can read this one, if that is known before it listens.
    pub advertise: Option<Advertise>,
    /// Between two looks at the leader's board.
    pub follow_interval: Duration,
    /// How long the lease of a dead leader lasts, in whole seconds.
    pub duration: Duration,
}

/// Where other replicas can read this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advertise {
    /// As given.
    Url(String),
    /// At the address of the pod, and the port that it listens on.
    Pod(IpAddr),
}

impl LeaseConfig {
    /// The URL for other replicas, when this one listens on `port`.
    ///
    /// # Errors
    /// When neither a URL nor the address of the pod is known.
    pub fn url(&self, port: u16) -> Result<String, ConfigError> {
        match &self.advertise {
            Some(Advertise::Url(url)) => Ok(url.clone()),
            Some(Advertise::Pod(IpAddr::V4(ip))) => Ok(format!("http://{ip}:{port}")),
            Some(Advertise::Pod(IpAddr::V6(ip))) => Ok(format!("http://[{ip}]:{port}")),
            None => Err(ConfigError::new(
                flag_place("--lease.advertise-url"),
                "with --lease other replicas must know where this one is: set the variable POD_IP (in the Deployment by \
                 fieldRef status.podIP), or give a URL such as http://10.0.0.7:9876",
            )),
        }
    }
}

pub(super) fn resolve(
    args: &LeaseArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<Option<LeaseConfig>, ConfigError> {
    let keys = &file.lease;
    let one = |flag: &str, given: &Option<String>, key: &str, text: &Text| {
        let found = picker.one(flag, given.as_deref(), key, text)?;
        Ok(found.filter(|found| !found.text.trim().is_empty()))
    };
    let lease = one("--lease", &args.lease, "lease.name", &keys.name)?;
    let url = one(
        "--lease.advertise-url",
        &args.advertise_url,
        "lease.advertise_url",
        &keys.advertise_url,
    )?;
    let follow = one(
        "--lease.follow-interval",
        &args.follow_interval,
        "lease.follow_interval",
        &keys.follow_interval,
    )?;
    let duration = one(
        "--lease.duration",
        &args.duration,
        "lease.duration",
        &keys.duration,
    )?;
    let Some(lease) = lease else {
        // Without a Lease every replica asks: whoever writes one of these means something else.
        return match [url, follow, duration].into_iter().flatten().next() {
            Some(found) => Err(found.wrong(
                "this is without effect as long as no Lease is named: give --lease NAMESPACE/NAME (lease.name in the file)",
            )),
            None => Ok(None),
        };
    };
    let advertise = match url {
        Some(found) => Some(Advertise::Url(checked(&found)?)),
        None => pod_ip(picker)?.map(Advertise::Pod),
    };
    let lasts = between(duration.clone(), PromDuration::from_secs(15), "3s", "5m")?;
    if let Some(found) = duration.filter(|_| lasts.subsec_nanos() > 0) {
        return Err(found.wrong(format!(
            "a Lease lasts whole seconds: write {}s or {}s",
            lasts.as_secs(),
            lasts.as_secs().saturating_add(1)
        )));
    }
    Ok(Some(LeaseConfig {
        lease: object(&lease)?,
        advertise,
        follow_interval: between(follow, PromDuration::from_secs(5), "100ms", "1m")?,
        duration: lasts,
    }))
}

fn checked(found: &Found) -> Result<String, ConfigError> {
    let parsed = url::Url::parse(&found.text).ok();
    let is_plain = |url: &url::Url| {
        url.scheme() == "http"
            && url.path() == "/"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    let is_anywhere = |url: &url::Url| match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_unspecified(),
        Some(url::Host::Ipv6(ip)) => ip.is_unspecified(),
        Some(url::Host::Domain(_)) | None => false,
    };
    if parsed.as_ref().is_some_and(is_anywhere) {
        return Err(found.wrong(NOWHERE));
    }
    match parsed.filter(is_plain) {
        Some(_) => Ok(found.text.trim_end_matches('/').to_owned()),
        None => Err(found.wrong(
            "this is no address of a replica: write scheme, host and port, such as http://10.0.0.7:9876",
        )),
    }
}

/// Whoever asks there asks himself.
const NOWHERE: &str = "this is the address to listen on everywhere, and none to be asked at: write the replica's own, such \
                       as http://10.0.0.7:9876";

fn pod_ip(picker: Picker<'_>) -> Result<Option<IpAddr>, ConfigError> {
    let Some(text) = (picker.env)("POD_IP").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let ip: IpAddr = text.parse().map_err(|_| {
        ConfigError::new(
            "variable POD_IP",
            format!("{text:?} is no IP address: take it from fieldRef status.podIP, or give --lease.advertise-url"),
        )
    })?;
    if ip.is_unspecified() {
        return Err(ConfigError::new(
            "variable POD_IP",
            format!("{text:?} is no address to be asked at: take it from fieldRef status.podIP"),
        ));
    }
    Ok(Some(ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(
        args: &LeaseArgs,
        file: &str,
        pod_ip: Option<&str>,
    ) -> Result<Option<LeaseConfig>, String> {
        let file = File::parse("lag.yml", file).unwrap();
        let env = |name: &str| (name == "POD_IP").then_some(pod_ip?.to_owned());
        let path = "lag.yml";
        resolve(args, &file, Picker { path, env: &env }).map_err(|error| error.to_string())
    }

    fn named() -> LeaseArgs {
        LeaseArgs {
            lease: Some("ops/exporter".into()),
            ..LeaseArgs::default()
        }
    }

    #[test]
    fn without_a_lease_there_are_no_replicas() {
        assert_eq!(
            resolved(&LeaseArgs::default(), "", Some("10.0.0.7")),
            Ok(None)
        );
        let error = resolved(&LeaseArgs::default(), "lease:\n  duration: 30s\n", None).unwrap_err();
        assert!(
            error.starts_with("lag.yml line 2: lease.duration: "),
            "{error}"
        );
        assert!(error.contains("--lease NAMESPACE/NAME"), "{error}");
    }

    #[test]
    fn the_address_is_given_or_that_of_the_pod() {
        let url = |args: &LeaseArgs, pod_ip| resolved(args, "", pod_ip).unwrap().unwrap().url(9876);
        assert_eq!(
            url(&named(), Some("10.0.0.7")).unwrap(),
            "http://10.0.0.7:9876"
        );
        assert_eq!(
            url(&named(), Some("fd00::7")).unwrap(),
            "http://[fd00::7]:9876"
        );
        let given = LeaseArgs {
            advertise_url: Some("http://one.example:80/".into()),
            ..named()
        };
        assert_eq!(
            url(&given, Some("10.0.0.7")).unwrap(),
            "http://one.example:80"
        );
        let error = url(&named(), None).unwrap_err().to_string();
        assert!(
            error.contains("POD_IP") && error.starts_with("--lease.advertise-url"),
            "{error}"
        );
        let error = resolved(&named(), "", Some("pod")).unwrap_err();
        assert!(error.contains("status.podIP"), "{error}");
        let error = resolved(&named(), "", Some("0.0.0.0")).unwrap_err();
        assert!(error.contains("status.podIP"), "{error}");
        for wrong in [
            "one:80",
            "https://one",
            "http://one/path",
            "http://a:b@one",
            "http://0.0.0.0:9876",
            "http://[::]:9876",
        ] {
            let args = LeaseArgs {
                advertise_url: Some(wrong.into()),
                ..named()
            };
            let error = resolved(&args, "", None).unwrap_err();
            assert!(error.contains("such as http://10.0.0.7:9876"), "{error}");
        }
    }

    #[test]
    fn the_file_says_the_same_and_the_flag_wins() {
        let file = "lease:\n  name: a/b\n  follow_interval: 2s\n  duration: 30s\n";
        let config = resolved(&named(), file, None).unwrap().unwrap();
        assert_eq!(config.lease.to_string(), "ops/exporter");
        assert_eq!(config.follow_interval, Duration::from_secs(2));
        assert_eq!(config.duration, Duration::from_secs(30));
        let config = resolved(&LeaseArgs::default(), file, None)
            .unwrap()
            .unwrap();
        assert_eq!(config.lease.to_string(), "a/b");
        let error = resolved(&LeaseArgs::default(), "lease:\n  name: b\n", None).unwrap_err();
        assert!(error.contains("NAMESPACE/NAME"), "{error}");
        let error = resolved(&named(), "lease:\n  duration: 1s\n", None).unwrap_err();
        assert!(error.contains("use 3s to 5m"), "{error}");
        let error = resolved(&named(), "lease:\n  duration: 3500ms\n", None).unwrap_err();
        assert!(
            error.starts_with("lag.yml line 2: lease.duration: ")
                && error.ends_with("a Lease lasts whole seconds: write 3s or 4s"),
            "{error}"
        );
    }
}
