//! The command line, its exit codes, and what is said about mistakes in it.

use crate::output::nagios;
use clap::{CommandFactory as _, FromArgMatches as _};
use lag_runtime::{
    args::{Args, ReadArgs},
    version,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

pub(crate) const NAME: &str = "kafka-lag";

/// How the program ends. A wrong flag and a panic are no statement about lag, so they share the code that monitoring
/// systems read as "unknown"; only `check` says "critical".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Looked, and found what was asked for.
    Done = 0,
    /// Could not look, or did not find it; `check`: warning.
    Failed = 1,
    /// `check` only: lag is too high, or an action has failed.
    Critical = 2,
    /// Was called wrongly, or has a bug.
    Unknown = 3,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

/// Shows the consumer lag of managed Kafka (ApsaraMQ for Kafka) as CloudMonitor has it, and explains why a number is
/// missing.
///
/// Give --cms.region and --cms.instance (`kafka-lag instances` lists them), and start with `kafka-lag doctor`. No command
/// here changes anything.
#[derive(Debug, clap::Parser)]
#[command(name = NAME, version = version::VERSION, long_version = version::LONG, after_help = AFTER_HELP)]
#[command(
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the lag of all groups, what has no number first
    Show(Box<ShowArgs>),
    /// Show the raw points of one group and how its number is made
    Inspect(Box<InspectArgs>),
    /// List the metrics that CloudMonitor offers for Kafka in the region
    Metrics(Box<MetricsArgs>),
    /// List the Kafka instances of the region, as the service itself knows them
    Instances(Box<InstancesArgs>),
    /// Say in words what a configuration collects and what it costs; makes no call
    CheckConfig(Box<Args>),
    /// Find out why there is no number: keys, network, permission, instance, data
    Doctor(Box<DoctorArgs>),
    /// Check all groups once: exit code for monitoring, and with --act the staged reaction
    Check(Box<CheckArgs>),
    /// Show or reset what check remembers
    State(Box<StateArgs>),
    /// Print a completion script
    Completions {
        /// The shell it is for
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print a manual page: of the program, or of one command
    Man {
        /// Command to describe
        command: Option<String>,
    },
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// How to write the answer
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "KAFKA_LAG_OUTPUT"
    )]
    pub(crate) output: Output,
}

/// Order of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sort {
    /// What has no number, then the largest lag first.
    #[default]
    Lag,
    /// Instance, then group.
    Name,
    /// The oldest datum first.
    Age,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) out: OutputArgs,
    /// Order of the table
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "ORDER",
        env = "KAFKA_LAG_SORT"
    )]
    pub(crate) sort: Sort,
    /// Only so many groups, the first of the order
    #[arg(long, value_name = "NUMBER", env = "KAFKA_LAG_TOP")]
    pub(crate) top: Option<usize>,
    /// Look again and again, until Ctrl-C: soon after each minute is published, or every INTERVAL
    #[arg(long, value_name = "INTERVAL", num_args = 0..=1, require_equals = true)]
    pub(crate) watch: Option<Option<String>>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The group: NAME, or INSTANCE/NAME with several instances
    pub(crate) group: String,
    /// Lag of the group in one topic
    #[arg(long, value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MetricsArgs {
    #[command(flatten)]
    pub(crate) out: OutputArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct KafkaArgs {
    /// URL of the Kafka service's own API, instead of the region's
    #[arg(
        long = "kafka.endpoint",
        env = "KAFKA_LAG_KAFKA_ENDPOINT",
        value_name = "URL"
    )]
    pub(crate) kafka_endpoint: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InstancesArgs {
    #[command(flatten)]
    pub(crate) out: OutputArgs,
    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) out: OutputArgs,
    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

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
    pub(crate) policy: lag_runtime::args::ReactionArgs,
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
    pub(crate) policy: lag_runtime::args::ReactionArgs,
}

/// Shells with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Lines of at most 78 characters: clap breaks longer ones in the middle of a list.
const AFTER_HELP: &str = "\
Credentials are found where the vendor's own programs find them, and never in
a flag. The first place that is set up counts:
  ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and
    ALIBABA_CLOUD_SECURITY_TOKEN (each also with _FILE behind it)
  ACCESS_KEY_ID and ACCESS_KEY_SECRET
  RRSA on ACK: ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN and
    ALIBABA_CLOUD_OIDC_TOKEN_FILE
  the profile of the aliyun command, ~/.alibabacloud/credentials, the RAM role
    of the ECS instance, ALIBABA_CLOUD_CREDENTIALS_URI
