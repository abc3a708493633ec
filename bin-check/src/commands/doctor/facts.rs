//! What was found out, before it is judged. Plain values, so that judging can be tested without a cloud.

use aliyun_cms::{Error, ErrorKind};
use jiff::SignedDuration;

/// Everything about one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// Name of the source.
    pub(super) source: String,
    pub(super) region: String,
    /// Host of CloudMonitor, with the port if it is unusual.
    pub(super) host: String,
    /// The variable that names a proxy for the host, if there is one.
    pub(super) proxy: Option<&'static str>,
    pub(super) keys: Option<Result<Keys, NoKeys>>,
    /// The addresses of the host, or the resolver's words.
    pub(super) addresses: Option<Result<Vec<String>, String>>,
    /// What became of the query for lag: points of its first page.
    pub(super) query: Option<Result<u64, Problem>>,
    /// How far the clock of this machine is ahead of the cloud's.
    pub(super) clock_offset: Option<SignedDuration>,
    pub(super) metric: String,
    /// Names of all metrics the region offers.
    pub(super) offered: Option<Result<Vec<String>, Problem>>,
    /// The instances the Kafka service knows in the region, with their status; or why they are not known.
    pub(super) known: Option<Result<Vec<(String, String)>, String>>,
    pub(super) instances: Vec<InstanceFacts>,
    /// Whether the configuration leaves groups out.
    pub(super) is_filtered: bool,
    /// What a whole collection showed.
    pub(super) collection: Option<Collection>,
    pub(super) max_age: SignedDuration,
    pub(super) expected: Vec<Expected>,
}

impl Facts {
    /// Whether any group has a number that is fresh.
    pub(super) fn has_fresh(&self) -> bool {
        let is_fresh =
            |data: &Option<Data>| matches!(data, Some(Data::Groups { fresh, .. }) if *fresh > 0);
        self.instances
            .iter()
            .any(|instance| is_fresh(&instance.data))
    }
}

/// Keys that were found.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) from: String,
    pub(super) masked_id: String,
    pub(super) is_temporary: bool,
    /// How long they are still good, if they end.
    pub(super) expires_in: Option<SignedDuration>,
}

/// Why there are no keys.
#[derive(Debug, Clone)]
pub(super) enum NoKeys {
    /// Nothing is set up; where it was looked for.
    NotConfigured(String),
    /// Something is, and does not work.
    Broken {
        text: String,
        /// What to do about it, if that is known.
        hint: Option<String>,
        /// Whether asking again may help.
        is_retryable: bool,
    },
}

/// A call that failed.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) kind: ErrorKind,
    /// The vendor's code; empty when the API did not answer.
    pub(super) code: String,
    pub(super) status: Option<u16>,
    /// Whether a reply came, be it from a proxy.
    pub(super) was_answered: bool,
    /// Whether asking again may help.
    pub(super) is_retryable: bool,
    /// The permission the service named.
    pub(super) ram_action: Option<String>,
    /// The error and its sources.
    pub(super) text: String,
    /// What the client advises.
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(error: Error) -> Self {
        let api = error.api();
        Self {
            kind: error.kind(),
            code: api.map(|api| api.code.clone()).unwrap_or_default(),
            status: api.and_then(|api| api.status),
            was_answered: matches!(
                error,
                Error::Api { .. } | Error::Decode { .. } | Error::Pagination { .. }
            ),
            is_retryable: error.is_retryable(),
            ram_action: api.and_then(|api| api.auth_action.clone()),
            hint: error.hint(),
            text: format!("{:#}", anyhow::Error::from(error)),
        }
    }

    /// No client could be made, so nothing was sent.
    pub(super) fn before_sending(text: String) -> Self {
        Self {
            kind: ErrorKind::InvalidRequest,
            code: String::new(),
            status: None,
            was_answered: false,
            is_retryable: false,
            ram_action: None,
            text,
            hint: None,
        }
    }

    /// Whether the API itself answered, and not something on the way.
    pub(super) fn is_from_the_api(&self) -> bool {
        self.was_answered && !self.code.is_empty()
    }
}

/// A collection as the exporter makes it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Collection {
    pub(super) calls: u64,
    pub(super) points: u64,
}

/// One instance in the collection.
#[derive(Debug, Clone, Default)]
pub(super) struct InstanceFacts {
    pub(super) id: String,
    pub(super) data: Option<Data>,
}

/// What there is of an instance.
#[derive(Debug, Clone)]
pub(super) enum Data {
    /// It could not be read: the kind of the failure, and the words of the collection.
    Failed { kind: &'static str, text: String },
    /// It has groups.
    Groups {
        fresh: usize,
        stale: usize,
        /// Age of the newest datum.
        newest: SignedDuration,
        /// How long its period took to be over and published, at most.
        published_within: SignedDuration,
    },
    /// Nothing in the window; the age of the newest older datum, if there is one.
    Nothing { older: Option<SignedDuration> },
}

/// A group that should be there.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) state: &'static str,
    /// Names that look like it.
    pub(super) near: Vec<String>,
}
