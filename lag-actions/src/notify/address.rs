//! Where messages go: whose robot an address belongs to, and what may stand in for its host.

use super::settings::Problem;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use url::{Host, Url};

/// Whose robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    DingTalk,
    Feishu,
    WeCom,
}

impl Vendor {
    const ALL: [Self; 3] = [Self::DingTalk, Self::Feishu, Self::WeCom];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DingTalk => "DingTalk",
            Self::Feishu => "Feishu",
            Self::WeCom => "WeCom",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::DingTalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::WeCom => "wecom",
        }
    }

    fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::DingTalk => &["oapi.dingtalk.com"],
            Self::Feishu => &["open.feishu.cn", "open.larksuite.com"],
            Self::WeCom => &["qyapi.weixin.qq.com"],
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::DingTalk => "https://oapi.dingtalk.com/robot/send?access_token=...",
            Self::Feishu => "https://open.feishu.cn/open-apis/bot/v2/hook/...",
            Self::WeCom => "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...",
        }
    }

    /// Whether the path is this vendor's, and the token is there.
    fn has_token(self, url: &Url) -> bool {
        let query = |path: &str, name: &str| {
            url.path() == path && url.query_pairs().any(|(k, v)| k == name && !v.is_empty())
        };
        match self {
            Self::DingTalk => query("/robot/send", "access_token"),
            Self::WeCom => query("/cgi-bin/webhook/send", "key"),
            Self::Feishu => url
                .path()
                .strip_prefix("/open-apis/bot/v2/hook/")
                .is_some_and(|token| !token.is_empty() && !token.contains('/')),
        }
    }

    fn owns_host(self, url: &Url) -> bool {
        url.host_str().is_some_and(|h| self.hosts().contains(&h))
    }

    /// By host, or by path when the host is a gateway's.
    fn recognise(url: &Url) -> Option<Self> {
        let by = |is: fn(Self, &Url) -> bool| Self::ALL.into_iter().find(|v| is(*v, url));
        by(Self::owns_host).or_else(|| by(Self::has_token))
    }
}

/// A checked address. Secret: whoever has it can send.
pub(super) struct Address(Url);

impl Address {
    /// A robot's own address, sent to `endpoint` if there is one.
    pub(super) fn robot(
        vendor: Vendor,
        url: &SecretString,
        endpoint: Option<&Url>,
    ) -> Result<Self, Problem> {
        let url = parse(url)?;
        let (name, example) = (vendor.name(), vendor.example());
        match Vendor::recognise(&url) {
            Some(other) if other != vendor => return Err(belongs_to(other)),
            Some(_) if !vendor.owns_host(&url) => {
                return Err(Problem::new(
                    "url",
                    format!("give the robot's own address, {example}, and the gateway as endpoint"),
                ));
            }
            Some(_)
                if url.scheme() == "https" && url.port().is_none() && vendor.has_token(&url) => {}
            _ => {
                return Err(Problem::new(
                    "url",
                    format!("this is not the address of a {name} robot, which is {example}"),
                ));
            }
        }
        if vendor == Vendor::DingTalk
            && url
                .query_pairs()
                .any(|(k, _)| k == "timestamp" || k == "sign")
        {
            return Err(Problem::new(
                "url",
                "it holds a timestamp or a signature, which are made anew for every message: \
                 leave them out and give the secret",
            ));
        }
        Self::at(url, endpoint, false)
    }

    /// Any address, but not that of a robot: a robot answers 200 to what it refuses.
    pub(super) fn webhook(
        url: &SecretString,
        allow_http: bool,
        endpoint: Option<&Url>,
    ) -> Result<Self, Problem> {
        let url = parse(url)?;
        if let Some(vendor) = Vendor::recognise(&url) {
            return Err(belongs_to(vendor));
        }
        if endpoint.is_none() {
            check_scheme("url", &url, allow_http)?;
        }
        Self::at(url, endpoint, allow_http)
    }

    fn at(mut url: Url, endpoint: Option<&Url>, allow_http: bool) -> Result<Self, Problem> {
        url.set_fragment(None);
        let Some(endpoint) = endpoint else {
            return Ok(Self(url));
        };
        check_scheme("endpoint", endpoint, allow_http)?;
        let bare = endpoint.path() == "/"
            && endpoint.query().is_none()
            && endpoint.fragment().is_none()
            && !has_login(endpoint);
        let replaced = bare
            && url.set_scheme(endpoint.scheme()).is_ok()
            && url.set_host(endpoint.host_str()).is_ok()
            && url.set_port(endpoint.port()).is_ok();
        match replaced {
            true => Ok(Self(url)),
            false => Err(Problem::new(
                "endpoint",
                "give scheme, host and port alone, like https://gateway.example:8443",
            )),
        }
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// Host and port, which may be shown.
    pub(super) fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// What of it must not be shown.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let values = self.0.query_pairs().map(|(_, value)| value.into_owned());
        let segments = self.0.path_segments().into_iter().flatten();
        values
            .chain(segments.filter(|s| s.len() >= 16).map(str::to_owned))
            .map(SecretString::from)
            .collect()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}://{})", self.0.scheme(), self.host())
    }
}

fn parse(url: &SecretString) -> Result<Url, Problem> {
    let url = Url::parse(url.expose_secret())
        .map_err(|error| Problem::new("url", format!("this is not an address: {error}")))?;
    if has_login(&url) {
        return Err(Problem::new("url", "leave out user and password"));
    }
    Ok(url)
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn belongs_to(vendor: Vendor) -> Problem {
    let (name, kind) = (vendor.name(), vendor.kind());
    Problem::new("url", format!("this is a {name} robot: use kind: {kind}"))
}

fn check_scheme(key: &'static str, url: &Url, allow_http: bool) -> Result<(), Problem> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http || is_loopback(url) => Ok(()),
        _ => Err(Problem::new(
            key,
            "use https; http is for this machine only, because the address is a secret",
        )),
    }
}

/// This machine, which no proxy can reach.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
