//! What alerts may do: an allow-list, as data.

use super::check;
use super::{Alert, PolicyError};
use crate::{Matcher, Target};
use jiff::SignedDuration;

/// The allow-list and the rules that hold for all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertPolicy {
    /// Which labels say what.
    pub labels: LabelNames,
    /// What may be changed at all.
    pub targets: Vec<AllowedTarget>,
    /// For so long an alert counts as firing after it was last delivered as such: longer than `repeat_interval` plus
    /// `group_interval` of its route. By as much a copy of a resolved alert may be late.
    pub firing_for: SignedDuration,
    /// For so long what was done is remembered, counted from the last delivery of its alerts. An alert that began to fire before
    /// that and is not remembered does nothing.
    pub retention: SignedDuration,
}

/// Names of the labels that choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelNames {
    /// What to do.
    pub action: String,
    /// Namespace of the workload.
    pub namespace: String,
    /// Name of a Deployment.
    pub deployment: String,
    /// Name of a StatefulSet.
    pub stateful_set: String,
    /// Names of a workload of any kind; the first one that an alert has counts, where it has neither of the two above.
    pub workload: Vec<String>,
    /// Kind of the workload that `workload` names, in any case.
    pub kind: String,
    /// Annotation, or else label, with the number.
    pub value: String,
    /// Annotation with the time at which the number was taken.
    pub value_time: String,
}

/// One workload and what alerts may do to it.
#[derive(Debug, Clone, PartialEq)]
pub struct AllowedTarget {
    /// Where it stands in the configuration, for messages.
    pub place: String,
    /// The workload, its bounds, and what happens when an autoscaler owns its number.
    pub target: Target,
    /// Alerts that are for this workload, all of these at once, whatever their labels name; empty: alerts whose labels name it.
    pub matchers: Vec<LabelMatcher>,
    /// How far `scale-out` goes; `None`: not allowed.
    pub scale_out: Option<Step>,
    /// How far `scale-in` goes; `None`: not allowed.
    pub scale_in: Option<Step>,
    /// Whether `set` may write the value of the alert, within the bounds.
    pub set: bool,
    /// Whether `restart` is allowed.
    pub restart: bool,
    /// Shortest time between two changes, whoever asks.
    pub cooldown: SignedDuration,
    /// Most changes in one UTC day; scaling back does not count.
    pub daily_cap: u32,
    /// Further steps while an alert keeps firing.
    pub further: Option<Further>,
    /// The way back to the number before.
    pub scale_back: Option<ScaleBack>,
    /// Oldest value that a step may be worked out from; then the alert must say when it was taken. `None`: values without a time
    /// are taken as they come.
    pub max_value_age: Option<SignedDuration>,
}

/// A pattern for the value of a label. A label that is not there matches nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMatcher {
    /// Name of the label.
    pub label: String,
    /// What its value must be.
    pub matcher: Matcher,
}

/// How far one step goes, up or down; always within the bounds, and never in the other direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// So many replicas.
    By(u32),
    /// So many hundredths of the replicas found, at least one replica: rounded up on the way up, down on the way down.
    Percent(u32),
    /// To one replica for each `per` of the value, rounded up.
    PerValue {
        /// What one replica copes with.
        per: f64,
        /// So many replicas where the value cannot be read; `None`: nothing then.
        without: Option<u32>,
    },
    /// To this number.
    To(u32),
}

/// Further steps while an alert keeps firing. They go by time, not by the number of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Further {
    /// Time after the step before.
    pub every: SignedDuration,
    /// Most further steps in one episode.
    pub most: u32,
}

/// The way back, in steps, to the replicas that were there before the first scale-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleBack {
    /// Time without any firing scale-out alert before the first step.
    pub after: SignedDuration,
    /// Replicas of one step.
    pub step: u32,
    /// Time between two steps.
    pub every: SignedDuration,
    /// What proves that all is well.
    pub confirm: Confirm,
}

/// What proves that lag is low: an alert is also resolved when its metric vanishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Confirm {
    /// A `scale-in` alert for the workload fires: somebody looked, and the number is low.
    #[default]
    LowAlert,
    /// That the scale-out alerts are resolved. Only where a vanished metric has an alert of its own.
    Resolved,
}

/// What an alert asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// More replicas: `scale-out`, `scale-up`.
    ScaleOut,
    /// The number that the value says: `set`.
    Set,
    /// A restart: `restart`.
    Restart,
    /// Fewer replicas: `scale-in`, `scale-down`.
    ScaleIn,
}

impl Action {
    /// The action of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "scale-out" | "scale-up" => Some(Self::ScaleOut),
            "scale-in" | "scale-down" => Some(Self::ScaleIn),
            "set" => Some(Self::Set),
            "restart" => Some(Self::Restart),
            _ => None,
        }
    }

    /// Its name in labels, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScaleOut => "scale-out",
            Self::ScaleIn => "scale-in",
            Self::Set => "set",
            Self::Restart => "restart",
        }
    }
}

impl Default for LabelNames {
    fn default() -> Self {
        Self {
            action: "action".to_owned(),
            namespace: "namespace".to_owned(),
            deployment: "deployment".to_owned(),
            stateful_set: "statefulset".to_owned(),
            workload: vec!["workload".to_owned(), "name".to_owned()],
            kind: "kind".to_owned(),
            value: "value".to_owned(),
            value_time: "value_time".to_owned(),
        }
    }
}

impl Default for AlertPolicy {
    fn default() -> Self {
        Self {
            labels: LabelNames::default(),
            targets: Vec::new(),
            firing_for: SignedDuration::from_mins(15),
            retention: SignedDuration::from_hours(7 * 24),
        }
    }
}

impl AllowedTarget {
    /// One replica more in ten minutes, at most ten times a day, and nothing else.
    #[must_use]
    pub fn new(place: impl Into<String>, target: Target) -> Self {
        Self {
            place: place.into(),
            target,
            matchers: Vec::new(),
            scale_out: Some(Step::By(1)),
            scale_in: None,
            set: false,
            restart: false,
            cooldown: SignedDuration::from_mins(10),
            daily_cap: 10,
            further: None,
            scale_back: None,
            max_value_age: None,
        }
    }

    /// Whether the action is allowed.
    #[must_use]
    pub fn allows(&self, action: Action) -> bool {
        match action {
            Action::ScaleOut => self.scale_out.is_some(),
            Action::ScaleIn => self.scale_in.is_some(),
            Action::Set => self.set,
            Action::Restart => self.restart,
        }
    }

    /// Whether a scale-in alert is wanted as the proof for scaling back.
    pub(super) fn wants_proof(&self) -> bool {
        self.scale_back
            .is_some_and(|back| back.confirm == Confirm::LowAlert)
    }
}

impl LabelMatcher {
    pub(super) fn accepts(&self, alert: &Alert) -> bool {
        alert
            .labels
            .get(&self.label)
            .is_some_and(|value| self.matcher.accepts(value))
    }
}

impl AlertPolicy {
    /// Finds entries that overlap, contradict themselves or could never do anything.
    ///
    /// # Errors
    /// [`PolicyError`] with the place of the first one and what to write instead.
    pub fn check(&self) -> Result<(), PolicyError> {
        check::check(self)
    }
}
