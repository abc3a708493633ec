//! The command line of `check` and `state`.

use lag_runtime::args::{KubeArgs, ReactionArgs, ReadArgs};

use super::KafkaArgs;

/// How `check` writes its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckOutput {
    /// Status line, performance data, long text.
    #[default]
    Nagios,
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For the textfile collector of the node exporter.
    Prometheus,
}

/// Which groups have performance data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Perfdata {
    /// Those that are not well, and the sum.
    #[default]
    Offenders,
    /// All.
    All,
}

/// What the exit code tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExitWith {
    /// State of the lag, and whether the run worked: for monitoring.
    #[default]
    State,
    /// Only whether the run worked: for a Job that should not fail because lag is high.
    Run,
}

/// What a group without a number is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnUnknown {
    #[default]
    Unknown,
    Warning,
    Critical,
    Ok,
}

impl OnUnknown {
    pub(crate) fn severity(self) -> lag_core::Severity {
        match self {
            Self::Unknown => lag_core::Severity::Unknown,
            Self::Warning => lag_core::Severity::Warning,
            Self::Critical => lag_core::Severity::Critical,
            Self::Ok => lag_core::Severity::Ok,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Warn when the lag of a group is outside of this range, such as 100000 or @10:20
    #[arg(short = 'w', long, value_name = "RANGE", env = "KAFKA_LAG_WARNING")]
    pub(crate) warning: Option<String>,
    /// Critical when it is outside of this range [default: above the policy's breach_above, 150000]
    #[arg(short = 'c', long, value_name = "RANGE", env = "KAFKA_LAG_CRITICAL")]
    pub(crate) critical: Option<String>,
    /// Do what the policy says: restart, scale, tell people. Without it, nothing is changed or remembered
    #[arg(long, env = "KAFKA_LAG_ACT")]
    pub(crate) act: bool,
    /// Show what --act would send, and ask the cluster whether it would take it; nothing is changed or remembered
    #[arg(long, conflicts_with = "act", env = "KAFKA_LAG_DRY_RUN")]
    pub(crate) dry_run: bool,
    /// Say for each group why it is judged so
    #[arg(long, env = "KAFKA_LAG_EXPLAIN")]
    pub(crate) explain: bool,
    /// Print nothing when all is well, as cron likes it
    #[arg(short = 'q', long, env = "KAFKA_LAG_QUIET")]
    pub(crate) quiet: bool,
    /// More detail; the same as --explain
    #[arg(short = 'v', long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How to write the answer
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "KAFKA_LAG_CHECK_OUTPUT"
    )]
    pub(crate) output: CheckOutput,
    /// File that -o prometheus replaces, in the directory of the textfile collector
    #[arg(long, value_name = "FILE", env = "KAFKA_LAG_OUTPUT_FILE")]
    pub(crate) output_file: Option<std::path::PathBuf>,
    /// Which groups have performance data
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHICH",
        env = "KAFKA_LAG_PERFDATA"
    )]
    pub(crate) perfdata: Perfdata,
    /// What a group, or an instance, without a number is
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "STATE",
        env = "KAFKA_LAG_ON_UNKNOWN"
    )]
    pub(crate) on_unknown: OnUnknown,
    /// What the exit code tells: the state of the lag, or only whether the run worked
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHAT",
        env = "KAFKA_LAG_EXIT_CODE"
    )]
    pub(crate) exit_code: ExitWith,
    /// Time for reading all instances, then UNKNOWN; actions have their own limits [default: 10s]
    #[arg(
        id = "check_timeout",
        short = 't',
        long = "timeout",
        value_name = "DURATION",
        env = "KAFKA_LAG_CHECK_TIMEOUT"
    )]
    pub(crate) timeout: Option<String>,
    #[command(flatten)]
    pub(crate) policy: ReactionArgs,
    #[command(flatten)]
    pub(crate) kube: KubeArgs,
    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

/// What to do with the state.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum StateCommand {
    /// Print what is remembered, as it is written
    Show(StatePlaceArgs),
    /// Forget the episodes of these groups, or of all: the next breach begins at the first stage
    Reset {
        /// Groups: INSTANCE/NAME, or NAME when only one instance has it
        #[arg(required_unless_present = "all")]
        groups: Vec<String>,
        /// Forget all episodes, and messages that wait
        #[arg(long, conflicts_with = "groups")]
        all: bool,
        #[command(flatten)]
        place: StatePlaceArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatePlaceArgs {
    /// Configuration file (YAML)
    #[arg(
        long = "config.file",
        env = "KAFKA_LAG_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub(crate) config_file: Option<String>,
    #[command(flatten)]
    pub(crate) policy: ReactionArgs,
    #[command(flatten)]
    pub(crate) kube: KubeArgs,
}
