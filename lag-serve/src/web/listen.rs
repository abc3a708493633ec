//! Where to listen.

use std::{fmt, io, str::FromStr};
use tokio::net::TcpListener;

/// The port of the exporter.
const PORT: u16 = 9876;

/// An address to listen on: `host:port`, or `:port` for all interfaces, IPv6 in brackets; port 0 takes a free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    /// Without brackets; `None` for all interfaces.
    host: Option<String>,
    port: u16,
}

/// Text that is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not an address to listen on: write :{port} for all interfaces, or a host and a port such as \
     127.0.0.1:{port}, [::1]:{port} or localhost:{port}"
)]
pub struct InvalidListenAddress {
    text: String,
    /// For the examples.
    port: u16,
}

impl InvalidListenAddress {
    /// With the usual port of what the address is for, which is 9876 otherwise.
    #[must_use]
    pub fn for_port(self, port: u16) -> Self {
        Self { port, ..self }
    }
}

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, InvalidListenAddress> {
        let invalid = || InvalidListenAddress {
            text: text.chars().take(128).collect(),
            port: PORT,
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        // `parse` would take a sign.
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let port = port.parse().map_err(|_| invalid())?;
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = match bracketed {
            Some(inside) => {
                // A zone may follow: fe80::1%eth0.
                let address = inside
                    .split_once('%')
                    .map_or(inside, |(address, _)| address);
                let is_v6 = address.parse::<std::net::Ipv6Addr>().is_ok();
                Some(is_v6.then_some(inside).ok_or_else(invalid)?)
            }
            None if host.is_empty() => None,
            None => {
                let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
                Some(
                    host.chars()
                        .all(is_name)
                        .then_some(host)
                        .ok_or_else(invalid)?,
                )
            }
        };
        Ok(Self {
            host: host.map(Into::into),
            port,
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            None => write!(f, ":{}", self.port),
            Some(host) if host.contains(':') => write!(f, "[{host}]:{}", self.port),
            Some(host) => write!(f, "{host}:{}", self.port),
        }
    }
}

/// Why the program cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program has the port.
    #[error(
        "cannot listen on {address}: another program has port {}; choose another with {flag}{}",
        .address.port,
        likely_owner(.address.port)
    )]
    InUse {
        /// The address asked for.
        address: ListenAddress,
        /// What to change.
        flag: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Anything else: no right to a low port, an address this host does not have, an unknown name.
    #[error("cannot listen on {address}: change it with {flag}")]
    Other {
        /// The address asked for.
        address: ListenAddress,
        /// What to change.
        flag: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Who else has a port by default.
fn likely_owner(port: u16) -> &'static str {
    if port == PORT {
        " (9876 is also the default port of the RocketMQ name server)"
    } else {
        ""
    }
}

impl BindError {
    /// What the system said, as a kind.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::InUse { source, .. } | Self::Other { source, .. } => source.kind(),
        }
    }
}

/// Starts to listen; `flag` is the one that gave the address. All interfaces means IPv6 and IPv4 on one socket, and IPv4 alone where there is no IPv6.
///
/// # Errors
/// [`BindError`] names the flag to change, and the likely owner when the port is taken.
pub async fn bind(address: &ListenAddress, flag: &'static str) -> Result<TcpListener, BindError> {
    let port = address.port;
    let bound = match &address.host {
        Some(host) => TcpListener::bind((host.as_str(), port)).await,
        None => match TcpListener::bind(("::", port)).await {
            // Taken is taken: on IPv4 alone it would seem to work and miss half of the requests.
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind(("0.0.0.0", port)).await
            }
            bound => bound,
        },
    };
    bound.map_err(|source| {
        let address = address.clone();
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse {
                address,
                flag,
                source,
            },
            _ => BindError::Other {
                address,
                flag,
                source,
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_and_written_as_prometheus_programs_do() {
        for text in [
            ":9876",
            "0.0.0.0:9876",
            "127.0.0.1:0",
            "[::1]:9876",
            "[::]:80",
            "[fe80::1%eth0]:9876",
            "localhost:0",
            "my-host.example:65535",
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in [
            "",
            "9876",
            "localhost",
            "localhost:",
            "localhost:http",
            ":65536",
            ":-1",
            ":+1",
            "::1:9876",
            "[::1]",
            "[localhost]:9876",
            "[::1:9876",
            "http://localhost:9876",
            "local host:1",
            "/run/socket:1",
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains("write :9876"), "{text}: {error}");
        }
    }

    #[test]
    fn examples_and_owners_are_those_of_the_port() {
        let error = "6443".parse::<ListenAddress>().unwrap_err();
        let error = error.for_port(6443).to_string();
        assert!(
            error.contains("write :6443") && !error.contains("9876"),
            "{error}"
        );
        let taken = |address: &str| BindError::InUse {
            address: address.parse().unwrap(),
            flag: "--x.listen-address",
            source: io::ErrorKind::AddrInUse.into(),
        };
        assert!(taken(":9876").to_string().contains("RocketMQ"));
        let other = taken(":6443").to_string();
        assert!(
            other.ends_with("choose another with --x.listen-address"),
            "{other}"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}") {
            let _ = text.parse::<ListenAddress>();
        }
    }
}
