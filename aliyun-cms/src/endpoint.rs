//! Where the API is: by region, inside a VPC, or any URL.

use std::fmt;

use url::{Host, Url};

/// Regions that the vendor's own lists show without a VPC host.
const WITHOUT_VPC_HOST: [&str; 5] = [
    "ap-southeast-8",
    "cn-north-2-gov-1",
    "cn-wulanchabu-gic-1",
    "cn-zhongwei",
    "eu-west-2",
];

/// The host a client talks to. Displays as the host, with the port when it is not
/// the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
}

/// Why an [`Endpoint`] was refused. Never quotes a URL, which can hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not the form of a region id.
    #[error(
        "{region:?} is not a region id: lower-case parts joined by hyphens, such as cn-hangzhou"
    )]
    Region {
        /// What was given.
        region: String,
    },
    /// The vendor documents no VPC host for this region.
    #[error("region {region} has no documented VPC host: use its public endpoint, or a URL")]
    NoVpcHost {
        /// The region asked for.
        region: String,
    },
    /// Not a URL this client can use.
    #[error("endpoint URL refused: {reason}")]
    Url {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Endpoint {
    /// The public endpoint of a region, `https://metrics.<region>.aliyuncs.com`.
    ///
    /// A region this crate has never heard of is accepted: the vendor opens new ones.
    ///
    /// # Errors
    ///
    /// When `region` does not have the form of a region id.
    pub fn region(region: &str) -> Result<Self, InvalidEndpoint> {
        Self::host("metrics", region)
    }

    /// The endpoint inside the vendor's network, `https://metrics-vpc.<region>.aliyuncs.com`.
    ///
    /// # Errors
    ///
    /// When `region` does not have the form of a region id, or is one of the few
    /// documented without a VPC host.
    pub fn vpc(region: &str) -> Result<Self, InvalidEndpoint> {
        if WITHOUT_VPC_HOST.contains(&region) {
            return Err(InvalidEndpoint::NoVpcHost {
                region: region.to_owned(),
            });
        }
        Self::host("metrics-vpc", region)
    }

    /// Any host: a gateway, a simulator, the central endpoint.
    ///
    /// ```
    /// use aliyun_cms::Endpoint;
    /// assert_eq!(Endpoint::url("http://127.0.0.1:8080")?.to_string(), "127.0.0.1:8080");
    /// assert!(Endpoint::url("https://host/path").is_err());
    /// # Ok::<(), aliyun_cms::InvalidEndpoint>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not an `http` or `https` URL, or has user info, a path, a query
    /// or a fragment.
    pub fn url(url: &str) -> Result<Self, InvalidEndpoint> {
        let refuse = |reason| Err(InvalidEndpoint::Url { reason });
        let Ok(url) = Url::parse(url) else {
            return refuse(
                "it is not an absolute URL such as https://metrics.cn-hangzhou.aliyuncs.com",
            );
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("the scheme must be http or https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(
                "it holds user info; credentials are given to the client, not to the URL",
            );
        }
        if url.path() != "/" {
            return refuse("it has a path; RPC calls go to /");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("it has a query or a fragment");
        }
        Ok(Self { url })
    }

    /// A service of the vendor in a region: `https://<prefix>.<region>.aliyuncs.com`.
    pub(crate) fn host(prefix: &str, region: &str) -> Result<Self, InvalidEndpoint> {
        let refused = || InvalidEndpoint::Region {
            region: region.to_owned(),
        };
        let is_part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let well_formed = region.len() <= 63
            && region.contains('-')
            && region.starts_with(|c: char| c.is_ascii_lowercase())
            && region.split('-').all(is_part);
        if !well_formed {
            return Err(refused());
        }
        Url::parse(&format!("https://{prefix}.{region}.aliyuncs.com/"))
            .map(|url| Self { url })
            .map_err(|_| refused())
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// On this machine, where a proxy would reach itself.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// The URL with this query. It is a secret: it holds a signature, perhaps a token.
    pub(crate) fn with_query(&self, query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        url.set_query(query);
        url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.host_str().unwrap_or_default())?;
        match self.url.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_become_hosts() {
        assert_eq!(
            Endpoint::region("cn-hangzhou").unwrap().to_string(),
            "metrics.cn-hangzhou.aliyuncs.com"
        );
        assert_eq!(
            Endpoint::vpc("ap-southeast-1").unwrap().to_string(),
            "metrics-vpc.ap-southeast-1.aliyuncs.com"
        );
        assert!(Endpoint::region("cn-hangzhou-finance").unwrap().is_https());
    }

    #[test]
    fn loopback_is_known_by_address_and_by_name() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", true),
            ("https://127.8.8.8", true),
            ("http://[::1]:1", true),
            ("http://LOCALHOST", true),
            ("http://sts.localhost", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Endpoint::url(url).unwrap().is_loopback(), expected, "{url}");
        }
    }

    #[test]
    fn a_region_cannot_smuggle_another_host() {
        for bad in [
            "",
            "cn",
            "cn-",
            "-cn",
            "CN-hangzhou",
            "cn-hangzhou.evil.example",
            "a-b/",
            "a-b@c",
            "cn--x",
            "cn hangzhou",
            "1-a",
            "a-b#",
        ] {
            assert!(Endpoint::region(bad).is_err(), "{bad}");
            assert!(Endpoint::vpc(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_documented_without_a_vpc_host_are_refused_by_name() {
        for region in WITHOUT_VPC_HOST {
            let error = Endpoint::vpc(region).unwrap_err();
            assert!(error.to_string().contains(region));
            Endpoint::region(region).unwrap();
        }
    }

    #[test]
    fn urls_are_checked_and_never_quoted() {
        for bad in [
            "metrics.example",
            "ftp://host/",
            "https://user:p4ss@host/",
            "https://p4ss@host/",
            "https://host/p4ss",
            "https://host/?p4ss",
            "https://host/#p4ss",
            "https://p4 ss/",
        ] {
            let error = Endpoint::url(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("p4"), "{bad}");
        }
        assert_eq!(
            Endpoint::url("http://[::1]:8080").unwrap().to_string(),
            "[::1]:8080"
        );
        assert_eq!(
            Endpoint::url("https://host:443/").unwrap().to_string(),
            "host"
        );
        assert!(!Endpoint::url("http://host").unwrap().is_https());
    }
}
