//! The allow-list: what may be touched at all.

use crate::{Matcher, Workload};
use std::{fmt, str::FromStr};

/// Workloads that may be touched at all: `namespace/Kind/name`. Namespace and name may be globs (`*`, `?`), the kind is a
/// kind or `*`. Without a glob a name is exact: `cust` does not mean `customer-x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedWorkload {
    written: String,
    namespace: Matcher,
    kind: Option<String>,
    name: Matcher,
}

/// Text that is no entry of an allow-list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not name workloads: write NAMESPACE/KIND/NAME, for example orders/Deployment/cust-*"
)]
pub struct InvalidAllowed(String);

impl AllowedWorkload {
    /// Whether this workload is meant.
    #[must_use]
    pub fn accepts(&self, workload: &Workload) -> bool {
        self.namespace.accepts(&workload.namespace)
            && self
                .kind
                .as_ref()
                .is_none_or(|kind| kind == workload.kind.as_str())
            && self.name.accepts(&workload.name)
    }
}

impl FromStr for AllowedWorkload {
    type Err = InvalidAllowed;

    fn from_str(written: &str) -> Result<Self, InvalidAllowed> {
        let invalid = || InvalidAllowed(written.chars().take(128).collect());
        let mut parts = written.split('/');
        let (Some(namespace), Some(kind), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid());
        };
        let is_kind = kind.starts_with(|c: char| c.is_ascii_uppercase())
            && kind.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_kind && kind != "*" {
            return Err(invalid());
        }
        let glob = |text: &str| {
            let known =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.*?".contains(c);
            text.chars()
                .all(known)
                .then(|| format!("glob:{text}").parse::<Matcher>().ok())
                .flatten()
        };
        Ok(Self {
            written: written.to_owned(),
            namespace: glob(namespace).ok_or_else(invalid)?,
            kind: is_kind.then(|| kind.to_owned()),
            name: glob(name).ok_or_else(invalid)?,
        })
    }
}

impl fmt::Display for AllowedWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}
