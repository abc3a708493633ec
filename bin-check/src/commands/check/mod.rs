//! `check`: one look that escalates, remembers and tells how bad it is.

pub(crate) mod hands;
pub(crate) mod opinion;
pub(crate) mod result;
mod robots;
pub(crate) mod words;

use anyhow::{Context as _, anyhow, bail};
use futures_util::future::join_all;
use lag_actions::{Hands, Report, execute, note_lost_state};
use lag_core::{
    GroupKey, Language, Limits, Opinion, PromDuration, Severity, TargetMap,
    escalate::{CheckRules, CheckState, Evaluation, evaluate},
    port::{Notifier, PortError, StateNotice, StateSession},
};
use lag_runtime::config::{CheckConfig, Config, process_env};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use self::{
    hands::{Kubernetes, Mode, Printer},
    result::CheckResult,
};
use super::query::Looker;
use crate::{
    cli::{self, CheckArgs, CheckOutput, Code, ExitWith, Perfdata},
    cloud::{self, Cloud},
    output::{self, check_json, json, nagios, textfile},
};

/// For the second opinions of all groups together.
const ASKING: Duration = Duration::from_secs(20);
/// Second opinions that are asked for at a time.
const AT_ONCE: usize = 8;

/// Looks, decides, acts if told to, and says how bad it is. Whatever goes wrong is UNKNOWN, never OK.
pub(crate) async fn run(args: CheckArgs) -> Code {
    match attempt(&args).await {
        Ok(code) => code,
        Err(error) => {
            if let Err(unwritten) = fail(&args, &format!("{error:#}")) {
                cli::complain(&format!("{unwritten:#}"));
            }
            Code::Unknown
        }
    }
}

/// Says in the wanted format that the check could not be made: a reader of files must not go on with the numbers of before.
fn fail(args: &CheckArgs, problem: &str) -> anyhow::Result<()> {
    if args.output == CheckOutput::Nagios {
        return Ok(output::write(nagios::unknown(problem).as_bytes())?);
    }
    cli::complain(problem);
    let now = lag_runtime::system_clock()();
    let result = CheckResult::unknown(problem.to_owned(), Mode::of(args), now);
    match (args.output, &args.output_file) {
        (CheckOutput::Prometheus, Some(path)) => textfile::replace(path, &result),
        (CheckOutput::Prometheus, None) => {
            Ok(output::write(textfile::render(&result, None).as_bytes())?)
        }
        (CheckOutput::Json, _) => {
            let document = check_json::Document::new(&result, Language::English, &[]);
            Ok(output::write(json::pretty(&document)?.as_bytes())?)
        }
        (CheckOutput::Text | CheckOutput::Nagios, _) => Ok(()),
    }
}

async fn attempt(args: &CheckArgs) -> anyhow::Result<Code> {
    if args.output_file.is_some() && args.output != CheckOutput::Prometheus {
        bail!("--output-file goes with -o prometheus");
    }
    let limits = limits(args)?;
    let timeout = timeout(args.timeout.as_deref())?;
    let mode = Mode::of(args);
    let (config, check) = configure(args)?;
    let printer = Printer::default();
    let cloud = cloud::open(config)?;
    let mut kubernetes = Kubernetes::new(&check.kubernetes);
    let notifiers = hands::notifiers(&check, mode, &printer, &cloud)?;
    if mode != Mode::Look && check.targets.rules.is_empty() && notifiers.is_empty() {
        bail!(
            "{}: there is nothing to act with: add targets or notifiers to --config.file",
            mode.flag()
        );
    }
    let mut session = hands::session(&check, mode, &cloud, &mut kubernetes).await?;
    let run = Run {
        cloud: &cloud,
        check: &check,
        mode,
        kafka: args.kafka.kafka_endpoint.as_deref(),
        timeout,
        printer: &printer,
        notifiers: &notifiers,
    };
    let result = run
        .result(limits, session.as_deref_mut(), &mut kubernetes)
        .await;
    // Also after a failure: whoever comes next need not wait for the lock.
    if let Some(session) = session {
        let _ = session.close().await;
    }
    write(args, &check, &result?, &printer.taken())
}

/// What does not change in the course of a run.
struct Run<'r> {
    cloud: &'r Cloud,
    check: &'r CheckConfig,
    mode: Mode,
    /// `--kafka.endpoint`
    kafka: Option<&'r str>,
    timeout: Duration,
    printer: &'r Printer,
    notifiers: &'r [Box<dyn Notifier>],
}

