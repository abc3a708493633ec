//! `inspect`: the raw points of one group, and how its number is made of them.

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use lag_core::{
    DropReason, Fate, GroupKey, GroupName, Inspection, InstanceId, PromDuration, SnapshotRules,
    Statistic,
};
use lag_runtime::{
    NAMESPACE,
    config::{Config, SourceConfig},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::check::opinion::progress;
use crate::{
    cli::{Code, InspectArgs},
    cloud::{self, Cloud},
    nearest::nearest,
    output::{
        self, number,
        progress::watching,
        table::{Column, Table, visible},
    },
};

const WHY_THE_CONSOLE_DIFFERS: &str = "\
Why the console may show another number:
  - it averages over a longer period when a longer stretch of time is shown; here each point is one period
  - the newest minutes are missing for a while: a point appears about a minute after its period has ended
  - it shows local time (often UTC+8), here all times are UTC, and a point has the time at which its period begins
  - it may show the statistic Maximum or Average, here it is the one named above
  - a group that never committed an offset, or whose offsets expired, has lag 0 or no points at all
";

/// Whom to look at.
struct Target<'c> {
    source: &'c SourceConfig,
    instance: &'c InstanceId,
    group: GroupName,
    topic: Option<String>,
}

/// What a point says, as far as it decides where the point belongs.
#[derive(Deserialize)]
struct Head<'p> {
    #[serde(borrow, default, rename = "consumerGroup")]
    group: Option<Cow<'p, str>>,
    #[serde(borrow, default)]
    topic: Option<Cow<'p, str>>,
}

pub(crate) async fn run(args: InspectArgs) -> anyhow::Result<Code> {
    let config = super::configure(args.read)?;
    let cloud = cloud::open(config)?;
    let (source, instance, group) = target(&cloud.config, &args.group)?;
    let target = Target {
        source,
        instance,
        group,
        topic: args.topic,
    };
    cloud.check_credentials().await?;
    let now = (cloud.now)();
    let pages = watching(&cloud.calls, ask(&cloud, &target, now)).await?;
    let (points, names) = choose(&pages, &target)?;
    if points.is_empty() {
        bail!(unknown(&target, &names));
    }
    let rules = SnapshotRules {
        statistic: cloud.config.cms.statistic,
        ..SnapshotRules::default()
    };
    let inspection = Inspection::new(&points, &rules, instance, now)?;
    let service = match target.topic {
        None => Some(service(&cloud, &target, args.kafka.kafka_endpoint.as_deref()).await),
        Some(_) => None,
    };
    let text = describe(&cloud.config, &target, &points, &inspection, service, now)?;
    output::write(text.as_bytes())?;
    Ok(Code::Done)
}

/// What the Kafka service itself says about the group, per partition and without CloudMonitor's delay.
async fn service(cloud: &Cloud, target: &Target<'_>, endpoint: Option<&str>) -> String {
    let key = GroupKey::total(target.instance.clone(), target.group.clone());
    match progress(cloud, &key, endpoint).await {
        Ok(found) => {
            let partitions = match found.partitions {
                0 => String::new(),
                1 => ", over 1 partition".to_owned(),
                several => format!(", over {several} partitions"),
            };
            let total = number::lag(found.total);
            format!("service {total}: the Kafka service itself, now{partitions}\n")
        }
        Err(error) => format!("service ?: {}\n", visible(format!("{error:#}").into())),
    }
}

/// `GROUP` for the only instance, `INSTANCE/GROUP` for one of several.
fn target<'c>(
    config: &'c Config,
    text: &str,
) -> anyhow::Result<(&'c SourceConfig, &'c InstanceId, GroupName)> {
    let all = config.sources.iter();
    let all: Vec<_> = all
        .flat_map(|source| source.instances.iter().map(move |id| (source, id)))
        .collect();
    let named = text.split_once('/').and_then(|(id, group)| {
        let known = all.iter().find(|(_, known)| known.as_str() == id)?;
        Some((*known, group))
    });
    let ((source, instance), group) = match (named, &all[..]) {
        (Some(named), _) => named,
        (None, [only]) => (*only, text),
        (None, _) => {
            let ids: Vec<_> = all.iter().map(|(_, id)| id.as_str()).collect();
            bail!(
                "{text:?} could be in any of several instances: write INSTANCE/GROUP with one of {}",
                ids.join(", ")
            );
        }
    };
    Ok((source, instance, group.parse().context("GROUP")?))
}

