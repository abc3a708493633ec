//! The policy, as data.

use crate::{GroupKey, Lag, Matcher, Replicas, Threshold};
use jiff::SignedDuration;

/// One thing to do in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Restart the workload.
    Restart,
    /// Change its number of replicas.
    Scale(Replicas),
    /// Tell people what was done, or that nothing is left to do.
    Notify,
}

/// One step of the ladder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stage {
    /// In this order.
    pub actions: Vec<Action>,
}

/// How a group's lag is answered. The default is the ladder of the first post: restart and tell, two more replicas and
/// tell, tell, then silence until recovery.
#[derive(Debug, Clone, PartialEq)]
pub struct EscalationPolicy {
    /// When it is too much (150,000), and when it is well again (100,000).
    pub threshold: Threshold,
    /// A breach must last this long, by the times of the samples, before the first stage begins.
    pub sustained_for: SignedDuration,
    /// At least so long between the beginnings of two stages of a group, and between two changes of a workload.
    pub min_gap: SignedDuration,
    /// The ladder.
    pub stages: Vec<Stage>,
    /// The most changes (restart, scale) of one workload in one UTC day; recovery does not reset it.
    pub daily_cap: u32,
    /// How often a failed change is tried again before the ladder goes on without it.
    pub retries: u32,
    /// After the last stage, tell again in this rhythm while it lasts. `None`: silence.
    pub remind_every: Option<SignedDuration>,
    /// Tell when an episode ends.
    pub tell_recovery: bool,
    /// On recovery, take back the replicas that were added, if nobody else has changed them since.
    pub scale_back: bool,
    /// Do nothing while the trend drains the lag to recovery within this time.
    pub hold_while_draining_within: Option<SignedDuration>,
    /// Change something only when the Kafka service itself agrees.
    pub confirm: bool,
    /// An episode whose group has had no fresh sample for so long is closed without action.
    pub keep_missing_for: SignedDuration,
}

fn lag(messages: u32) -> Lag {
    Lag::try_from(f64::from(messages)).unwrap_or(Lag::ZERO)
}

impl Default for EscalationPolicy {
    fn default() -> Self {
        let stage = |actions: &[Action]| Stage {
            actions: actions.to_vec(),
        };
        Self {
            threshold: Threshold::new(lag(150_000), lag(100_000))
                .expect("100,000 is below 150,000"),
            sustained_for: SignedDuration::ZERO,
            min_gap: SignedDuration::from_mins(5),
            stages: vec![
                stage(&[Action::Restart, Action::Notify]),
                stage(&[Action::Scale(Replicas::By(2)), Action::Notify]),
                stage(&[Action::Notify]),
            ],
            daily_cap: 6,
            retries: 3,
            remind_every: None,
            tell_recovery: true,
            scale_back: false,
            hold_while_draining_within: None,
            confirm: false,
            keep_missing_for: SignedDuration::from_hours(24),
        }
    }
}

/// A policy for some groups.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyOverride {
    /// Groups it is for; any of them.
    pub groups: Vec<Matcher>,
    /// Instances it is for; empty for all.
    pub instances: Vec<Matcher>,
    /// Their policy, whole.
    pub policy: EscalationPolicy,
}

/// All policies. The first override that fits a group counts, else the common one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicyBook {
    /// For all other groups.
    pub common: EscalationPolicy,
    /// In order.
    pub overrides: Vec<PolicyOverride>,
}

impl PolicyBook {
    /// The policy of a group.
    #[must_use]
    pub fn of(&self, key: &GroupKey) -> &EscalationPolicy {
        let any = |list: &[Matcher], name: &str| list.iter().any(|matcher| matcher.accepts(name));
        let fits = |entry: &&PolicyOverride| {
            any(&entry.groups, key.group.as_str())
                && (entry.instances.is_empty() || any(&entry.instances, key.instance.as_str()))
        };
        self.overrides
            .iter()
            .find(fits)
            .map_or(&self.common, |entry| &entry.policy)
    }
}
