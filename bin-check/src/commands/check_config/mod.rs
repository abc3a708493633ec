//! `check-config`: what a configuration collects and costs, in words. No call is made.

mod feeds;
mod reaction;
mod recommend;
mod replicas;
mod web_file;

use lag_core::{
    BudgetFit, CallEstimate, FREE_REQUESTS, PromDuration, calls_per_month, series_per_page,
};
use lag_runtime::config::{CheckConfig, Config, File, ScheduleKind, SourceConfig, process_env};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{
    cli::{self, CheckConfigArgs, Code},
    cloud,
    nearest::nearest,
    output::{self, number},
};

/// What the exporter reads beside the flags of this program.
const OF_OTHER_PROGRAMS: [&str; 1] = ["KAFKA_LAG_DEMO"];
const PREFIX: &str = "KAFKA_LAG_";

pub(crate) fn run(all: &CheckConfigArgs) -> anyhow::Result<Code> {
    let args = &all.args;
    let path = args
        .read
        .config_file
        .as_deref()
        .filter(|path| !path.is_empty());
    let file = path.map_or_else(|| Ok(File::default()), File::read)?;
    lag_runtime::config::LogConfig::resolve(&args.read.log, &file, path, &process_env)?;
    let config = Config::resolve(args, &file, &process_env)?;
    let check = CheckConfig::resolve(&all.reaction, &args.kube, &args.read, &file, &process_env)?;
    let mut text = String::new();
    for source in &config.sources {
        text += &describe(&config, source);
        text.push('\n');
    }
    text += &recommend::describe(&config.recommend);
    text += &reaction::describe(&config, &check)?;
    text += &common(&config);
    text += &web_file::describe(&config)?;
    text += &feeds::describe(&config);
    if let Some(lease) = &config.lease {
        text += &replicas::describe(lease, &check.kubernetes);
    }
    text += &cost(&config);
    let mut warnings = config.notices.clone();
    warnings.extend(check.notices.iter().cloned());
    warnings.extend(misspelt(&set_variables(), &cli::variables()));
    for warning in &warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    text += "the configuration can be used; nothing was asked of the cloud: kafka-lag doctor does that\n";
    output::write(text.as_bytes())?;
    Ok(Code::Done)
}

fn describe(config: &Config, source: &SourceConfig) -> String {
    let mut text = format!("source {}\n", source.name);
    let mut say = |what: &str, value: &str| {
        let _ = writeln!(text, "  {what:<12}{value}");
    };
    let region = if source.region.is_empty() {
        "not stated"
    } else {
        &source.region
    };
    say("region", region);
    say("endpoint", &source.endpoint.to_string());
    say("account", &source.account);
    say("keys from", &cloud::whose_keys(&source.credentials));
    let ids: Vec<_> = source.instances.iter().map(|id| id.as_str()).collect();
    say("instances", &format!("{}: {}", ids.len(), ids.join(", ")));
    let patterns = |list: &[lag_core::Matcher]| {
        let list: Vec<_> = list.iter().map(ToString::to_string).collect();
        list.join(", ")
    };
    let filter = &source.filter;
    let groups = match (filter.include.is_empty(), filter.exclude.is_empty()) {
        (true, true) => "all".to_owned(),
        (false, true) => patterns(&filter.include),
        (true, false) => format!("all but {}", patterns(&filter.exclude)),
        (false, false) => format!(
            "{}, but not {}",
            patterns(&filter.include),
            patterns(&filter.exclude)
        ),
    };
    say("groups", &groups);
    let expected = source.expected.iter();
    let expected = expected.flat_map(|(id, series)| {
        series
            .iter()
            .map(move |series| format!("{id}/{}", series.group))
    });
    let expected: Vec<_> = expected.collect();
    let expected = if expected.is_empty() {
        "none".to_owned()
    } else {
        expected.join(", ")
    };
    say("expected", &expected);
    let estimate = estimate(config, source);
    let _ = writeln!(
        text,
        "  {:<12}{} x {} x {} = {} each {}: {} a month",
        "calls",
        plural(
            estimate.batches,
            "batch of up to 50 instances",
            "batches of up to 50 instances"
        ),
        plural(estimate.metrics, "metric", "metrics"),
        plural(estimate.pages, "page", "pages"),
        plural(estimate.per_collection(), "call", "calls"),
        PromDuration::from(estimate.interval),
        number::count(estimate.per_month()),
    );
    text
}

fn estimate(config: &Config, source: &SourceConfig) -> CallEstimate {
    let metrics = 1 + u64::from(config.collect.topics);
    CallEstimate::new(&source.instances, metrics, config.collect.interval)
}

fn plural(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", number::count(number))
}