impl Run<'_> {
    async fn result(
        &self,
        limits: Limits,
        session: Option<&mut (dyn StateSession + 'static)>,
        kubernetes: &mut Kubernetes<'_>,
    ) -> anyhow::Result<CheckResult> {
        let (cloud, mode) = (self.cloud, self.mode);
        let looked = tokio::time::timeout(self.timeout, look(cloud)).await;
        let looker = looked.map_err(|_| {
            let timeout = PromDuration::from(self.timeout);
            anyhow!("no answer within {timeout} (--timeout)")
        })??;
        let (state, hands_off) = begin(session.as_deref(), cloud);
        let why = hands_off.as_ref().map(|_| "this run changes nothing");
        let (evaluation, unmapped) = self.decide(&state, why, &looker).await?;
        let acted = match session {
            Some(session) if mode != Mode::Look => {
                Some(self.act(&evaluation, session, kubernetes).await)
            }
            _ => None,
        };
        let (report, failure) = match acted {
            None => (None, None),
            Some(Ok(report)) => (Some(report), None),
            Some(Err(error)) => (None, Some(error)),
        };
        let (board, now) = (&looker.board, (cloud.now)());
        let mut result = CheckResult::new(board, &evaluation, report.as_ref(), limits, mode, now);
        if let Some(error) = failure {
            let problem = format!("the run was broken off: {error}");
            result.add(Severity::Critical, problem);
            result.broken = true;
        }
        if let Some(problem) = unmapped {
            let problem = format!("--act would be refused: {problem}");
            result.add(Severity::Unknown, problem);
        }
        if let Some(reason) = hands_off {
            result.add(Severity::Unknown, reason);
        }
        if mode == Mode::DryRun {
            hands::rights(kubernetes, self.check, &evaluation, self.printer).await;
        }
        Ok(result)
    }

    /// Asks for all of them, several at once, and for no longer than [`ASKING`].
    async fn opinions(&self, keys: &[GroupKey]) -> BTreeMap<GroupKey, Opinion> {
        let end = tokio::time::Instant::now() + ASKING;
        let mut opinions = BTreeMap::new();
        for several in keys.chunks(AT_ONCE) {
            let asked = several.iter().map(|key| async {
                let threshold = self.check.policies.of(key).threshold;
                let asked = opinion::ask(self.cloud, key, threshold, self.kafka);
                let answer = tokio::time::timeout_at(end, asked).await;
                let late = |_| Opinion::Unavailable {
                    reason: format!("no answer within {}", PromDuration::from(ASKING)),
                };
                (key.clone(), answer.unwrap_or_else(late))
            });
            opinions.extend(join_all(asked).await);
        }
        opinions
    }

    async fn act(
        &self,
        evaluation: &Evaluation,
        session: &mut dyn StateSession,
        kubernetes: &mut Kubernetes<'_>,
    ) -> Result<Report, PortError> {
        let (mode, now) = (self.mode, &self.cloud.now);
        let has_plans = !evaluation.plans.is_empty();
        let scaler = hands::scaler(kubernetes, mode, self.printer, now, has_plans).await;
        let hands = Hands {
            policies: &self.check.policies,
            scaler: &*scaler,
            notifiers: self.notifiers,
            now: Arc::clone(now),
            dry_run: mode == Mode::DryRun,
        };
        execute(evaluation.clone(), session, &hands).await
    }

    /// Evaluates; where the policy wants a second opinion, asks for it and evaluates again. Also says why nothing could be
    /// done, for a run that only looks.
    async fn decide(
        &self,
        state: &CheckState,
        hands_off: Option<&str>,
        looker: &Looker,
    ) -> anyhow::Result<(Evaluation, Option<String>)> {
        let rules = CheckRules {
            policies: &self.check.policies,
            targets: &self.check.targets,
            max_age: self.cloud.config.lag.max_age.try_into()?,
            hands_off,
        };
        let now = (self.cloud.now)();
        let none = BTreeMap::new();
        let first = match evaluate(rules, state, &looker.board, &none, now) {
            // Looking needs no workloads, and must not go blind because of one name.
            Err(error) if self.mode == Mode::Look => {
                let targets = &TargetMap::default();
                let rules = CheckRules { targets, ..rules };
                let evaluation = evaluate(rules, state, &looker.board, &none, now)?;
                return Ok((evaluation, Some(error.to_string())));
            }
            first => first?,
        };
        if first.to_confirm.is_empty() || self.mode == Mode::Look {
            return Ok((first, None));
        }
        let opinions = self.opinions(&first.to_confirm).await;
        // Asking takes time, and numbers grow old.
        let now = (self.cloud.now)();
        let second = evaluate(rules, state, &looker.board, &opinions, now)?;
        Ok((second, None))
    }
}