/// All points of the window, of all groups of the instance: one query costs the same, and a misspelt name can be mended.
async fn ask(cloud: &Cloud, target: &Target<'_>, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let (cms, window) = (&cloud.config.cms, cloud.config.collect.window);
    let client = cloud.client(target.source)?;
    let span = window.at(now);
    let mut pages = client
        .describe_metric_list(NAMESPACE, metric(&cloud.config, target))
        .instances([target.instance.as_str()])
        .period(window.period())
        .window(span.start, span.end)
        .length(window.page_length())
        .max_pages(cms.max_pages)
        .pages();
    let mut texts = Vec::new();
    while let Some(page) = pages.next_page().await {
        match page {
            Ok(page) => texts.push(page.into_datapoints()),
            Err(error) => {
                let hint = error
                    .hint()
                    .map_or(String::new(), |hint| format!("; {hint}"));
                let error = anyhow::Error::from(error);
                bail!("{error:#}{hint}");
            }
        }
    }
    Ok(texts)
}

fn metric<'c>(config: &'c Config, target: &Target<'_>) -> &'c str {
    match target.topic {
        None => &config.cms.metric,
        Some(_) => &config.cms.topic_metric,
    }
}

/// The points of the target, and the names of all groups.
fn choose<'p>(
    pages: &'p [String],
    target: &Target<'_>,
) -> anyhow::Result<(Vec<&'p str>, BTreeSet<String>)> {
    let (mut points, mut names) = (Vec::new(), BTreeSet::new());
    for page in pages {
        let all: Vec<&RawValue> =
            serde_json::from_str(page).context("the reply is no list of datapoints")?;
        for point in all.into_iter().map(RawValue::get) {
            let head: Head<'_> =
                serde_json::from_str(point).context("a datapoint cannot be read")?;
            let group = head.group.as_deref().unwrap_or_default();
            let name = match &target.topic {
                Some(_) if group == target.group.as_str() => head.topic.as_deref(),
                Some(_) => None,
                None => Some(group),
            };
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
            if name == target.topic.as_deref().unwrap_or(target.group.as_str()) {
                points.push(point);
            }
        }
    }
    Ok((points, names))
}

/// Why there is nothing, and what may have been meant.
fn unknown(target: &Target<'_>, names: &BTreeSet<String>) -> String {
    let (instance, group, count) = (target.instance, &target.group, names.len());
    let wanted = target.topic.as_deref().unwrap_or(group.as_str());
    let near = nearest(wanted, names.iter().map(String::as_str));
    let near = visible(near.join(", ").into());
    let wanted = visible(wanted.into());
    match (&target.topic, count, near.is_empty()) {
        (None, 0, _) => format!(
            "{instance} has no points of any group in the window: check id and region with kafka-lag doctor"
        ),
        (None, _, false) => format!(
            "{instance} has no points of group {wanted}, but of {count} others; did you mean {near}?"
        ),
        (None, _, true) => format!(
            "{instance} has no points of group {wanted}, but of {count} others: kafka-lag show lists them"
        ),
        (Some(_), 0, _) => {
            format!("{instance} has no points of any topic of group {group} in the window")
        }
        (Some(_), _, false) => format!(
            "group {group} has no points of topic {wanted}, but of {count} others; did you mean {near}?"
        ),
        (Some(_), _, true) => {
            format!("group {group} has no points of topic {wanted}, but of {count} others")
        }
    }
}

