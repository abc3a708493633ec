//! How many calls may be made.

use lag_core::{BudgetPolicy, FREE_REQUESTS};
use std::path::PathBuf;

use super::{
    ConfigError, File,
    pick::{Picker, boolean, number},
};
use crate::args::ReadArgs;

/// How many calls may be made, and where they are remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetConfig {
    /// For each account.
    pub policy: BudgetPolicy,
    /// Where the count survives a restart, and the flag or key that says so.
    pub state: Option<(PathBuf, String)>,
}

pub(super) fn resolve(
    args: &ReadArgs,
    file: &File,
    picker: Picker<'_>,
) -> Result<BudgetConfig, ConfigError> {
    let (args, state, file) = (&args.budget, &file.state, &file.budget);
    let requests = picker.one(
        "--budget.requests-per-month",
        args.requests_per_month.as_deref(),
        "budget.requests_per_month",
        &file.requests_per_month,
    )?;
    let hard_stop = picker.one(
        "--budget.hard-stop",
        args.hard_stop.as_deref(),
        "budget.hard_stop",
        &file.hard_stop,
    )?;
    let directory = picker.one(
        "--state.directory",
        args.state_directory.as_deref(),
        "state.directory",
        &state.directory,
    )?;
    let requests_per_month = match requests {
        None => Some(FREE_REQUESTS),
        Some(found) if found.text == "none" => None,
        Some(found) => Some(number(
            &found,
            1,
            u64::MAX / 4,
            "calls, or none for no limit",
        )?),
    };
    let stop_place = hard_stop.as_ref().map(|found| found.place.clone());
    let hard_stop = boolean(hard_stop)?;
    if let (true, None, Some(place)) = (hard_stop, requests_per_month, stop_place) {
        return Err(ConfigError::new(
            place,
            "there is no limit to stop at: give --budget.requests-per-month a number",
        ));
    }
    Ok(BudgetConfig {
        policy: BudgetPolicy {
            requests_per_month,
            hard_stop,
        },
        state: directory.map(|found| (found.text.into(), found.place)),
    })
}
