//! Prometheus exporter for the consumer lag of Alibaba Cloud managed Kafka.

mod cli;
#[cfg(feature = "cluster")]
mod cluster;
mod collectors;
#[cfg(feature = "demo")]
mod demo;
mod feeds;
#[cfg(feature = "ha")]
mod ha;
#[cfg(not(feature = "ha"))]
#[path = "no_ha.rs"]
mod ha;
mod recommend;
mod reload;
mod run;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::explain(&error),
    };
    // One thread: the work is waiting, and what is heavy goes to threads of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run::run(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&format!("{error:#}")),
    }
}