fn common(config: &Config) -> String {
    let (collect, lag, web) = (&config.collect, &config.lag, &config.web);
    let addresses: Vec<_> = web
        .listen_addresses
        .iter()
        .map(|address| address.text.as_str())
        .collect();
    let metrics = if collect.topics {
        format!(
            "{} and, per topic, {}",
            config.cms.metric, config.cms.topic_metric
        )
    } else {
        config.cms.metric.clone()
    };
    let schedule = match collect.schedule {
        ScheduleKind::Aligned => "soon after each minute is published",
        ScheduleKind::Fixed => "whatever was found before",
    };
    let window = collect.window;
    let span = window.period() * window.points_per_series();
    let every = PromDuration::from;
    [
        ("metrics", metrics),
        (
            "asked",
            format!("every {}, {schedule}", every(collect.interval)),
        ),
        (
            "window",
            format!(
                "the last {} in points of {}",
                every(span),
                every(window.period())
            ),
        ),
        (
            "a number",
            format!(
                "up to an age of {}; a vanished group is remembered for {}",
                every(lag.max_age),
                every(lag.forget_after)
            ),
        ),
        (
            "series",
            format!(
                "at most {} for each source",
                number::count(lag.max_series as u64)
            ),
        ),
        (
            "served at",
            format!(
                "{} {} (by the exporter)",
                addresses.join(", "),
                web.telemetry_path.text
            ),
        ),
    ]
    .into_iter()
    .fold("in all sources\n".to_owned(), |text, (what, value)| {
        format!("{text}  {what:<12}{value}\n")
    })
}

/// The arithmetic of the month, for each account, against what it may spend.
fn cost(config: &Config) -> String {
    let mut accounts: BTreeMap<&str, u64> = BTreeMap::new();
    for source in &config.sources {
        *accounts.entry(&source.account).or_default() += estimate(config, source).per_collection();
    }
    let (interval, policy) = (config.collect.interval, config.budget.policy);
    let each = PromDuration::from(interval);
    let limit = match policy.requests_per_month {
        None => "any number (--budget.requests-per-month none)".to_owned(),
        Some(FREE_REQUESTS) => format!("{} free ones", number::count(FREE_REQUESTS)),
        Some(limit) => format!("{} in the budget", number::count(limit)),
    };
    let mut text = "\n".to_owned();
    for (account, calls) in &accounts {
        let month = calls_per_month(*calls, interval);
        let _ = writeln!(
            text,
            "account {account}: {} each {each} = {} a month of {limit}",
            plural(*calls, "call", "calls"),
            number::count(month),
        );
        let then = match policy.judge(month) {
            BudgetFit::Unlimited | BudgetFit::Fits | BudgetFit::Tight => None,
            BudgetFit::Stretches => Some("the exporter will ask more rarely"),
            BudgetFit::Stops => Some("calls will end before the month does (--budget.hard-stop)"),
        };
        if let Some(then) = then {
            let _ = writeln!(
                text,
                "warning: this is more than that, so {then}: lengthen --collect.interval, or read fewer instances or no \
                 topics"
            );
        }
    }
    let room = series_per_page(config.collect.window);
    let _ = writeln!(
        text,
        "a page has room for {room} series; each further page of an instance's answer is {} calls a month more",
        number::count(calls_per_month(1, interval)),
    );
    if config.collect.schedule == ScheduleKind::Aligned {
        text += "the aligned schedule may ask up to a fifth more often while it learns when points appear\n";
    }
    text += &match &config.budget.state {
        Some((directory, _)) => format!("the count of calls is kept in {}\n", directory.display()),
        None => "the count of calls starts at 0 with each start; --state.directory keeps it\n"
            .to_owned(),
    };
    text
}

/// Names of the variables that are set and begin like ours.
fn set_variables() -> Vec<String> {
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(PREFIX)).collect();
    names.sort();
    names
}

/// A misspelt variable is silently without effect, so it is told here.
fn misspelt(set: &[String], known: &[String]) -> Vec<String> {
    let all = known.iter().map(String::as_str).chain(OF_OTHER_PROGRAMS);
    let all: Vec<_> = all.collect();
    let unknown = set.iter().filter(|name| !all.contains(&name.as_str()));
    let warning = |name: &String| {
        // The common beginning would make everything look near.
        let short = name.trim_start_matches(PREFIX);
        let near = nearest(
            short,
            all.iter().map(|known| known.trim_start_matches(PREFIX)),
        );
        match near.first() {
            Some(meant) => {
                format!("no flag reads the variable {name}; did you mean {PREFIX}{meant}?")
            }
            None => format!("no flag reads the variable {name}; see --help for all names"),
        }
    };
    unknown.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_told_with_the_right_one() {
        let known = cli::variables();
        assert!(known.len() > 20, "{known:?}");
        let told = |name: &str| misspelt(&[name.to_owned()], &known);
        assert_eq!(told("KAFKA_LAG_CMS_REGION"), [""; 0]);
        assert_eq!(told("KAFKA_LAG_DEMO"), [""; 0]);
        let said = told("KAFKA_LAG_CMS_REGOIN");
        assert!(
            said[0].ends_with("did you mean KAFKA_LAG_CMS_REGION?"),
            "{said:?}"
        );
        let said = told("KAFKA_LAG_XYZZY");
        assert!(said[0].contains("--help"), "{said:?}");
    }
}
