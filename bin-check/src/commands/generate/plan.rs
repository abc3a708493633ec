//! Which groups scale which workloads.

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use lag_core::{
    Bounds, GroupKey, GroupName, InstanceId, TargetMap, TargetRule, Template, Workload,
};
use lag_runtime::args::ReadArgs;
use std::collections::{BTreeMap, BTreeSet};

use crate::{cli::generate::ScalingArgs, cloud, commands::configure, commands::query::Looker};

/// A group whose lag counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    /// Known when it was asked for or given.
    pub(super) instance: Option<InstanceId>,
    pub(super) name: GroupName,
}

/// A workload, and the groups that it consumes for.
#[derive(Debug)]
pub(super) struct Scaled {
    pub(super) workload: Workload,
    pub(super) bounds: Bounds,
    pub(super) groups: Vec<Group>,
}

/// Everything that is to be scaled, in order of namespace and name.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) scaled: Vec<Scaled>,
}

/// The groups that were given, else those that the cloud knows.
pub(super) async fn make(args: &ScalingArgs, read: ReadArgs) -> anyhow::Result<Plan> {
    let configured = read.source.instance.clone();
    if !args.groups.is_empty() {
        let groups = args.groups.iter().map(|text| given(text, &configured));
        return arrange(args, groups.collect::<Result<_, _>>()?, configured.len());
    }
    let config = configure(read)
        .context("without --group NAME the groups are asked for, which cannot be done")?;
    let max_age = SignedDuration::try_from(config.lag.max_age)?;
    let cloud = cloud::open(config)?;
    cloud.check_credentials().await?;
    let mut looker = Looker::new(&cloud, &cloud.config.sources)?;
    looker.look(&cloud).await?;
    // A part of the groups would look like all of them.
    for (id, board) in looker.board.instances() {
        if let Some(failure) = &board.last_error {
            bail!(
                "{id} could not be read: {}; nothing was written",
                failure.detail
            );
        }
    }
    let rows = looker.board.rows((cloud.now)(), max_age);
    let groups: Vec<_> = rows
        .filter(|row| row.series.topic.is_none())
        .map(|row| Group {
            instance: Some(row.instance.clone()),
            name: row.series.group.clone(),
        })
        .collect();
    if groups.is_empty() {
        bail!(
            "no group was found: CloudMonitor answers, but has no usable points of any group; kafka-lag doctor says why, \
             and --group NAME needs no answer"
        );
    }
    arrange(args, groups, looker.board.instances().len())
}

/// A group as typed. What stands before a slash is an instance that is configured, or has the name of one.
fn given(text: &str, configured: &[String]) -> anyhow::Result<Group> {
    let of = |instance: Option<&str>, name: &str| -> anyhow::Result<Group> {
        let instance = instance.map(InstanceId::new).transpose();
        Ok(Group {
            instance: instance.with_context(|| format!("--group {text}"))?,
            name: GroupName::new(name).context("--group")?,
        })
    };
    if let Some((id, name)) = text.split_once('/') {
        if id.starts_with("alikafka") || configured.iter().any(|known| known == id) {
            return of(Some(id), name);
        }
        bail!(
            "--group {text}: {id} is no instance that is configured: write INSTANCE/NAME with the whole id of the instance, such as \
             alikafka_pre-cn-xxx/{name}, or --cms.instance {id} with it; a group that is called {text} is alikafka_pre-cn-xxx/{text}"
        );
    }
    match configured {
        [only] => of(Some(only), text),
        _ => of(None, text),
    }
}

fn arrange(args: &ScalingArgs, groups: Vec<Group>, instances: usize) -> anyhow::Result<Plan> {
    let known: BTreeSet<_> = groups
        .iter()
        .filter_map(|group| group.instance.as_ref())
        .collect();
    if let Some(id) = known
        .iter()
        .find(|id| !lag_core::is_label_value(id.as_str()))
    {
        bail!("instance {id} cannot stand in a label selector: it is no id of an instance");
    }
    let map = map(args)?;
    let needs_instance = instances > 1
        || known.len() > 1
        || [&args.namespace, &args.workload]
            .iter()
            .any(|text| text.contains("{instance"));
    let mut scaled: BTreeMap<Workload, Scaled> = BTreeMap::new();
    for group in groups.into_iter().collect::<BTreeSet<_>>() {
        if needs_instance && group.instance.is_none() {
            bail!(
                "--group {}: write INSTANCE/{}, as its instance is needed",
                group.name,
                group.name
            );
        }
        let instance = group.instance.clone();
        let instance = instance.map_or_else(|| InstanceId::new("none"), Ok)?;
        let target = map
            .resolve(&GroupKey::total(instance, group.name.clone()))?
            .context("the map has a rule for every group")?;
        let bounds = target.limits();
        let entry = scaled
            .entry(target.workload.clone())
            .or_insert_with(|| Scaled {
                workload: target.workload,
                bounds,
                groups: Vec::new(),
            });
        entry.groups.push(group);
    }
    Ok(Plan {
        scaled: scaled.into_values().collect(),
    })
}

/// One rule for all groups; what it comes to is checked as the targets of `check` are.
fn map(args: &ScalingArgs) -> anyhow::Result<TargetMap> {
    let template = |flag: &'static str, text: &str| text.parse::<Template>().context(flag);
    let bounds = Bounds::try_from((args.min_replicas, args.max_replicas))
        .context("--min-replicas and --max-replicas")?;
    let map = TargetMap {
        rules: vec![TargetRule {
            place: "--namespace and --workload".to_owned(),
            groups: vec!["glob:*".parse()?],
            instances: Vec::new(),
            namespace: template("--namespace", &args.namespace)?,
            kind: args.kind.0.clone(),
            name: template("--workload", &args.workload)?,
            bounds,
            partitions: args.partitions,
            restart: lag_core::RestartWay::default(),
            autoscaler: lag_core::OnAutoscaler::default(),
        }],
        // It is the person who reads the text that decides.
        allowed: Some(vec!["*/*/*".parse()?]),
    };
    map.check()?;
    Ok(map)
}