fn describe(
    config: &Config,
    target: &Target<'_>,
    points: &[&str],
    inspection: &Inspection,
    service: Option<String>,
    now: Timestamp,
) -> anyhow::Result<String> {
    let window = config.collect.window;
    let span = window.at(now);
    let mut text = String::new();
    let topic = target
        .topic
        .as_deref()
        .map_or(String::new(), |topic| format!(" / {topic}"));
    let title = format!("{} / {}{topic}", target.instance, target.group);
    let _ = writeln!(text, "{}", visible(title.into()));
    text += &value(
        inspection,
        SignedDuration::try_from(config.lag.max_age)?,
        now,
    );
    text += &service.unwrap_or_default();
    let _ = writeln!(
        text,
        "asked   {NAMESPACE} {}, a point each {}, {} to {}, statistic {}",
        metric(config, target),
        PromDuration::from(window.period()),
        number::bare_moment(span.start),
        number::moment(span.end),
        match config.cms.statistic {
            Statistic::First => "first (Value, else Maximum, else Average)",
            Statistic::Maximum => "maximum",
            Statistic::Average => "average",
        }
    );
    if !target.source.filter.accepts(&target.group) {
        text += "filter  the include and exclude patterns leave this group out: show and the exporter do not have it\n";
    }
    text.push('\n');
    let mut table = Table::new(&[
        ("TIME (UTC)", Column::Left),
        ("STATISTICS", Column::Left),
        ("USE", Column::Left),
    ]);
    let mut rows = Vec::with_capacity(points.len());
    for (point, fate) in points.iter().zip(&inspection.fates) {
        let (at, statistics) = statistics(point)?;
        rows.push((at, statistics, *fate));
    }
    rows.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    for (at, statistics, fate) in rows {
        let at =
            Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), number::bare_moment);
        table.row([at.into(), statistics.into(), in_words(fate).into()]);
    }
    text += &table.render(None);
    text.push('\n');
    Ok(text + WHY_THE_CONSOLE_DIFFERS)
}

/// The number, and why it is one or not.
fn value(inspection: &Inspection, max_age: SignedDuration, now: Timestamp) -> String {
    let Some(sample) = inspection.sample else {
        return "value   none: no point can be used\n".to_owned();
    };
    let age = sample.age(now);
    let (at, old) = (number::moment(sample.at), number::duration(age));
    if age > max_age {
        let limit = number::duration(max_age);
        return format!(
            "value   none: the newest point, of {at}, is {old} old, and from {limit} on it is no number (--lag.max-age)\n"
        );
    }
    let lag = number::lag(sample.lag);
    let trend = match sample.trend {
        None => "trend   ?: one moment has no direction\n".to_owned(),
        Some(trend) => {
            let rate = number::rate(trend.per_second());
            match trend.drain(sample.lag) {
                Some(drain) => format!("trend   {rate}: drains in {}\n", number::duration(drain)),
                None => format!("trend   {rate}\n"),
            }
        }
    };
    format!("value   {lag}: fresh, of {at}, {old} old\n{trend}")
}

fn in_words(fate: Fate) -> &'static str {
    match fate {
        Fate::Counts => "the value: the newest point",
        Fate::Trend => "trend",
        Fate::Outvoted => "none: another point of this time has a larger value",
        Fate::Older => "none: older than the trend needs",
        Fate::Dropped(DropReason::Instance) => "dropped: of another instance",
        Fate::Dropped(DropReason::Group) => "dropped: its group cannot be a name",
        Fate::Dropped(DropReason::Topic) => "dropped: its topic cannot be a name",
        Fate::Dropped(DropReason::Statistic) => "dropped: lacks the statistic (--cms.statistic)",
        Fate::Dropped(DropReason::Value) => "dropped: no lag is negative",
        Fate::Dropped(DropReason::Timestamp) => {
            "dropped: it lies in the future; check the clock of this machine"
        }
    }
}

/// Time and statistics as they were sent; the latter begin in upper case, dimensions do not.
fn statistics(point: &str) -> anyhow::Result<(i64, String)> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(point)?;
    let at = fields.get("timestamp").map_or("0", |raw| raw.get());
    let statistics = fields
        .iter()
        .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_uppercase()));
    let statistics: Vec<_> = statistics
        .map(|(name, value)| format!("{name}={}", value.get()))
        .collect();
    let statistics = if statistics.is_empty() {
        number::NONE.to_owned()
    } else {
        statistics.join(" ")
    };
    Ok((at.parse().unwrap_or_default(), statistics))
}
