//! `doctor`: why is there no number? Asks step by step and names the first cause.

mod facts;
mod finding;
mod judge;
mod judge_answer;
mod judge_data;
mod probe;

use lag_core::{BudgetFit, CallEstimate, FREE_REQUESTS, PromDuration, calls_per_month};
use lag_runtime::config::Config;
use std::collections::BTreeMap;

use self::finding::{Finding, Step};
use crate::{
    cli::{Code, DoctorArgs, Output},
    cloud,
    output::{self, number, progress::watching},
};

pub(crate) async fn run(args: DoctorArgs) -> anyhow::Result<Code> {
    let (findings, has_fresh) = match super::configure(args.read) {
        Ok(config) => examine(config, args.kafka.kafka_endpoint.as_deref()).await?,
        Err(error) => {
            let found = format!("{error:#}");
            let advice = "correct what is named; --help describes every flag";
            let because = "the configuration must be right first";
            let findings = vec![
                Finding::failed(Step::Configuration, found, advice),
                Finding::skipped(Step::Credentials, because),
            ];
            (findings, false)
        }
    };
    let text = match args.out.output {
        Output::Text => finding::text(&findings, has_fresh),
        Output::Json => finding::document(&findings, has_fresh)?,
    };
    output::write(text.as_bytes())?;
    let is_well = has_fresh && finding::first_cause(&findings).is_none();
    Ok(if is_well { Code::Done } else { Code::Failed })
}

/// What was found, and whether any group has a fresh number.
async fn examine(mut config: Config, kafka: Option<&str>) -> anyhow::Result<(Vec<Finding>, bool)> {
    // What fails now and then is to be seen, not to be repeated until it works.
    config.cms.max_attempts = 1;
    let instances: usize = config
        .sources
        .iter()
        .map(|source| source.instances.len())
        .sum();
    let sources = config.sources.len();
    let mut findings = vec![Finding::ok(
        Step::Configuration,
        format!("sources: {sources}, instances: {instances}"),
    )];
    let cloud = match cloud::open(config) {
        Ok(cloud) => cloud,
        Err(error) => {
            let found = format!("{error:#}");
            findings.push(Finding::failed(
                Step::Credentials,
                found,
                "correct what is named",
            ));
            return Ok((findings, false));
        }
    };
    let mut has_fresh = false;
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for source in &cloud.config.sources {
        let examined = probe::examine(&cloud, source, kafka);
        let facts = watching(&cloud.calls, examined).await?;
        let metrics = 1 + u64::from(cloud.config.collect.topics);
        let estimate = CallEstimate::new(&source.instances, metrics, cloud.config.collect.interval);
        *calls.entry(&source.account).or_default() += facts
            .collection
            .map_or(0, |collection| collection.calls)
            .max(estimate.per_collection());
        has_fresh |= facts.has_fresh();
        findings.extend(judge::findings(&facts));
    }
    let budgets = calls.into_iter();
    findings.extend(budgets.map(|(account, calls)| budget(&cloud.config, account, calls)));
    Ok((findings, has_fresh))
}

/// What a month costs an account, by the calls that one collection takes. Too much is no failure: the exporter asks
/// more rarely then, unless it is to stop.
fn budget(config: &Config, account: &str, calls: u64) -> Finding {
    let (interval, policy) = (config.collect.interval, config.budget.policy);
    let month = calls_per_month(calls, interval);
    let found = |limit: &str| {
        let account = match account {
            "default" => String::new(),
            name => format!("account {name}: "),
        };
        format!(
            "{account}calls of one collection: {calls}; each {} that is {} a month of {limit}",
            PromDuration::from(interval),
            number::count(month),
        )
    };
    let limit = match policy.requests_per_month {
        None => "any number, as --budget.requests-per-month says".to_owned(),
        Some(FREE_REQUESTS) => format!("{} free ones", number::count(FREE_REQUESTS)),
        Some(limit) => format!("{} in the budget", number::count(limit)),
    };
    let (step, found) = (Step::Budget, found(&limit));
    let advice = match policy.judge(month) {
        BudgetFit::Unlimited | BudgetFit::Fits => return Finding::ok(step, found),
        BudgetFit::Tight => "there is little room for retries and other users of the account",
        BudgetFit::Stretches => {
            "the exporter will ask more rarely: lengthen --collect.interval, or read fewer instances or no topics"
        }
        BudgetFit::Stops => {
            "the exporter stops before the month ends (--budget.hard-stop): lengthen --collect.interval, or read fewer \
             instances or no topics"
        }
    };
    Finding::warn(step, found, advice)
}
