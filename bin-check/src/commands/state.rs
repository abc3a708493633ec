//! `state`: what check remembers, shown or forgotten.

use anyhow::bail;
use lag_actions::state::render;
use lag_core::{GroupKey, escalate::CheckState, port::StateNotice};
use lag_runtime::{
    args::ReadArgs,
    config::{CheckConfig, File, process_env},
    system_clock,
};

use super::check::hands::{Kubernetes, open_store};
use crate::{
    cli::{Code, StateArgs, StateCommand, StatePlaceArgs},
    nearest::nearest,
    output,
};

pub(crate) async fn run(args: StateArgs) -> anyhow::Result<Code> {
    match args.command {
        StateCommand::Show(place) => show(&place).await,
        StateCommand::Reset { groups, all, place } => reset(&groups, all, &place).await,
    }
}

fn configure(place: &StatePlaceArgs) -> anyhow::Result<CheckConfig> {
    let path = place.config_file.as_deref().filter(|path| !path.is_empty());
    let file = path.map_or_else(|| Ok(File::default()), File::read)?;
    let read = ReadArgs {
        config_file: place.config_file.clone(),
        ..ReadArgs::default()
    };
    let check = CheckConfig::resolve(&place.policy, &place.kube, &read, &file, &process_env)?;
    if check.state.is_none() {
        bail!(
            "no state is configured: --state-file (or KAFKA_LAG_STATE_FILE), --state-configmap, or check.state_file in \
             --config.file"
        );
    }
    Ok(check)
}

async fn show(place: &StatePlaceArgs) -> anyhow::Result<Code> {
    let check = configure(place)?;
    let mut kubernetes = Kubernetes::new(&check.kubernetes);
    if let Some(store) = open_store(&check, None, system_clock(), &mut kubernetes).await? {
        let text = render(&store.peek().await?) + "\n";
        output::write(text.as_bytes())?;
    }
    Ok(Code::Done)
}

async fn reset(groups: &[String], all: bool, place: &StatePlaceArgs) -> anyhow::Result<Code> {
    let check = configure(place)?;
    let mut kubernetes = Kubernetes::new(&check.kubernetes);
    let Some(store) = open_store(&check, None, system_clock(), &mut kubernetes).await? else {
        return Ok(Code::Failed);
    };
    let mut session = store.open().await?;
    if let Some(StateNotice::Lost { moved_to, reason }) = session.notice() {
        bail!(
            "the state could not be read ({reason}) and was copied to {moved_to}; nothing was reset: the next run with \
             --act starts anew and tells people"
        );
    }
    let mut state = session.state().clone();
    let forgotten = if all {
        let known = state.groups.len();
        state.groups.clear();
        state.outbox.clear();
        state.dropped_notes = 0;
        known
    } else {
        for text in groups {
            let key = find(&state, text)?;
            state.groups.remove(&key);
        }
        groups.len()
    };
    session.save(&state).await?;
    session.close().await?;
    let episodes = super::check::result::counted(forgotten, "episode", "episodes");
    let text = format!(
        "{episodes} forgotten; changes of workloads still count for daily_cap and min_gap\n"
    );
    output::write(text.as_bytes())?;
    Ok(Code::Done)
}

/// `NAME`, or `INSTANCE/NAME` when several instances have it.
fn find(state: &CheckState, text: &str) -> anyhow::Result<GroupKey> {
    let fits = |key: &&GroupKey| {
        key.group.as_str() == text || format!("{}/{}", key.instance, key.group) == text
    };
    let found: Vec<_> = state.groups.keys().filter(fits).collect();
    match found[..] {
        [only] => Ok(only.clone()),
        [] => {
            let names = state.groups.keys().map(|key| key.group.as_str());
            let near = nearest(text, names);
            match near.first() {
                None if state.groups.is_empty() => bail!("no episode is open"),
                Some(near) => bail!("no episode of {text:?} is open; did you mean {near}?"),
                None => bail!(
                    "no episode of {text:?} is open, but of {} other groups: kafka-lag state show lists them",
                    state.groups.len()
                ),
            }
        }
        _ => {
            let keys: Vec<_> = found
                .iter()
                .map(|key| format!("{}/{}", key.instance, key.group))
                .collect();
            bail!(
                "{text:?} is in several instances: write {}",
                keys.join(" or ")
            );
        }
    }
}
