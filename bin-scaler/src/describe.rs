//! `check-config`: what a configuration allows, in words. Nothing is asked of the cluster.

use jiff::SignedDuration;
use lag_core::{
    OnAutoscaler, PromDuration,
    alert::{AllowedTarget, Confirm, Step},
};
use lag_runtime::{
    args::{ScalerArgs, ScalerWebArgs},
    config::{File, LedgerPlace, ScalerConfig, process_env},
    system_clock,
};
use std::fmt::Write as _;

use crate::{
    cli::{self, CheckArgs, FileArgs},
    front::Front,
};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let web = args.web_config_file.clone();
    let config = resolve(&args.config, web)?;
    // As the server does it: with the certificates that the file names.
    Front::open(&config, &system_clock())?;
    let mut text = String::new();
    for target in &config.policy.targets {
        text += &allowed(target);
    }
    text += &common(&config);
    for notice in &config.notices {
        let _ = writeln!(text, "warning: {notice}");
    }
    text += match &config.ledger {
        Some(_) => "the configuration can be used; ",
        None => "the server needs scaler.ledger beside this, replay does not; ",
    };
    text += match &config.web_config_file {
        Some(_) => {
            "nothing was asked of the cluster, and of files with secrets only the web.config.file and its key were read\n"
        }
        None => "nothing was asked of the cluster, and no file with a secret was read\n",
    };
    cli::say(&text)?;
    Ok(())
}

/// The configuration of a file, with nothing from flags.
pub(crate) fn read(args: &FileArgs) -> anyhow::Result<ScalerConfig> {
    resolve(args, None)
}

fn resolve(args: &FileArgs, web_config_file: Option<String>) -> anyhow::Result<ScalerConfig> {
    let path = args.config_file.clone().filter(|path| !path.is_empty());
    let Some(path) = path else {
        anyhow::bail!(
            "--config.file (or KAFKA_LAG_CONFIG_FILE) is missing: its section scaler says what alerts may change"
        );
    };
    let file = File::read(&path)?;
    let args = ScalerArgs {
        config_file: Some(path),
        web: ScalerWebArgs {
            web_config_file,
            ..ScalerWebArgs::default()
        },
        ..ScalerArgs::default()
    };
    Ok(ScalerConfig::resolve(&args, &file, &process_env)?)
}

fn allowed(target: &AllowedTarget) -> String {
    let mut text = format!("{}\n", target.target.workload);
    let mut say = |what: &str, value: String| {
        let _ = writeln!(text, "  {what:<12}{value}");
    };
    if target.matchers.is_empty() {
        say("alerts", "those whose labels name it".to_owned());
    } else {
        let patterns = target.matchers.iter();
        let patterns: Vec<_> = patterns
            .map(|one| format!("{} {}", one.label, one.matcher))
            .collect();
        say("alerts", format!("those with {}", patterns.join(" and ")));
    }
    let limits = target.target.limits();
    if target.target.workload.kind.can_scale() {
        say("replicas", format!("{} to {}", limits.min(), limits.max()));
    }
    if let Some(size) = target.scale_out {
        say("scale-out", step(size, "more"));
    }
    if let Some(size) = target.scale_in {
        say("scale-in", step(size, "fewer"));
    }
    if target.set {
        say("set", "to the value of the alert".to_owned());
    }
    if target.restart {
        say("restart", "allowed".to_owned());
    }
    let gap = format!(
        "at least {} between two changes, at most {} changes a day (UTC)",
        time(target.cooldown),
        target.daily_cap
    );
    say("pace", gap);
    if let Some(further) = target.further {
        let steps = format!(
            "up to {} more steps, every {} while it keeps firing",
            further.most,
            time(further.every)
        );
        say("further", steps);
    }
    if let Some(back) = target.scale_back {
        let proof = match back.confirm {
            Confirm::LowAlert => "a scale-in alert fires",
            Confirm::Resolved => "all scale-out alerts are resolved",
        };
        let way = format!(
            "by {} every {}, {} after the last scale-out alert, if {proof}",
            back.step,
            time(back.every),
            time(back.after)
        );
        say("scale back", way);
    }
    if let Some(age) = target.max_value_age {
        say("value", format!("at most {} old", time(age)));
    }
    let autoscaler = match target.target.autoscaler {
        OnAutoscaler::Refuse => "left alone: nothing is scaled that one owns",
        OnAutoscaler::RaiseMin => "its minimum is changed",
    };
    say("autoscaler", autoscaler.to_owned());
    text
}

fn step(step: Step, word: &str) -> String {
    match step {
        Step::By(number) => format!("{number} {word}"),
        Step::Percent(percent) => format!("{percent} percent {word}"),
        Step::PerValue { per, without: None } => format!("to one for each {per} of the value"),
        Step::PerValue {
            per,
            without: Some(number),
        } => format!("to one for each {per} of the value, {number} {word} where there is none"),
        Step::To(number) => format!("to {number}"),
    }
}

fn common(config: &ScalerConfig) -> String {
    let mut text = "all\n".to_owned();
    let mut say = |what: &str, value: String| {
        let _ = writeln!(text, "  {what:<12}{value}");
    };
    let ledger = match &config.ledger {
        Some(LedgerPlace::ConfigMap(name)) => format!("ConfigMap {name}, shared by replicas"),
        Some(LedgerPlace::File(path)) => format!("file {}, for one process", path.display()),
        None => "none: only --dry-run and replay are possible".to_owned(),
    };
    say("ledger", ledger);
    let policy = &config.policy;
    say("remembers", time(policy.retention).to_string());
    let fires = format!("for {} after its last delivery", time(policy.firing_for));
    say("fires", fires);
    let (tokens, users) = (
        config.webhook.bearer_tokens.len(),
        config.webhook.basic_users.len(),
    );
    let who = match (tokens, users) {
        (0, 0) => "anybody on this machine; beyond loopback it does not listen so".to_owned(),
        (tokens, users) => format!("bearer tokens: {tokens}, users: {users}"),
    };
    say("senders", who);
    let deadline = PromDuration::from(config.webhook.deadline);
    say("deadline", format!("{deadline} for one delivery"));
    let told: Vec<_> = config
        .notifiers
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    if !told.is_empty() {
        say("tells", told.join(", "));
    }
    text
}

fn time(time: SignedDuration) -> PromDuration {
    PromDuration::from(time.unsigned_abs())
}
