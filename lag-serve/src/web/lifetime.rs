//! How long a connection may last that a certificate has opened. A handshake happens once; what it has found is true for
//! a while.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use std::time::Duration;
use tokio::time::sleep;
use x509_parser::parse_x509_certificate;

/// After this the peer must show its certificate again: its CA may have gone meanwhile.
const LONGEST: Duration = Duration::from_mins(10);

/// What is open at the end may take so long more.
pub(super) const PARTING: Duration = Duration::from_secs(10);

/// The time left for a peer whose own certificate is this one.
pub(super) fn of(leaf: &CertificateDer<'_>, now: Timestamp) -> Duration {
    let Ok((_, leaf)) = parse_x509_certificate(leaf) else {
        return LONGEST;
    };
    let left = leaf
        .validity()
        .not_after
        .timestamp()
        .saturating_sub(now.as_second());
    Duration::from_secs(u64::try_from(left).unwrap_or_default()).min(LONGEST)
}

/// Ends after this time, or never without one.
pub(super) async fn over(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
