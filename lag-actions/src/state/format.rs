//! The text of a state: versioned JSON, a superset of the first post's file.

use super::wire::{DocumentJson, Extra, GroupJson, WorkloadJson, key, workload};
use lag_core::{
    GroupKey, GroupName, InstanceId,
    escalate::{CheckState, GroupState},
    port::{PortError, PortErrorKind, StateNotice},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const VERSION: u64 = 1;

/// A state, and what a newer program of the same version has written beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document {
    pub(super) state: CheckState,
    unknown: Unknown,
}

/// Fields that this program does not know: they are written back for as long as their record lives.
#[derive(Debug, Clone, Default, PartialEq)]
struct Unknown {
    top: Extra,
    groups: BTreeMap<String, Extra>,
    workloads: BTreeMap<String, Extra>,
}

/// A text that was understood.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) document: Document,
    pub(super) notice: Option<StateNotice>,
}

/// A text that was not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is whole, and only this program cannot use it: it stays where it is.
    Refused(String),
    /// It is damaged.
    Corrupt(String),
}

impl Unreadable {
    /// The failure of somebody who cannot or may not move a damaged text aside.
    pub(super) fn into_error(self, place: &str) -> PortError {
        let what = match self {
            Self::Refused(reason) => format!("{place} {reason}"),
            Self::Corrupt(reason) => format!(
                "{place} cannot be read ({reason}): the next check that may act keeps a copy of it and begins anew"
            ),
        };
        PortError::new(PortErrorKind::Invalid, what)
    }
}

/// The state as JSON, as it is written to a file.
#[must_use]
pub fn render(state: &CheckState) -> String {
    Document::default().with(state).text()
}

impl Document {
    /// The same unknown fields beside another state.
    pub(super) fn with(&self, state: &CheckState) -> Self {
        Self {
            state: state.clone(),
            unknown: self.unknown.clone(),
        }
    }

    fn keep_group(&mut self, key: GroupKey, state: GroupState, extra: Extra) {
        self.unknown.groups.insert(key::text(&key), extra);
        self.state.groups.insert(key, state);
    }

    /// Without a line break at the end: a text that misses its last byte must not be one.
    pub(super) fn text(&self) -> String {
        let CheckState {
            groups,
            workloads,
            outbox,
            dropped_notes,
            last_run,
        } = self.state.clone();
        let extra = |of: &BTreeMap<String, Extra>, key: &str| of.get(key).cloned();
        let group = |(key, state): (GroupKey, _)| {
            let key = key::text(&key);
            let extra = extra(&self.unknown.groups, &key).unwrap_or_default();
            (key, GroupJson::new(state, extra))
        };
        let workload = |(workload, state)| {
            let key = workload::text(&workload);
            let extra = extra(&self.unknown.workloads, &key).unwrap_or_default();
            (key, WorkloadJson::new(state, extra))
        };
        let totals = groups.into_iter().filter(|(key, _)| key.topic.is_none());
        let document = DocumentJson {
            version: Some(VERSION),
            last_check: Some(totals.map(group).collect()),
            workloads: workloads.into_iter().map(workload).collect(),
            outbox,
            dropped_notes,
            last_run,
            extra: self.unknown.top.clone(),
        };
        serde_json::to_string_pretty(&document).expect("keys are text and numbers are finite")
    }
}

/// Reads a text. The first post's file names no instance, so `import_as` has to.
pub(super) fn parse(bytes: &[u8], import_as: Option<&InstanceId>) -> Result<Parsed, Unreadable> {
    // Alone and first: a newer version may look different everywhere else.
    #[derive(Deserialize)]
    struct Head {
        version: Option<Value>,
    }
    let damaged = |error: serde_json::Error| Unreadable::Corrupt(error.to_string());
    let head: Head = serde_json::from_slice(bytes).map_err(damaged)?;
    match head.version.as_ref().map(Value::as_u64) {
        Some(Some(found)) if found > VERSION => {
            return Err(Unreadable::Refused(format!(
                "is of version {found}, and this program knows version {VERSION}: use the newer program"
            )));
        }
        None | Some(Some(VERSION)) => {}
        Some(_) => return Err(Unreadable::Corrupt("its version is none".to_owned())),
    }
    let document = serde_json::from_slice(bytes).map_err(damaged)?;
    if head.version.is_some() {
        let document = read(document).map_err(Unreadable::Corrupt)?;
        let notice = None;
        return Ok(Parsed { document, notice });
    }
    import(document, import_as)
}

fn read(json: DocumentJson) -> Result<Document, String> {
    let mut document = Document::default();
    let groups = json.last_check.ok_or("last_check is missing")?;
    for (text, record) in groups {
        let key = key::parse(&text)?;
        let (state, extra) = record
            .into_state()
            .map_err(|error| format!("{text:?}: {error}"))?;
        document.keep_group(key, state, extra);
    }
    for (text, record) in json.workloads {
        let (state, extra) = record.into_state();
        let workload = workload::parse(&text)?;
        document.unknown.workloads.insert(text, extra);
        document.state.workloads.insert(workload, state);
    }
    document.state.outbox = json.outbox;
    document.state.dropped_notes = json.dropped_notes;
    document.state.last_run = json.last_run;
    document.unknown.top = json.extra;
    Ok(document)
}

fn import(json: DocumentJson, import_as: Option<&InstanceId>) -> Result<Parsed, Unreadable> {
    let corrupt = |reason: &str| Unreadable::Corrupt(reason.to_owned());
    let ours = !json.workloads.is_empty() || !json.outbox.is_empty() || json.last_run.is_some();
    let Some(records) = json.last_check.filter(|_| !ours) else {
        return Err(corrupt("the version is missing"));
    };
    let instance = import_as.ok_or_else(|| {
        Unreadable::Refused(
            "is the first post's and names no instance: run once with exactly one instance to take it over".to_owned(),
        )
    })?;
    let mut document = Document::default();
    for (text, record) in records {
        let wrong = |error: String| Unreadable::Corrupt(format!("{text:?}: {error}"));
        if let Some((state, extra)) = record.import().map_err(wrong)? {
            let group = GroupName::new(&text).map_err(|error| wrong(error.to_string()))?;
            document.keep_group(GroupKey::total(instance.clone(), group), state, extra);
        }
    }
    document.unknown.top = json.extra;
    let groups = document.state.groups.len();
    let notice = Some(StateNotice::Imported { groups });
    Ok(Parsed { document, notice })
}
