//! The command line, and what is said about mistakes in it: one line, exit code 1.

use lag_runtime::{
    args::{Args, in_one_line},
    version,
};
use std::process::ExitCode;

/// Reads the consumer lag of managed Kafka (ApsaraMQ for Kafka) from CloudMonitor and serves it to Prometheus.
///
#[cfg_attr(
    feature = "demo",
    doc = "Start with --demo to look around without an account. With one, give --cms.region and --cms.instance, and credentials as below."
)]
#[cfg_attr(
    not(feature = "demo"),
    doc = "Give --cms.region and --cms.instance, and credentials as below."
)]
#[derive(Debug, clap::Parser)]
#[command(name = "kafka-lag-exporter", version = version::VERSION, long_version = version::LONG, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Run against an embedded simulated cloud with a dozen groups; needs no account and listens on 127.0.0.1 only
    #[cfg(feature = "demo")]
    #[arg(long, env = "KAFKA_LAG_DEMO")]
    pub(crate) demo: bool,
    #[command(flatten)]
    pub(crate) args: Args,
}

const AFTER_HELP: &str = "\
Credentials are found where the vendor's own programs find them, and never in a flag; the first place that is set up:
  variables ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN (each also with
    _FILE behind it), or ACCESS_KEY_ID, ACCESS_KEY_SECRET
  RRSA on ACK: ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE
  the profile of the aliyun command, ~/.alibabacloud/credentials, the RAM role of the ECS instance,
    ALIBABA_CLOUD_CREDENTIALS_URI
The RAM policy AliyunCloudMonitorReadOnlyAccess is enough.

Exit codes: 0 ended by SIGTERM or SIGINT, 1 wrong configuration. An unreachable cloud does not end the program.";

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
    eprintln!("kafka-lag-exporter: {}", problem.replace('\n', " "));
    ExitCode::FAILURE
}
