//! A standby reads the leader's board, so that it has every number without a call to the cloud.
//!
//! When the leader cannot be read, nothing changes: what is known gets older, and the rest follows from that.

use jiff::{SignedDuration, Timestamp};
use lag_core::{BoardCell, Handover, HandoverError, InstanceId, Standing};
use reqwest::{
    Client, StatusCode,
    header::{ETAG, HeaderValue, IF_NONE_MATCH},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::{select, sync::watch, time::sleep};
use url::Url;

use crate::{Now, collect::BoardRules, shutdown::Shutdown, source::failure_kinds};

const PATH: &str = "/api/v1/handover";
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(10);
/// About five times the board of the most series that are collected by default.
const MOST_BYTES: usize = 64 << 20;
/// Clocks that differ by more are told.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Reads the leader's board again and again.
#[derive(Debug)]
pub struct Follower {
    client: Client,
    /// What takes the leader's board over.
    pub board: Arc<BoardCell>,
    /// Is told when it did.
    pub updated: watch::Sender<()>,
    /// Is told of every try.
    pub standing: Arc<Standing>,
    /// What is taken; the last word counts. What a leader recommends is kept within the policies of this replica.
    pub rules: watch::Receiver<BoardRules>,
    /// Between two tries.
    pub every: Duration,
}

/// Why the leader's board could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// There is no client to ask with.
    #[error("the HTTP client for following cannot be made: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
    /// It says no address, or one that cannot be used.
    #[error(
        "{url:?} cannot be asked: the leader must advertise an address such as http://10.0.0.7:9876 (POD_IP or \
         --lease.advertise-url)"
    )]
    Address {
        /// What it says.
        url: String,
    },
    /// No answer.
    #[error(
        "no answer ({reason}): is the port open between the replicas, and does the leader live?"
    )]
    Silent {
        /// What went wrong.
        reason: String,
    },
    /// Another answer.
    #[error("the answer has status {status}: do all replicas run the same version?")]
    Status {
        /// As it came.
        status: u16,
    },
    /// More than a board.
    #[error("the answer is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// The address leads back here.
    #[error(
        "this replica has answered itself: every replica must advertise an address of its own, not that of a Service \
         (POD_IP or --lease.advertise-url)"
    )]
    Itself,
    /// It is a replica, and not the leader.
    #[error("it does not lead: either it has just stopped, or it cannot reach the API server")]
    Idle,
    /// It is no board.
    #[error("the answer is of no use")]
    Unreadable(#[from] HandoverError),
}

impl FollowError {
    /// A word for what went wrong: each is told once.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Client { .. } => "client",
            Self::Address { .. } => "address",
            Self::Silent { .. } => "silent",
            Self::Status { .. } => "status",
            Self::TooLarge => "too_large",
            Self::Itself => "itself",
            Self::Idle => "idle",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What is known of the leader that is followed.
#[derive(Debug, Default)]
struct Known {
    /// Mark of the board that was adopted last.
    etag: Option<HeaderValue>,
    /// Whether whoever sent it led.
    leads: bool,
    /// Watched instances that it does not hold.
    left_out: Vec<InstanceId>,
    /// What went wrong last time.
    trouble: Option<&'static str>,
    /// Whether its clock differs from ours.
    is_skewed: bool,
}

impl Follower {
    /// A follower that fills `board` every few seconds.
    ///
    /// # Errors
    /// [`FollowError::Client`] when the HTTP client cannot be made.
    pub fn new(
        board: Arc<BoardCell>,
        updated: watch::Sender<()>,
        standing: Arc<Standing>,
        rules: watch::Receiver<BoardRules>,
        every: Duration,
    ) -> Result<Self, FollowError> {
        Ok(Self {
            client: client()?,
            board,
            updated,
            standing,
            rules,
            every,
        })
    }

    /// Follows whoever is named, as long as somebody is, until told to stop. What is under way then is dropped, and so it
    /// is when the leader changes: a late answer of an old one is not adopted.
    pub async fn run(
        mut self,
        mut leader: watch::Receiver<Option<String>>,
        now: Now,
        mut shutdown: Shutdown,
    ) {
        let (mut known, every) = (Known::default(), self.every);
        loop {
            let url = leader.borrow_and_update().clone();
            let following = async {
                match &url {
                    Some(url) => loop {
                        self.turn(url, &mut known, &now).await;
                        sleep(every).await;
                    },
                    None => std::future::pending::<()>().await,
                }
            };
            // Whatever is dropped here has changed nothing yet, or everything it had to.
            select! {
                biased;
                () = shutdown.requested() => return,
                changed = leader.changed() => {
                    if changed.is_err() {
                        return shutdown.requested().await;
                    }
                    known = Known::default();
                }
                () = following => {}
            }
        }
    }

