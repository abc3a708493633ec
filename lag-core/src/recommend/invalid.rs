//! What is wrong with a policy, and what would work.

/// A policy that cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// Consumers that are all gone never catch up.
    #[error("{key} is 0: write at least 1")]
    Zero {
        /// The key that is 0.
        key: &'static str,
    },
    /// The most is less than the fewest.
    #[error("max {max} lies below base {base}: write at least {base}")]
    MaxBelowBase {
        /// The fewest.
        base: u32,
        /// The most.
        max: u32,
    },
    /// A ladder without rungs.
    #[error("there is no step: write at least one, such as above 100000, add 1")]
    NoSteps,
    /// Steps in the wrong order, or one twice.
    #[error("the step above {above} follows the one above {before}: sort steps by lag, each once")]
    Unsorted {
        /// Lag of the step.
        above: f64,
        /// Lag of the step before it.
        before: f64,
    },
    /// A higher lag that does not mean more replicas.
    #[error("the step above {above} adds {add}: write at least {least}, more than for less lag")]
    NotMore {
        /// Lag of the step.
        above: f64,
        /// What it adds.
        add: u32,
        /// The least that would work.
        least: u64,
    },
    /// Back at a lag that asks for more.
    #[error("back_at {back_at} lies above the lowest step: write at most {lowest}")]
    BackAboveStep {
        /// Where it goes back to the base.
        back_at: f64,
        /// The lowest step.
        lowest: f64,
    },
    /// Time that runs backwards.
    #[error("{key} is negative: write 0s or more")]
    Negative {
        /// The key.
        key: &'static str,
    },
    /// No time to drain in.
    #[error("within must be longer than nothing: write for example 10m")]
    Within,
    /// A rate that is none.
    #[error(
        "per_replica_per_second is {0}: write how many messages one busy replica consumes in a second, more than 0"
    )]
    Rate(f64),
}
