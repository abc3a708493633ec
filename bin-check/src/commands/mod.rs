//! One file per command, and what they share.

pub(crate) mod check;
mod check_config;
mod completions;
mod doctor;
mod generate;
mod inspect;
mod instances;
mod lint;
mod metrics;
mod query;
mod show;
mod simulate;
mod state;
mod watch;

use lag_runtime::{
    args::{Args, ReadArgs},
    config::{Config, File, LogConfig, process_env},
    log, system_clock,
};

use crate::cli::{Cli, Code, Command};

pub(crate) fn run(cli: Cli) -> anyhow::Result<Code> {
    match cli.command {
        Command::Completions { shell } => completions::script(shell),
        Command::Man { command } => completions::manual(command.as_deref()),
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Generate(args) => generate::run(args.what),
        Command::Lint(args) => lint::run(&args),
        Command::Show(args) => block_on(show::run(*args)),
        Command::Inspect(args) => block_on(inspect::run(*args)),
        Command::Metrics(args) => block_on(metrics::run(*args)),
        Command::Instances(args) => block_on(instances::run(*args)),
        Command::Doctor(args) => block_on(doctor::run(*args)),
        Command::Check(args) => block_on(async { Ok(check::run(*args).await) }),
        Command::State(args) => block_on(state::run(*args)),
        Command::Simulate(args) => block_on(simulate::run(*args)),
    }
}

/// One thread: the work is waiting.
fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build()?.block_on(command)
}

/// The configuration of a command that reads lag, with logs set up.
fn configure(read: ReadArgs) -> anyhow::Result<Config> {
    let (args, file) = begin(read)?;
    let config = Config::resolve(&args, &file, &process_env)?;
    tell_notices(&config);
    Ok(config)
}

/// The configuration of a command that needs no instances.
fn configure_region(read: ReadArgs) -> anyhow::Result<Config> {
    let (args, file) = begin(read)?;
    let config = Config::resolve_region(&args, &file, &process_env)?;
    tell_notices(&config);
    Ok(config)
}

fn begin(read: ReadArgs) -> anyhow::Result<(Args, File)> {
    let args = Args {
        read,
        ..Args::default()
    };
    let path = args
        .read
        .config_file
        .as_deref()
        .filter(|path| !path.is_empty());
    let file = path.map_or_else(|| Ok(File::default()), File::read)?;
    let level = "warn";
    let config = LogConfig::resolve_with_level(level, &args.read.log, &file, path, &process_env)?;
    let _ = log::install(config, system_clock());
    Ok((args, file))
}

fn tell_notices(config: &Config) {
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
}
