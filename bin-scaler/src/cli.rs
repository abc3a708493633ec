//! The command line, and what is said about mistakes in it: one line, exit code 1.

use jiff::Timestamp;
use lag_runtime::{
    args::{ScalerArgs, in_one_line},
    version,
};
use std::{path::PathBuf, process::ExitCode};

/// Takes alerts of Alertmanager (POST /webhook/alertmanager or /hpa) and scales or restarts Kubernetes workloads, within an
/// allow-list and each step once.
///
/// What may be changed, and how far, stands in the section scaler of --config.file. Without it nothing is served.
#[derive(Debug, clap::Parser)]
#[command(name = "kafka-lag-scaler", version = version::VERSION, long_version = version::LONG, after_help = AFTER_HELP)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do instead of serving
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) args: ScalerArgs,
}

/// What to do instead of serving.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run captured payloads through the decision, without a cluster, and print what would happen
    Replay(ReplayArgs),
    /// Say in words what a configuration allows; nothing is asked of the cluster
    CheckConfig(CheckArgs),
}

/// Which configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// Configuration file (YAML) with the section scaler
    #[arg(
        long = "config.file",
        env = "KAFKA_LAG_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub(crate) config_file: Option<String>,
}

/// What is checked.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) config: FileArgs,
    /// File with TLS, client certificates and basic users, as the server would read it
    #[arg(
        long = "web.config.file",
        env = "KAFKA_LAG_WEB_CONFIG_FILE",
        value_name = "FILE"
    )]
    pub(crate) web_config_file: Option<String>,
}

/// Which payloads, and what is pretended.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// Bodies of webhooks, as Alertmanager has sent them, in the order of their delivery
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: FileArgs,
    /// Time of all deliveries [default: for each the latest time that it names, and never before the one in front of it]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Replicas that each workload is pretended to have at first
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) replicas: u32,
    /// text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ReplayOutput,
}

/// How a replay is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReplayOutput {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

const AFTER_HELP: &str = "\
Who may send alerts stands in scaler.webhook (bearer tokens, users with passwords), or in --web.config.file (client
certificates, or users). Without any of these it listens on loopback only.

Exit codes: 0 ended by SIGTERM or SIGINT, 1 wrong configuration. An unreachable cluster does not end the program.";

/// Help and version go to stdout; a mistake is one line on stderr.
pub(crate) fn explain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    fail(&in_one_line(error))
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of the program, also when logs are not set up"
)]
pub(crate) fn fail(problem: &str) -> ExitCode {
    eprintln!("kafka-lag-scaler: {}", problem.replace('\n', " "));
    ExitCode::FAILURE
}

/// Writes to stdout. A reader that has gone away wants no more.
pub(crate) fn say(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
