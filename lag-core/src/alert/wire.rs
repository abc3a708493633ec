//! The ledger as JSON. A field that this program does not know is refused, like a version: a replica that drops what a newer
//! one has written would make it forget.

use super::{
    Action, AlertId, Key, Ledger, Sighting, StepChange, StepEntry, StepState, WorkloadLedger,
};
use crate::{
    Workload, WorkloadKind,
    escalate::{ResolvedScale, ScaleSubject},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt, str::FromStr};

const VERSION: u64 = 1;

/// A ledger that cannot be used. Nothing may be changed: nobody knows what was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// It was written by another version of this program.
    #[error(
        "the ledger has version {0}, and this program knows version {VERSION}: use the newer program"
    )]
    Version(u64),
    /// It is damaged, or no ledger.
    #[error(
        "the ledger cannot be read: mend it or remove it; without it firing alerts may act once more"
    )]
    Unreadable(#[source] JsonError),
}

/// Where and how the JSON is wrong.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct JsonError(serde_json::Error);

pub(super) fn read(json: &[u8]) -> Result<Ledger, LedgerError> {
    // Alone and first: another version may look different everywhere else.
    #[derive(Deserialize)]
    struct Head {
        version: u64,
    }
    let unreadable = |error| LedgerError::Unreadable(JsonError(error));
    let head: Head = serde_json::from_slice(json).map_err(unreadable)?;
    if head.version != VERSION {
        return Err(LedgerError::Version(head.version));
    }
    let document: Document = serde_json::from_slice(json).map_err(unreadable)?;
    let mut ledger = Ledger::default();
    for record in document.workloads {
        let (workload, known) = record
            .read()
            .map_err(|what| unreadable(de::Error::custom(what)))?;
        if ledger.workloads.insert(workload, known).is_some() {
            return Err(unreadable(de::Error::custom(
                "a workload stands there twice",
            )));
        }
    }
    Ok(ledger)
}

