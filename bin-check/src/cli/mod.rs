//! The command line, its exit codes, and what is said about mistakes in it.

use crate::output::nagios;
mod check;
pub(crate) mod generate;
mod short_help;
mod simulate;

pub(crate) use simulate::SimulateArgs;

pub(crate) use check::{
    CheckArgs, CheckOutput, ExitWith, Perfdata, StateArgs, StateCommand, StatePlaceArgs,
};

use clap::{CommandFactory as _, FromArgMatches as _};
use lag_runtime::{
    args::{Args, ReactionArgs, ReadArgs},
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
/// Give --cms.region and --cms.instance (`kafka-lag instances` lists them), and start with `kafka-lag doctor`. Nothing is
/// changed by any command but `check --act`, which restarts, scales and tells people as its policy says, and `state reset`.
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
    CheckConfig(Box<CheckConfigArgs>),
    /// Find out why there is no number: keys, network, permission, instance, data
    Doctor(Box<DoctorArgs>),
    /// Check all groups once: exit code for monitoring, and with --act the staged reaction
    Check(Box<CheckArgs>),
    /// Show or reset what check remembers
    State(Box<StateArgs>),
    /// Write what a cluster needs to scale by lag and to watch it: YAML with comments
    Generate(generate::GenerateArgs),
    /// Say what is wrong with an HPA, a ScaledObject, rules of prometheus-adapter or Prometheus, or an APIService
    Lint(generate::LintArgs),
    /// Show what an HPA, KEDA or a policy would do with a lag, by the controller's own arithmetic
    Simulate(Box<SimulateArgs>),
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
    pub(crate) kafka: KafkaArgs,
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
pub(crate) struct CheckConfigArgs {
    #[command(flatten)]
    pub(crate) reaction: ReactionArgs,
    #[command(flatten)]
    pub(crate) args: Args,
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
The RAM policy AliyunCloudMonitorReadOnlyAccess is enough. `instances`,
`doctor` to compare instances, `inspect` for the service's own number and
`check` with a second opinion also use AliyunKafkaReadOnlyAccess.

Answers go to stdout, logs and progress to stderr. The level of logs is warn
unless --log.level says otherwise.

Exit codes (`check` has those of monitoring plugins: 0 ok, 1 warning,
2 critical, 3 unknown):
  0  looked, and found what was asked for
  1  could not look, or did not find it: wrong configuration, no answer from
     the cloud, an instance that cannot be read, no group or no instance at
     all, an unknown group; doctor: a failure, or no fresh number; lint: an
     error
  3  wrong flag, or a bug of the program; 2 is for `check` alone";

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

/// Commands below `generate` that take the flags of [`ReadArgs`], too.
const GENERATING: [&str; 2] = ["hpa", "keda"];

/// The whole command line. `-h` leaves out the flags that all commands share, `--help` shows all.
pub(crate) fn command() -> clap::Command {
    // What monitoring plugins are called with by habit.
    let command = Cli::command().mut_subcommand("check", |check| {
        let check = check
            .display_name(NAME)
            .version(version::VERSION)
            .long_version(version::LONG);
        check.mut_arg("endpoint", |endpoint| endpoint.short('H'))
    });
    let command = READING.iter().fold(command, |command, name| {
        command.mut_subcommand(name, short_help::with_short_help)
    });
    command.mut_subcommand("generate", |generate| {
        GENERATING.iter().fold(generate, |generate, name| {
            generate.mut_subcommand(name, short_help::with_short_help)
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
