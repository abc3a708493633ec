//! Looks at the consumer lag of Alibaba Cloud managed Kafka from a terminal, and explains why a number is missing.

mod cli;
mod cloud;
mod commands;
mod kubernetes;
mod manifest;
mod nearest;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::guarded(|| match cli::parse() {
        Ok(cli) => commands::run(cli),
        Err(error) => Ok(cli::explain(&error)),
    })
}
