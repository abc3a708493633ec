//! What `-h` leaves out.

/// Leaves what all commands share, but for the usual ones, to `--help`.
pub(super) fn with_short_help(command: clap::Command) -> clap::Command {
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
}
