//! The program `kube-sim`: parses its flags, starts a simulator and waits for a signal.

mod cli;

use std::{
    io::{Write as _, stdout},
    process::ExitCode,
};

use clap::Parser as _;

#[expect(clippy::print_stderr, reason = "a program talks to its terminal")]
fn main() -> ExitCode {
    let args = match cli::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are errors to clap, but not to whoever asked for them.
            let code = u8::from(error.use_stderr());
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    // Who reads only the first line closes the pipe behind it; the server goes on.
    let say = |text: &str| drop(writeln!(stdout(), "{text}"));
    match cli::run(&args, say) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("kube-sim: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprint!(": {cause}");
                source = cause.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}