The RAM policy AliyunCloudMonitorReadOnlyAccess is enough. `instances`, and
`doctor` to compare instances, also use AliyunKafkaReadOnlyAccess.

Answers go to stdout, logs and progress to stderr. The level of logs is warn
unless --log.level says otherwise.

Exit codes:
  0  looked, and found what was asked for
  1  could not look, or did not find it: wrong configuration, no answer from
     the cloud, an instance that cannot be read, no group or no instance at
     all, an unknown group; doctor: a failure, or no fresh number
  3  wrong flag, or a bug of the program; 2 is never used";

/// The commands that take the flags of [`ReadArgs`].
const READING: [&str; 7] = [
    "show",
    "inspect",
    "metrics",
    "instances",
    "check-config",
    "doctor",
    "check",
];

/// The whole command line. `-h` leaves out the flags that all commands share, `--help` shows all.
pub(crate) fn command() -> clap::Command {
    READING.iter().fold(Cli::command(), |command, name| {
        command.mut_subcommand(name, |command| {
            command.mut_args(|arg| {
                let is_shared = arg.get_long().is_some_and(|long| long.contains('.'));
                let is_usual = arg.get_long().is_some_and(|long| {
                    [
                        "config.file",
                        "cms.region",
                        "cms.instance",
                        "kafka.endpoint",
                    ]
                    .contains(&long)
                });
                arg.hide_short_help(is_shared && !is_usual)
            })
        })
    })
}

/// Names of all variables that a flag reads.
pub(crate) fn variables() -> Vec<String> {
    let of = |command: &clap::Command| {
        let names = command.get_arguments().filter_map(|arg| arg.get_env());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
    };
    let mut names: Vec<_> = command().get_subcommands().flat_map(of).collect();
    names.sort();
    names.dedup();
    names
}

pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Help and version go to stdout; a mistake is one line on stderr.
pub(crate) fn explain(error: &clap::Error) -> Code {
    use clap::error::ErrorKind;
    if !error.use_stderr() {
        let _ = error.print();
        return Code::Done;
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return Code::Unknown;
    }
    let problem = lag_runtime::args::in_one_line(error);
    tell_monitoring(&problem);
    complain(&problem);
    Code::Unknown
}

/// A monitoring system reads stdout: what goes wrong before `check` can say so itself.
fn tell_monitoring(problem: &str) {
    if std::env::args()
        .nth(1)
        .is_some_and(|command| command == "check")
    {
        let _ = crate::output::write(nagios::unknown(problem).as_bytes());
    }
}

/// The last word of the program: one line, also when logs are not set up.
#[expect(clippy::print_stderr, reason = "the last word of the program")]
pub(crate) fn complain(problem: &str) {
    eprintln!("{NAME}: {}", problem.replace('\n', " "));
}

/// Runs a command and ends as it says; a panic has been reported by then.
pub(crate) fn guarded(command: impl FnOnce() -> anyhow::Result<Code>) -> ExitCode {
    match catch_unwind(AssertUnwindSafe(command)) {
        Ok(Ok(code)) => code.into(),
        Ok(Err(error)) => {
            complain(&format!("{error:#}"));
            Code::Failed.into()
        }
        Err(_) => {
            let problem = "this is a bug of the program and says nothing about lag; please report the lines on stderr";
            tell_monitoring(problem);
            complain(problem);
            Code::Unknown.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        command().debug_assert();
    }

    #[test]
    fn a_panic_ends_with_3_and_a_failure_with_1() {
        assert_eq!(guarded(|| panic!("on purpose")), ExitCode::from(3));
        assert_eq!(guarded(|| Err(anyhow::anyhow!("no"))), ExitCode::from(1));
        assert_eq!(guarded(|| Ok(Code::Done)), ExitCode::SUCCESS);
    }

    #[test]
    fn every_command_is_either_reading_or_takes_no_shared_flag() {
        for command in command().get_subcommands() {
            let reads = READING.contains(&command.get_name());
            let mut longs = command.get_arguments().filter_map(clap::Arg::get_long);
            assert_eq!(
                longs.any(|long| long == "cms.region"),
                reads,
                "{}",
                command.get_name()
            );
        }
    }
}