    /// One try.
    async fn turn(&mut self, url: &str, known: &mut Known, now: &Now) {
        // What was said meanwhile of nobody asking is taken back by a whole document only.
        if self
            .board
            .load()
            .instances()
            .any(|(_, one)| one.is_unattended())
        {
            known.etag = None;
        }
        // Another configuration may want more of the same document.
        if self.rules.has_changed().unwrap_or(false) {
            self.rules.mark_unchanged();
            known.etag = None;
        }
        let read = self.fetch(url, known).await.map(|found| {
            if let Some((handover, etag)) = found {
                self.take(url, &handover, known, now());
                known.etag = etag;
            }
        });
        match read.and_then(|()| known.leads.then_some(()).ok_or(FollowError::Idle)) {
            Ok(()) => {
                if known.trouble.take().is_some() {
                    tracing::info!(leader = url, "the leader is read again");
                }
                self.standing.followed(Some(now()));
            }
            Err(error) => {
                if known.trouble.replace(error.kind()) != Some(error.kind()) {
                    tracing::warn!(
                        leader = url,
                        error = &error as &dyn Error,
                        "the leader cannot be read; shown values end when they are too old"
                    );
                }
                self.standing.followed(None);
            }
        }
    }

    fn take(&self, url: &str, handover: &Handover, known: &mut Known, now: Timestamp) {
        note_skew(url, known, now.duration_since(handover.written_at));
        let BoardRules {
            forget_after,
            recommender,
        } = self.rules.borrow().clone();
        let board = self.board.load();
        let left_out: Vec<_> = handover.left_out(&board).cloned().collect();
        known.leads = handover.is_from_leader();
        if known.leads && known.left_out != left_out {
            if !left_out.is_empty() {
                let names: Vec<_> = left_out.iter().map(InstanceId::as_str).collect();
                tracing::warn!(
                    leader = url,
                    instances = names.join(","),
                    "the leader does not watch all instances of this replica, so nobody asks for these: give all replicas \
                     the same configuration"
                );
            }
            known.left_out = left_out;
        }
        self.board
            .update(|board| board.adopt(handover, &recommender.book, now, forget_after));
        self.updated.send_replace(());
        tracing::debug!(leader = url, "the leader's board is adopted");
    }

    /// The leader's board, with its mark; `None` when it is the one that is known.
    async fn fetch(
        &self,
        url: &str,
        known: &Known,
    ) -> Result<Option<(Handover, Option<HeaderValue>)>, FollowError> {
        let mut request = self.client.get(address(url)?);
        if let Some(etag) = &known.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response = request.send().await.map_err(silent)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if known.etag.is_some() => return Ok(None),
            status => {
                return Err(FollowError::Status {
                    status: status.as_u16(),
                });
            }
        }
        let etag = response.headers().get(ETAG).cloned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silent)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(FollowError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        // A large board takes milliseconds; requests should not wait for it.
        let read = move || Handover::parse(&String::from_utf8_lossy(&body), &failure_kinds());
        let handover = tokio::task::spawn_blocking(read).await.map_err(silent)??;
        let own = Some(self.standing.identity()).filter(|identity| !identity.is_empty());
        if own.is_some_and(|own| {
            handover
                .writer
                .as_ref()
                .is_some_and(|by| by.identity == own)
        }) {
            return Err(FollowError::Itself);
        }
        Ok(Some((handover, etag)))
    }
}

/// Without proxies, redirects and TLS: replicas are neighbours, and the port has none of it.
fn client() -> Result<Client, FollowError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .user_agent(concat!("kafka-lag/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .timeout(LIMIT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()
        .map_err(|error| FollowError::Client {
            reason: error.to_string(),
        })
}

/// Where the board is, at the leader's address: whoever may write the Lease names a host and no path.
fn address(url: &str) -> Result<Url, FollowError> {
    let parsed = Url::parse(url).ok();
    let mut usable = parsed
        .filter(|url| url.scheme() == "http" && url.has_host())
        .ok_or_else(|| FollowError::Address {
            url: url.chars().take(200).collect(),
        })?;
    usable.set_path(PATH);
    usable.set_query(None);
    usable.set_fragment(None);
    Ok(usable)
}

/// What went wrong at the bottom; the layers above only say that something did.
fn silent(error: impl Error) -> FollowError {
    let mut reason = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        reason = source.to_string();
        next = source.source();
    }
    FollowError::Silent { reason }
}

fn note_skew(url: &str, known: &mut Known, behind: SignedDuration) {
    let is_skewed = behind.abs() > SKEW;
    if is_skewed && !known.is_skewed {
        tracing::warn!(
            leader = url,
            seconds = behind.abs().as_secs(),
            "the clocks of the leader and of this machine differ, so both show other ages: synchronise them (NTP)"
        );
    }
    known.is_skewed = is_skewed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_is_taken_from_the_lease() {
        for (url, asked) in [
            (
                "http://10.0.0.7:9876",
                "http://10.0.0.7:9876/api/v1/handover",
            ),
            (
                "http://[fd00::7]:9876/",
                "http://[fd00::7]:9876/api/v1/handover",
            ),
            ("http://one/any?path=1#x", "http://one/api/v1/handover"),
        ] {
            assert_eq!(address(url).unwrap().as_str(), asked);
        }
        for url in [
            "",
            "10.0.0.7:9876",
            "https://one",
            "file:///etc/passwd",
            "http://",
        ] {
            let error = address(url).unwrap_err().to_string();
            assert!(error.contains("--lease.advertise-url"), "{error}");
        }
    }
}