/// State of the run before, and why nothing may be changed in this one.
fn begin(session: Option<&dyn StateSession>, cloud: &Cloud) -> (CheckState, Option<String>) {
    let Some(session) = session else {
        return (CheckState::default(), None);
    };
    let mut state = session.state().clone();
    match session.notice() {
        None => (state, None),
        Some(StateNotice::Imported { groups }) => {
            tracing::warn!(groups, "the first post's state file was taken over");
            (state, None)
        }
        Some(StateNotice::Lost { moved_to, reason }) => {
            note_lost_state(&mut state, moved_to, (cloud.now)());
            tracing::warn!(%reason, %moved_to, "the state could not be read; this run changes nothing");
            let why = format!(
                "the state could not be read and lies at {moved_to} now: this run changes nothing"
            );
            (state, Some(why))
        }
    }
}

/// Thresholds of the command line.
fn limits(args: &CheckArgs) -> anyhow::Result<Limits> {
    let range = |flag: &'static str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| text.parse().context(flag)).transpose()
    };
    Ok(Limits {
        warning: range("--warning", &args.warning)?,
        critical: range("--critical", &args.critical)?,
        on_unknown: args.on_unknown.severity(),
    })
}

fn timeout(text: Option<&str>) -> anyhow::Result<Duration> {
    let Some(text) = text else {
        return Ok(Duration::from_secs(10));
    };
    // Plugins take bare seconds.
    let seconds = text.parse().ok().map(Duration::from_secs);
    let timeout = match seconds {
        Some(seconds) => seconds,
        None => text.parse::<PromDuration>().context("--timeout")?.as_std(),
    };
    if timeout < Duration::from_secs(1) || timeout > Duration::from_hours(1) {
        bail!("--timeout: {text} is out of range: use 1s to 1h");
    }
    Ok(timeout)
}

fn configure(args: &CheckArgs) -> anyhow::Result<(Config, CheckConfig)> {
    let (all, file) = super::begin(args.read.clone())?;
    let config = Config::resolve(&all, &file, &process_env)?;
    let check = CheckConfig::resolve(&args.policy, &args.kube, &all.read, &file, &process_env)?;
    super::tell_notices(&config);
    for notice in &check.notices {
        tracing::warn!("{notice}");
    }
    Ok((config, check))
}

async fn look(cloud: &Cloud) -> anyhow::Result<Looker> {
    cloud.check_credentials().await?;
    let mut looker = Looker::new(cloud, &cloud.config.sources)?;
    looker.look(cloud).await?;
    Ok(looker)
}

fn write(
    args: &CheckArgs,
    check: &CheckConfig,
    result: &CheckResult,
    printed: &[String],
) -> anyhow::Result<Code> {
    let language = check.language;
    let explain = args.explain || args.verbose > 0;
    let code = Code::from(match args.exit_code {
        ExitWith::State => result.severity,
        ExitWith::Run => result.run,
    });
    let is_news = result.severity != Severity::Ok || !printed.is_empty();
    let text = match args.output {
        CheckOutput::Nagios => {
            let all = args.perfdata == Perfdata::All;
            nagios::render(result, language, all, explain)
        }
        CheckOutput::Text => text(result, language, explain),
        CheckOutput::Json => json::pretty(&check_json::Document::new(result, language, printed))?,
        CheckOutput::Prometheus => match &args.output_file {
            Some(path) => {
                textfile::replace(path, result)?;
                String::new()
            }
            None => textfile::render(result, None),
        },
    };
    if args.quiet && !is_news {
        return Ok(code);
    }
    output::write(text.as_bytes())?;
    if !matches!(args.output, CheckOutput::Json | CheckOutput::Prometheus) {
        for block in printed {
            output::write(format!("\n{block}\n").as_bytes())?;
        }
    }
    Ok(code)
}

/// For people: every group that is not simply well, or all of them.
fn text(result: &CheckResult, language: Language, explain: bool) -> String {
    let mut text = String::new();
    for problem in &result.problems {
        text += &format!("{}: {}\n", problem.severity.as_str(), problem.text);
    }
    for line in &result.lines {
        if explain || line.severity != Severity::Ok || line.group.verdict.as_str() != "ok" {
            text += &nagios::long(line, result, language, explain);
            text.push('\n');
        }
    }
    let [well, warning, critical, unknown] = result.counts();
    text + &format!("{critical} critical, {warning} warning, {unknown} unknown, {well} ok\n")
}

impl From<Severity> for Code {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Ok => Self::Done,
            Severity::Warning => Self::Failed,
            Severity::Critical => Self::Critical,
            Severity::Unknown => Self::Unknown,
        }
    }
}
