//! `completions` and `man`: made from the command line itself.

use anyhow::anyhow;
use clap_complete::Shell as Script;

use crate::{
    cli::{self, Code, Shell},
    nearest::nearest,
    output,
};

pub(crate) fn script(shell: Shell) -> anyhow::Result<Code> {
    let script = match shell {
        Shell::Bash => Script::Bash,
        Shell::Zsh => Script::Zsh,
        Shell::Fish => Script::Fish,
    };
    let mut text = Vec::new();
    clap_complete::generate(script, &mut cli::command(), cli::NAME, &mut text);
    output::write(&text)?;
    Ok(Code::Done)
}

pub(crate) fn manual(name: Option<&str>) -> anyhow::Result<Code> {
    let mut command = cli::command();
    command.build();
    let command = match name {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            found.ok_or_else(|| unknown(&command, name))?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    output::write(&text)?;
    Ok(Code::Done)
}

fn unknown(command: &clap::Command, name: &str) -> anyhow::Error {
    let names = command.get_subcommands().map(clap::Command::get_name);
    match nearest(name, names).first() {
        Some(meant) => anyhow!("there is no command {name:?}; did you mean {meant}?"),
        None => anyhow!("there is no command {name:?}; see --help for all of them"),
    }
}
