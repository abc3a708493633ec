//! Takes alerts of Alertmanager and changes workloads, within an allow-list and each step once.

mod cli;
mod describe;
mod front;
mod hands;
mod ready;
mod reload;
mod replay;
mod run;
mod web;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::explain(&error),
    };
    // One thread: the work is waiting.
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
