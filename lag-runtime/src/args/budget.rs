//! Flags about the cost of calls.

/// How many calls may be made.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Call budget")]
pub struct BudgetArgs {
    /// Calls a month and account: when they would not suffice, collections get rarer; none is no limit [default: 1000000, which are free]
    #[arg(
        long = "budget.requests-per-month",
        env = "KAFKA_LAG_BUDGET_REQUESTS_PER_MONTH",
        value_name = "NUMBER"
    )]
    pub requests_per_month: Option<String>,
    /// End all calls until the next month when the budget is spent: true or false [default: false]
    #[arg(
        long = "budget.hard-stop",
        env = "KAFKA_LAG_BUDGET_HARD_STOP",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub hard_stop: Option<String>,
    /// Directory in which the count of calls survives a restart [default: none, it starts at 0]
    #[arg(
        long = "state.directory",
        env = "KAFKA_LAG_STATE_DIRECTORY",
        value_name = "DIRECTORY"
    )]
    pub state_directory: Option<String>,
}
