//! The autoscalers of the command line, each with a name and a sentence.

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use lag_core::{
    names,
    simulate::{Autoscaler, Hpa, MetricTarget},
};
use std::{num::NonZeroU64, path::Path};

use super::{
    policy::{self, Written},
    read as read_file, words,
};
use crate::{
    cli::SimulateArgs,
    manifest::{documents, hpa, quantity, scaled_object},
};

/// More would fit no screen.
const MOST: usize = 6;

#[derive(Debug)]
pub(super) struct Named {
    pub(super) label: String,
    pub(super) about: String,
    pub(super) notes: Vec<String>,
    /// Lags at which it decides, with what happens there.
    pub(super) marks: Vec<(f64, String)>,
    pub(super) autoscaler: Autoscaler,
}

/// What follows the number of replicas that a policy recommends.
struct Follower {
    file: String,
    behind: String,
    hpa: Hpa,
    notes: Vec<String>,
}

/// All of them, in the order HPAs, ScaledObjects, steps, times to drain. `trend_over` is how long the points of a trend
/// reach back.
pub(super) fn read(args: &SimulateArgs, trend_over: SignedDuration) -> anyhow::Result<Vec<Named>> {
    let tolerance = tolerance(&args.tolerance)?;
    let (mut all, mut followers) = (Vec::new(), Vec::new());
    for path in &args.hpa {
        let (file, text) = read_file(path)?;
        for found in hpa::read_all(&file, &documents(&file, &text)?)? {
            let hpa = with_tolerance(found.hpa, tolerance);
            let follows = hpa.target == one();
            if follows || found.metric == names::RECOMMENDED {
                let behind = format!("HPA {}", named(&file, &found.object));
                followers.push(Follower {
                    file: file.clone(),
                    behind,
                    hpa,
                    notes: Vec::new(),
                });
                continue;
            }
            let about = format!("HPA {}: {}", named(&file, &found.object), words::hpa(&hpa));
            all.push(new(label(path, &found.object), about, Autoscaler::Hpa(hpa)));
        }
    }
    for path in &args.keda {
        let (file, text) = read_file(path)?;
        for found in scaled_object::read_all(&file, &documents(&file, &text)?)? {
            let mut keda = found.keda;
            keda.hpa = with_tolerance(keda.hpa, tolerance);
            if found.follows {
                let mut notes = found.notes;
                notes.push(
                    "of the ScaledObject its HPA is played: minReplicaCount, maxReplicaCount and behavior, but no polling, fallback or zero"
                        .to_owned(),
                );
                let behind = format!("ScaledObject {}", named(&file, &found.object));
                followers.push(Follower {
                    file: file.clone(),
                    behind,
                    hpa: keda.hpa,
                    notes,
                });
                continue;
            }
            let about = format!(
                "ScaledObject {}: {}{}",
                named(&file, &found.object),
                words::hpa(&keda.hpa),
                words::keda(&keda)
            );
            let mut named = new(label(path, &found.object), about, Autoscaler::Keda(keda));
            named.notes = found.notes;
            all.push(named);
        }
    }
    let follower = match followers.as_slice() {
        [] => None,
        [Follower { file, hpa, .. }] if hpa.target != one() => bail!(
            "{file}: the metric {} is a number of replicas: use AverageValue \"1\"",
            names::RECOMMENDED
        ),
        [Follower { file, .. }]
            if args.steps.len() + args.drain.len() + usize::from(args.config_file.is_some())
                != 1 =>
        {
            bail!(
                "{file}: AverageValue 1 is for a number of replicas that a policy recommends: give one --steps, --drain or \
                 --config.file with it"
            )
        }
        [one] => Some(one),
        [_, Follower { file, .. }, ..] => bail!("{file}: one HPA behind a policy is enough"),
    };
    let steps = args.steps.iter().map(|text| {
        let read = policy::steps(text).with_context(|| format!("--steps {text:?}"));
        (read, "steps", text)
    });
    let drains = args.drain.iter().map(|text| {
        let read = policy::drain(text, trend_over).with_context(|| format!("--drain {text:?}"));
        (read, "drain", text)
    });
    let rule = args
        .config_file
        .iter()
        .zip(&args.group)
        .map(|(path, group)| {
            let read = policy::rule(path, group).with_context(|| format!("--config.file {path}"));
            (read, "rule", group)
        });
    for (read, label, text) in steps.chain(drains).chain(rule) {
        let Written {
            policy,
            bounds,
            marks,
        } = read?;
        let (hpa, behind, notes) = match follower {
            Some(follower) => (
                follower.hpa.clone(),
                follower.behind.as_str(),
                follower.notes.clone(),
            ),
            None => {
                let hpa = with_tolerance(Hpa::new(bounds, one()), tolerance);
                (hpa, "an HPA", Vec::new())
            }
        };
        let about = format!("{label} {text}; behind it {behind}: {}", words::hpa(&hpa));
        let autoscaler = Autoscaler::Recommended { policy, hpa };
        all.push(Named {
            marks,
            notes,
            ..new(label.to_owned(), about, autoscaler)
        });
    }
    if all.len() > MOST {
        bail!(
            "these are {} autoscalers: compare at most {MOST}",
            all.len()
        );
    }
    tell_apart(&mut all);
    Ok(all)
}

fn new(label: String, about: String, autoscaler: Autoscaler) -> Named {
    Named {
        label,
        about,
        notes: Vec::new(),
        marks: match autoscaler.hpa().target {
            MetricTarget::Value(target) => vec![(words::whole(target.get()), "target".to_owned())],
            MetricTarget::AverageValue(_) => Vec::new(),
        },
        autoscaler,
    }
}

/// A number of replicas as it is.
fn one() -> MetricTarget {
    MetricTarget::AverageValue(NonZeroU64::new(1000).expect("1000 is not 0"))
}

fn with_tolerance(hpa: Hpa, tolerance_milli: u32) -> Hpa {
    Hpa {
        tolerance_milli,
        ..hpa
    }
}

fn tolerance(text: &str) -> anyhow::Result<u32> {
    let milli = quantity::milli(text).and_then(|milli| u32::try_from(milli).ok());
    match milli.filter(|milli| *milli < 1000) {
        Some(milli) => Ok(milli),
        None => bail!("--tolerance {text}: write a fraction from 0 to less than 1, such as 0.1"),
    }
}

fn named(file: &str, object: &str) -> String {
    match object {
        "" => file.to_owned(),
        object => format!("{object} in {file}"),
    }
}

/// The file's name without its end; the object's where there is no file name.
fn label(path: &Path, object: &str) -> String {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let label = stem
        .filter(|stem| stem != "-")
        .unwrap_or_else(|| object.to_owned());
    let short: String = label.chars().filter(|c| !c.is_control()).take(24).collect();
    match short.is_empty() {
        true => "autoscaler".to_owned(),
        false => short,
    }
}

fn tell_apart(all: &mut [Named]) {
    for index in 1..all.len() {
        let (before, rest) = all.split_at_mut(index);
        let Some(this) = rest.first_mut() else { break };
        let plain = this.label.clone();
        let mut number = 2;
        while before.iter().any(|other| other.label == this.label) {
            this.label = format!("{plain}-{number}");
            number += 1;
        }
    }
}