pub(super) fn write(ledger: &Ledger) -> String {
    let document = Document {
        version: VERSION,
        workloads: ledger.workloads.iter().map(Record::new).collect(),
    };
    serde_json::to_string(&document).expect("keys are text and there are no floats")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    workloads: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    workload: WorkloadJson,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepJson>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    alerts: BTreeMap<Text<AlertId>, SightingJson>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    day: String,
    #[serde(default)]
    begun: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<u32>,
    next: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkloadJson {
    namespace: String,
    kind: String,
    name: String,
    /// Group, version and plural, for kinds other than those of `apps/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom: Option<[String; 3]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepJson {
    number: u64,
    keys: Vec<Text<Key>>,
    at: Text<Timestamp>,
    change: ChangeJson,
    state: StateJson,
    tries: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum ChangeJson {
    Scale(ScaleJson),
    Back(ScaleJson),
    Restart,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleJson {
    subject: SubjectJson,
    from: u32,
    to: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SubjectJson {
    Replicas,
    HpaMin(String),
    ScaledObjectMin(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateJson {
    Intended,
    Done,
    Failed,
    Superseded,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionJson {
    ScaleOut,
    ScaleIn,
    Set,
    Restart,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SightingJson {
    action: ActionJson,
    last: Text<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolved: Option<Text<Timestamp>>,
}

impl Record {
    fn new((workload, known): (&Workload, &WorkloadLedger)) -> Self {
        let alert = |(id, seen): (&AlertId, &Sighting)| (Text(*id), SightingJson::new(seen));
        Self {
            workload: WorkloadJson::new(workload),
            steps: known.steps.iter().map(StepJson::new).collect(),
            alerts: known.alerts.iter().map(alert).collect(),
            day: known.day.clone(),
            begun: known.begun,
            baseline: known.baseline,
            next: known.next,
        }
    }

    fn read(self) -> Result<(Workload, WorkloadLedger), String> {
        let alert = |(id, seen): (Text<AlertId>, SightingJson)| (id.0, seen.read());
        let known = WorkloadLedger {
            steps: self.steps.into_iter().map(StepJson::read).collect(),
            alerts: self.alerts.into_iter().map(alert).collect(),
            day: self.day,
            begun: self.begun,
            baseline: self.baseline,
            next: self.next,
        };
        let mut number = None;
        for step in &known.steps {
            if Some(step.number) <= number || step.number >= known.next {
                return Err(format!("step {} is out of order", step.number));
            }
            number = Some(step.number);
        }
        Ok((self.workload.read()?, known))
    }
}

impl WorkloadJson {
    fn new(workload: &Workload) -> Self {
        let custom = match &workload.kind {
            WorkloadKind::Custom {
                group,
                version,
                plural,
                ..
            } => Some([group.clone(), version.clone(), plural.clone()]),
            WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::DaemonSet
            | WorkloadKind::ReplicaSet => None,
        };
        Self {
            namespace: workload.namespace.clone(),
            kind: workload.kind.as_str().to_owned(),
            name: workload.name.clone(),
            custom,
        }
    }

    fn read(self) -> Result<Workload, String> {
        let kind = match (self.custom, self.kind.as_str()) {
            (Some([group, version, plural]), _) => WorkloadKind::Custom {
                group,
                version,
                kind: self.kind,
                plural,
            },
            (None, "Deployment") => WorkloadKind::Deployment,
            (None, "StatefulSet") => WorkloadKind::StatefulSet,
            (None, "DaemonSet") => WorkloadKind::DaemonSet,
            (None, "ReplicaSet") => WorkloadKind::ReplicaSet,
            (None, _) => return Err(format!("{:?} is no kind of apps/v1", self.kind)),
        };
        Ok(Workload {
            namespace: self.namespace,
            kind,
            name: self.name,
        })
    }
}

impl StepJson {
    fn new(step: &StepEntry) -> Self {
        Self {
            number: step.number,
            keys: step.keys.iter().copied().map(Text).collect(),
            at: Text(step.at),
            change: match &step.change {
                StepChange::Scale(scale) => ChangeJson::Scale(ScaleJson::new(scale)),
                StepChange::Back(scale) => ChangeJson::Back(ScaleJson::new(scale)),
                StepChange::Restart => ChangeJson::Restart,
            },
            state: match step.state {
                StepState::Intended => StateJson::Intended,
                StepState::Done => StateJson::Done,
                StepState::Failed => StateJson::Failed,
                StepState::Superseded => StateJson::Superseded,
            },
            tries: step.tries,
        }
    }

    fn read(self) -> StepEntry {
        StepEntry {
            number: self.number,
            keys: self.keys.into_iter().map(|key| key.0).collect(),
            at: self.at.0,
            change: match self.change {
                ChangeJson::Scale(scale) => StepChange::Scale(scale.read()),
                ChangeJson::Back(scale) => StepChange::Back(scale.read()),
                ChangeJson::Restart => StepChange::Restart,
            },
            state: match self.state {
                StateJson::Intended => StepState::Intended,
                StateJson::Done => StepState::Done,
                StateJson::Failed => StepState::Failed,
                StateJson::Superseded => StepState::Superseded,
            },
            tries: self.tries,
        }
    }
}

impl ScaleJson {
    fn new(scale: &ResolvedScale) -> Self {
        Self {
            subject: match &scale.subject {
                ScaleSubject::Replicas => SubjectJson::Replicas,
                ScaleSubject::HpaMin(name) => SubjectJson::HpaMin(name.clone()),
                ScaleSubject::ScaledObjectMin(name) => SubjectJson::ScaledObjectMin(name.clone()),
            },
            from: scale.from,
            to: scale.to,
        }
    }

    fn read(self) -> ResolvedScale {
        ResolvedScale {
            subject: match self.subject {
                SubjectJson::Replicas => ScaleSubject::Replicas,
                SubjectJson::HpaMin(name) => ScaleSubject::HpaMin(name),
                SubjectJson::ScaledObjectMin(name) => ScaleSubject::ScaledObjectMin(name),
            },
            from: self.from,
            to: self.to,
        }
    }
}

impl SightingJson {
    fn new(seen: &Sighting) -> Self {
        Self {
            action: match seen.action {
                Action::ScaleOut => ActionJson::ScaleOut,
                Action::ScaleIn => ActionJson::ScaleIn,
                Action::Set => ActionJson::Set,
                Action::Restart => ActionJson::Restart,
            },
            last: Text(seen.last),
            resolved: seen.resolved.map(Text),
        }
    }

    fn read(self) -> Sighting {
        Sighting {
            action: match self.action {
                ActionJson::ScaleOut => Action::ScaleOut,
                ActionJson::ScaleIn => Action::ScaleIn,
                ActionJson::Set => Action::Set,
                ActionJson::Restart => Action::Restart,
            },
            last: self.last.0,
            resolved: self.resolved.map(|at| at.0),
        }
    }
}

/// Something that is written as a text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}
