//! Flags about the staged reaction.

/// What is remembered, and the language.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Reaction")]
pub struct ReactionArgs {
    /// File that remembers what was done [default: check.json in --state.directory, if given]
    #[arg(long = "state-file", env = "KAFKA_LAG_STATE_FILE", value_name = "FILE")]
    pub state_file: Option<String>,
    /// ConfigMap that remembers it instead, for runs inside a cluster
    #[arg(
        long = "state-configmap",
        env = "KAFKA_LAG_STATE_CONFIGMAP",
        value_name = "NAMESPACE/NAME"
    )]
    pub state_configmap: Option<String>,
    /// Language of output and messages: en or zh [default: en]
    #[arg(long = "lang", env = "KAFKA_LAG_LANG", value_name = "LANGUAGE")]
    pub lang: Option<String>,
}
